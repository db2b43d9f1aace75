"""Language: scripts the channel does not allow."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from filters.language import Language

LATIN = Language(enabled=True, scripts=("latin",), max_ratio=0.5, min_letters=5)


@pytest.mark.parametrize(
    "text",
    [
        "привет всем как дела",
        "สวัสดีครับทุกคน",
        "你好大家今天好吗",
        "안녕하세요 여러분",
        "مرحبا بالجميع",
        "こんにちは みなさん",
    ],
)
def test_other_scripts_are_caught(say, text: str) -> None:
    assert say(LATIN, text).rule == "scripts"


@pytest.mark.parametrize("text", ["bonjour à tous, ça va?", "добр", "123 456 !!!", "hello мир ok", "😂😂😂😂😂😂", ""])
def test_latin_and_what_is_too_short_are_left_alone(say, text: str) -> None:
    assert say(LATIN, text) is None


def test_a_line_is_looked_at_from_the_letters_it_needs(say) -> None:
    assert say(LATIN, "прив") is None
    assert say(LATIN, "приве") is not None


def test_the_share_allowed_is_allowed(say) -> None:
    assert say(LATIN, "abcd бвгд") is None
    assert say(LATIN, "abcd бвгде").detail == "56% of the letters are not latin, 50% are allowed"


def test_a_channel_of_two_scripts(say) -> None:
    both = Language(scripts=("latin", "hangul"))
    assert say(both, "안녕하세요 hello") is None
    assert say(both, "привет всем").detail == "100% of the letters are not latin or hangul, 50% are allowed"


def test_a_channel_that_does_not_allow_latin_letters(say) -> None:
    cyrillic = Language(scripts=("cyrillic",))
    assert say(cyrillic, "hello everybody") is not None
    assert say(cyrillic, "привет всем как дела") is None


@pytest.mark.parametrize("wrong", [{"scripts": ()}, {"scripts": ("klingon",)}, {"max_ratio": 0}])
def test_settings_that_make_no_sense_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Language(**wrong)
