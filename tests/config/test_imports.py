from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.imports import read_blocklist, read_list, read_twitch
from filters.history import History
from filters.regex import Regex
from filters.types import Message


def hits(pattern_text: str, line: str) -> bool:
    regex = Regex(patterns=read_blocklist(pattern_text).patterns)
    return regex.check(Message("1", 0, "1", "studio", "2", "eve", line), History()) is not None


def test_nightbot_lists_words_expressions_and_stars() -> None:
    found = read_blocklist("snarfwad\nzugmonger, drongle\n~/fr[i1]bble+/i\n*gribbet*\nblor*g\nquax*\n")
    assert [(term.text, term.anywhere) for term in found.terms] == [
        ("snarfwad", False),
        ("zugmonger", False),
        ("drongle", False),
        ("gribbet", True),
    ]
    assert [pattern.note for pattern in found.patterns] == [
        "imported: ~/fr[i1]bble+/i",
        "imported: blor*g",
        "imported: quax*",
    ]
    assert found.problems == ()


def test_a_star_stands_for_letters_of_the_same_word() -> None:
    assert hits("blor*g", "what a BLORREEG that was")
    assert not hits("blor*g", "blor and more g")
    assert hits("quax*", "quaxes!")
    assert not hits("quax*", "aquax")


@pytest.mark.parametrize(
    ("entry", "hit", "innocent"),
    [
        ("злюк*", "ах ты злюка!", "неназлюка"),
        ("*ведрун", "это староведрун.", "ведруны"),
        ("çãx*", "que çãxona", "açãxona"),
        ("зл*ка", "злюка, злюка", "злюкам"),
        ("$$$*", "get $$$cash", "get $$ cash"),
        ("*?!", "what?!", "what? !"),
    ],
)
def test_a_star_stands_for_letters_of_every_script_and_beside_signs(entry: str, hit: str, innocent: str) -> None:
    assert hits(entry, hit)
    assert not hits(entry, innocent)


def test_twitchs_blocked_terms_are_read_as_helix_writes_them() -> None:
    text = json.dumps({"data": [{"id": "1", "text": "snarfwad"}, {"id": "2", "text": "zug*monger"}], "pagination": {}})
    found = read_blocklist(text)
    assert [term.text for term in found.terms] == ["snarfwad"]
    assert [pattern.note for pattern in found.patterns] == ["imported: zug*monger"]


def test_of_twitchs_terms_alike_the_widest_counts_and_slashes_are_no_expression() -> None:
    found = read_twitch(["zug", "*zug*", "ZUG", "/road/", "blor*", "*blor", "***", "a, b"])
    assert [(term.text, term.anywhere) for term in found.terms] == [("zug", True), ("/road/", False), ("a, b", False)]
    assert [pattern.note for pattern in found.patterns] == ["imported: blor*", "imported: *blor"]
    assert [(problem.term, problem.refused) for problem in found.problems if problem.refused] == [("***", True)]


def test_what_cannot_be_taken_is_told_with_its_line() -> None:
    found = read_blocklist("snarfwad\nx\n***\n~/(?=look)ahead/\nthe\nsnarfwad\n")
    told = [(problem.line_no, problem.refused) for problem in found.problems]
    assert told == [(2, True), (3, True), (4, True), (5, True), (6, True)]
    whys = {problem.line_no: problem.why for problem in found.problems}
    assert "every line" in whys[3]
    assert "invalid perl operator" in whys[4]
    assert "common word" in whys[5]
    assert [term.text for term in found.terms] == ["snarfwad"]


def test_our_own_lists_keep_their_grades() -> None:
    [term] = read_list("# Ours\nterm\tseverity\tflags\nsnarfwad\t3\tanywhere\n").terms
    assert (term.text, term.severity, term.anywhere) == ("snarfwad", 3, True)


def test_a_list_from_windows_is_read_as_any_other() -> None:
    [term] = read_list("\ufeffterm\tseverity\r\nsnarfwad\t3\r\n").terms
    assert (term.text, term.severity) == ("snarfwad", 3)
    assert [term.text for term in read_list('\ufeff["snarfwad"]').terms] == ["snarfwad"]


@pytest.mark.parametrize(
    "text",
    ["[" * 50_000, "[" + "1" * 5_000 + "]", "term\tlang\nsnarfwad\t" + "x" * 200_000],
    ids=("nested", "digits", "wide"),
)
def test_a_list_nobody_wrote_raises_nothing(text: str) -> None:
    assert all(problem.refused for problem in read_list(text).problems)


@given(st.text())
def test_no_text_is_too_odd_to_be_read(text: str) -> None:
    found = read_list(text)
    assert all(problem.line_no >= 1 for problem in found.problems)
    assert all(term.text for term in found.terms)
