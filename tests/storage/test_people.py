from __future__ import annotations

from pathlib import Path

import pytest

from storage import database
from storage.database import Database, DatabaseError
from storage.people import Erasure, erase, find_people, plan_erasure
from storage.records import Outcome, RecordLog, RecordQuery
from storage.verifying import verify
from tests.storage.conftest import make_evidence, make_message, make_record

TELLTALE = "my secret handwriting"


@pytest.fixture
async def said(log: RecordLog) -> RecordLog:
    """A Record about the troll, and one about another with the troll's line in its context."""
    line = make_message(1, "troll", TELLTALE)
    found = make_evidence(folded="secrethandwriting", detail=f"quotes {TELLTALE}")
    await log.settle(await log.open(make_record(line, evidence=(found,))), Outcome.APPLIED)
    await log.open(make_record(make_message(2, "other", "unrelated"), context=(line,)))
    return log


async def test_an_erased_person_leaves_a_number_and_a_valid_chain(said: RecordLog, db: Database) -> None:
    [person] = await find_people(db, "@Troll")
    assert await erase(db, person, actor="officer", reason="request 17") == Erasure(person, records=1, lines=2)

    record = await said.get(1)
    assert record is not None
    assert (record.person, record.chatter, record.chatter_id, record.text) == (person, "", "", None)
    assert (await said.details(1)).evidence[0].detail == ""
    other = await said.get(2)
    assert other is not None
    assert (other.chatter, other.text) == ("other", "unrelated")
    [line] = (await said.details(2)).context
    assert (line.chatter, line.text) == ("", None)
    assert await find_people(db, "troll") == []
    assert await db.rows("SELECT 1 FROM person_keys WHERE chatter_id = ?", (person,)) == []
    assert (await verify(db)).breaks == []


async def test_nothing_of_the_person_stays_in_the_files(said: RecordLog, db: Database, path: Path) -> None:
    def stored() -> bytes:
        return b"".join(file.read_bytes() for file in path.parent.iterdir())

    [person] = await find_people(db, "troll")
    assert b"handwriting" in stored()
    await erase(db, person, actor="officer", reason="request 17")
    for trace in (b"handwriting", b"id-troll"):
        assert trace not in stored()


async def test_a_plan_changes_nothing(said: RecordLog, db: Database) -> None:
    [person] = await find_people(db, "id-troll")
    before = await said.list(RecordQuery())
    plan = await plan_erasure(db, person)
    assert (plan.records, plan.lines) == (1, 2)
    assert await said.list(RecordQuery()) == before


async def test_the_same_account_comes_back_as_somebody_new(said: RecordLog, db: Database) -> None:
    """The writer must not go on with the key it remembers, even if another process did the erasing."""
    [person] = await find_people(db, "troll")
    elsewhere = await Database.open(db.path)
    await erase(elsewhere, person, actor="officer", reason="request 17")
    await elsewhere.close()

    number = await said.open(make_record(make_message(3, "troll", "back again")))
    record = await said.get(number)
    assert record is not None
    assert record.person != person
    assert (record.chatter, record.text) == ("troll", "back again")
    assert await said.acted_on("id-studio", "id-troll", 0) == [(record.ts_ms, record.action)]
    assert (await verify(db)).breaks == []


async def test_erasing_twice_or_nobody_is_refused(said: RecordLog, db: Database) -> None:
    [person] = await find_people(db, "troll")
    await erase(db, person, actor="officer", reason="request 17")
    for nobody in (person, 999):
        with pytest.raises(DatabaseError, match=f"person {nobody}: not in the log, or erased before"):
            await erase(db, nobody, actor="officer", reason="again")
    assert (await db.rows("SELECT count(*) FROM erasures"))[0][0] == 1


async def test_traces_that_a_reader_keeps_alive_are_owned_up_to(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "BUSY_TIMEOUT_MS", 20)
    db, reader = await Database.open(path), await Database.open(path, readonly=True)
    log = RecordLog(db)
    await log.open(make_record())
    [person] = await find_people(db, "troll")
    async with reader.snapshot():
        await reader.rows("SELECT count(*) FROM records")
        erasure = await erase(db, person, actor="officer", reason="request 17")
    assert erasure.traces
    assert await db.forget_log()
    await log.close()
    await reader.close()
    await db.close()
