from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from filters.breaker import WINDOW_MS, Breaker, BreakerSettings
from filters.caps import Caps
from filters.engine import Engine, Exemptions
from filters.ladder import Ladder
from filters.length import Length
from filters.types import ActionKind, Message, Verdict

ENGINE = Engine([Length(max_length=5)], Ladder(), Exemptions())


def judged(ts_ms: int, breaker: Breaker, number: int = 0) -> tuple[Verdict, str | None]:
    message = Message(f"m{ts_ms}-{number}", ts_ms, "1", "studio", f"u{number}", f"u{number}", "far too long")
    verdict = ENGINE.decide(breaker.pass_on(ENGINE.examine(message)))
    return verdict, breaker.count(verdict)


def test_a_filter_that_runs_away_only_logs_until_it_is_reset() -> None:
    breaker = Breaker(BreakerSettings(actions_per_minute=3))
    assert [judged(n * 1_000, breaker)[1] for n in range(3)] == [None, None, None]
    assert judged(3_000, breaker)[1] == "length"
    verdict, tripped = judged(4_000, breaker)
    assert (verdict.dry_run, verdict.action.kind, tripped) == (True, ActionKind.DELETE, None)
    assert "circuit breaker" in verdict.leading.detail
    assert judged(4_000 + WINDOW_MS * 10, breaker)[0].dry_run, "time alone does not mend a filter"
    breaker.reset("length")
    assert not judged(5_000 + WINDOW_MS * 10, breaker)[0].dry_run


def test_filters_are_counted_and_stopped_each_for_itself() -> None:
    engine = Engine([Length(max_length=5), Caps(min_letters=4)], Ladder(), Exemptions())
    breaker = Breaker(BreakerSettings(actions_per_minute=2))

    def say(ts_ms: int, text: str) -> tuple[Verdict, str | None]:
        message = Message(f"m{ts_ms}", ts_ms, "1", "studio", f"u{ts_ms}", f"u{ts_ms}", text)
        verdict = engine.decide(breaker.pass_on(engine.examine(message)))
        return verdict, breaker.count(verdict)

    said = [say(number, text)[1] for number, text in enumerate(["far too long", "SHOUT", "far too long", "SHOUT"])]
    assert said == [None] * 4, "each is within its own limit"
    assert say(4, "far too long")[1] == "length"
    verdict, _ = say(5, "HERE")
    assert (verdict.leading.filter, verdict.dry_run) == ("caps", False), "the other filter goes on"
    assert "circuit breaker" not in verdict.leading.detail


def test_what_was_decided_before_it_tripped_does_not_trip_it_again() -> None:
    breaker = Breaker(BreakerSettings(actions_per_minute=2))
    judged(0, breaker)
    under_way, _ = judged(1, breaker)
    assert judged(2, breaker)[1] == "length"
    assert breaker.count(under_way) is None, "the mods are told once"


def test_a_reset_filter_begins_to_count_anew() -> None:
    breaker = Breaker(BreakerSettings(actions_per_minute=2))
    assert [judged(number, breaker)[1] for number in range(3)] == [None, None, "length"]
    breaker.reset("length")
    assert [judged(number, breaker)[1] for number in range(3, 6)] == [None, None, "length"]


def test_resetting_what_never_acted_changes_nothing() -> None:
    breaker = Breaker(BreakerSettings())
    breaker.reset("length")
    assert breaker.tripped == set()


def test_what_happened_a_minute_ago_is_over() -> None:
    breaker = Breaker(BreakerSettings(actions_per_minute=1))
    assert [judged(ts_ms, breaker)[1] for ts_ms in (0, WINDOW_MS, 2 * WINDOW_MS - 1)] == [None, None, "length"]


def test_switched_off_it_never_trips() -> None:
    breaker = Breaker(BreakerSettings(enabled=False, actions_per_minute=1))
    assert [judged(n, breaker)[1] for n in range(5)] == [None] * 5


@given(gaps=st.lists(st.integers(0, 20_000), max_size=60), limit=st.integers(1, 8))
def test_it_trips_exactly_when_a_minute_holds_more_than_the_limit(gaps: list[int], limit: int) -> None:
    breaker = Breaker(BreakerSettings(actions_per_minute=limit))
    times: list[int] = []
    now = 0
    for number, gap in enumerate(gaps):
        now += gap
        _, tripped = judged(now, breaker, number)
        times.append(now)
        crowded = sum(each > now - WINDOW_MS for each in times) > limit
        assert (tripped is not None) == crowded
        if tripped:
            return


def test_new_settings_let_the_filters_they_concern_act_again() -> None:
    breaker = Breaker(BreakerSettings(actions_per_minute=2))
    for ts_ms in range(3):
        judged(ts_ms, breaker)
    breaker.adopt(breaker.settings, ["caps"])
    assert breaker.tripped == {"length"}, "another filter's settings"
    breaker.adopt(breaker.settings, ["length"])
    assert not breaker.tripped, "its own"
    assert [judged(10 + n, breaker)[1] for n in range(3)] == [None, None, "length"]
    breaker.adopt(BreakerSettings(actions_per_minute=3), [])
    assert not breaker.tripped, "the breaker's"
    assert [judged(20 + n, breaker)[1] for n in range(4)] == [None, None, None, "length"]
