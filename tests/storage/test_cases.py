from __future__ import annotations

import pytest

from storage.audit import Audit
from storage.cases import CaseBook, CaseError
from storage.database import Database, WriteError
from storage.people import erase, find_people
from storage.records import RecordLog
from storage.roles import Staff
from storage.verifying import verify
from tests.storage.conftest import add_ban

Team = dict[str, Staff]


async def test_a_case_from_opening_to_its_end(log: RecordLog, db: Database, staff: Team) -> None:
    record = await add_ban(log)
    [person] = await find_people(db, "troll")
    book, senior = CaseBook(db), staff["senior"]
    number = await book.open(senior, " follow-bots of the week ", surface="shell")
    await book.add(senior, number, "record", record, why="first seen", surface="shell")
    await book.add(senior, number, "person", person, surface="shell")
    await book.add(senior, number, "person", person, why="again", surface="shell")
    await book.note(senior, number, "troll seems to run three accounts", surface="shell")
    await book.assign(senior, number, staff["investigator"], surface="shell")

    case = await book.get(number)
    assert (case.title, case.status, case.owner, case.opened_by) == (
        "follow-bots of the week",
        "open",
        "investigator",
        "senior",
    )
    assert (case.people, case.records, case.notes) == (1, 1, 1)
    assert [(item.kind, item.subject, item.login, item.why) for item in await book.items(number)] == [
        ("person", person, "troll", ""),
        ("record", record, "", "first seen"),
    ]
    assert [(note.author, note.text) for note in await book.notes(number)] == [
        ("senior", "troll seems to run three accounts")
    ]
    assert [case.case_id for case in await book.list(owner="investigator")] == [number]
    assert await book.list(owner="senior") == []

    await book.close(senior, number, "all banned", surface="shell")
    assert await book.list() == []
    assert [case.resolution for case in await book.list(closed=True)] == ["all banned"]
    with pytest.raises(CaseError, match="is closed"):
        await book.note(senior, number, "one more", surface="shell")
    verbs = [deed.verb for deed in reversed(await Audit(db).latest(actor="senior"))]
    assert verbs == ["case open", *["case add"] * 3, "case note", "case assign", "case close"]
    assert "troll" not in str(await Audit(db).latest())


async def test_what_cannot_be_is_told(log: RecordLog, db: Database, staff: Team) -> None:
    book, senior = CaseBook(db), staff["senior"]
    number = await book.open(senior, "spam", surface="shell")
    for title in (" ", "x" * 201):
        with pytest.raises(CaseError, match="1 to 200 are possible"):
            await book.open(senior, title, surface="shell")
    with pytest.raises(CaseError, match="there is no record 7"):
        await book.add(senior, number, "record", 7, surface="shell")
    with pytest.raises(CaseError, match="there is no case 9"):
        await book.note(senior, 9, "text", surface="shell")
    with pytest.raises(CaseError, match="there is no case 9"):
        await book.hold(staff["legal"], 9, on=True, surface="shell")
    with pytest.raises(CaseError, match="1 to 10000 are possible"):
        await book.note(senior, number, " ", surface="shell")
    with pytest.raises(CaseError, match="say in 1 to 200 characters how the case ended"):
        await book.close(senior, number, "", surface="shell")


async def test_verify_names_a_changed_or_missing_note(db: Database, staff: Team) -> None:
    book = CaseBook(db)
    number = await book.open(staff["senior"], "spam", surface="shell")
    await book.note(staff["senior"], number, "he said yes", surface="shell")
    with pytest.raises(WriteError, match="append-only"):
        async with db.transaction() as transaction:
            await transaction.execute("DELETE FROM case_notes")
    async with db.transaction() as transaction:
        await transaction.execute("UPDATE case_note_texts SET text = 'he said no'")
    assert [str(broken) for broken in (await verify(db)).breaks] == ["case_note_texts row 1: is not as written"]
    async with db.transaction() as transaction:
        await transaction.execute("DELETE FROM case_note_texts")
    [broken] = (await verify(db)).breaks
    assert str(broken) == "case_note_texts row 1: is missing without retention or an erasure"


async def test_erasure_takes_the_notes_of_a_case_about_that_person_alone(
    log: RecordLog, db: Database, staff: Team
) -> None:
    await add_ban(log, 1, "troll")
    await add_ban(log, 2, "other")
    [troll], [other] = await find_people(db, "troll"), await find_people(db, "other")
    book, senior = CaseBook(db), staff["senior"]
    for people in ((troll,), (troll, other)):
        number = await book.open(senior, "spam", surface="shell")
        for person in people:
            await book.add(senior, number, "person", person, surface="shell")
        await book.note(senior, number, "troll again", surface="shell")
    assert (await erase(db, troll, actor="officer", reason="request 17")).case_notes == 1
    assert [[note.text for note in await book.notes(number)] for number in (1, 2)] == [[None], ["troll again"]]
    assert (await verify(db)).breaks == []
