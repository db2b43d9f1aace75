"""What every command of the shell owes to whoever reads it: text to the letter, and none that steers a terminal."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from bot import app
from config.policy import Policy
from storage.database import Database
from storage.policies import PolicyLog
from tests.ops.conftest import T0

STEERING = "\x1b[2J\x9b31m\u202e"


def told(*arguments: str, code: int = 0) -> Result:
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == code, (result.output, result.exception)
    return result


@pytest.mark.parametrize("name", ["[/b]ob", "[red]bob", "b:on:ob"])
def test_names_are_told_to_the_letter(staffed: Path, name: str) -> None:
    added = told("staff", "add", name, "analyst", "--as", "manager", "--database", str(staffed))
    assert added.stderr == f"{name} is analyst\n"


def test_a_folder_whose_name_looks_like_markup_gets_its_export(database: Path, tmp_path: Path) -> None:
    folder = tmp_path / "week [a]"
    done = told("log", "export", str(folder), "--database", str(database))
    assert done.stderr == f"4 Records in {folder}, with manifest.json\n"


def test_nothing_that_people_wrote_steers_a_terminal(tmp_path: Path) -> None:
    database = tmp_path / "log.sqlite3"

    async def fill() -> None:
        db = await Database.open(database)
        toml = Policy.preset().to_toml()
        await PolicyLog(db).save("501", toml, author="x", reason=STEERING, at_ms=T0, login="studio")
        await db.close()

    asyncio.run(fill())
    history = ("policy", "history", "studio", "--database", str(database))
    table, plain = told(*history).stdout, told(*history, "--json").stdout
    for each in (table, plain):
        assert not set(STEERING) & {char for char in each if not char.isprintable()}, each
    assert json.loads(plain)[0]["reason"] == STEERING


@pytest.mark.parametrize("file", ["there/report.html", "there"])
def test_a_report_that_cannot_be_written_says_so(database: Path, tmp_path: Path, file: str) -> None:
    (tmp_path / "there").write_text("kept", encoding="utf-8")
    command = ("report", "filters", "--database", str(database), "--html", str(tmp_path / file))
    assert "choose another name" in told(*command, code=2).stderr
    assert (tmp_path / "there").read_text(encoding="utf-8") == "kept"


def test_a_mistyped_database_is_not_made(tmp_path: Path) -> None:
    path = tmp_path / "typo.sqlite3"
    told("log", "erase", "troll", "--reason", "asked", "--apply", "--database", str(path), code=2)
    assert not path.exists()
