"""Strikes climb the ladder; severity picks the first step; doubt keeps it low."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from filters.ladder import Ladder, format_action, format_duration, parse_action, parse_duration
from filters.types import Action, ActionKind, Category, Evidence, Severity


def evidence(severity: int = 0, score: float = 1.0) -> Evidence:
    return Evidence("caps", "x", Category.CHANNEL_RULE, Severity(severity), (0, 1), score=score)


@pytest.mark.parametrize(
    ("severity", "strikes", "expected"),
    [
        (0, 0, "delete"),
        (0, 1, "warn"),
        (0, 2, "timeout 10m"),
        (0, 3, "timeout 1d"),
        (0, 4, "ban"),
        (0, 99, "ban"),
        (2, 0, "timeout 10m"),
        (2, 1, "timeout 1d"),
        (3, 0, "ban"),
    ],
)
def test_each_strike_climbs_one_step_from_the_severitys_entry(severity: int, strikes: int, expected: str) -> None:
    assert format_action(Ladder().action(evidence(severity), strikes)) == expected


@given(st.integers(0, 3), st.integers(0, 50), st.floats(0, 1))
def test_a_match_below_the_confidence_line_never_times_out_or_bans(severity: int, strikes: int, score: float) -> None:
    ladder = Ladder()
    action = ladder.action(evidence(severity, score), strikes)
    if score < ladder.review_line:
        assert action <= Action(ActionKind.REVIEW)
    elif score < ladder.confidence_line:
        assert action <= Action(ActionKind.DELETE)


@given(st.integers(0, 3), st.integers(0, 50))
def test_more_strikes_never_make_it_milder(severity: int, strikes: int) -> None:
    ladder = Ladder()
    assert ladder.action(evidence(severity), strikes) <= ladder.action(evidence(severity), strikes + 1)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"steps": ["ban", "delete"], "entry": [0, 0, 0, 0]}, "from mild to strong"),
        ({"steps": ["delete"], "entry": [0, 0, 0, 1]}, "step 1 does not exist"),
        ({"steps": ["tickle"]}, "'tickle' is not an action"),
        ({"steps": ["timeout"]}, "timeout needs a length"),
        ({"steps": ["ban 10m"]}, "ban takes no length"),
        ({"steps": ["timeout 3w"]}, "outside 1 to 1209600"),
        ({"decay_s": "soon"}, "'soon' is not a span of time"),
        ({"review_line": 0.95}, "above confidence_line"),
    ],
)
def test_a_ladder_that_makes_no_sense_is_refused_with_the_remedy(settings: dict[str, object], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        Ladder.model_validate(settings)


@given(st.integers(0, 10**9))
def test_durations_round_trip(seconds: int) -> None:
    assert parse_duration(format_duration(seconds)) == seconds


@pytest.mark.parametrize("text", ["", "10", "m", "10 m", "-5m", "1h 30m", "١٠m", "10M"])
def test_what_is_not_a_span_of_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a span of time"):
        parse_duration(text)


@pytest.mark.parametrize("text", ["review", "delete", "warn", "timeout 90s", "timeout 1h30m", "ban"])
def test_actions_are_written_as_they_are_read(text: str) -> None:
    action = parse_action(text)
    assert isinstance(action, Action)
    assert parse_action(format_action(action)) == action
