"""The guard knows what people say, and nothing else."""

from __future__ import annotations

import pytest

from filters.lexicon import Term, compile_lexicon
from filters.realwords import RealWords, english, real_words
from filters.text import fold


@pytest.mark.parametrize("word", ["the", "night", "assembly", "scunthorpe", "bonjour", "перевод", "straße"])
def test_words_people_use_are_known(word: str) -> None:
    assert real_words().zipf(word.replace("ß", "ss")) > 0


@pytest.mark.parametrize("word", ["", "xqzzv", "wazzzzock", "niiight"])
def test_words_nobody_uses_are_not(word: str) -> None:
    assert real_words().zipf(word) == 0


def test_common_words_are_more_frequent_than_rare_ones() -> None:
    assert real_words().zipf("the") > real_words().zipf("night") > real_words().zipf("scunthorpe")


def test_the_table_is_read_once_per_process() -> None:
    assert real_words() is real_words()


def test_it_stays_below_sixty_megabytes() -> None:
    words = real_words()
    assert words._hashes.nbytes + words._levels.nbytes < 10_000_000


def test_any_words_may_be_the_guard() -> None:
    small = RealWords([("wazzock", 3.5), ("plonker", 4.25)])
    assert small.zipf("wazzock") == 3.5
    assert small.zipf("plonker") == 4.25
    assert small.zipf("numpty") == 0
    assert RealWords([]).zipf("anything") == 0


def test_a_word_that_several_languages_have_is_as_common_as_where_it_is_most_common() -> None:
    for levels in ((3.0, 5.0), (5.0, 3.0)):
        assert RealWords([("gift", level) for level in levels]).zipf("gift") == 5


def test_no_word_is_too_common_to_be_known() -> None:
    assert RealWords([("the", 9.0), ("wazzock", 1.0)]).zipf("the") > 7.9


def test_english_words_are_at_least_as_common_as_asked() -> None:
    words = english(5.5)
    assert 200 < len(words) < 1_000
    assert words["good"] == pytest.approx(real_words().zipf("good"), abs=0.1)
    assert min(words.values()) >= 5.5


def test_words_of_chat_are_no_misspellings() -> None:
    listed = compile_lexicon([Term("lesbo"), Term("sissy")])
    assert listed.find(fold("lesgo chat, that is sussy")) is None
    assert listed.find(fold("lezbo")) is not None
