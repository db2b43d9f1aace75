from __future__ import annotations

from dataclasses import replace

import pytest

from filters.types import NONE
from storage.database import Database, WriteError
from storage.groups import Groups, GroupStanding
from storage.records import Outcome, RecordLog
from tests.storage.conftest import T0, make_message, make_record


async def test_a_record_is_in_its_group_from_the_moment_it_is_written(db: Database, log: RecordLog) -> None:
    groups = Groups(db)
    raid = await groups.open("raid", "id-studio", actor="bot", why="6 newcomers say the same", started_ms=T0)
    alone = await log.open(make_record(make_message(1)))
    members = [await log.open(replace(make_record(make_message(n)), group_id=raid)) for n in (2, 3)]

    assert await groups.members(raid) == members
    assert [await groups.of(number) for number in (alone, *members)] == [None, raid, raid]
    await groups.end(raid, T0 + 60_000)
    [group] = await groups.latest("id-studio")
    assert group == await groups.get(raid)
    assert (group.kind, group.actor, group.records, group.ended_ms) == ("raid", "bot", 2, T0 + 60_000)


async def test_what_the_bot_did_about_people_before_is_taken_in_and_nothing_else(db: Database, log: RecordLog) -> None:
    groups = Groups(db)
    raid = await groups.open("raid", "id-studio", actor="bot", why="raid", started_ms=T0)
    other = await groups.open("nuke", "id-studio", actor="mod", why="said the same", started_ms=T0)
    one, late, early, by_hand, elsewhere, grouped, nothing = [
        make_record(replace(make_message(number), chatter_id="eve", ts_ms=T0)) for number in range(7)
    ]
    early = replace(early, message=replace(early.message, ts_ms=T0 - 1))
    late = replace(late, message=replace(late.message, chatter_id="mallory"))
    elsewhere = replace(elsewhere, message=replace(elsewhere.message, channel_id="id-elsewhere"))
    nothing = replace(nothing, action=NONE, exempt="vip", outcome=Outcome.WITHHELD)
    for each in (early, replace(by_hand, actor="mod"), elsewhere, replace(grouped, group_id=other), nothing):
        await log.open(each)
    bystander = make_record(replace(make_message(8), chatter_id="ann", ts_ms=T0))
    await log.open(bystander)
    wanted = [await log.open(one), await log.open(late)]
    for _ in range(2):
        await groups.take_in(raid, {"eve", "mallory"}, T0)
    assert await groups.members(raid) == wanted


async def test_groups_are_listed_by_kind_newest_first(db: Database) -> None:
    groups = Groups(db)
    first = await groups.open("nuke", "id-studio", actor="mod", why="said the same", started_ms=T0)
    await groups.open("raid", "id-studio", actor="bot", why="raid", started_ms=T0 + 1)
    last = await groups.open("nuke", "id-studio", actor="mod", why="said it again", started_ms=T0 + 2)
    assert [group.id for group in await groups.latest("id-studio", "nuke")] == [last, first]
    assert await groups.latest("id-elsewhere") == []


async def test_a_raid_is_unfinished_until_it_ended_and_the_chats_modes_are_back(db: Database) -> None:
    groups = Groups(db)
    raid = await groups.open("raid", "id-studio", actor="bot", why="raid", started_ms=T0)
    await groups.open("nuke", "id-studio", actor="mod", why="said the same", started_ms=T0)
    assert await groups.modes(raid) == {}
    assert await groups.unfinished("id-studio") == [raid]
    changed = {"slow_mode": (False, True), "follower_mode_duration": (None, 10)}
    await groups.keep_modes(raid, changed)
    await groups.end(raid, T0 + 60_000)
    assert await groups.modes(raid) == changed
    assert await groups.unfinished("id-studio") == [raid], "it is over, but slow mode is still on"
    assert await groups.unfinished("id-elsewhere") == []
    await groups.keep_modes(raid, {})
    assert await groups.modes(raid) == {}
    assert await groups.unfinished("id-studio") == []


async def test_a_group_says_what_of_it_stands_and_who_undid_the_rest(db: Database, log: RecordLog) -> None:
    groups = Groups(db)
    raid = await groups.open("raid", "id-studio", actor="bot", why="raid", started_ms=T0)
    members = [await log.open(replace(make_record(make_message(n)), group_id=raid)) for n in (1, 2, 3, 4)]
    assert await groups.standing(raid) == GroupStanding(4, 0, "", None)
    for number in members[:3]:
        await log.settle(number, Outcome.APPLIED)
    await log.settle(members[3], Outcome.FAILED, reason="404")
    for number, actor in zip(members[:2], ("anna", "bea"), strict=True):
        await log.settle(number, Outcome.UNDONE, actor=actor)
    stands = await groups.standing(raid)
    assert (stands.standing, stands.undone, stands.undone_by) == (1, 2, "bea")
    assert stands.undone_ms is not None


async def test_nobody_joins_a_group_that_does_not_exist(db: Database, log: RecordLog) -> None:
    with pytest.raises(WriteError, match="FOREIGN KEY"):
        await log.open(replace(make_record(), group_id=99))
    assert await log.last_id() == 0
