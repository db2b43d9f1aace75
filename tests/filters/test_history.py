"""History: windows on event time that never exceed their bounds."""

from __future__ import annotations

import tracemalloc

from hypothesis import given
from hypothesis import strategies as st

from filters.history import CHATTER_LINES, CONTEXT_LINES, KEPT_S, PERMITS, History
from filters.types import Message


def line(number: int, ts_ms: int, who: str, text: str = "hello there") -> Message:
    return Message(f"m{number}", ts_ms, "1", "studio", who, who, text)


def test_recent_lines_are_the_chatters_own_within_the_window() -> None:
    history = History()
    said = [line(n, n * 1_000, "ann" if n % 2 else "bob") for n in range(10)]
    for each in said:
        history.observe(each)
    assert [each.id for each in history.recent(said[9], 4)] == ["m7", "m9"]
    assert history.recent(line(11, 0, "nobody"), 4) == []


def test_the_channels_lines_come_back_newest_first_and_the_context_oldest_first() -> None:
    history = History()
    for number in range(5):
        history.observe(line(number, number * 1_000, f"c{number}"))
    assert [each.id for each in history.since(2_000)] == ["m4", "m3", "m2"]
    assert [each.id for each in history.context(2)] == ["m3", "m4"]
    assert history.context(0) == []
    assert [each.id for each in history.before("m3", 2)] == ["m1", "m2"]
    assert [each.id for each in history.before("m1", 5)] == ["m0"]
    assert [each.id for each in history.before("forgotten", 2)] == ["m3", "m4"]


def test_lines_are_forgotten_in_time_but_who_was_seen_is_not() -> None:
    history = History()
    history.observe(line(1, 0, "ann"))
    history.observe(line(2, KEPT_S * 1_000 + 1, "bob"))
    assert len(history) == 1
    assert history.chatter("ann").lines == []
    assert history.chatter("ann").first_seen_ms == 0


def test_the_pace_is_the_last_minutes_lines() -> None:
    history = History()
    for number in range(90):
        history.observe(line(number, number * 1_000, "ann"))
    assert history.pace == 60


def test_a_newcomer_is_somebody_the_bot_was_there_to_miss_before() -> None:
    history = History()
    early, late = line(1, 0, "ann"), line(2, 100_000, "bob")
    history.observe(early)
    assert not history.is_new(early, 60)
    history.observe(late)
    assert history.is_new(late, 60)
    assert not history.is_new(line(3, 170_000, "bob"), 60)
    history.know("bob", 5)
    assert not history.is_new(late, 60)
    assert [history.known_s(each) for each in (early, late, line(4, 0, "nobody"))] == [0, 99, 0]


def test_a_permit_ends() -> None:
    history = History()
    history.permit("ann", 5_000)
    assert history.permitted(line(1, 4_999, "ann"))
    assert not history.permitted(line(2, 5_000, "ann"))
    assert not history.permitted(line(3, 0, "bob"))


@given(st.lists(st.tuples(st.integers(0, 2_000), st.sampled_from("abcdef"), st.text(max_size=20)), max_size=120))
def test_no_bound_is_ever_exceeded(said: list[tuple[int, str, str]]) -> None:
    history = History(max_lines=20, max_chatters=4)
    at_ms = 0
    for number, (pause_ms, who, text) in enumerate(said):
        at_ms += pause_ms * 100
        history.observe(line(number, at_ms, who, text))
        assert len(history) <= 20
        assert len(history._chatters) <= 4
        assert len(history._duplicates) <= 20 * 5
        assert all(len(chatter.lines) <= CHATTER_LINES for chatter in history._chatters.values())
        assert all(kept.ts_ms >= at_ms - KEPT_S * 1_000 for kept in history.since(0))
        kept_lines = sum(len(chatter.lines) for chatter in history._chatters.values())
        assert kept_lines <= len(history)


def test_a_hundred_thousand_chatters_leave_no_more_than_is_kept() -> None:
    history = History()
    for number in range(100_000):
        history.observe(line(number, number * 10, f"{number}chatter", f"line {number} of a very long raid"))
        history.permit(f"{number}chatter", number)
    assert len(history) == 10_000
    assert len(history._chatters) == 20_000
    assert sum(len(chatter.lines) for chatter in history._chatters.values()) == 10_000
    assert len(history._permits) == PERMITS
    assert len(history.context(1_000)) == CONTEXT_LINES
    assert len(history._duplicates) <= 10_000 * 5


def test_a_thousand_chatters_cost_less_than_two_kilobytes_each() -> None:
    tracemalloc.start()
    history = History()
    for number in range(3_000):
        who = f"chatter{number % 1_000}"
        history.observe(line(number, number * 200, who, f"{number} is what i say about {number * 7919 % 1000}"))
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert held < 2_000 * 1_000
