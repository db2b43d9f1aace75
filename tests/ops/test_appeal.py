from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from ops import review
from ops.appeal import app
from tests.ops.conftest import deeds, rows


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(review, "BOT_WAIT_S", 0.0)


def run(database: Path, who: str, *arguments: str) -> Result:
    return CliRunner().invoke(app, [*arguments, "--database", str(database), "--as", who])


def test_an_appeal_is_listed_shown_masked_and_answered(desk: Path) -> None:
    [listed] = json.loads(run(desk, "auditor", "list", "--json").stdout)
    assert (listed["record_id"], listed["status"], listed["chatter"]) == (5, "open", "banned")
    assert "sorry" not in json.dumps(listed)
    page = run(desk, "analyst", "show", "1")
    assert "#5" in page.stdout
    assert "sorry" not in page.stdout
    assert "appeal decide 1 approve REASON wrong decision" in " ".join(page.stderr.split())

    answered = run(desk, "analyst", "decide", "1", "approve", "too hard", "--say", "welcome back", "--json")
    assert answered.exit_code == 0, answered.stderr
    assert json.loads(answered.stdout)["bot"].startswith("request 1 waits: the bot is not running")
    assert rows(desk, "SELECT kind, subject, note FROM requests") == [("approve appeal", "unban-5", "welcome back")]
    assert json.loads(run(desk, "auditor", "list", "--json").stdout) == []
    table = run(desk, "auditor", "list", "--all")
    assert "approved" in table.stdout
    assert "approve, too hard by analyst" in run(desk, "auditor", "show", "1").stdout


def test_the_words_are_shown_harmless_and_counted(desk: Path) -> None:
    shown = run(desk, "analyst", "show", "1", "--show-text")
    assert "=sorry\ufffd[2J" in shown.stdout
    latest = deeds(desk)[0]
    assert (latest.verb, latest.subject, latest.detail) == ("unmask", "record 5", "appeal 1")
    assert rows(desk, "SELECT record_id FROM exposures") == [(5,)]


def test_a_failure_at_twitch_is_told(desk: Path) -> None:
    run(desk, "analyst", "decide", "1", "deny", "rule broken")
    assert "not answered yet" in run(desk, "auditor", "show", "1").stdout
    with sqlite3.connect(desk) as bot:
        bot.execute("UPDATE requests SET done_ms = 1, failure = 'no such request'")
    bot.close()
    assert "failed: no such request (it can be decided again)" in run(desk, "auditor", "show", "1").stdout
    assert "not taken by Twitch" in run(desk, "auditor", "list", "--all").stdout


@pytest.mark.parametrize(
    ("who", "arguments", "code", "message"),
    [
        ("auditor", ["decide", "1", "deny", "rule broken"], 4, "auditor is auditor"),
        ("auditor", ["show", "1", "--show-text"], 4, "auditor is auditor"),
        ("analyst", ["decide", "1", "deny", "wrong decision"], 2, "'wrong decision' is not a reason to deny"),
        ("analyst", ["decide", "1", "maybe", "rule broken"], 2, "'maybe' is not an answer"),
        ("analyst", ["show", "9"], 2, "there is no appeal 9"),
    ],
)
def test_what_cannot_be_is_told(desk: Path, who: str, arguments: list[str], code: int, message: str) -> None:
    result = run(desk, who, *arguments)
    assert result.exit_code == code
    assert message in " ".join(result.stderr.replace("│", " ").split())
