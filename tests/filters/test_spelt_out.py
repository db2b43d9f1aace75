"""Terms spelt out over several words: which pieces make one up, and which stand together by chance."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filters.index import Index
from filters.lexicon import compile_lexicon
from filters.realwords import real_words
from filters.spelt_out import SpeltOut
from filters.terms import Term
from filters.text import fold
from filters.words import Word

LISTED = ("zib", "quox", "blorp", "snorvi", "blargfen", "bloorq", "bllof")


def find(*pieces: str, listed: tuple[str, ...] = LISTED, foreign: bool = False) -> str:
    """The term that these pieces, each a word of its own, spell out."""
    words = [
        Word(
            found=None,
            foreign=foreign,
            looks=piece,
            looks_key=piece,
            letters=piece,
            leet=piece,
            mask="",
            zipf=0.0,
            rare=True,
            pieces=(piece,),
            broken=True,
            phrase_words=(),
        )
        for piece in pieces
    ]
    hit = SpeltOut(Index([Term(term) for term in listed])).find(words)
    return hit[2].letters if hit else ""


@pytest.mark.parametrize(
    ("line", "term"),
    [
        # three letters must end the run, four begin or end it, five may stand anywhere in it
        ("z i b", "zib"),
        ("q z i b", "zib"),
        ("z i b q", ""),
        ("q u o x z", "quox"),
        ("z q u o x", "quox"),
        ("z q u o x z", ""),
        ("z b l o r p z", "blorp"),
        # a longer piece beside it is not part of the run
        ("z in q u o x z", "quox"),
        ("z q u o x in z", "quox"),
        ("z i b in", "zib"),
        # three pieces and more, at least half of them single letters, and not too long ones
        ("bl orp", ""),
        ("s n o rvi", "snorvi"),
        ("sno r vi", ""),
        ("sn o r vi", "snorvi"),
        ("b l argfen", ""),
        ("b l a rgfen", "blargfen"),
        # stretched; letters may lack from a double one where the term is long enough
        ("z i i b", "zib"),
        ("z z z z z z z z z z i b", "zib"),
        ("b b l l o r p", "blorp"),
        ("b l o r q", "bloorq"),
        ("b l o f", ""),
        ("b l l o f f", "bllof"),
    ],
)
def test_which_pieces_spell_a_term(line: str, term: str) -> None:
    assert find(*line.split()) == term


def test_a_term_inside_a_real_word_spelt_out_is_no_term() -> None:
    assert find(*"master", listed=("aster",)) == ""
    assert find(*"mazter", listed=("azter",)) == "azter"
    assert find(*"master", listed=("master",)) == "master"


@pytest.mark.parametrize(
    ("line", "term"),
    [
        ("to n i", ""),
        ("to n z q", "tonzq"),
        ("to n z i x", "tonzix"),
        ("t o n i", "toni"),
        ("a i a", "aia"),
        ("a i a in", "aia"),
        ("on a l", ""),
        ("o n a l", "onal"),
    ],
)
def test_short_words_that_say_something_spell_no_term(line: str, term: str) -> None:
    assert find(*line.split(), listed=("toni", "tonzq", "tonzix", "aia", "onal")) == term


def test_a_term_of_another_script_is_found_by_its_looks_among_letters_of_that_script_only() -> None:
    assert find(*"сор", listed=("сор",)) == ""  # pieces are folded by then
    assert find(*"cop", listed=("сор",)) == ""
    assert find(*"cop", listed=("сор",), foreign=True) == "сор"
    assert find("q", *"cop", listed=("сор",), foreign=True) == "сор"


def test_laughter_spelt_out_is_laughter() -> None:
    assert find(*"lul", listed=("lul",)) == ""


@given(st.lists(st.sampled_from(["b", "l", "o", "r", "p", "z", "i", "q", "lo", "rp", "in", "zip"]), max_size=9))
def test_windows_given_up_early_would_have_held_no_term(pieces: list[str]) -> None:
    listed = {"zib", "blorp", "priz"}
    whole = "".join(pieces)
    expected = ""
    for start in range(len(pieces)):
        for end in range(start + 3, len(pieces) + 1):
            window = pieces[start:end]
            spelt = "".join(window)
            begins = start == 0 or len(pieces[start - 1]) > 1
            ends = end == len(pieces) or len(pieces[end]) > 1
            single = sum(len(piece) == 1 for piece in window)
            if (
                spelt in listed
                and (ends if len(spelt) == 3 else begins or ends or len(spelt) > 4)
                and 2 * single >= len(window)
                and 2.2 * len(window) >= len(spelt)
                and "in" not in window
                and (whole in listed or not real_words().zipf(whole))
            ):
                expected = expected or spelt
    stretched = any(ours == other for ours, other in pairwise(whole))
    if not stretched:
        assert find(*pieces, listed=tuple(sorted(listed))) == expected


def test_the_run_of_broken_words_is_what_is_searched() -> None:
    listed = compile_lexicon([Term("blorp")])
    assert (hit := listed.find(fold("well b.l o r-p indeed"))) is not None
    assert hit.technique == "spacing"
    assert hit.span == (5, 14)
    assert listed.find(fold("b l indeed o r p")) is None


def test_short_words_and_letters_that_stand_together_by_chance_are_no_word_spelt_out() -> None:
    listed = compile_lexicon([Term(text) for text in ("mona", "anal", "del", "gay", "s & m")])
    for line in ("I'M ON A LIST", "4 NA > #1 EU", "D E L E T E", "go T S M"):
        assert listed.find(fold(line)) is None, line
    for line in ("m o n a", "a n al", "4 n 4 l", "d e l", "U R G A Y", "they like s m"):
        assert listed.find(fold(line)) is not None, line


def test_a_term_spelt_around_emotes_is_found() -> None:
    line = "n u m Kappa p t y"
    hit = compile_lexicon([Term("numpty")]).find(fold(line), ((6, 11),))
    assert hit is not None
    assert hit.term.text == "numpty"
    assert hit.span == (0, len(line))


@pytest.mark.parametrize(
    ("term", "line", "split"),
    [
        ("zibwob", "zib wob", True),
        ("zibwo", "zib wo", False),  # too short to tell
        ("zibwob", "zi bwob", True),
        ("zibwob", "z ibwob", False),
        ("penquern", "pen quern", False),  # two words, though one is rare
    ],
)
def test_two_halves_of_a_term(term: str, line: str, split: bool) -> None:
    hit = compile_lexicon([Term(term)]).find(fold(line))
    assert (hit is not None and hit.technique == "split") is split


@pytest.mark.parametrize(
    ("line", "piece"),
    [
        ("you are an q u o x, you", "q u o x"),
        ("a q.u.o.x", "q.u.o.x"),
        ("q u o x and more", "q u o x"),
        ("to b l o r p", "b l o r p"),
    ],
)
def test_the_span_is_the_pieces_and_no_word_beside_them(line: str, piece: str) -> None:
    hits = compile_lexicon([Term("quox"), Term("blorp")]).find_all(fold(line))
    assert {line[slice(*hit.span)] for hit in hits} == {piece}


@pytest.mark.parametrize(("line", "found"), [("p1ne apple", True), ("pine appl3", True), ("pine apple", False)])
def test_halves_of_which_one_is_in_leet_are_one_word(line: str, found: bool) -> None:
    assert bool(compile_lexicon([Term("pineapple")]).find_all(fold(line))) is found
