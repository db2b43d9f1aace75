"""Caps: shouting, but not emotes, mentions or short cheers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from filters.caps import Caps
from filters.history import History
from filters.types import Fragment, FragmentKind, Message

CAPS = Caps(max_ratio=0.5, min_letters=10)


def test_a_shouted_line_is_caught_from_its_first_shouted_word_to_its_last(say) -> None:
    evidence = say(CAPS, "hey WHY DID HE do THAT ok")
    assert evidence is not None
    assert "hey WHY DID HE do THAT ok"[slice(*evidence.span)] == "WHY DID HE do THAT"
    assert evidence.rule == "max_ratio"
    assert evidence.detail == "63% of 19 letters are capitals, 50% are allowed"


def test_names_with_capitals_do_not_count_and_move_nothing(say) -> None:
    text = "hey PogChamp WHY DID HE DO IT PogChamp"
    evidence = say(CAPS, text)
    assert text[slice(*evidence.span)] == "WHY DID HE DO IT"
    assert evidence.detail.startswith("80% of 15 letters")


@pytest.mark.parametrize(
    "text",
    [
        "GG WP",
        "hello everybody, how are you",
        "PogChamp TriHard LuL FrankerZ PJSalt BibleThump",
        "12345 !!!! 67890 ???? 12345",
        "これは日本語のとても長い文章です",
        "",
    ],
)
def test_what_is_not_shouting(say, text: str) -> None:
    assert say(CAPS, text) is None


def test_the_limits_themselves_are_allowed(say) -> None:
    assert say(CAPS, "ABCDEabcde") is None
    assert say(CAPS, "ABCDEFabcd") is not None
    assert say(CAPS, "ABCDEFabc") is None
    assert say(CAPS, "ABCDEFabcdef") is None


def test_emotes_and_mentions_that_twitch_names_do_not_count() -> None:
    emote = Fragment(FragmentKind.EMOTE, "LULW KEKWAIT")
    shouted = Fragment(FragmentKind.TEXT, " nice play mate")
    line = Message("m", 0, "1", "s", "7", "ada", emote.text + shouted.text, fragments=(emote, shouted))
    assert CAPS.check(line, History()) is None


def test_shouting_in_other_alphabets_counts(say) -> None:
    assert say(CAPS, "ПОЧЕМУ ОН ЭТО СДЕЛАЛ") is not None


@given(st.text(max_size=60))
def test_any_text_is_judged_and_spans_lie_within_it(text: str) -> None:
    evidence = CAPS.check(Message("m", 0, "1", "s", "7", "ada", text), History())
    assert evidence is None or 0 <= evidence.span[0] < evidence.span[1] <= len(text)


@pytest.mark.parametrize("wrong", [{"max_ratio": 3}, {"max_ratio": -0.1}, {"min_letters": 0}])
def test_settings_out_of_range_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValidationError):
        Caps(**wrong)
