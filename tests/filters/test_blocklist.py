"""The blocklist filter turns the worst hit into Evidence."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from filters.blocklist import BlockedTerm, Blocklist
from filters.history import History
from filters.ladder import Ladder, Standing
from filters.lexicon import CONFIDENCE, Term
from filters.types import Category, Evidence, Fragment, FragmentKind, Message, Severity


def check(blocklist: Blocklist, *fragments: str | Fragment) -> Evidence | None:
    pieces = tuple(each if isinstance(each, Fragment) else Fragment(FragmentKind.TEXT, each) for each in fragments)
    text = "".join(piece.text for piece in pieces)
    return blocklist.check(Message("m1", 0, "1", "studio", "7", "ada", text, fragments=pieces), History())


def test_a_listed_word_gives_evidence_that_points_at_it() -> None:
    term = BlockedTerm(text="plonker", severity=Severity.HIGH, category=Category.HARASSMENT)
    evidence = check(Blocklist(terms=(term,)), "oh you pl0nker, you")
    assert evidence == Evidence(
        filter="blocklist",
        rule="plonker",
        category=Category.HARASSMENT,
        severity=Severity.HIGH,
        span=(7, 14),
        folded="pl0nker",
        score=CONFIDENCE["leet"],
        distance=0,
        technique="leet",
        detail="a listed word (leet)",
    )


def test_an_innocent_line_gives_none() -> None:
    assert check(Blocklist(terms=(BlockedTerm(text="plonker"),)), "good game") is None


def test_a_phrase_is_called_one() -> None:
    evidence = check(Blocklist(terms=(BlockedTerm(text="daft bat"),)), "that daft bat")
    assert evidence is not None
    assert evidence.detail == "a listed phrase (exact)"


@pytest.mark.parametrize("line", ["plonkers", "you PLONKERS!", "pl0nkers", "plonkering about"])
def test_own_words_are_found_with_english_endings(line: str) -> None:
    evidence = check(Blocklist(terms=(BlockedTerm(text="plonker"),)), line)
    assert evidence is not None
    assert evidence.rule == "plonker"


def test_endings_make_no_everyday_word_a_hit() -> None:
    blocklist = Blocklist(terms=(BlockedTerm(text="butt"),))
    assert check(blocklist, "bread and butter") is None
    assert check(blocklist, "those butts") is not None


@pytest.mark.parametrize("line", ["what a great rapper", "she rapped for an hour", "who are the best rappers"])
def test_a_word_that_drops_its_silent_e_before_an_ending_doubles_no_letter(line: str) -> None:
    blocklist = Blocklist(lists=(), terms=(BlockedTerm(text="rape"),))
    assert check(blocklist, line) is None
    for meant in ("raped", "rapers", "raping"):
        assert check(blocklist, meant) is not None


def test_endings_can_be_left_alone() -> None:
    for term in (BlockedTerm(text="shag", endings=False), BlockedTerm(text="shag", exact=True)):
        assert check(Blocklist(lists=(), terms=(term,)), "shagged") is None
    assert check(Blocklist(lists=(), terms=(BlockedTerm(text="shag"),)), "shagged") is not None


def test_a_typo_says_how_far_it_is() -> None:
    evidence = check(Blocklist(terms=(BlockedTerm(text="plonker"),)), "plonekr")
    assert evidence is not None
    assert (evidence.technique, evidence.distance, evidence.score) == ("typo", 1, CONFIDENCE["typo"])


@pytest.mark.parametrize("term", ["e", "x", "ee", "é", "!", "李"])
def test_a_term_however_short_is_looked_for(term: str) -> None:
    check(Blocklist(lists=(), terms=(BlockedTerm(text=term),)), f"hello {term} there, he said")


SHORT = st.one_of(st.text(max_size=3), st.text("aeiosyx1!|*#. -éß李🍆", max_size=4))


@settings(deadline=None)
@given(SHORT.filter(bool), SHORT, SHORT, st.booleans())
def test_no_short_term_word_or_line_breaks_it(term: str, said: str, allowed: str, anywhere: bool) -> None:
    blocklist = Blocklist(lists=(), terms=(BlockedTerm(text=term, anywhere=anywhere),), allow=(allowed,))
    check(blocklist, said)
    check(blocklist, term)


def test_emotes_and_mentions_are_no_words() -> None:
    blocklist = Blocklist(terms=(BlockedTerm(text="plonker"),))
    for kind in (FragmentKind.EMOTE, FragmentKind.MENTION, FragmentKind.CHEERMOTE):
        assert check(blocklist, "hello ", Fragment(kind, "plonker")) is None
    assert check(blocklist, "hello ", Fragment(FragmentKind.TEXT, "plonker")) is not None


def test_a_phrase_is_called_one_and_how_it_was_disguised_is_said() -> None:
    found = check(Blocklist(terms=(BlockedTerm(text="daft bat"),)), "you d4ft b4t")
    assert found is not None
    assert found.detail == f"a listed phrase ({found.technique})"
    assert found.technique != "exact"


def test_dry_run_is_passed_on() -> None:
    evidence = check(Blocklist(terms=(BlockedTerm(text="plonker"),), dry_run=True), "plonker")
    assert evidence is not None
    assert evidence.dry_run


def test_shipped_lists_join_the_channels_own_terms_from_the_severity_asked() -> None:
    listed = [Term("numpty", Severity.LOW), Term("snarfwad", Severity.MODERATE), Term("wazzock", Severity.HIGH)]
    own = Blocklist(terms=(BlockedTerm(text="plonker"),), least_severity=Severity.MODERATE)
    full = own.with_lists(listed)
    assert [check(full, word) is not None for word in ("plonker", "wazzock", "snarfwad")] == [True, True, True]
    assert check(full, "numpty") is None
    assert check(own, "wazzock") is None


def test_allowed_words_stay_allowed_when_lists_join() -> None:
    full = Blocklist(allow=("wazzock",)).with_lists([Term("wazzock")])
    assert check(full, "wazzock") is None


@pytest.mark.parametrize("text", ["", "x" * 201])
def test_a_term_of_no_or_too_many_characters_is_refused(text: str) -> None:
    with pytest.raises(ValidationError, match="text"):
        BlockedTerm(text=text)


def graded(text: str) -> Evidence:
    listed = [Term("drongle", Severity.LOW), Term("snarfwad", Severity.HIGH), Term("zugmonger", Severity.EXTREME)]
    own = (BlockedTerm(text="fribble", severity=Severity.LOW),)
    found = check(Blocklist(lists=(), act_from=Severity.EXTREME, terms=own).with_lists(listed), text)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("text", "rule", "acts"),
    [
        ("what a drongle", "drongle", False),
        ("what a snarfwad", "snarfwad", False),
        ("what a zugmonger", "zugmonger", True),
        ("what a fribble", "fribble", True),
        ("snarfwad fribble drongle", "fribble", True),
        ("snarfwad fribble zugmonger", "zugmonger", True),
    ],
)
def test_milder_terms_of_lists_are_for_review_and_the_channels_own_are_acted_on(
    text: str, rule: str, acts: bool
) -> None:
    found = graded(text)
    assert (found.rule, found.review_only) == (rule, not acts)
    assert found.detail == "a listed word (exact)" + ("" if acts else "; milder than what is acted on")
    action = Ladder().action(found, Standing(strikes=9))
    assert action.enforces == acts
    assert action
