from __future__ import annotations

import asyncio
import json
import threading
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from ops import review
from ops.review import app
from storage.database import Database
from storage.requests import Requests
from tests.ops.conftest import deeds, rows


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(review, "BOT_WAIT_S", 0.0)


def run(database: Path, who: str, *arguments: str) -> Result:
    return CliRunner().invoke(app, [*arguments, "--database", str(database), "--as", who])


def told(result: Result) -> str:
    return " ".join(result.stderr.split())


def test_next_shows_what_to_judge_masked_and_without_history(desk: Path) -> None:
    result = run(desk, "analyst", "next")
    assert result.exit_code == 0, result.stderr
    assert "Record #5" in result.stdout
    assert "ban by bot: blocklist, harassment" in result.stdout
    assert "•••" in result.stdout
    assert "bad word" not in result.stdout
    assert "strike" not in result.stdout
    assert 'review decide 5 overturn REASON "false match", "quoted or reported"' in told(result)
    assert all(deed.verb != "unmask" for deed in deeds(desk))


def test_unmasking_is_counted_and_kept_in_audit(desk: Path) -> None:
    result = run(desk, "analyst", "next", "--show-text")
    assert "you «bad word» again" in result.stdout
    latest = deeds(desk)[0]
    assert (latest.actor, latest.verb, latest.subject) == ("analyst", "unmask", "record 5")
    assert rows(desk, "SELECT reviewer, severity FROM v_exposures") == [("analyst", 2)]


def test_an_overturn_says_that_the_request_waits_for_the_bot(desk: Path) -> None:
    run(desk, "analyst", "next")
    result = run(desk, "analyst", "decide", "5", "overturn", "false match")
    assert result.exit_code == 0, result.stderr
    assert "review 1 of record #5 is in the log" in told(result)
    assert "request 1 waits: the bot is not running, or busy" in told(result)


def test_with_the_bot_running_it_says_what_became_of_it(desk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(review, "BOT_WAIT_S", 10.0)

    async def bot() -> None:
        db = await Database.open(desk)
        requests = Requests(db)
        for _ in range(500):
            for request in await requests.open():
                await requests.finish(request.id)
                await db.close()
                return
            await asyncio.sleep(0.02)

    run(desk, "analyst", "next")
    running = threading.Thread(target=lambda: asyncio.run(bot()))
    running.start()
    result = run(desk, "analyst", "decide", "5", "overturn", "false match", "--json")
    running.join()
    assert json.loads(result.stdout)["bot"] == "the bot has done it"


def test_queue_release_show_and_revise(desk: Path) -> None:
    [item] = json.loads(run(desk, "auditor", "queue", "--json").stdout)
    assert (item["record_id"], item["why"], item["claimed_by"]) == (5, "ban", "")
    run(desk, "analyst", "next")
    table = run(desk, "auditor", "queue")
    assert "analyst" in table.stdout
    assert "1 wait, 1 of them overdue" in told(table)
    assert run(desk, "analyst", "release", "5").exit_code == 0
    assert json.loads(run(desk, "auditor", "queue", "--json").stdout)[0]["claimed_by"] == ""

    run(desk, "analyst", "next", "--record", "5")
    run(desk, "analyst", "decide", "5", "uphold", "rule broken")
    assert run(desk, "analyst", "revise", "1", "overturn", "false match").exit_code == 0
    shown = [line.split(":")[1].strip() for line in run(desk, "analyst", "show", "5").stdout.splitlines()]
    assert shown == ["uphold, rule broken, revised later", "overturn, false match"]
    assert len(json.loads(run(desk, "analyst", "show", "5", "--json").stdout)) == 2


def test_nothing_waiting_is_said(desk: Path) -> None:
    run(desk, "analyst", "next")
    result = run(desk, "senior", "next", "--json")
    assert json.loads(result.stdout) is None
    assert "nothing waits that you may review: what waits (1) is held by others" in told(result)


def test_sample_and_rules(desk: Path) -> None:
    drawn = json.loads(
        run(desk, "senior", "sample", "--size", "2", "--since", "2025-01-01", "--seed", "3", "--json").stdout
    )
    again = json.loads(
        run(desk, "senior", "sample", "--size", "2", "--since", "2025-01-01", "--seed", "3", "--json").stdout
    )
    assert drawn["records"] == again["records"]
    assert len(drawn["records"]) == 2
    assert run(desk, "manager", "set", "lease_s", "120").exit_code == 0
    assert run(desk, "manager", "set", "hate", "30").exit_code == 0
    rules = json.loads(run(desk, "auditor", "rules", "--json").stdout)
    assert (rules["rules"]["lease_s"], rules["deadlines"]["hate"]) == (120, 30)
    assert "Minutes from such a Record" in run(desk, "auditor", "rules").stdout


@pytest.mark.parametrize(
    ("who", "arguments"),
    [
        ("auditor", ["next"]),
        ("legal", ["next"]),
        ("stranger", ["queue"]),
        ("auditor", ["next", "--show-text"]),
        ("auditor", ["decide", "5", "uphold", "rule broken"]),
        ("analyst", ["sample"]),
        ("senior", ["set", "lease_s", "60"]),
    ],
)
def test_who_may_not_exits_with_4_and_the_refusal_is_in_audit(desk: Path, who: str, arguments: list[str]) -> None:
    result = run(desk, who, *arguments)
    assert (result.exit_code, result.stdout) == (4, "")
    latest = deeds(desk)[0]
    assert (latest.actor, latest.allowed) == (who, False)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["decide", "5", "uphold", "rule broken"], "analyst does not hold it (take it with: review next)"),
        (["next", "--record", "99"], "there is no Record #99"),
        (["revise", "9", "uphold", "rule broken"], "is not one of analyst's"),
        (["release", "5"], "does not hold it"),
        (["next", "--tz", "Mars/Olympus"], "'Mars/Olympus' is not a time zone"),
    ],
)
def test_wrong_input_exits_with_2(desk: Path, arguments: list[str], message: str) -> None:
    result = run(desk, "analyst", *arguments)
    assert result.exit_code == 2
    assert message in told(result).replace("│ ", "")


