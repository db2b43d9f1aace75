from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bot import app
from storage.audit import Audit, Deed
from storage.database import Database
from storage.notes import Notes


async def _write(path: Path) -> None:
    db = await Database.open(path)
    await Notes(db).add("1", "77", "eve", "asks for addresses\x1b[31m", author="maud")
    await db.close()


async def _trail(path: Path) -> list[Deed]:
    db = await Database.open(path, readonly=True)
    deeds = await Audit(db).latest()
    await db.close()
    return deeds


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "log.sqlite3"
    asyncio.run(_write(path))
    return path


def test_notes_are_shown_unable_to_steer_a_terminal_and_reading_them_is_audited(database: Path) -> None:
    result = CliRunner().invoke(app, ["notes", "@Eve", "--database", str(database), "--json", "--as", "otto"])
    assert result.exit_code == 0
    [note] = json.loads(result.stdout)
    assert (note["channel"], note["by"], note["note"]) == ("1", "maud", "asks for addresses\ufffd[31m")
    [deed] = asyncio.run(_trail(database))
    assert (deed.actor, deed.surface, deed.verb, deed.subject) == ("otto", "shell", "notes read", "person 1")


def test_nobody_of_that_name_is_an_error(database: Path) -> None:
    result = CliRunner().invoke(app, ["notes", "nobody", "--database", str(database)])
    assert result.exit_code == 2
    assert "nobody of that login or id is in the log" in result.stderr
