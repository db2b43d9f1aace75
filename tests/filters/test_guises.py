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


# --- The rules one by one, in a language of few words


def find(word: str, *roots: str, zipf: float = 4.5, spoken: dict[str, float] | None = None) -> str:
    """The root that the word is a guise of, all roots being as common (Zipf), beside what else is ``spoken``."""
    return Guises(roots, {**dict.fromkeys(roots, zipf), **(spoken or {})}).find(word)


def test_of_two_words_a_guise_stands_for_the_commoner() -> None:
    for commoner, other in (("damn", "demn"), ("demn", "damn")):
        spoken = {commoner: 4.0, other: 3.6}
        assert Guises(["damn", "demn"], spoken).find("dumn") == commoner


@pytest.mark.parametrize("word", ["btich", "bicth", "bithc"])
def test_of_the_best_known_words_two_letters_may_be_swapped(word: str) -> None:
    assert find(word, "bitch", zipf=4.2) == "bitch"
    assert find(word, "bitch", zipf=4.1) == ""


def test_the_first_letter_stays() -> None:
    assert find("ksank", "skank") == ""


def test_two_changes_are_seen_through_and_three_are_not() -> None:
    assert find("bazturd", "bastard") == "bastard"
    assert find("buzturd", "bastard") == ""


def test_only_vowels_are_dropped_and_only_where_the_consonants_tell_the_word() -> None:
    assert find("bstard", "bastard") == "bastard"
    assert find("bastad", "bastard") == ""
    assert find("anl", "anal", zipf=4.0) == ""


@pytest.mark.parametrize("tail", ["", "a", "o", "u"])
@pytest.mark.parametrize("front", ["e", "ey", "iy"])
def test_an_i_is_drawn_out(front: str, tail: str) -> None:
    assert find(f"b{front}{tail}tch", "bitch") == "bitch"


def test_consonants_are_softened() -> None:
    assert find("daker", "dagger") == "dagger"
    assert find("wiged", "wicked") == "wicked"


def test_a_guise_is_a_word_eighty_times_rarer() -> None:
    assert find("dumn", "damn", zipf=4.0, spoken={"dumn": 2.1}) == "damn"
    assert find("dumn", "damn", zipf=4.0, spoken={"dumn": 2.2}) == ""
    assert find("dmn", "damn", zipf=2.5) == "damn"


def test_an_ending_is_taken_off_whatever_shorter_end_is_none() -> None:
    assert find("btchers", "bitch") == "bitch"


@pytest.mark.parametrize(
    ("word", "root"),
    [
        ("qubtch", "bitch"),  # two letters and more before it
        ("qbtch", ""),
        ("quabetch", ""),  # its vowel changed
        ("quabstard", "bastard"),
        ("quabztard", ""),  # changed twice
    ],
)
def test_behind_anything_stands_what_keeps_the_vowels_and_changes_little(word: str, root: str) -> None:
    assert find(word, "bitch", "bastard") == root


@pytest.mark.parametrize(
    ("spoken", "root"),
    [
        ({"zorbich": 2.55}, "bitch"),
        ({"zorbich": 2.7}, ""),
        ({"zorbiches": 2.7}, ""),
        ({"zorbich": 2.5, "mobich": 2.5}, ""),
        ({"zorbichquax": 5.0}, "bitch"),
        ({"bichquax": 5.0}, "bitch"),
    ],
)
def test_not_behind_anything_where_real_words_end_so(spoken: dict[str, float], root: str) -> None:
    assert find("quabich", "bitch", spoken=spoken) == root


def test_real_words_that_hold_the_word_itself_do_not_speak_for_its_guise() -> None:
    assert find("quabitch", "bitch", spoken={"zorbitch": 5.0}) == "bitch"


def test_ends_that_overlap_are_all_seen() -> None:
    assert find("quachik", "bitch", "chick") == "chick"
    assert find("quachik", "bitch", "chick", spoken={"zorbtchik": 3.0}) == ""
