"""Each way of misspelling, undone or told from another word."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from filters.disguise import (
    collapse,
    deletions,
    doubled,
    drawn,
    inflected,
    key,
    missing_letters,
    plainer,
    readings,
    relax,
    slip,
    sound,
)

words = st.text("abcdefghijklmnopqrstuvwxyz", min_size=1, max_size=12)


@pytest.mark.parametrize(
    ("stretched", "single", "double"),
    [("waaazzock", "wazock", "waazzock"), ("ooooo", "o", "oo"), ("book", "bok", "book"), ("", "", "")],
)
def test_stretched_letters(stretched: str, single: str, double: str) -> None:
    assert collapse(stretched) == single
    assert relax(stretched) == double


@given(words, st.data())
def test_stretching_and_l_for_i_leave_the_key_alone(word: str, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(word) - 1))
    stretched = word[:at] + word[at] * data.draw(st.integers(1, 9)) + word[at + 1 :]
    assert key(stretched) == key(word)
    assert missing_letters(stretched, word) == 0
    assert key(word.replace("l", "i")) == key(word)


def test_missing_letters_are_counted_by_run() -> None:
    assert missing_letters("wazock", "wazzock") == 1
    assert missing_letters("wazzzzock", "wazzock") == 0
    assert missing_letters("bok", "bbookk") == 3


@given(words)
def test_deletions_are_one_letter_shorter(word: str) -> None:
    assert deletions(word) == {word[:at] + word[at + 1 :] for at in range(len(word))}
    assert all(len(each) == len(word) - 1 for each in deletions(word))


@given(words, st.data())
def test_a_letter_left_out_or_two_swapped_is_a_slip(word: str, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(word) - 1))
    assert slip(word[:at] + word[at + 1 :], word)
    assert slip(word[:at] + word[at : at + 2][::-1] + word[at + 2 :], word)
    assert slip(word, word)


@pytest.mark.parametrize("typed", ["wazzocj", "eazzock", "wazzolck", "wqazzock", "qwazzock", "wazzockk", "wazzockl"])
def test_a_neighbouring_key_is_a_slip(typed: str) -> None:
    assert slip(typed, "wazzock")


@pytest.mark.parametrize(
    "typed", ["pazzock", "wazzoqck", "wazock1x", "zzock", "wazzocker", "cazzokw", "wazzocks", "wazzockp", "azwzock"]
)
def test_a_far_key_or_two_edits_are_no_slip(typed: str) -> None:
    assert not slip(typed, "wazzock")


@given(words, words)
def test_a_slip_changes_the_length_by_one_at_most(word: str, term: str) -> None:
    assume(abs(len(word) - len(term)) > 1)
    assert not slip(word, term)


@pytest.mark.parametrize(
    ("heard", "listed"),
    [
        ("fony", "phony"),
        ("krakpot", "crackpot"),
        ("loosa", "looser"),
        ("loosah", "loosor"),
        ("loosuh", "loosar"),
        ("loosu", "looser"),
        ("loosas", "loosers"),
        ("boozo", "booso"),
        ("nutkase", "nutcase"),
        ("fvck", "fuq"),
        ("dyke", "dike"),
        ("khonk", "chonk"),
        ("wagqle", "waggle"),
        ("duhk", "derk"),
    ],
)
def test_spelt_by_ear(heard: str, listed: str) -> None:
    assert sound(heard) == sound(listed)


@pytest.mark.parametrize("other", ["chony", "pony", "phoney"])
def test_other_sounds_stay_apart(other: str) -> None:
    assert sound(other) != sound("phony")
    assert sound("chonk") != sound("konk")
    assert sound("loosers") != sound("looser")


@pytest.mark.parametrize(
    ("stretched", "likely", "unlikely"),
    [
        ("boooks", {"books", "boks"}, set()),
        ("wazzoock", {"wazzock", "wazoock", "wazock"}, set()),
        ("wazzoooock", {"wazzock", "wazzoock"}, {"wazock", "wazoock"}),  # zz was meant, among letters stretched further
        ("nnooobb", {"nob", "noob", "nnob", "nobb", "nnobb", "nnoob", "noobb", "nnoobb"}, set()),
        ("plonker", set(), set()),
    ],
)
def test_what_a_stretched_word_may_stand_for(stretched: str, likely: set[str], unlikely: set[str]) -> None:
    costs = dict(readings(stretched))
    assert costs.keys() >= likely | unlikely
    assert stretched not in costs
    assert not unlikely or max(costs[each] for each in likely) < min(costs[each] for each in unlikely)


@pytest.mark.parametrize(
    ("stretched", "costs"),
    [
        ("boooks", {"boks": 0, "books": 0}),
        ("wazzoock", {"wazzock": 1, "wazoock": 1, "wazock": 2}),
        ("wazzooock", {"wazzock": 0, "wazzoock": 0, "wazock": 2, "wazoock": 2}),
        ("wazzoooock", {"wazzock": 0, "wazzoock": 0, "wazock": 2, "wazoock": 2}),
        ("oo", {"o": 1}),
        ("aabb", {"ab": 0, "aab": 0, "abb": 0}),  # one who doubles every letter means none of it
        ("aabbccddeeff", {"abcdef": 0}),  # of more runs than five only the plainest are tried
        ("aaabbccddeeff", {"abcdef": 0, "aabbccddeeff": 0}),
    ],
)
def test_a_letter_doubled_may_be_meant_and_one_stretched_further_is_not(stretched: str, costs: dict[str, int]) -> None:
    assert dict(readings(stretched)) == costs


def test_five_stretched_letters_are_read_in_every_way() -> None:
    assert len(dict(readings("aabbccddee"))) == 31


@given(st.text("abc", max_size=60))
def test_a_stretched_word_has_few_readings_all_of_one_key(word: str) -> None:
    found = list(readings(word))
    assert len(found) <= 32
    assert {key(reading) for reading, _ in found} <= {key(word)}


@pytest.mark.parametrize(("word", "letters"), [("wazzock", "z"), ("bookkeeper", "oke"), ("plonker", ""), ("ooo", "o")])
def test_doubled_letters(word: str, letters: str) -> None:
    assert doubled(word) == list(letters)


@pytest.mark.parametrize(
    ("word", "read"),
    [("l3itch", "bitch"), ("\\/\\/azzock", "wazzock"), ("c|-|()ck", "chock"), ("plonker", "plonker")],
)
def test_letters_drawn_by_several_characters(word: str, read: str) -> None:
    assert drawn(word) == read


def test_dressed_up_spellings() -> None:
    assert plainer("phvkker") == "fucker"


@pytest.mark.parametrize(
    ("word", "forms"),
    [
        ("slut", "sluts sluted sluter sluters sluting slutin slutted slutter slutters slutting sluttin"),
        ("pussy", "pussies pussyed pussyer pussyers pussying pussyin"),
        ("rape", "rapes raped raper rapers raping rapin"),
        ("screw", "screws screwed screwer screwers screwing screwin"),
        ("e", "es eed eer eers eing ein"),
        ("boo", "boos booed booer booers booing booin"),
    ],
)
def test_english_endings(word: str, forms: str) -> None:
    assert inflected(word) == set(forms.split())


@pytest.mark.parametrize("plural", ["bitches", "kisses", "boxes", "blitzes", "dishes"])
def test_hissing_words_have_their_own_plural(plural: str) -> None:
    assert plural in inflected(plural.removesuffix("es"))
    assert plural.removesuffix("es") + "s" not in inflected(plural.removesuffix("es"))
