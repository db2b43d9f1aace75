from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from filters.types import Action, ActionKind, Category
from storage.audit import Audit
from storage.database import Database
from storage.deciding import Decision, ReviewError
from storage.group_reviews import GroupReviews
from storage.groups import Groups
from storage.kpis import Kpis, Period
from storage.queue import Queue
from storage.records import Outcome, RecordLog
from storage.requests import RequestKind, Requests
from storage.reviews import Reviews
from storage.roles import Role, Roster, Staff
from storage.rules import Rules
from storage.verifying import verify
from tests.storage.conftest import T0, make_evidence, make_message, make_record

Team = dict[str, Staff]
BAN = Action(ActionKind.BAN)


async def add_raid(
    log: RecordLog, db: Database, size: int = 6, *, over: bool = True, action: Action = BAN, begin: int = 1
) -> tuple[int, list[int]]:
    """A raid of so many people, two of whose Records are of one person; every Record was applied."""
    groups = Groups(db)
    group = await groups.open("raid", "id-studio", actor="bot", why="30 alike", started_ms=T0)
    numbers = []
    for number in range(begin, begin + size):
        chatter = f"raider{max(number, begin + 1)}"
        new = make_record(make_message(number, chatter), action)
        numbers.append(await log.open(replace(new, group_id=group)))
        await log.settle(numbers[-1], Outcome.APPLIED)
    if over:
        await groups.end(group, T0 + 60_000)
    return group, numbers


async def no_second(db: Database, staff: Team) -> None:
    await Rules(db).set("second_share", 0, by=staff["manager"], surface="shell")


async def decisions(db: Database) -> dict[int, tuple[str, str]]:
    return {
        row[0]: (row[1], row[2])
        for row in await db.rows("SELECT record_id, decision, reviewer FROM v_reviews WHERE current")
    }


async def test_a_raid_overturned_as_one_has_a_decision_per_record_and_one_undo(
    log: RecordLog, db: Database, staff: Team
) -> None:
    await no_second(db, staff)
    group, numbers = await add_raid(log, db)
    plan = await GroupReviews(db).plan(staff["analyst"], group)
    assert (plan.records, plan.people, plan.left_out, plan.blind) == (tuple(numbers), 5, {}, False)
    done = await GroupReviews(db).decide(staff["analyst"], group, Decision.OVERTURN, "false match", surface="shell")
    assert await decisions(db) == dict.fromkeys(numbers, ("overturn", "analyst"))
    [request] = await Requests(db).open()
    assert (request.kind, request.subject, done.requests) == (RequestKind.UNDO_GROUP, str(group), (request.id,))
    assert await Queue(db).list() == []
    [deed] = [each for each in await Audit(db).latest() if each.verb == "review decide group"]
    assert (deed.actor, deed.subject) == ("analyst", f"group {group}")
    assert deed.detail == "overturn: false match; 6 Records of 5 people; left out: none"
    assert (await verify(db)).breaks == []
    assert (await Kpis(db).standing(Period(0, 2**53))) == (0, 6)
    assert await db.rows("SELECT 1 FROM exposures") == []

    # A change of mind about one of them does not ask for what the group's undo does already.
    await Reviews(db).revise(staff["analyst"], done.reviews[0], Decision.OVERTURN, "too hard", surface="shell")
    assert len(await Requests(db).open()) == 1


async def test_the_time_one_look_at_a_group_took_is_no_handling_time_of_its_records(
    log: RecordLog, db: Database, staff: Team
) -> None:
    await no_second(db, staff)
    group, _ = await add_raid(log, db)
    await GroupReviews(db).decide(staff["analyst"], group, Decision.UPHOLD, "coordinated", surface="shell")
    work = await Kpis(db).work(Period(0, 2**53))
    assert (work.closed, work.handling) == (6, [])


