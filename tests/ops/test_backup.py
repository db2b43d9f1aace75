from __future__ import annotations

import asyncio
import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bot import app
from storage.backup import back_up
from storage.database import Database, migrations
from storage.records import RecordLog
from storage.verifying import verify
from tests.storage.conftest import make_message, make_record

shell = CliRunner()


def written(path: Path, count: int) -> None:
    async def write() -> None:
        db = await Database.open(path)
        log = RecordLog(db)
        await asyncio.gather(*(log.open(make_record(make_message(n))) for n in range(count)))
        await log.close()
        await db.close()

    asyncio.run(write())


def records(path: Path) -> int:
    with closing(sqlite3.connect(path)) as file:
        return int(file.execute("SELECT count(*) FROM records").fetchone()[0])


async def test_a_copy_taken_while_the_bot_writes_is_whole(tmp_path: Path) -> None:
    db = await Database.open(tmp_path / "log.sqlite3")
    log = RecordLog(db)
    await asyncio.gather(*(log.open(make_record(make_message(n))) for n in range(300)))

    async def go_on() -> None:
        for number in range(300, 400):
            await log.open(make_record(make_message(number)))

    reading = await Database.open(tmp_path / "log.sqlite3", readonly=True)
    seen: list[tuple[int, int]] = []
    writing = asyncio.create_task(go_on())
    await back_up(reading, tmp_path / "copy.sqlite3", lambda done, total: seen.append((done, total)))
    await writing
    await log.close()
    await reading.close()
    await db.close()

    copy = await Database.open(tmp_path / "copy.sqlite3", readonly=True)
    result = await verify(copy)
    await copy.close()
    assert result.breaks == []
    assert 300 <= result.rows["records"] <= 400
    assert seen[-1][0] == seen[-1][1] > 0


def test_back_up_then_restore_brings_the_log_back(tmp_path: Path) -> None:
    live, copy = tmp_path / "log.sqlite3", tmp_path / "copy.sqlite3"
    written(live, 3)
    made = shell.invoke(app, ["backup", str(copy), "--database", str(live)])
    assert made.exit_code == 0, made.output
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    written(live, 4)

    live.chmod(0o644)
    planned = shell.invoke(app, ["restore", str(copy), "--database", str(live)])
    assert "add --apply" in planned.output
    assert f"{copy}: schema {migrations()[-1][0]}, 3 Records, the newest of 20" in planned.output
    assert f"{live}: schema {migrations()[-1][0]}, 7 Records" in planned.output
    assert planned.output.count("as it was written") == 1
    assert records(live) == 7
    done = shell.invoke(app, ["restore", str(copy), "--database", str(live), "--apply"])
    assert done.exit_code == 0, done.output
    assert records(live) == 3
    [former] = tmp_path.glob("log.sqlite3.before-*")
    assert stat.S_IMODE(former.stat().st_mode) == 0o600
    assert records(former) == 7
    assert sorted(each.name for each in tmp_path.glob("copy*")) == ["copy.sqlite3"]


def test_a_backup_whose_chain_is_broken_says_so_before_it_is_put_back(tmp_path: Path) -> None:
    live, copy = tmp_path / "log.sqlite3", tmp_path / "copy.sqlite3"
    written(live, 3)
    assert shell.invoke(app, ["backup", str(copy), "--database", str(live)]).exit_code == 0
    with closing(sqlite3.connect(copy)) as file, file:
        for (trigger,) in list(file.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")):
            file.execute(f"DROP TRIGGER {trigger}")
        file.execute("UPDATE records SET filter = 'caps' WHERE id = 2")
    planned = shell.invoke(app, ["restore", str(copy), "--database", str(live)])
    assert "NOT as it was written" in planned.output


def test_a_backup_into_a_folder_that_is_missing_names_the_folder(tmp_path: Path) -> None:
    live = tmp_path / "log.sqlite3"
    written(live, 1)
    told = shell.invoke(app, ["backup", str(tmp_path / "away" / "copy.sqlite3"), "--database", str(live)])
    assert told.exit_code == 2
    assert f"folder {tmp_path / 'away'} does not exist (create it: install -d -m 700" in told.stderr


@pytest.mark.parametrize("command", ["backup", "restore"])
def test_what_cannot_be_used_is_refused_and_nothing_is_touched(tmp_path: Path, command: str) -> None:
    live, other = tmp_path / "log.sqlite3", tmp_path / "other.sqlite3"
    written(live, 2)
    other.write_bytes(b"no database at all, but long enough to be read as one " * 50)
    options = ["--apply"] if command == "restore" else []
    told = shell.invoke(app, [command, str(other), "--database", str(live), *options])
    assert told.exit_code == 2
    assert str(other) in told.stderr
    assert records(live) == 2
    assert other.read_bytes().startswith(b"no database")


@pytest.mark.parametrize("options", [[], ["--apply"]])
def test_a_backup_that_is_not_there_is_told_before_anything_is_promised(tmp_path: Path, options: list[str]) -> None:
    written(tmp_path / "log.sqlite3", 2)
    absent = tmp_path / "absent.sqlite3"
    told = shell.invoke(app, ["restore", str(absent), "--database", str(tmp_path / "log.sqlite3"), *options])
    assert told.exit_code == 2
    assert "absent.sqlite3: no such" in told.stderr
    assert told.stdout == ""


def test_a_backup_from_before_an_upgrade_can_be_put_back(tmp_path: Path) -> None:
    live, copy = tmp_path / "log.sqlite3", tmp_path / "copy.sqlite3"
    before_the_last_migration(copy)
    written(live, 2)
    done = shell.invoke(app, ["restore", str(copy), "--database", str(live), "--apply"])
    assert done.exit_code == 0, done.stderr
    written(live, 1)
    assert records(live) == 1


def before_the_last_migration(path: Path) -> None:
    """A database as the version before this one left it."""
    with closing(sqlite3.connect(path, isolation_level=None)) as file:
        file.execute("CREATE TABLE schema_migrations (version INTEGER PRIMARY KEY, name TEXT, applied_ms INTEGER)")
        for number, name, sql in migrations()[:-1]:
            file.executescript(sql)
            file.execute("INSERT INTO schema_migrations VALUES (?, ?, 0)", (number, name))


def test_a_database_in_use_is_not_replaced(tmp_path: Path) -> None:
    live, copy = tmp_path / "log.sqlite3", tmp_path / "copy.sqlite3"
    written(live, 2)
    shell.invoke(app, ["backup", str(copy), "--database", str(live)])
    with closing(sqlite3.connect(live)) as bot:
        bot.execute("SELECT count(*) FROM records").fetchone()
        told = shell.invoke(app, ["restore", str(copy), "--database", str(live), "--apply"])
    assert told.exit_code == 2
    assert "in use" in told.stderr
    assert not list(tmp_path.glob("*.before-*"))
