from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from benchmarks.month import generate
from ops.report import app
from storage.database import Database
from storage.notes import Notes

MONTH = ["--since", "2026-03-01", "--until", "2026-03-31"]


@pytest.fixture(scope="module")
def month(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("month") / "month.sqlite3"
    generate(path, 6_000, seed=5)
    return path


def report(database: Path, *arguments: str) -> Result:
    return CliRunner().invoke(app, [*arguments, "--database", str(database)])


def measures(database: Path, *arguments: str) -> dict[str, dict[str, Any]]:
    result = report(database, *arguments, "--json")
    assert result.exit_code in {0, 3}, result.stderr
    return {each["name"]: each for each in json.loads(result.stdout)["measures"]}


def test_a_kpi_says_what_it_stands_on_and_how_it_stands(month: Path) -> None:
    found = measures(month, "kpi", *MONTH)
    assert found["records"]["value"] == 6_000
    caps = found["precision caps"]
    assert caps["hits"] / caps["of"] == pytest.approx(caps["value"])
    assert caps["low"] < caps["value"] < caps["high"] < 0.9 == caps["target"]
    assert (caps["status"], found["precision flood"]["status"]) == ("missed", "met")
    assert found["exposure rev_otto"]["status"] == "missed"
    assert found["detect p95"]["status"] == "met"


def test_the_trend_is_against_the_period_before(month: Path) -> None:
    week, before = (
        measures(month, "kpi", "--since", since, "--until", until)["sla"]
        for since, until in (("2026-03-20", "2026-03-27"), ("2026-03-13", "2026-03-20"))
    )
    assert week["before"] == before["value"]
    assert week["change"] == pytest.approx(week["value"] - before["value"])


def test_few_cases_are_not_judged(month: Path) -> None:
    found = measures(month, "kpi", "--since", "2026-03-09", "--until", "2026-03-09T06:00")
    kappa = found["kappa"]
    assert kappa["n"] < 30
    assert kappa["status"] == "insufficient data"
    assert kappa["change"] is None


def test_check_fails_only_where_a_target_is_missed(month: Path, tmp_path: Path) -> None:
    easy = tmp_path / "easy.toml"
    easy.write_text("min_precision = 0.1")
    assert report(month, "filters", *MONTH).exit_code == 0
    missed = report(month, "filters", *MONTH, "--check")
    assert missed.exit_code == 3
    assert "target missed: precision of caps" in missed.stderr
    assert report(month, "filters", *MONTH, "--check", "--targets", str(easy)).exit_code == 0


def test_what_nobody_reviewed_is_not_right(month: Path) -> None:
    result = report(month, "filters", *MONTH)
    counts = re.search(
        r"Of random samples: ([\d,]+) upheld, ([\d,]+) overturned, ([\d,]+) unsure, ([\d,]+) open", result.stdout
    )
    assert counts is not None
    upheld, overturned, unsure, open_ = (int(each.replace(",", "")) for each in counts.groups())
    assert unsure > 0
    assert open_ > 0
    every = measures(month, "filters", *MONTH)["precision"]
    assert (every["hits"], every["of"]) == (upheld, upheld + overturned)


def test_one_channel_is_counted_alone(month: Path) -> None:
    found = measures(month, "kpi", *MONTH, "--channel", "#Channel7")
    assert 0 < found["records"]["value"] < 100
    unknown = report(month, "kpi", "--channel", "nobody")
    assert unknown.exit_code == 2
    assert "'nobody': no such channel" in unknown.stderr


def test_a_shift_hands_over_what_is_open_and_what_happened(month: Path) -> None:
    asked = ["shift", "--since", "2026-03-15T22:00", "--until", "2026-03-16T06:00", "--tz", "UTC"]
    sections = json.loads(report(month, *asked, "--json").stdout)["sections"]
    [raid] = sections["Raids and nukes"]
    assert (raid["kind"], raid["channel"], raid["began"]) == ("raid", "channel1", "2026-03-16 00:00:00")
    due = [each["due"] for each in sections["Due next, as it stands now"]]
    assert due == sorted(due)
    assert len(due) == 10
    silent = {each["hour"][11:13] for each in sections["Hours with work in which nobody decided"]}
    assert silent & {"02", "03", "04"}
    opened = next(each for each in sections["What is open as the shift ends"] if each["what"] == "review items open")
    assert opened["how many"] > 0


def test_hours_are_those_of_the_zone(month: Path) -> None:
    def empty(tz: str) -> set[str]:
        sections = json.loads(report(month, "kpi", *MONTH, "--tz", tz, "--json").stdout)["sections"]
        return {row["hour"] for row in sections["Reviewers by hour of day"] if not row["decisions"]}

    assert empty("UTC") == {"02", "03", "04"}
    assert empty("Asia/Tokyo") == {"11", "12", "13"}


def test_an_experiment_compares_both_on_the_same_messages(month: Path) -> None:
    sections = json.loads(report(month, "experiment", "1", "--json").stdout)["sections"]
    found = sections["On the same messages"][0]
    assert (found["both"], found["only live"], found["only trial"]) == (400, 120, 180)
    assert found["new of differing"] == "60.00% (54.36% to 65.38%)"
    assert float(found["p (McNemar, exact)"]) < 0.001
    none = report(month, "experiment", "9")
    assert none.exit_code == 2
    assert "there is no experiment 9" in none.stderr


@pytest.mark.parametrize("name", ["kpi", "filters", "agreement", "shift"])
def test_the_page_is_one_file_that_loads_nothing(month: Path, tmp_path: Path, name: str) -> None:
    page = tmp_path / "report.html"
    result = report(month, name, *MONTH, "--html", str(page))
    assert result.exit_code == 0, result.stderr
    html = page.read_text(encoding="utf-8")
    assert html.startswith("<!doctype html>")
    assert not re.findall(r"""(?:src|href)\s*=\s*["'](?!#)|<script|@import|url\((?!#)""", html)
    assert ("<svg" in html) == (name in {"kpi", "filters"})
    again = report(month, name, *MONTH, "--html", str(page))
    assert again.exit_code == 0, "an earlier report is written over"
    page.write_text("no report", encoding="utf-8")
    again = report(month, name, *MONTH, "--html", str(page))
    assert again.exit_code == 2
    assert "exists already" in again.stderr
    assert page.read_text(encoding="utf-8") == "no report"


@pytest.mark.parametrize("name", ["kpi", "filters", "agreement", "shift"])
def test_an_empty_log_has_a_report_that_judges_nothing(database: Path, name: str) -> None:
    result = report(database, name, "--since", "1d", "--check")
    assert result.exit_code == 0, result.output
    assert "target missed" not in result.stderr


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--since", "soon"], "'soon' is not a time"),
        (["--since", "2026-03-02", "--until", "2026-03-01"], "is not before"),
        (["--tz", "Mars/Olympus"], "is not a time zone"),
        (["--targets", "/nowhere.toml"], "No such file"),
    ],
)
def test_what_cannot_be_asked_is_said(month: Path, arguments: list[str], told: str) -> None:
    result = report(month, "kpi", *arguments)
    assert result.exit_code == 2
    assert told in " ".join(result.stderr.split())


def test_notes_are_masked_in_a_hand_over(database: Path) -> None:
    async def write() -> None:
        db = await Database.open(database)
        await Notes(db).add("501", "id-troll", "troll", "a slur was used", author="mod_anna")
        await db.close()

    asyncio.run(write())
    shown = report(database, "shift").stdout
    assert "mod_anna" in shown
    assert "slur" not in shown
    assert "• •••• ••• ••••" in shown
