from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from ops.case import app
from ops.formats import ExportError, Manifest
from tests.ops.conftest import deeds, rows


def run(database: Path, who: str, *arguments: str) -> Result:
    return CliRunner().invoke(app, [*arguments, "--database", str(database), "--as", who])


@pytest.fixture
def case(desk: Path) -> Path:
    """A case of the senior with a person, a Record and a note."""
    for arguments in (
        ["open", "two accounts, one person"],
        ["add", "1", "person", "@troll"],
        ["add", "1", "record", "#5", "--why", "the latest"],
        ["add", "1", "appeal", "1"],
        ["note", "1", "asked the streamer"],
    ):
        result = run(desk, "senior", *arguments)
        assert result.exit_code == 0, result.stderr
    return desk


def test_a_case_is_shown_with_all_that_belongs_to_it(case: Path) -> None:
    shown = run(case, "auditor", "show", "1").stdout.splitlines()
    assert shown[0] == "Case 1: two accounts, one person (open, owner senior)"
    assert [line.strip() for line in shown[1:4]] == ["appeal 1", "person 2 (troll)", "record 5: the latest"]
    assert shown[4].endswith("senior: asked the streamer")
    plain = json.loads(run(case, "auditor", "show", "1", "--json").stdout)
    assert (plain["case"]["people"], plain["case"]["records"], len(plain["notes"])) == (1, 1, 1)


def test_link_assign_hold_and_close(case: Path) -> None:
    links = json.loads(run(case, "senior", "link", "1", "--json").stdout)
    assert links == []  # nobody acted with the troll
    table = run(case, "senior", "link", "1")
    assert (table.stdout, table.stderr.strip()) == ("", "none")
    assert run(case, "senior", "assign", "1", "investigator").exit_code == 0
    assert run(case, "legal", "hold", "1", "on").exit_code == 0
    [listed] = json.loads(run(case, "auditor", "list", "--owner", "investigator", "--json").stdout)
    assert (listed["owner"], listed["legal_hold"]) == ("investigator", True)
    assert "open, legal hold" in run(case, "auditor", "list").stdout
    assert run(case, "investigator", "close", "1", "one person indeed").exit_code == 0
    assert json.loads(run(case, "auditor", "list", "--json").stdout) == []
    assert "ended: one person indeed" in run(case, "auditor", "show", "1").stdout


def test_an_export_is_one_folder_with_a_manifest(case: Path, tmp_path: Path) -> None:
    folder = tmp_path / "export"
    result = run(case, "senior", "export", "1", str(folder))
    assert result.exit_code == 0, result.stderr
    manifest = Manifest.load(folder / "manifest.json")
    assert (manifest.query, manifest.text, manifest.exported_by) == ({"case": 1}, "masked", "senior")
    assert manifest.chain_heads["case_notes"].id == 1
    lines = [json.loads(line) for line in (folder / "case-1.jsonl").read_text().splitlines()]
    assert manifest.rows == len(lines) == 6
    assert [line["kind"] for line in lines] == ["case", "item", "item", "item", "note", "record"]
    assert "bad word" not in json.dumps(lines)
    (folder / "case-1.jsonl").write_text("{}")
    with pytest.raises(ExportError, match="is not the file that was exported"):
        Manifest.load(folder / "manifest.json")
    assert run(case, "senior", "export", "1", str(folder)).exit_code == 2


def test_an_export_in_plain_counts_every_record_as_a_look(case: Path, tmp_path: Path) -> None:
    assert run(case, "senior", "export", "1", str(tmp_path / "plain"), "--show-text").exit_code == 0
    assert "you bad word again" in (tmp_path / "plain" / "case-1.jsonl").read_text()
    assert deeds(case)[0].detail == "export of case 1"
    assert rows(case, "SELECT record_id FROM exposures") == [(5,)]


@pytest.mark.parametrize(
    ("who", "arguments", "code", "message"),
    [
        ("analyst", ["open", "mine"], 4, "analyst is analyst; case open is for: senior"),
        ("senior", ["hold", "1", "on"], 4, "senior is senior; case hold is for: legal"),
        ("senior", ["add", "1", "person", "nobody"], 2, "'nobody': not in the log"),
        ("senior", ["add", "1", "record", "99"], 2, "there is no record 99"),
        ("senior", ["assign", "1", "analyst"], 2, "'analyst' may not own a case"),
        ("senior", ["show", "9"], 2, "there is no case 9"),
    ],
)
def test_what_cannot_be_is_told(case: Path, who: str, arguments: list[str], code: int, message: str) -> None:
    result = run(case, who, *arguments)
    assert result.exit_code == code
    assert message in " ".join(result.stderr.split())
