from __future__ import annotations

import string

from hypothesis import given
from hypothesis import strategies as st

from config.exchange import LONGEST, SHORTEST, for_twitch, take_in
from config.imports import read_blocklist, read_twitch
from config.policy import Policy
from filters.regex import MOST_PATTERNS

EMPTY = Policy.parse("[filters.blocklist]\nlists = []\n")
WORDS = st.text(string.ascii_lowercase, min_size=1, max_size=12)


def listing(*texts: str) -> Policy:
    return Policy.of({"filters": {"blocklist": {"lists": [], "terms": [{"text": text} for text in texts]}}})


def test_what_is_listed_already_in_another_spelling_is_not_listed_again() -> None:
    intake = take_in(listing("snarfwad"), read_blocklist("SNARFWAD\nzugmonger\nfr*bble\nthe\n"))
    assert (intake.added, intake.present) == (2, 1)
    assert [term.text for term in intake.policy.filters.blocklist.terms] == ["snarfwad", "zugmonger"]
    assert [problem.term for problem in intake.refused] == ["the"]


def test_expressions_beyond_the_limit_are_refused_and_the_rest_is_taken() -> None:
    intake = take_in(EMPTY, read_twitch([f"zug{number}x*" for number in range(MOST_PATTERNS + 3)]))
    assert (intake.added, intake.present, len(intake.refused)) == (MOST_PATTERNS, 0, 3)
    assert f"there is room for {MOST_PATTERNS} expressions" in intake.refused[0].why


def test_an_expression_is_taken_once_and_capitals_make_it_another() -> None:
    intake = take_in(EMPTY, read_blocklist("~/zug\\d/i\n~/zug\\D/i\n~/zug\\d/i\n"))
    assert [pattern.pattern for pattern in intake.policy.filters.regex.patterns] == [r"zug\d", r"zug\D"]
    assert (intake.added, intake.present) == (2, 1)


def test_twitch_gets_what_it_lacks_and_can_take() -> None:
    policy = listing("snarfwad", "zugmonger", "two words", "x", "bl*rp", "drongle")
    outgo = for_twitch(policy, ["Snarfwad", "*zugmonger", "drongles"])
    assert outgo.entries == ("two words", "drongle")
    assert outgo.present == 2
    assert [problem.why for problem in outgo.refused] == [
        f"Twitch takes {SHORTEST} to {LONGEST} characters, and it has 1",
        "its * would stand for any letters at Twitch",
    ]


def test_a_word_found_inside_others_needs_twitchs_widest_form() -> None:
    policy = Policy.of({"filters": {"blocklist": {"lists": [], "terms": [{"text": "zug", "anywhere": True}]}}})
    assert for_twitch(policy, ["zug", "zug*"]).entries == ("*zug*",)
    assert for_twitch(policy, ["*ZUG*"]).entries == ()


@given(st.lists(WORDS, max_size=8, unique=True))
def test_what_twitch_was_given_is_not_given_again_and_comes_back_as_nothing_new(words: list[str]) -> None:
    policy = take_in(EMPTY, read_twitch(words)).policy
    given_to = for_twitch(policy, [])
    assert for_twitch(policy, given_to.entries).entries == ()
    assert take_in(policy, read_twitch(given_to.entries)).added == 0
