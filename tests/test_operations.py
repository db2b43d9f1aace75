"""docs/operations.md says what the code does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from typer.main import get_command

from bot import app
from storage import appeals
from storage.database import Database
from storage.queue import CONFIDENCE_POINTS, REACH_POINTS, SEVERITY_POINTS
from storage.retention import Retention
from storage.reviews import REASONS
from storage.roles import PERMISSIONS, Permission, Role
from storage.rules import Rules

PAGE = (Path(__file__).parent.parent / "docs" / "operations.md").read_text(encoding="utf-8")
PROSE = " ".join(PAGE.split())


def table(head: str) -> list[list[str]]:
    lines = PAGE[PAGE.index(head) :].split("\n\n")[0].splitlines()
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if not line.startswith("|--")]


def test_the_matrix_is_what_is_enforced() -> None:
    head, *rows = table("| | analyst")
    told = {
        (Role(role), Permission(row[0].partition(":")[0])): cell == "yes"
        for row in rows
        for role, cell in zip(head[1:], row[1:], strict=True)
    }
    assert told == {(role, each): each in PERMISSIONS[role] for role in Role for each in Permission}


def test_the_reasons_are_the_codes() -> None:
    _, *rows = table("| Decision | Reasons")
    assert {row[0]: tuple(row[1].split(", ")) for row in rows} == {str(each): REASONS[each] for each in REASONS}
    for reasons in appeals.REASONS.values():
        assert ", ".join(reasons) in PROSE


@pytest.fixture
async def fresh(tmp_path: Path) -> Database:
    db = await Database.open(tmp_path / "log.sqlite3")
    await db.close()
    return await Database.open(tmp_path / "log.sqlite3", readonly=True)


async def test_the_numbers_are_the_defaults(fresh: Database) -> None:
    rules = {rule.name: rule.value for rule in await Rules(fresh).list()}
    days = {(rule.subject, rule.category): rule.days for rule in await Retention(fresh).rules()}
    await fresh.close()
    assert f"holds {rules['lease_s'] / 60:g} minutes (`lease_s`)" in PROSE
    assert rules["second_share"] == 0.1
    assert "a tenth (`second_share`)" in PROSE
    assert f"At {rules['exposure_limit']:g} points (`exposure_limit`) in {rules['shift_hours']:g} hours" in PROSE
    assert (
        f"context of Records {days['bodies', '']} days (by category if you like); words of appeals"
        f" {days['appeals', '']} days after closing, of case notes {days['cases', '']}; sealed content"
        f" {days['sealed', '']}, illegal goods {days['sealed', 'illegal goods']}"
    ) in PROSE
    assert f"**The log, {days['log', '']} days**" in PROSE
    assert f"severity ({SEVERITY_POINTS} at extreme), confidence ({CONFIDENCE_POINTS}), reach ({REACH_POINTS})" in PROSE


def test_every_command_shown_is_one_with_these_options() -> None:
    shown = re.findall(r"^    chatwarden ([\w-]+) ([\w-]+)([^#\n]*)", PAGE, re.MULTILINE)
    assert len(shown) > 15
    groups = get_command(app).commands  # type: ignore[attr-defined]
    for group, name, rest in shown:
        command = groups[group].commands[name]
        known = {option for parameter in command.params for option in parameter.opts}
        assert set(re.findall(r"--[\w-]+", rest)) <= known, (group, name, rest)
