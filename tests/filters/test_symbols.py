"""Symbols: walls of punctuation and pictures, but not emoji, links' dots or scripts with vowel signs."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from filters.history import History
from filters.symbols import Symbols
from filters.types import Message

SYMBOLS = Symbols(max_symbols=20, max_ratio=0.5, min_symbols=8, max_art=10)


@pytest.mark.parametrize(
    ("text", "rule", "piece"),
    [
        ("what " + "?" * 21 + " eh", "max_symbols", "?" * 21),
        ("ab !!!!!!!! c", "max_ratio", "!!!!!!!!"),
        ("look ░▒▓█▄▀▐▌░▒▓ art", "max_art", "░▒▓█▄▀▐▌░▒▓"),
        ("n" + "_" * 21 + "n", "max_symbols", "_" * 21),
        ("⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿", "max_art", "⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿"),
    ],
)
def test_walls_and_pictures_are_caught_where_they_stand(say, text: str, rule: str, piece: str) -> None:
    evidence = say(SYMBOLS, text)
    assert (evidence.rule, text[slice(*evidence.span)]) == (rule, piece)


@pytest.mark.parametrize(
    ("text", "detail"),
    [
        ("what " + "?" * 21 + " eh", "21 symbols, 20 are allowed"),
        ("ab !!!!!!!! c", "73% of 11 characters are symbols, 50% are allowed"),
        ("look ░▒▓█▄▀▐▌░▒▓ art", "11 characters that draw a picture, 10 are allowed"),
    ],
)
def test_it_is_said_what_was_too_much(say, text: str, detail: str) -> None:
    assert say(SYMBOLS, text).detail == detail


def test_emoji_are_neither_symbols_nor_other_characters_and_move_nothing(say) -> None:
    text = "😂👍🏽 ab !!!!!!!! c ❤️"
    evidence = say(SYMBOLS, text)
    assert text[slice(*evidence.span)] == "!" * 8
    assert evidence.detail == "73% of 11 characters are symbols, 50% are allowed"


@pytest.mark.parametrize(
    ("strict", "text", "rule"),
    [
        (Symbols(max_art=2), "a house ███ here", "max_art"),
        (Symbols(max_symbols=2), "what??? is this", "max_symbols"),
        (Symbols(min_symbols=1), "?", "max_ratio"),
    ],
)
def test_each_limit_counts_where_it_is_the_least(say, strict: Symbols, text: str, rule: str) -> None:
    assert say(strict, text).rule == rule
    assert say(Symbols(), text) is None


@pytest.mark.parametrize(
    "text",
    [
        "wait, what?! (he said: no...)",
        "😂😂😂😂😂😂😂😂😂😂😂😂😂😂😂😂😂😂😂😂😂😂😂😂",
        "👨‍👩‍👧‍👦👨‍👩‍👧‍👦👨‍👩‍👧‍👦👨‍👩‍👧‍👦👨‍👩‍👧‍👦",
        "สวัสดีครับทุกคนวันนี้เป็นอย่างไรบ้างครับ",
        "हिन्दी में लिखा हुआ एक लंबा वाक्य यहाँ है",
        "?" * 7,
        "",
    ],
)
def test_ordinary_lines_are_left_alone(say, text: str) -> None:
    assert say(SYMBOLS, text) is None


def test_the_limits_themselves_are_allowed(say) -> None:
    assert say(SYMBOLS, "abcdefgh" + "!" * 8) is None
    assert say(SYMBOLS, "abcdefgh" + "!" * 9).rule == "max_ratio"
    assert say(SYMBOLS, "a" * 30 + "!" * 20) is None
    assert say(SYMBOLS, "a" * 30 + "!" * 21).rule == "max_symbols"
    assert say(SYMBOLS, "a" * 90 + "█" * 10) is None
    assert say(SYMBOLS, "a" * 90 + "█" * 11).rule == "max_art"


@given(st.text(max_size=80))
def test_any_text_is_judged_and_spans_lie_within_it(text: str) -> None:
    evidence = SYMBOLS.check(Message("m", 0, "1", "s", "7", "ada", text), History())
    assert evidence is None or 0 <= evidence.span[0] < evidence.span[1] <= len(text)


@pytest.mark.parametrize("wrong", [{"max_symbols": 0}, {"max_ratio": 1.5}, {"max_art": 501}])
def test_settings_out_of_range_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValidationError):
        Symbols(**wrong)