def test_a_missing_database_is_not_made(tmp_path: Path) -> None:
    result = run(tmp_path / "none.sqlite3", "analyst", "queue")
    assert result.exit_code == 2
    assert "no such database (chatwarden demo and run make one" in told(result)
    assert list(tmp_path.iterdir()) == []


def test_a_raid_is_decided_as_one_once_it_is_applied(raided: Path) -> None:
    listed = run(raided, "analyst", "queue")
    assert "raid 1" in listed.stdout
    assert len(json.loads(run(raided, "analyst", "queue", "--json").stdout)) == 2
    planned = run(raided, "analyst", "decide-group", "1", "overturn", "false match")
    assert planned.exit_code == 0, planned.stderr
    assert "overturn: 3 Records of 3 people, of raid 1" in planned.stdout
    assert "nothing was decided; add --apply" in told(planned)
    assert rows(raided, "SELECT count(*) FROM reviews") == [(0,)]

    run(raided, "senior", "next", "--record", "7")
    done = run(raided, "analyst", "decide-group", "1", "overturn", "false match", "--apply")
    assert "overturn: 2 Records of 2 people, of raid 1" in done.stdout
    assert "left out: 1 held by senior" in done.stdout
    assert rows(raided, "SELECT record_id, decision FROM reviews") == [(6, "overturn"), (8, "overturn")]
    assert rows(raided, "SELECT kind, subject FROM requests") == [("undo record", "6"), ("undo record", "8")]
    assert deeds(raided)[0].verb == "review decide group"

    rest = run(raided, "senior", "decide-group", "1", "overturn", "false match", "--apply", "--json")
    assert json.loads(rest.stdout)["records"] == [7]
    assert rows(raided, "SELECT kind, subject FROM requests ORDER BY id DESC LIMIT 1") == [("undo group", "1")]


def test_a_group_is_refused_to_whom_it_is_not_for(raided: Path) -> None:
    assert run(raided, "auditor", "decide-group", "1", "uphold", "evasion", "--apply").exit_code == 4
    escalated = run(raided, "analyst", "decide-group", "1", "escalate", "policy gap")
    assert escalated.exit_code == 2
    assert "uphold, overturn" in told(escalated)
    assert run(raided, "analyst", "decide-group", "1", "uphold", "because", "--apply").exit_code == 2
    assert run(raided, "analyst", "decide-group", "9", "uphold", "evasion", "--apply").exit_code == 2
    assert rows(raided, "SELECT count(*) FROM reviews") == [(0,)]
