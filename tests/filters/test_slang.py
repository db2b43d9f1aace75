"""What chat says instead of a listed word stands for it; everyday words do not."""

from __future__ import annotations

from itertools import chain

import pytest

from filters.lexicon import Term, compile_lexicon
from filters.realwords import real_words
from filters.slang import SLANG
from filters.text import fold, skeleton, squash
from filters.types import Severity

EVERYDAY_ZIPF = 4.2


@pytest.mark.parametrize(
    ("line", "root", "technique"),
    [
        ("what a mofo", "motherfucker", "slang"),
        ("those MOFOS again", "motherfucker", "slang"),
        ("m0f0 behaviour", "motherfucker", "leet"),
        ("what utter bollox", "bollocks", "slang"),
        ("that fugly skin", "fuck", "slang"),
    ],
)
def test_slang_stands_for_the_listed_word(line: str, root: str, technique: str) -> None:
    hit = compile_lexicon([Term(root)]).find(fold(line))
    assert hit is not None
    assert (hit.term.text, hit.technique) == (root, technique)


def test_slang_for_a_word_nobody_listed_is_innocent() -> None:
    assert compile_lexicon([Term("plonker")]).find(fold("that mofo")) is None


def test_a_term_matched_exactly_has_no_slang() -> None:
    assert compile_lexicon([Term("motherfucker", exact=True)]).find(fold("that mofo")) is None


def test_slang_that_is_listed_itself_is_the_listed_term() -> None:
    hit = compile_lexicon([Term("motherfucker"), Term("mofo", Severity.LOW)]).find(fold("that mofo"))
    assert hit is not None
    assert (hit.term.text, hit.technique) == ("mofo", "exact")


def test_no_everyday_word_is_called_slang() -> None:
    """Every form is spelt as the matcher sees it, and none is a word as common as those of a newspaper."""
    for form in chain.from_iterable(forms.split() for forms in SLANG.values()):
        assert form == squash(skeleton(form))
        assert real_words().zipf(form) < EVERYDAY_ZIPF
