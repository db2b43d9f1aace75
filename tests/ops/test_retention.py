from __future__ import annotations

import json
from pathlib import Path

from typer.testing import CliRunner, Result

from ops import log
from ops.retention import app
from storage.retention import SUBJECTS
from tests.ops.conftest import deeds, rows


def run(database: Path, who: str, *arguments: str) -> Result:
    return CliRunner().invoke(app, [*arguments, "--database", str(database), "--as", who])


def test_it_is_dry_until_applied_and_the_log_stays_whole(desk: Path) -> None:
    assert run(desk, "manager", "set", "bodies", "1").exit_code == 0
    dry = run(desk, "manager", "run")
    assert dry.exit_code == 0, dry.stderr
    assert "nothing was changed; add --apply" in dry.stderr
    assert rows(desk, "SELECT count(*) FROM context_messages WHERE text IS NOT NULL") == [(9,)]
    done = json.loads(run(desk, "manager", "run", "--apply", "--json").stdout)
    assert {purge["category"]: purge["gone"] for purge in done["purges"]} == {"harassment": 4, "channel rule": 1}
    assert rows(desk, "SELECT count(*) FROM context_messages WHERE text IS NOT NULL") == [(0,)]
    assert rows(desk, "SELECT DISTINCT subject FROM retention_runs") == [("bodies",)]
    assert CliRunner().invoke(log.app, ["verify", "--database", str(desk)]).exit_code == 0
    assert deeds(desk)[0].verb == "retention run"


def test_show_says_what_is_kept_and_from_when(desk: Path) -> None:
    shown = run(desk, "auditor", "show")
    assert "child safety" in shown.stdout
    for subject in SUBJECTS:
        assert f"{subject}:" in shown.stderr
    days = {
        (each["subject"], each["category"]): each["days"]
        for each in json.loads(run(desk, "auditor", "show", "--json").stdout)
    }
    assert (days["bodies", ""], days["log", ""], days["appeals", ""]) == (30, 400, 180)


def test_a_category_gets_a_clock_of_its_own(desk: Path) -> None:
    assert run(desk, "manager", "set", "sealed", "10", "--category", "child safety").exit_code == 0
    assert run(desk, "manager", "set", "log", "10", "--category", "hate").exit_code == 2
    assert run(desk, "manager", "set", "everything", "10").exit_code == 2
    assert rows(desk, "SELECT days FROM retention_rules WHERE category = 'child safety'") == [(10,)]


def test_who_may_not_exits_with_4(desk: Path) -> None:
    for who, arguments in (
        ("senior", ["run", "--apply"]),
        ("analyst", ["run"]),
        ("legal", ["set", "bodies", "1"]),
        ("stranger", ["show"]),
    ):
        result = run(desk, who, *arguments)
        assert (result.exit_code, result.stdout) == (4, "")
        assert deeds(desk)[0].allowed is False
