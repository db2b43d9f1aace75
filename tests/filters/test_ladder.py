"""Strikes climb the ladder; severity picks the first step; doubt keeps it low."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from filters.ladder import DELETE, Ladder, Standing, format_action, format_duration, parse_action, parse_duration
from filters.types import Action, ActionKind, Category, Evidence, Severity

WARN = Action(ActionKind.WARN)


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
    assert format_action(Ladder().action(evidence(severity), Standing(strikes))) == expected


@pytest.mark.parametrize(
    ("severity", "strikes", "known", "expected"),
    [
        (2, 0, "7d", "warn"),
        (2, 0, "6d", "timeout 10m"),
        (2, 1, "7d", "timeout 1d"),
        (0, 0, "7d", "delete"),
        (2, 0, "604799s", "timeout 10m"),
        (3, 0, "7d", "ban"),
    ],
)
def test_a_first_offence_of_somebody_long_known_brings_one_step_less(
    severity: int, strikes: int, known: str, expected: str
) -> None:
    standing = Standing(strikes, known_s=parse_duration(known))
    ladder = Ladder(regular_after=parse_duration("7d"))
    assert format_action(ladder.action(evidence(severity), standing)) == expected


def test_a_regular_of_one_second_is_a_regular() -> None:
    assert Ladder(regular_after=1).action(evidence(2), Standing(known_s=1)) == WARN


@pytest.mark.parametrize(
    ("score", "expected"), [(0.59, "review"), (0.6, "delete"), (0.89, "delete"), (0.9, "timeout 10m")]
)
def test_a_match_on_a_line_of_certainty_is_past_it(score: float, expected: str) -> None:
    assert format_action(Ladder().action(evidence(2, score), Standing())) == expected


def test_nobody_is_forgiven_unless_the_policy_says_so() -> None:
    assert Ladder().action(evidence(2), Standing(known_s=10**9)) == Ladder().action(evidence(2), Standing())


@given(st.integers(0, 3), st.integers(0, 50), st.floats(0, 1))
def test_a_match_below_the_confidence_line_never_times_out_or_bans(severity: int, strikes: int, score: float) -> None:
    ladder = Ladder()
    action = ladder.action(evidence(severity, score), Standing(strikes))
    if score < ladder.review_line:
        assert action <= Action(ActionKind.REVIEW)
    elif score < ladder.confidence_line:
        assert action <= Action(ActionKind.DELETE)


@given(st.integers(0, 3), st.integers(0, 50), st.integers(0, 200))
def test_more_strikes_never_make_it_milder(severity: int, strikes: int, known_s: int) -> None:
    ladder = Ladder(regular_after=100)
    fewer, more = (Standing(count, known_s=known_s) for count in (strikes, strikes + 1))
    assert ladder.action(evidence(severity), fewer) <= ladder.action(evidence(severity), more)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"steps": ["ban", "delete"], "entry": [0, 0, 0, 0]}, "from mild to strong"),
        ({"steps": ["delete"], "entry": [0, 0, 0, 1]}, "step 1 does not exist"),
        ({"steps": ["tickle"]}, "'tickle' is not an action"),
        ({"steps": ["timeout"]}, r"Value error, timeout needs a length \(write e.g. timeout 10m\)"),
        ({"steps": ["ban 10m"]}, "ban takes no length"),
        ({"steps": ["timeout 3w"]}, "outside 1 to 1209600"),
        ({"decay": "soon"}, "'soon' is not a span of time"),
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


@pytest.mark.parametrize(
    ("seconds", "now", "strikes"),
    [
        ([], 100, 0),
        ([0], 100, 1),
        ([0, 50], 100, 2),
        ([0, 1, 2, 3], 100, 1),  # a burst is one offence
        ([98, 99], 100, 0),  # this line belongs to it
        ([0, 6, 12], 100, 2),  # a burst that goes on is an offence every ten seconds
        ([0], 31 * 86_400, 0),  # decayed
        ([200], 100, 0),  # not before this line
    ],
)
def test_a_burst_is_one_strike_and_old_strikes_decay(seconds: list[int], now: int, strikes: int) -> None:
    assert Ladder().standing([(each * 1000, DELETE) for each in seconds], now * 1000).strikes == strikes


@pytest.mark.parametrize(
    ("acted_on", "now", "standing"),
    [
        ([0], 60_000, Standing(1)),  # the last moment a strike of a minute counts
        ([0], 60_001, Standing(0)),
        ([0, 100_000], 120_000, Standing(1)),  # one decayed, one not
        ([0, 9_999], 60_000, Standing(1)),  # the last moment of an offence
        ([0, 10_000], 60_000, Standing(2)),
        ([50_001], 60_000, Standing(0, DELETE)),
        ([50_000], 60_000, Standing(1)),
        ([60_000], 60_000, Standing(0, DELETE)),  # two lines at once
    ],
)
def test_strikes_are_counted_to_the_millisecond(acted_on: list[int], now: int, standing: Standing) -> None:
    ladder = Ladder(decay=60, grace=10)
    assert ladder.standing([(each, DELETE) for each in acted_on], now) == standing


@given(st.lists(st.integers(0, 10**6)).map(sorted), st.integers(0, 10**6))
def test_there_are_never_more_strikes_than_lines_acted_on(times: list[int], now: int) -> None:
    assert 0 <= Ladder().standing([(each, DELETE) for each in times], now).strikes <= len(times)


def test_one_offence_brings_each_action_once_and_a_worse_line_more() -> None:
    ladder = Ladder()
    warned = ladder.standing([(0, DELETE), (60_000, WARN), (61_000, DELETE)], 62_000)
    assert warned == Standing(1, WARN)
    assert ladder.action(evidence(0), warned) == DELETE
    assert ladder.action(evidence(2), warned) == Action(ActionKind.TIMEOUT, 86_400)


def test_the_next_offence_brings_the_next_step() -> None:
    ladder = Ladder()
    assert ladder.action(evidence(0), ladder.standing([(0, DELETE)], 60_000)) == WARN


@given(st.lists(st.integers(0, 60), min_size=1, max_size=12), st.data())
def test_the_bursts_are_as_many_as_the_strikes_they_count_for(seconds: list[int], data: st.DataObject) -> None:
    times = [each * 1000 for each in seconds]
    ladder = Ladder()
    bursts = {ladder.burst(times, each) for each in times}
    assert len(bursts) == ladder.standing([(each, DELETE) for each in sorted(times)], 100_000).strikes
    at_ms = data.draw(st.sampled_from(times))
    begin_ms, end_ms = ladder.burst(times, at_ms)
    assert begin_ms <= at_ms < end_ms
