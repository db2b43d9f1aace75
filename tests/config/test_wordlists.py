"""The lists a streamer starts with: graded, free of terms the matcher cannot use, and telling when there is none."""

from __future__ import annotations

import pytest

from config import wordlists
from filters.terms import read_terms
from filters.types import Category, Severity


def test_our_own_list_has_no_line_the_matcher_refuses() -> None:
    with (wordlists.OWN / "starter.tsv").open(encoding="utf-8") as lines:
        terms, problems = read_terms(lines)
    assert [problem for problem in problems if problem.refused] == []
    assert {term.severity for term in terms} == set(Severity)
    assert len({term.lang for term in terms}) >= 10


def test_our_own_list_says_where_it_comes_from() -> None:
    header = (wordlists.OWN / "starter.tsv").read_text(encoding="utf-8").splitlines()[:3]
    assert [line.partition(":")[0] for line in header[1:]] == ["# source", "# licence"]


@pytest.mark.parametrize("name", wordlists.names())
def test_every_list_loads(name: str) -> None:
    assert wordlists.load(name)


def test_a_packaged_list_counts_as_moderate_profanity() -> None:
    graded = {(term.severity, term.category) for term in wordlists.load("german")}
    assert graded == {(Severity.MODERATE, Category.PROFANITY)}


def test_an_unknown_list_is_told_with_those_there_are() -> None:
    with pytest.raises(wordlists.WordlistError, match=r"no word list 'klingon'.*starter.*german"):
        wordlists.load("klingon")
