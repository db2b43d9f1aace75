"""History: windows on event time that never exceed their bounds."""

from __future__ import annotations

import tracemalloc

from hypothesis import given
from hypothesis import strategies as st

from filters.history import CHATTER_LINES, CONTEXT_LINES, KEPT_S, PERMITS, History
from filters.types import Message, Role


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


def test_the_oldest_permit_makes_room_for_the_newest() -> None:
    history = History()
    for number in range(PERMITS + 1):
        history.permit(f"c{number}", 5_000)
    assert [history.permitted(line(1, 0, f"c{number}")) for number in (0, 1, PERMITS)] == [False, True, True]


def test_windows_end_on_the_millisecond() -> None:
    history = History()
    said = [line(number, ts_ms, "ann") for number, ts_ms in enumerate((1_000, 1_001, 5_000, 5_001))]
    for each in said:
        history.observe(each)
    assert [each.id for each in history.recent(said[2], 4)] == ["m1", "m2"], (
        "not what is just too old, nor what follows"
    )
    history.observe(line(4, 60_999, "bob"))
    assert history.pace == 5
    history.observe(line(5, 61_000, "bob"))
    assert history.pace == 5, "the first is a minute old"


def test_a_line_is_kept_for_just_as_long_as_it_says() -> None:
    history = History()
    for number, ts_ms in enumerate((0, 0, KEPT_S * 1_000)):
        history.observe(line(number, ts_ms, "ann"))
    assert len(history) == 3
    history.observe(line(3, KEPT_S * 1_000 + 1, "ann"))
    assert [each.id for each in history.since(0)] == ["m3", "m2"]
    assert [each.id for each in history.chatter("ann").lines] == ["m2", "m3"]


def test_newcomers_are_told_to_the_millisecond() -> None:
    history = History()
    history.observe(line(0, 0, "ann"))
    for who, seen_ms in (("bob", 60_000), ("cid", 60_001)):
        history.observe(line(seen_ms, seen_ms, who))
    assert [history.is_new(line(1, 60_001, who), 60) for who in ("bob", "cid")] == [False, True]
    assert [history.is_new(line(1, ts_ms, "cid"), 60) for ts_ms in (120_000, 120_001)] == [True, False]
    assert not history.is_new(line(1, 60_001, "nobody"), 60)
    assert not History().is_new(line(1, 60_001, "ann"), 60)


def test_somebody_known_from_the_log_is_known_for_whole_seconds_and_no_later_than_seen() -> None:
    history = History()
    history.know("ann", 1_000)
    history.know("ann", 5_000)
    history.observe(line(1, 9_000, "ann"))
    assert [history.known_s(line(2, ts_ms, "ann")) for ts_ms in (500, 2_999, 3_000)] == [0, 1, 2]


def test_of_a_chatter_the_last_lines_the_name_and_the_roles_are_kept() -> None:
    history = History()
    for number in range(CHATTER_LINES + 1):
        history.observe(line(number, number, "ann"))
    renamed = Message("m99", 99, "1", "studio", "ann", "anna", "hello there", roles=frozenset({Role.VIP}))
    history.observe(renamed)
    chatter = history.chatter("ann")
    assert (chatter.name, chatter.roles, chatter.first_seen_ms) == ("anna", {Role.VIP}, 0)
    assert [each.id for each in chatter.lines] == [f"m{number}" for number in range(2, CHATTER_LINES + 1)] + ["m99"]
    assert history.line(renamed) is chatter.lines[-1]
    assert [history.line(line(1, 1, "ann")), history.line(line(1, 1, "nobody"))] == [None, None]
    assert (chatter.lines[-1].chatter, chatter.lines[-1].text) == ("anna", "hello there")


def test_who_was_silent_longest_is_forgotten_first() -> None:
    history = History(max_chatters=2)
    for number, who in enumerate(["ann", "bob", "ann", "cid"]):
        history.observe(line(number, number, who))
    assert [history.chatter(who) is not None for who in ("ann", "bob", "cid")] == [True, False, True]
    history.know("ann", 0)
    history.observe(line(9, 9, "dan"))
    assert [history.chatter(who) is not None for who in ("ann", "cid", "dan")] == [True, False, True]


def test_lines_of_eight_letters_are_grouped_with_their_like_whatever_their_case() -> None:
    history = History()
    for number, text in enumerate(["gg wp al", "GG WP AL", "gg wp a", "gg wp a"]):
        history.observe(line(number, number, f"c{number}", text))
    groups = [each.group for each in reversed(list(history.since(0)))]
    assert groups[0] is groups[1] is not None
    assert groups[2:] == [None, None]
    assert [each.form for each in groups[0].lines] == ["gg wp al"] * 2


def test_a_line_in_odd_letters_is_remembered_as_written_and_as_read() -> None:
    history = History()
    said = line(1, 0, "ann", "fr\u0435\u0435 v13wers here")
    history.observe(said)
    kept = history.line(said)
    assert (kept.text, kept.form) == (said.text, said.folded.text)
    assert kept.form != said.text


def test_the_first_message_is_when_the_bot_came() -> None:
    history = History()
    assert history.begun_ms is None
    history.know("ann", 1)
    for ts_ms in (7_000, 9_000):
        history.observe(line(ts_ms, ts_ms, "ann"))
    assert history.begun_ms == 7_000


def test_an_arrival_is_of_who_was_never_seen_before() -> None:
    history = History()
    history.know("ann", 0)
    for number, who in enumerate(["ann", "bob", "bob"]):
        history.observe(line(number, number, who))
    assert history.arrival(line(1, 9, "ann")) is None
    arrival = history.arrival(line(1, 9, "bob"))
    assert (arrival.ts_ms, arrival.chatter_id, arrival.message_id) == (1, "bob", "m1")


def test_as_much_is_kept_as_is_allowed_and_the_latest() -> None:
    history = History(max_lines=15)
    for number in range(20):
        history.observe(line(number, number, "ann"))
    assert [each.id for each in history.since(0)] == [f"m{number}" for number in range(19, 4, -1)]
    assert [each.id for each in history.context(1_000)] == [f"m{number}" for number in range(20 - CONTEXT_LINES, 20)]
    assert history.pace == 15


def test_more_context_than_there_is_is_all_there_is() -> None:
    history = History()
    for number in range(3):
        history.observe(line(number, number, "ann"))
    assert [each.id for each in history.context(9)] == ["m0", "m1", "m2"]
    assert [each.id for each in history.context(1)] == ["m2"]
    assert [each.id for each in history.before("m2", 1)] == ["m1"]
    assert history.before("m0", 2) == []


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
