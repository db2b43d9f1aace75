from __future__ import annotations

import asyncio
import json
import stat
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from filters.types import Action, ActionKind, Category, Evidence, Severity, Verdict
from ops import case, log
from ops.sealed import app
from storage.database import Database
from storage.records import NewRecord, Outcome, RecordLog
from storage.sealed import Sealer
from tests.ops.conftest import deeds, line, rows

SECRET = "telltale words"


def run(database: Path, who: str, *arguments: str) -> Result:
    return CliRunner().invoke(app, [*arguments, "--database", str(database), "--as", who])


@pytest.fixture
def sealed(desk: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """One more Record, sealed under a key made by the command."""
    file = tmp_path / "seal.key"
    assert CliRunner().invoke(app, ["key", str(file)]).exit_code == 0
    monkeypatch.setenv("CHATWARDEN_SEAL_KEY_FILE", str(file))

    async def fill() -> None:
        db = await Database.open(desk)
        records = RecordLog(db, Sealer.configured("", file))
        message = line(6, "offender", SECRET)
        found = Evidence("blocklist", "rule", Category.CHILD_SAFETY, Severity.EXTREME, (0, 8), "telltale")
        new = NewRecord.from_verdict(Verdict(message, (found,), Action(ActionKind.BAN), 3), (), message.ts_ms)
        await records.settle(await records.open(new), Outcome.APPLIED)
        await records.close()
        await db.close()

    asyncio.run(fill())
    return desk


def test_a_key_file_is_private_and_never_overwritten(tmp_path: Path) -> None:
    file = tmp_path / "seal.key"
    assert CliRunner().invoke(app, ["key", str(file)]).exit_code == 0
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    before = file.read_text()
    again = CliRunner().invoke(app, ["key", str(file)])
    assert (again.exit_code, file.read_text()) == (2, before)


def test_content_is_in_no_list_export_or_page(sealed: Path, tmp_path: Path) -> None:
    assert run(sealed, "auditor", "list").stdout.count("encrypted") == 1
    shown = [run(sealed, "auditor", "list", "--json").stdout]
    for arguments in (["list"], ["list", "--json"], ["show", "6"], ["show", "6", "--json"], ["tail", "--no-follow"]):
        result = CliRunner().invoke(log.app, [*arguments, "--show-text", "--database", str(sealed), "--as", "legal"])
        assert result.exit_code == 0
        shown.append(result.stdout)
    folder = tmp_path / "export"
    CliRunner().invoke(log.app, ["export", str(folder), "--show-text", "--database", str(sealed), "--as", "legal"])
    for arguments in (
        ["open", "report"],
        ["add", "1", "record", "6"],
        ["export", "1", str(tmp_path / "case"), "--show-text"],
    ):
        result = CliRunner().invoke(case.app, [*arguments, "--database", str(sealed), "--as", "investigator"])
        assert result.exit_code == 0, result.stderr
    shown += [file.read_text() for place in (folder, tmp_path / "case") for file in place.iterdir()]
    assert len(shown) == 10
    assert not any("telltale" in text for text in shown)


def test_the_log_says_that_content_is_kept_and_not_what_it_is(sealed: Path) -> None:
    page = CliRunner().invoke(log.app, ["show", "6", "--database", str(sealed)]).stdout
    assert "sealed      for child safety, by bot; content kept encrypted until 20" in page
    row = json.loads(CliRunner().invoke(log.app, ["show", "6", "--json", "--database", str(sealed)]).stdout)
    assert row["sealed"] == {"category": "child safety", "kept": True, "present": True}
    assert run(sealed, "legal", "release", "1", "destroyed").exit_code == 0
    page = CliRunner().invoke(log.app, ["show", "6", "--database", str(sealed)]).stdout
    assert "content gone; destroyed" in page
    assert "sealed" not in CliRunner().invoke(log.app, ["show", "1", "--database", str(sealed)]).stdout


def test_opening_takes_a_role_and_a_purpose(sealed: Path) -> None:
    opened = run(sealed, "investigator", "open", "1", "--purpose", "report 17")
    assert opened.exit_code == 0, opened.stderr
    assert opened.stdout.startswith(SECRET)
    latest = deeds(sealed)[0]
    assert (latest.actor, latest.verb, latest.detail) == ("investigator", "sealed open", "report 17")
    assert json.loads(run(sealed, "legal", "open", "1", "--purpose", "x", "--json").stdout)["text"] == SECRET
    for who in ("analyst", "senior", "manager", "auditor", "stranger"):
        refused = run(sealed, who, "open", "1", "--purpose", "curious")
        assert (refused.exit_code, refused.stdout) == (4, "")
        assert deeds(sealed)[0].allowed is False


def test_without_the_key_nothing_opens(sealed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CHATWARDEN_SEAL_KEY_FILE")
    result = run(sealed, "legal", "open", "1", "--purpose", "report 17")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "no seal key is set" in result.stderr


def test_releasing_is_for_counsel_and_works_the_review_off(sealed: Path) -> None:
    assert run(sealed, "investigator", "release", "1", "reported").exit_code == 4
    assert run(sealed, "legal", "release", "1", "perhaps").exit_code == 2
    assert run(sealed, "legal", "release", "1", "reported", "--note", "ref 4").exit_code == 0
    assert json.loads(run(sealed, "auditor", "list", "--json").stdout) == []
    assert json.loads(run(sealed, "auditor", "list", "--all", "--json").stdout)[0]["outcome"] == "reported"
    assert rows(sealed, "SELECT decision FROM v_verdicts WHERE record_id = 6") == [("uphold",)]
