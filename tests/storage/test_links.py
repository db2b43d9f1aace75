from __future__ import annotations

from dataclasses import replace

import pytest

from filters.types import Action, ActionKind
from storage.cases import CaseBook
from storage.database import Database
from storage.groups import Groups
from storage.links import Link, Links
from storage.people import find_people
from storage.records import RecordLog
from storage.roles import Staff
from tests.storage.conftest import T0, add_ban, make_evidence, make_message, make_record

Team = dict[str, Staff]


async def number_of(db: Database, login: str) -> int:
    [person] = await find_people(db, login)
    return person


@pytest.fixture
async def case(db: Database, staff: Team) -> int:
    return await CaseBook(db).open(staff["senior"], "who acted together", surface="shell")


async def find(db: Database, staff: Team, case: int, *people: str) -> list[Link]:
    for login in people:
        await CaseBook(db).add(staff["senior"], case, "person", await number_of(db, login), surface="shell")
    return await Links(db).find(staff["senior"], case, surface="shell")


async def test_members_of_one_raid_are_linked_and_join_the_case(
    log: RecordLog, db: Database, staff: Team, case: int
) -> None:
    group = await Groups(db).open("raid", "id-studio", actor="bot", why="12 newcomers in 10 s", started_ms=T0)
    numbers = {}
    for number, login in enumerate(("one", "two", "bystander")):
        new = make_record(make_message(number, login, f"text {number}"), Action(ActionKind.BAN))
        new = replace(new, evidence=(make_evidence(related=()),), group_id=None if login == "bystander" else group)
        numbers[login] = await log.open(new)
    one, two = await number_of(db, "one"), await number_of(db, "two")
    assert await find(db, staff, case, "one") == [Link(one, two, "same group", 1, numbers["one"], numbers["two"])]
    assert {item.login: item.why for item in await CaseBook(db).items(case)} == {"one": "", "two": "same group"}


async def test_lines_a_filter_saw_together_link_their_writers_either_way(
    log: RecordLog, db: Database, staff: Team, case: int
) -> None:
    first = await add_ban(log, 1, "early", text="a", evidence=(make_evidence(related=()),))
    second = await add_ban(log, 2, "late", text="b", evidence=(make_evidence(related=("message-1",)),))
    for who in ("early", "late"):
        [link] = await find(db, staff, case, who)
        assert (link.why, link.strength) == ("same finding", 1)
        assert (link.record_id, link.other_record_id) == (first, second)


async def test_near_identical_lines_within_an_hour_link_their_writers(
    log: RecordLog, db: Database, staff: Team, case: int
) -> None:
    def line(number: int, login: str, text: str, channel: str = "studio") -> object:
        return add_ban(log, number, login, text=text, channel=channel, evidence=(make_evidence(related=()),))

    await line(1, "troll", "Cheap f0llowers at my totally honest shop, come and buy!!")
    await line(2, "copycat", "cheap followers at my totally honest shop come and buy now")
    await line(3, "neighbour", "what a lovely stream this is, thank you all so much")
    await line(4, "elsewhere", "cheap followers at my totally honest shop come and buy", "arena")
    await line(3_700, "latecomer", "cheap followers at my totally honest shop come and buy")
    await line(5, "short", "gg")
    await line(6, "shorter", "gg")
    links = await find(db, staff, case, "troll", "short")
    troll, copycat = await number_of(db, "troll"), await number_of(db, "copycat")
    assert [(link.person, link.other, link.why) for link in links] == [(troll, copycat, "near-identical text")]


async def test_finding_again_changes_nothing(log: RecordLog, db: Database, staff: Team, case: int) -> None:
    for number, login in enumerate(("troll", "copycat")):
        await add_ban(log, number, login, text="cheap followers at my totally honest shop")
    links = await find(db, staff, case, "troll")
    assert links
    assert await find(db, staff, case) == links
