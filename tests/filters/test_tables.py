"""Packed tables give what a dictionary would, and more only where two texts share a hash."""

from __future__ import annotations

from collections import defaultdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filters.disguise import slip, sound
from filters.tables import Table, Vocabulary, fits, hashes

rows = st.lists(st.tuples(st.text(max_size=6), st.integers(0, 99)), max_size=60)
words = st.lists(st.text("abcdelr", min_size=3, max_size=8), max_size=12, unique=True)


@given(rows, st.lists(st.text(max_size=6), max_size=10))
def test_a_table_finds_every_number_of_a_text_and_no_other(pairs: list[tuple[str, int]], asked: list[str]) -> None:
    table = Table(pairs)
    by_text = defaultdict(list)
    for text, number in pairs:
        by_text[text].append(number)
    for text in {*by_text, *asked}:
        assert table.get(text) == by_text.get(text, [])
    assert table.near(hashes(list(by_text))) == {number for _, number in pairs}
    assert table.near(hashes(asked)) == {number for text in asked for number in by_text.get(text, [])}


def test_a_hundred_thousand_entries_take_no_more_than_twenty_bytes_each() -> None:
    table = Table((f"text {number}", number) for number in range(100_000))
    held = table._hashes.nbytes + table._numbers.nbytes + table._sieve.nbytes
    assert held <= 20 * 100_000
    assert table.get("text 77777") == [77_777]
    assert table.get("text 100000") == []


@given(words, st.data())
def test_every_word_one_slip_away_is_a_candidate(known: list[str], data: st.DataObject) -> None:
    vocabulary = Vocabulary(known, forgives=lambda word: True, heard=lambda word: True)
    for word in known:
        at = data.draw(st.integers(0, len(word) - 1))
        left_out = word[:at] + word[at + 1 :]
        swapped = word[:at] + word[at : at + 2][::-1] + word[at + 2 :]
        for typed in (left_out, swapped, word + word[-1]):
            assert not slip(typed, word) or word in vocabulary.near(typed)


def test_slips_are_forgiven_and_sounds_heard_only_in_the_words_that_are_said() -> None:
    long = Vocabulary(["wazzock", "bat"], forgives=lambda word: len(word) > 3, heard=lambda word: word == "bat")
    assert long.near("wazzok") == {"wazzock"}
    assert long.near("ba") == set()
    assert list(long.sounding(sound("bat"))) == ["bat"]
    assert list(long.sounding(sound("wazzock"))) == []


@given(words, st.data())
def test_a_word_is_found_by_its_shape(known: list[str], data: st.DataObject) -> None:
    vocabulary = Vocabulary(known, forgives=lambda word: False, heard=lambda word: False)
    for word in (word for word in known if len(word) > 3):
        hidden = data.draw(st.lists(st.integers(1, len(word) - 1), min_size=1, max_size=2, unique=True))
        shape = "".join("." if at in hidden else char for at, char in enumerate(word))
        assert list(vocabulary.fitting(shape)) == [each for each in known if fits(shape, each)]
    assert all(not vocabulary.near(word) for word in known)


@pytest.mark.parametrize(
    ("shape", "word", "fit"),
    [("w.zz.ck", "wazzock", True), ("w.zz.ck", "wazzick", True), ("w.zz.ck", "wazzocks", False), ("w.z", "wxy", False)],
)
def test_what_fits_a_shape(shape: str, word: str, fit: bool) -> None:
    assert fits(shape, word) is fit


def test_words_are_found_by_key_and_by_sound() -> None:
    vocabulary = Vocabulary(["phony", "wazzock"], forgives=lambda word: True, heard=lambda word: word == "phony")
    assert list(vocabulary.with_key("wazock")) == ["wazzock"]
    assert list(vocabulary.sounding("foni")) == ["phony"]
    assert list(vocabulary.sounding("wasok")) == []