async def test_what_is_not_this_persons_is_left_out_and_said(log: RecordLog, db: Database, staff: Team) -> None:
    await no_second(db, staff)
    group, numbers = await add_raid(log, db, 8)
    await Queue(db).claim(staff["analyst2"], numbers[0], surface="shell")
    await Queue(db).claim(staff["senior"], numbers[1], surface="shell")
    await Reviews(db).decide(staff["senior"], numbers[1], Decision.UPHOLD, "rule broken", surface="shell")
    await Queue(db).claim(staff["senior"], numbers[2], surface="shell")
    await Reviews(db).decide(staff["senior"], numbers[2], Decision.UNSURE, "rule unclear", surface="shell")
    await Roster(db).add("analyst", Role.ANALYST, login="raider4", by=staff["manager"], surface="shell")
    analyst = await Roster(db).find("analyst")
    assert analyst is not None
    done = await GroupReviews(db).decide(analyst, group, Decision.OVERTURN, "false match", surface="console")
    assert done.plan.left_out == {
        "held by analyst2": 1,
        "decided already": 1,
        "escalated, not for analyst": 1,
        "analyst's own": 1,
    }
    assert set(done.plan.records) == set(numbers) - {*numbers[:3], numbers[3]}
    # Not all of it fell, so the bot is asked for those that did.
    asked = [(each.kind, int(each.subject)) for each in await Requests(db).open()]
    assert asked == [(RequestKind.UNDO_RECORD, number) for number in done.plan.records]
    with pytest.raises(ReviewError, match="nothing in it is for analyst to decide"):
        await GroupReviews(db).decide(analyst, group, Decision.OVERTURN, "false match", surface="console")


async def test_a_share_is_drawn_for_a_second_who_decides_as_one_and_blind(
    log: RecordLog, db: Database, staff: Team
) -> None:
    await Rules(db).set("second_share", 1, by=staff["manager"], surface="shell")
    group, numbers = await add_raid(log, db)
    groups = GroupReviews(db)
    await groups.decide(staff["analyst"], group, Decision.OVERTURN, "false match", surface="shell")
    # Who decided is told the same as if nothing had been drawn.
    assert (await groups.plan(staff["analyst"], group)).left_out == {"decided already": 6}
    plan = await groups.plan(staff["analyst2"], group)
    assert (plan.blind, len(plan.records)) == (True, 6)
    await groups.decide(staff["analyst2"], group, Decision.UPHOLD, "coordinated", surface="shell")
    assert {each.why for each in await Queue(db).list()} == {"disagreement"}
    await groups.decide(staff["senior"], group, Decision.UPHOLD, "coordinated", surface="shell")
    rows = await db.rows("SELECT decision, count(*) FROM v_verdicts GROUP BY 1")
    assert [tuple(row) for row in rows] == [("uphold", 6)]
    assert len(await Kpis(db).pairs(Period(0, 2**53))) == len(numbers)


async def test_while_a_raid_goes_on_only_decided_records_are_undone(log: RecordLog, db: Database, staff: Team) -> None:
    await no_second(db, staff)
    group, numbers = await add_raid(log, db, over=False)
    await GroupReviews(db).decide(staff["analyst"], group, Decision.OVERTURN, "false match", surface="shell")
    asked = [(each.kind, int(each.subject)) for each in await Requests(db).open()]
    assert asked == [(RequestKind.UNDO_RECORD, number) for number in numbers]


async def test_what_grew_since_it_was_confirmed_is_not_decided(log: RecordLog, db: Database, staff: Team) -> None:
    group, _ = await add_raid(log, db)
    with pytest.raises(ReviewError, match=f"raid {group}: 6 Records now, not the 5 you confirmed"):
        await GroupReviews(db).decide(
            staff["analyst"], group, Decision.OVERTURN, "false match", expected=5, surface="shell"
        )
    assert await decisions(db) == {}
    assert len(await Queue(db).list()) == 6


async def test_records_nobody_asked_about_are_decided_too_and_sealed_ones_are_not(
    log: RecordLog, db: Database, staff: Team
) -> None:
    await no_second(db, staff)
    group, _ = await add_raid(log, db, action=Action(ActionKind.TIMEOUT, 600))
    assert await Queue(db).list() == []
    new = make_record(make_message(90, "hider"), BAN, evidence=(make_evidence(Category.CHILD_SAFETY),))
    await log.open(replace(new, group_id=group))
    done = await GroupReviews(db).decide(staff["analyst"], group, Decision.UPHOLD, "coordinated", surface="shell")
    assert (len(done.plan.records), done.plan.left_out) == (6, {"sealed": 1})
    assert {row[0] for row in await db.rows("SELECT DISTINCT why FROM review_items WHERE sealed = 0")} == {"referred"}


@pytest.mark.parametrize(
    ("decision", "reason", "told"),
    [
        (Decision.ESCALATE, "policy gap", "a group is upheld or overturned"),
        (Decision.OVERTURN, "coordinated", "is not a reason to overturn"),
    ],
)
async def test_what_no_group_can_be_decided_as(
    log: RecordLog, db: Database, staff: Team, decision: Decision, reason: str, told: str
) -> None:
    group, _ = await add_raid(log, db)
    with pytest.raises(ReviewError, match=told):
        await GroupReviews(db).decide(staff["analyst"], group, decision, reason, surface="shell")
    with pytest.raises(ReviewError, match="there is no group 99"):
        await GroupReviews(db).plan(staff["analyst"], 99)


