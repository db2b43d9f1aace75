from __future__ import annotations

import asyncio
import os
import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import pytest

from storage import database
from storage.appeals import Appeals
from storage.database import (
    MOST_VALUES,
    CorruptDatabaseError,
    Database,
    DatabaseError,
    WriteError,
    migrations,
    write_rows,
)
from storage.requests import RequestKind, Requests
from storage.roles import Role, Roster


async def test_a_new_file_gets_every_migration_and_the_promised_guarantees(path: Path) -> None:
    db = await Database.open(path)
    async with db.transaction() as transaction:
        guarantees = {
            name: next(row[0] for row in await transaction.execute_fetchall(f"PRAGMA {name}"))
            for name in ("journal_mode", "synchronous", "foreign_keys", "recursive_triggers", "secure_delete")
        }
    applied = [row["version"] for row in await db.rows("SELECT version FROM schema_migrations ORDER BY version")]
    await db.close()

    assert guarantees == {
        "journal_mode": "wal",
        "synchronous": 2,
        "foreign_keys": 1,
        "recursive_triggers": 1,
        "secure_delete": 1,
    }
    assert applied == [number for number, _, _ in migrations()]
    assert applied == list(range(1, len(applied) + 1))


async def test_opening_again_changes_nothing(path: Path) -> None:
    await (await Database.open(path)).close()
    before = path.read_bytes()
    await (await Database.open(path)).close()
    assert path.read_bytes() == before


async def test_what_was_asked_before_raid_mode_could_be_ended_is_kept(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as earlier:
        earlier.setattr(database, "migrations", lambda: migrations()[:10])
        db = await Database.open(path)
        await Appeals(db).receive(
            twitch_id="abc-1",
            channel_id="501",
            channel="studio",
            chatter_id="7",
            chatter="larry",
            text="sorry",
            received_ms=1,
        )
        await Roster(db).add("ada", Role.MANAGER, by=None, surface="shell")
        ada = await Roster(db).find("ada")
        assert ada is not None
        await Appeals(db).decide(ada, 1, "deny", "rule broken", surface="shell")
        asked = await Requests(db).open()
        await db.close()
    db = await Database.open(path)
    assert await Requests(db).open() == asked != []
    assert await db.rows("PRAGMA foreign_key_check") == []
    assert [row["decision"] for row in await db.rows("SELECT decision FROM v_appeals")] == ["deny"]
    await Requests(db).ask(RequestKind.END_RAID, 1, "501", actor="ada")
    await db.close()


async def test_every_table_is_strict(db: Database) -> None:
    loose = await db.rows(
        "SELECT name FROM pragma_table_list WHERE type = 'table' AND NOT strict AND name NOT LIKE 'sqlite%'"
    )
    assert [row["name"] for row in loose] == []


async def test_two_processes_may_create_the_file_at_once(path: Path) -> None:
    first, second = await asyncio.gather(Database.open(path), Database.open(path))
    rows = await second.rows("SELECT count(*) FROM schema_migrations")
    await first.close()
    await second.close()
    assert rows[0][0] == len(migrations())


async def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(DatabaseError, match=r"folder .*nowhere does not exist \(create it"):
        await Database.open(tmp_path / "nowhere" / "log.sqlite3")


async def test_a_reader_does_not_create_the_file(path: Path) -> None:
    with pytest.raises(DatabaseError, match="no such database"):
        await Database.open(path, readonly=True)
    assert not path.exists()


@pytest.mark.parametrize("readonly", [True, False])
async def test_a_file_that_is_no_database_is_refused_and_left_alone(path: Path, readonly: bool) -> None:
    path.write_bytes(b"dear diary\n" * 1000)
    with pytest.raises(CorruptDatabaseError, match="not a database"):
        await Database.open(path, readonly=readonly)
    assert path.read_bytes() == b"dear diary\n" * 1000


@pytest.mark.parametrize("readonly", [True, False])
async def test_another_programs_database_is_refused_and_left_alone(path: Path, readonly: bool) -> None:
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE bookmarks (url TEXT)")
    other.close()
    before = path.read_bytes()
    with pytest.raises(DatabaseError, match="database of another program"):
        await Database.open(path, readonly=readonly)
    assert path.read_bytes() == before


async def test_a_truncated_database_is_corrupt(path: Path) -> None:
    await (await Database.open(path)).close()
    path.write_bytes(path.read_bytes()[:8192])
    with pytest.raises(CorruptDatabaseError, match="malformed"):
        await Database.open(path)


@pytest.mark.parametrize("readonly", [True, False])
async def test_a_newer_schema_is_refused_with_both_numbers(path: Path, readonly: bool) -> None:
    await (await Database.open(path)).close()
    with sqlite3.connect(path) as newer:
        newer.execute("INSERT INTO schema_migrations VALUES (9999, 'from_the_future', 0)")
    newer.close()
    with pytest.raises(DatabaseError, match=r"schema 9999 is newer than this version's \d+ \(update chatwarden\)"):
        await Database.open(path, readonly=readonly)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write what is read-only")
async def test_a_file_that_cannot_be_written_is_refused_at_the_start(path: Path) -> None:
    await (await Database.open(path)).close()
    path.chmod(stat.S_IRUSR)
    with pytest.raises(DatabaseError, match="check its permissions"):
        await Database.open(path)


async def test_a_folder_in_place_of_the_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "log.sqlite3").mkdir()
    with pytest.raises(DatabaseError, match="check its permissions"):
        await Database.open(tmp_path / "log.sqlite3")


