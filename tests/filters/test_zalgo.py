"""Zalgo: letters under marks, but not the accents and vowel signs of written languages."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from filters.history import History
from filters.types import Message
from filters.zalgo import Zalgo

ZALGO = Zalgo(max_stack=4, max_marks=6)


def test_a_stack_of_marks_is_caught_on_its_letter(say) -> None:
    text = "he" + "\u0301" * 5 + "llo"
    evidence = say(ZALGO, text)
    assert evidence.rule == "max_stack"
    assert evidence.span == (1, 7)
    assert evidence.detail == "5 marks on one letter, 4 are allowed"
    assert say(ZALGO, "he" + "\u0301" * 4 + "llo") is None


def test_marks_scattered_over_all_letters_are_caught(say) -> None:
    text = "ok " + "".join(letter + "\u0337" for letter in "viewers")
    evidence = say(ZALGO, text)
    assert evidence.rule == "max_marks"
    assert evidence.detail == "7 marks on letters that take none, 6 are allowed"
    assert text[slice(*evidence.span)] == text[3:]
    assert say(ZALGO, "".join(letter + "\u0337" for letter in "viewer")) is None


@pytest.mark.parametrize(
    "text",
    [
        "Ça va très bien, à bientôt, l'été est là, déjà",
        "Tôi không hiểu tiếng Việt lắm nhưng mà cũng được",
        "สวัสดีครับทุกคนที่นี่ ก็ดีนะ",
        "हिन्दी में लिखा हुआ एक लंबा वाक्य",
        "הַיּוֹם יוֹם שֶׁמֶשׁ",
        "👍🏽👍🏽👍🏽 ❤️❤️❤️",
        "❤️❤️❤️❤️❤️❤️❤️❤️ 🤷‍♀️🤷‍♀️🤷‍♀️🤷‍♀️🤷‍♀️",
        "1️⃣2️⃣3️⃣4️⃣5️⃣6️⃣7️⃣",
        "葛\U000e0100飾区の葛\U000e0100さん",
    ],
)
@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_written_languages_are_left_alone(say, text: str, form: str) -> None:
    assert say(ZALGO, unicodedata.normalize(form, text)) is None


@pytest.mark.parametrize("text", ["naïve? yes! no! why? who? how? what! ok! fine! good!", "\x01\u0301 \ue000\u0301"])
def test_punctuation_after_letters_and_characters_without_a_name_are_no_marks(say, text: str) -> None:
    assert say(ZALGO, text) is None


def test_a_line_of_marks_alone_is_caught(say) -> None:
    assert say(ZALGO, "\u0489" * 10_000).rule == "max_stack"


@given(st.text(st.sampled_from("ab \u0301\u0337\u0489é\u200d"), max_size=60))
def test_any_text_is_judged_and_spans_lie_within_it(text: str) -> None:
    evidence = ZALGO.check(Message("m", 0, "1", "s", "7", "ada", text), History())
    assert evidence is None or 0 <= evidence.span[0] < evidence.span[1] <= len(text)


@pytest.mark.parametrize("wrong", [{"max_stack": 0}, {"max_marks": -1}])
def test_settings_out_of_range_are_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ValidationError):
        Zalgo(**wrong)
