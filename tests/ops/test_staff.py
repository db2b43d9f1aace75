from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from ops import review
from ops.staff import app
from tests.ops.conftest import deeds


def run(database: Path, who: str, *arguments: str) -> Result:
    return CliRunner().invoke(app, [*arguments, "--database", str(database), "--as", who])


def test_the_owner_of_the_file_adds_the_first_manager_who_adds_the_rest(database: Path) -> None:
    assert run(database, "root", "add", "mara", "analyst").exit_code == 2
    assert run(database, "root", "add", "mara", "manager").exit_code == 0
    assert run(database, "root", "add", "eve", "manager").exit_code == 4
    assert run(database, "mara", "add", "ada", "analyst", "--twitch", "Mod_Ada").exit_code == 0
    staff = CliRunner().invoke(app, ["list", "--json", "--database", str(database)])
    assert json.loads(staff.stdout) == [
        {"name": "ada", "role": "analyst", "login": "mod_ada"},
        {"name": "mara", "role": "manager", "login": "mara"},
    ]
    assert [(deed.actor, deed.verb, deed.subject, deed.allowed) for deed in deeds(database)] == [
        ("mara", "staff add", "staff ada", True),
        ("root", "staff add", "", False),
        ("mara", "staff add", "staff mara", True),
    ]


def test_who_does_not_own_the_file_adds_nobody(database: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "getuid", lambda: database.stat().st_uid + 1)
    result = run(database, "eve", "add", "eve", "manager")
    assert result.exit_code == 4
    assert "'eve' is not on the staff" in result.stderr


def test_remove_and_list(desk: Path) -> None:
    assert run(desk, "manager", "remove", "auditor").exit_code == 0
    listed = CliRunner().invoke(app, ["list", "--database", str(desk)])
    assert "auditor" not in listed.stdout
    assert "auditor: read, sealed list" in listed.stderr
    assert run(desk, "manager", "remove", "manager").exit_code == 2


def test_the_user_of_the_shell_or_the_environment_says_who_one_is(desk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    arguments = ["queue", "--json", "--database", str(desk)]
    monkeypatch.setattr("getpass.getuser", lambda: "auditor")
    assert CliRunner().invoke(review.app, arguments).exit_code == 0
    assert CliRunner().invoke(review.app, arguments, env={"CHATWARDEN_STAFF": "stranger"}).exit_code == 4
