"""Repetition inside one line: characters, words, glued pieces."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from filters.history import History
from filters.repetition import Repetition
from filters.types import Message

REPETITION = Repetition(max_run=20, max_repeated=60)


@pytest.mark.parametrize(
    ("text", "rule", "piece"),
    [
        ("so goo" + "o" * 20 + "d", "max_run", "o" * 22),
        ("hi " + "TriHard " * 9 + "bye", "max_repeated", ("TriHard " * 9).strip()),
        ("VAI BRASIL " * 7, "max_repeated", ("VAI BRASIL " * 7).strip()),
        ("trihard TRIHARD " * 5, "max_repeated", ("trihard TRIHARD " * 5).strip()),
        ("go " + "BOLSOMITO" * 7 + " go", "max_repeated", "BOLSOMITO" * 7),
        ("聊天室刷波7" * 11, "max_repeated", "聊天室刷波7" * 11),
    ],
)
def test_what_is_repeated_is_caught_where_it_stands(say, text: str, rule: str, piece: str) -> None:
    evidence = say(REPETITION, text)
    assert (evidence.rule, text[slice(*evidence.span)]) == (rule, piece)


@pytest.mark.parametrize(
    "text",
    [
        "ha" * 100,
        "I think the best way to win the game is to take the tower and the dragon before the next fight of the game",
        "https://example.com/" + "abc" * 30,
        "Kappa " * 8,
        "no no no no no",
        "",
    ],
)
def test_laughter_prose_links_and_short_cheers_are_left_alone(say, text: str) -> None:
    assert say(REPETITION, text) is None


def test_the_limits_themselves_are_allowed(say) -> None:
    assert say(REPETITION, "o" * 20) is None
    assert say(REPETITION, "o" * 21) is not None
    assert say(REPETITION, "abcde " * 10) is None
    assert say(REPETITION, "abcde " * 11) is not None


def test_the_limits_hold_wherever_in_the_line_it_stands(say) -> None:
    assert say(REPETITION, "hello there " + "o" * 20) is None
    assert say(REPETITION, "abcde " * 10 + "is what i said") is None
    assert say(REPETITION, "now " + "abcde" * 12) is None
    assert say(REPETITION, "now " + "abcde" * 12 + "abcd") is None


@pytest.mark.parametrize(
    ("text", "piece", "detail"),
    [
        ("so goo" + "o" * 20, "o" * 22, "one character 22 times in a row, 20 are allowed"),
        ("so " + "abcdefghijklmnopqrst " * 3, None, "63 characters of repeated words, 60 are allowed"),
        ("go xyz" + "abcde" * 13, "abcde" * 13, "65 characters of one repeated piece, 60 are allowed"),
        ("go " + "abc" * 21, "abc" * 21, "63 characters of one repeated piece, 60 are allowed"),
    ],
)
def test_it_is_said_what_is_repeated(say, text: str, piece: str | None, detail: str) -> None:
    evidence = say(REPETITION, text)
    assert evidence.detail == detail
    assert text[slice(*evidence.span)] == (piece or text[3:].strip())


def test_a_slow_chat_may_be_let_be(play) -> None:
    fast = Repetition(max_repeated=60, min_pace=3)
    assert play(fast, "0 ann: " + "abcde " * 20)[0] is None
    assert play(fast, "0 bob: a\n0 cat: b\n0 ann: " + "abcde " * 20)[2] is not None


@given(st.text(st.sampled_from("ab c"), max_size=300))
def test_any_text_is_judged_and_spans_lie_within_it(text: str) -> None:
    evidence = REPETITION.check(Message("m", 0, "1", "s", "7", "ada", text), History())
    assert evidence is None or 0 <= evidence.span[0] < evidence.span[1] <= len(text)


@pytest.mark.parametrize("wrong", [{"max_run": 6}, {"max_repeated": 19}, {"max_repeats": 3}])
def test_settings_out_of_range_or_unknown_are_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ValidationError):
        Repetition(**wrong)
