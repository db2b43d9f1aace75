"""Spellings of well-known words are seen through; strange words that only resemble them are not."""

from __future__ import annotations

import pytest

from filters.guises import Guises
from filters.realwords import english


@pytest.fixture(scope="module")
def guises() -> Guises:
    return Guises(["damn", "bitch", "bastard"], english(1.5))


@pytest.mark.parametrize(
    ("word", "root"),
    [
        ("dmn", "damn"),  # the vowel dropped
        ("beetch", "bitch"),  # drawn out
        ("beyotch", "bitch"),
        ("biches", "bitch"),  # a consonant written another way, an ending
        ("btchs", "bitch"),
        ("biotchaz", "bitch"),
        ("bicthes", "bitch"),  # two letters swapped
        ("bazturd", "bastard"),
        ("superbtch", "bitch"),  # glued behind what chatters glue
        ("zorgbtch", "bitch"),  # the vowels kept or dropped: behind anything
    ],
)
def test_a_guise_is_seen_through(guises: Guises, word: str, root: str) -> None:
    assert guises.find(word) == root


@pytest.mark.parametrize("word", ["", "b", "zzz", "zorgbatch", "bazooka", "bitcoin", "ditch", "batman", "damascus"])
def test_a_strange_word_is_no_guise(guises: Guises, word: str) -> None:
    assert guises.find(word) == ""


def test_a_changed_vowel_can_be_held_against_a_guise(guises: Guises) -> None:
    assert guises.find("beyotch", vowels_kept=True) == ""
    assert guises.find("btchs", vowels_kept=True) == "bitch"


def test_a_common_word_is_never_a_guise(guises: Guises) -> None:
    for common in ("beach", "batch", "dam", "custard"):
        assert guises.find(common) == ""


def test_no_words_no_guises() -> None:
    assert Guises([], {}).find("bitch") == ""