async def test_a_reader_cannot_write(db: Database, path: Path) -> None:
    reader = await Database.open(path, readonly=True)
    with pytest.raises(WriteError, match="read-only"):
        async with reader.transaction():
            pass
    with pytest.raises(DatabaseError, match="readonly"):
        await reader.rows("INSERT INTO actors (name) VALUES ('x') RETURNING id")
    await reader.close()


async def test_a_transaction_that_raises_leaves_nothing(db: Database) -> None:
    async def begin_and_fail() -> None:
        async with db.transaction() as transaction:
            await transaction.execute("INSERT INTO actors (name) VALUES ('ghost')")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await begin_and_fail()
    assert await db.rows("SELECT 1 FROM actors WHERE name = 'ghost'") == []


async def test_who_is_cancelled_while_waiting_to_write_stops_nobody_after(db: Database, path: Path) -> None:
    """As when a page is left, or a shutdown comes, while another process holds the file."""

    async def write(name: str) -> None:
        async with db.transaction() as transaction:
            await transaction.execute("INSERT INTO actors (name) VALUES (?)", (name,))

    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        waiting = asyncio.create_task(write("ghost"))
        await asyncio.sleep(0.1)
        waiting.cancel()
        await asyncio.sleep(0.1)
        other.execute("ROLLBACK")
        with pytest.raises(asyncio.CancelledError):
            await waiting
        await write("next")
        other.execute("BEGIN IMMEDIATE")  # nothing of ours holds the file
    names = {row["name"] for row in await db.rows("SELECT name FROM actors")}
    assert "next" in names
    assert "ghost" not in names


async def test_a_snapshot_that_is_cancelled_is_over(db: Database) -> None:
    async def look() -> None:
        async with db.snapshot():
            await asyncio.sleep(60)

    for after in range(6):  # turns of the loop: before, while and after the transaction begins
        looking = asyncio.create_task(look())
        for _ in range(after):
            await asyncio.sleep(0)
        looking.cancel()
        await asyncio.gather(looking, return_exceptions=True)
        async with db.snapshot():
            pass


async def test_a_reader_sees_nothing_uncommitted(db: Database) -> None:
    async with db.transaction() as transaction:
        await transaction.execute("INSERT INTO actors (name) VALUES ('newcomer')")
        assert await db.rows("SELECT 1 FROM actors WHERE name = 'newcomer'") == []
    assert len(await db.rows("SELECT 1 FROM actors WHERE name = 'newcomer'")) == 1


async def test_a_path_with_odd_characters_is_one_file(tmp_path: Path) -> None:
    odd = tmp_path / "a?mode=memory&b#c%20d.sqlite3"
    await (await Database.open(odd)).close()
    assert odd.is_file()


async def test_rows_of_many_statements_are_all_written_in_order(path: Path) -> None:
    people = [(f"{number}", f"user{number}") for number in range(MOST_VALUES // 2 + 3)]
    db = await Database.open(path)
    try:
        async with db.transaction() as transaction:
            await write_rows(transaction, "INSERT INTO chatters (twitch_id, login)", people)
            await write_rows(transaction, "INSERT INTO chatters (twitch_id, login)", [])
            again = "ON CONFLICT (twitch_id) DO UPDATE SET login = excluded.login"
            await write_rows(transaction, "INSERT INTO chatters (twitch_id, login)", [("0", "renamed")], again)
        found = await db.rows("SELECT twitch_id, login FROM chatters ORDER BY id")
        assert [tuple(row) for row in found] == [("0", "renamed"), *people[1:]]
    finally:
        await db.close()