async def test_the_queue_shows_a_group_as_one_entry(log: RecordLog, db: Database, staff: Team) -> None:
    group, numbers = await add_raid(log, db, 4)
    alone = await log.open(make_record(make_message(50, "loner"), BAN))
    _, [lonely] = await add_raid(log, db, 1, begin=60)
    entries = {each.item.record_id: each for each in await Queue(db).entries()}
    assert len(entries) == 3
    assert (entries[numbers[0]].group_id, entries[numbers[0]].kind, entries[numbers[0]].waiting) == (group, "raid", 4)
    for number in (alone, lonely):
        assert (entries[number].group_id, entries[number].waiting) == (None, 1)
    assert len(await Queue(db).entries(limit=2)) == 2


async def test_two_people_at_once_decide_every_record_once(
    log: RecordLog, path: Path, db: Database, staff: Team
) -> None:
    await no_second(db, staff)
    group, numbers = await add_raid(log, db, 30)

    async def decide(who: str, decision: Decision, reason: str) -> int:
        own = await Database.open(path)
        try:
            done = await GroupReviews(own).decide(staff[who], group, decision, reason, surface="shell")
            return len(done.reviews)
        except ReviewError:
            return 0
        finally:
            await own.close()

    counts = await asyncio.gather(
        decide("analyst", Decision.OVERTURN, "false match"),
        decide("analyst2", Decision.UPHOLD, "coordinated"),
        decide("senior", Decision.UPHOLD, "evasion"),
    )
    assert sorted(counts) == [0, 0, 30]
    assert len(await db.rows("SELECT 1 FROM reviews")) == len(numbers)
    assert len({row[0] for row in await db.rows("SELECT DISTINCT actor_id FROM reviews")}) == 1
    assert (await verify(db)).breaks == []


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    before=st.lists(st.sampled_from(["nothing", "hold", "uphold", "overturn", "undone"]), min_size=1, max_size=6),
    decision=st.sampled_from([Decision.UPHOLD, Decision.OVERTURN]),
)
async def test_whatever_happened_before_every_record_is_decided_once_and_undone_once(
    tmp_path_factory: pytest.TempPathFactory, before: list[str], decision: Decision
) -> None:
    db = await Database.open(tmp_path_factory.mktemp("groups") / "log.sqlite3")
    log = RecordLog(db)
    roster = Roster(db)
    await roster.add("manager", Role.MANAGER, by=None, surface="shell")
    manager = await roster.find("manager")
    assert manager is not None
    for name in ("first", "second"):
        await roster.add(name, Role.SENIOR, by=manager, surface="shell")
    first, second = await roster.find("first"), await roster.find("second")
    assert first is not None
    assert second is not None
    await Rules(db).set("second_share", 0, by=manager, surface="shell")
    group, numbers = await add_raid(log, db, len(before))
    for number, what in zip(numbers, before, strict=True):
        if what in {"hold", "uphold", "overturn"}:
            await Queue(db).claim(first, number, surface="shell")
        if what == "uphold":
            await Reviews(db).decide(first, number, Decision.UPHOLD, "evasion", surface="shell")
        if what == "overturn":
            await Reviews(db).decide(first, number, Decision.OVERTURN, "too hard", surface="shell")
        if what == "undone":
            await log.settle(number, Outcome.UNDONE, actor="mod_anna")
    free = [number for number, what in zip(numbers, before, strict=True) if what in {"nothing", "undone"}]
    if free:
        reason = "evasion" if decision is Decision.UPHOLD else "too hard"
        done = await GroupReviews(db).decide(second, group, decision, reason, surface="shell")
        assert list(done.plan.records) == free
        assert sum(done.plan.left_out.values()) == len(before) - len(free)
    reviewed = [row[0] for row in await db.rows("SELECT record_id FROM reviews ORDER BY 1")]
    assert reviewed == [number for number, what in zip(numbers, before, strict=True) if what != "hold"]

    fallen = {row[0] for row in await db.rows("SELECT record_id FROM v_verdicts WHERE decision = 'overturn'")}
    in_force = {number for number, what in zip(numbers, before, strict=True) if what != "undone"}
    asked = await Requests(db).open()
    singly = [int(each.subject) for each in asked if each.kind is RequestKind.UNDO_RECORD]
    whole = [each for each in asked if each.kind is RequestKind.UNDO_GROUP]
    assert len(whole) <= 1
    assert len(singly) == len(set(singly))
    assert (set(singly) | (in_force if whole else set())) == fallen & in_force
    await log.close()
    await db.close()
