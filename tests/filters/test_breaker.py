from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from filters.breaker import WINDOW_MS, Breaker, BreakerSettings
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
