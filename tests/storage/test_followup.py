from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from filters.types import Action, ActionKind
from storage import followup
from storage.database import Database
from storage.followup import DAY_MS, Followed, followed
from storage.records import Outcome, RecordLog
from tests.storage.conftest import T0, make_message, make_record

MINUTE_S, DAY_S = 60, 86_400


async def act(
    log: RecordLog,
    at_s: int,
    chatter: str,
    kind: ActionKind = ActionKind.DELETE,
    *,
    channel: str = "studio",
    outcome: Outcome = Outcome.APPLIED,
) -> int:
    message = make_message(at_s, chatter, channel=channel)
    number = await log.open(make_record(message, Action(kind, 60 if kind is ActionKind.TIMEOUT else 0)))
    await log.settle(number, Outcome.APPLIED if outcome is Outcome.UNDONE else outcome)
    if outcome is Outcome.UNDONE:
        await log.settle(number, outcome)
    return number


async def found(db: Database, days: int = 40, channel: str = "") -> list[tuple[str, bool]]:
    people, _ = await followed(db, T0, T0 + days * DAY_MS, channel)
    return sorted((each.action, each.again) for each in people)


async def test_the_first_action_counts_and_what_follows_it_in_time(db: Database, log: RecordLog) -> None:
    await act(log, 1, "again", ActionKind.WARN)
    await act(log, 5 * DAY_S, "again", ActionKind.BAN)
    await act(log, 1, "late")
    await act(log, 1 + 30 * DAY_S + 1, "late")
    await act(log, 1, "once", ActionKind.TIMEOUT)
    assert await found(db) == [("delete", False), ("timeout", False), ("warn", True)]
    assert (await followed(db, T0, T0 + 40 * DAY_MS, ""))[1] == 30


async def test_one_outburst_is_one_incident(db: Database, log: RecordLog) -> None:
    for second in (0, 3, 10 * MINUTE_S):
        await act(log, second, "angry")
    assert await found(db) == [("delete", False)]
    await act(log, 10 * MINUTE_S + 1, "angry")
    assert await found(db) == [("delete", True)]


async def test_what_was_undone_or_never_applied_is_no_act(db: Database, log: RecordLog) -> None:
    await act(log, 0, "wronged")
    await act(log, DAY_S, "wronged", outcome=Outcome.UNDONE)
    await act(log, DAY_S, "wronged", outcome=Outcome.FAILED)
    await act(log, 0, "never", outcome=Outcome.UNDONE)
    assert await found(db) == [("delete", False)]


async def test_nobody_counts_who_could_not_be_followed_to_the_end(db: Database, log: RecordLog) -> None:
    await act(log, 0, "early")
    await act(log, 15 * DAY_S, "later")
    assert await found(db, days=31) == [("delete", False)]
    assert await found(db, days=30) == []
    # Moved back by the follow-up: who was acted on before the period, and followed into it, belongs to it.
    people, _ = await followed(db, T0 + 30 * DAY_MS, T0 + 40 * DAY_MS, "")
    assert len(people) == 1


async def test_a_person_counts_once_in_each_channel(db: Database, log: RecordLog) -> None:
    for channel in ("studio", "studio", "arena"):
        await act(log, 0, "busy", channel=channel)
    await act(log, DAY_S, "busy", channel="arena")
    assert await found(db) == [("delete", False), ("delete", True)]
    assert await found(db, channel="id-arena") == [("delete", True)]


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(people=st.integers(20, 60))
async def test_a_draw_takes_whole_people_and_the_same_each_time(
    tmp_path_factory: pytest.TempPathFactory, people: int
) -> None:
    db = await Database.open(tmp_path_factory.mktemp("draw") / "log.sqlite3")
    log = RecordLog(db)
    for number in range(people):
        await act(log, 0, f"person{number}")
        await act(log, DAY_S, f"person{number}")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(followup, "MOST_ACTS", people)
        drawn = await followed(db, T0, T0 + 40 * DAY_MS, "")
        assert drawn == await followed(db, T0, T0 + 40 * DAY_MS, "")
    assert 0 < len(drawn[0]) < people
    assert set(drawn[0]) == {Followed("delete", True)}
    await log.close()
    await db.close()
