from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from ops.experiment import app
from ops.report import app as reports
from storage.database import Database
from storage.policies import PolicyLog
from tests.ops.conftest import T0, deeds


@pytest.fixture
def saved(desk: Path) -> Path:
    """The desk, with two revisions of the channel's policy."""

    async def save() -> None:
        db = await Database.open(desk)
        for reason in ("first", "stricter"):
            await PolicyLog(db).save("501", "", author="anna", reason=reason, at_ms=T0)
        await db.close()

    asyncio.run(save())
    return desk


def run(database: Path, who: str, *arguments: str) -> Result:
    return CliRunner().invoke(app, [*arguments, "--database", str(database), "--as", who])


def test_a_manager_puts_a_revision_on_trial_and_stops_it(saved: Path) -> None:
    begun = run(saved, "manager", "begin", "#Studio", "2", "--why", "fewer false hits", "--share", "0.5")
    assert (begun.exit_code, begun.stdout) == (0, "1\n"), begun.stderr
    assert "runs in that channel" in run(saved, "manager", "begin", "studio", "2", "--why", "again").stderr
    [listed] = json.loads(CliRunner().invoke(app, ["list", "--json", "--database", str(saved)]).stdout)
    assert (listed["channel"], listed["revision"], listed["share"], listed["actor"]) == ("studio", 2, 0.5, "manager")
    assert listed["until_ms"] - listed["from_ms"] == 7 * 86_400_000

    assert run(saved, "manager", "stop", "1").exit_code == 0
    assert run(saved, "manager", "stop", "1").exit_code == 2
    shown = CliRunner().invoke(reports, ["experiment", "1", "--database", str(saved)])
    assert shown.exit_code == 0
    assert "revision 2 of studio on trial" in shown.stdout
    verbs = [(deed.actor, deed.verb) for deed in deeds(saved) if deed.verb.startswith("experiment")]
    assert verbs == [("manager", "experiment stop"), ("manager", "experiment begin")]


def test_who_may_not_change_rules_may_not_begin_one(saved: Path) -> None:
    assert run(saved, "analyst", "begin", "studio", "2", "--why", "curious").exit_code == 4


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["arena", "2"], "'arena': no such channel"),
        (["studio", "7"], "the channel has no revision 7"),
        (["studio", "2", "--share", "2"], "share: 2 is outside 0 to 1"),
    ],
)
def test_what_cannot_be_tried_is_said(saved: Path, arguments: list[str], told: str) -> None:
    result = run(saved, "manager", "begin", *arguments, "--why", "test")
    assert result.exit_code == 2
    assert told in result.stderr
