"""Newcomers: young accounts, and links from people who were never here."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from filters.history import History
from filters.newcomers import Newcomers
from filters.types import Evidence, Message

DAY_MS = 86_400_000
FILTER = Newcomers(enabled=True, min_account_age="1d", settle="10m")


def say(history: History, at_s: float, who: str, text: str, age_ms: int | None = None) -> Evidence | None:
    ts_ms = round(at_s * 1000) + 100 * DAY_MS
    created = None if age_ms is None else ts_ms - age_ms
    line = Message(f"{at_s}", ts_ms, "1", "studio", who, who, text, account_created_ms=created)
    history.observe(line)
    return FILTER.check(line, history)


def test_a_young_account_is_caught_and_one_a_day_old_is_not() -> None:
    found = say(History(), 0, "ann", "hi", age_ms=DAY_MS - 1_000)
    assert found.detail == "the account is 23h59m59s old, 1d are needed"
    assert found.rule == "min_account_age"
    assert say(History(), 0, "ann", "hi", age_ms=DAY_MS) is None
    assert say(History(), 0, "ann", "hi", age_ms=-5_000).detail == "the account is 0s old, 1d are needed"


def test_an_unknown_age_is_held_against_nobody() -> None:
    assert say(History(), 0, "ann", "hi") is None


def test_a_link_from_somebody_who_just_came_is_caught_until_they_have_settled() -> None:
    history = History()
    say(history, 0, "regular", "hello")
    assert say(history, 700, "ann", "hello all") is None
    found = say(history, 710, "ann", "look at evil.com now")
    assert (found.rule, found.span) == ("settle", (8, 16))
    assert found.detail == "a link from somebody first seen less than 10m ago"
    assert say(history, 1_301, "ann", "look at evil.com now") is None


def test_right_after_the_bot_came_everybody_is_new_to_it_and_nobody_is_suspected() -> None:
    history = History()
    assert say(history, 0, "ann", "look at evil.com now") is None
    assert say(history, 500, "bob", "look at evil.com now") is None


def test_who_is_known_from_before_or_permitted_may_link() -> None:
    history = History()
    say(history, 0, "regular", "hello")
    history.know("ann", 0)
    assert say(history, 700, "ann", "look at evil.com now") is None
    history.permit("bob", 100 * DAY_MS + 800_000)
    assert say(history, 701, "bob", "look at evil.com now") is None


@pytest.mark.parametrize("wrong", [{"settle": "soon"}, {"min_account_age": -1}])
def test_settings_that_make_no_sense_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Newcomers(**wrong)
