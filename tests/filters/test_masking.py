"""Abuse made presentable: its shape stays, its words and what steers a terminal go."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from filters.masking import masked, visible


def test_words_become_dots_and_the_gaps_stay() -> None:
    assert masked("you bad\tw0rd!") == "••• ••• •••••"


def test_what_steers_a_terminal_is_shown_and_letters_of_any_language_stay() -> None:
    assert visible("\x1b[2J名前 é\u202eboo\n") == "\ufffd[2J名前 é\ufffdboo\ufffd"


@given(st.text())
def test_any_text_keeps_its_length_and_loses_what_it_must(text: str) -> None:
    assert len(masked(text)) == len(visible(text)) == len(text)
    assert set(masked(text)) <= {"•", " "}
    assert visible(text).isprintable()
