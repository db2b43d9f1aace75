from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from benchmarks.month import generate
from benchmarks.truths import measure
from storage.database import Database
from storage.verifying import verify

RECORDS = 30_000


@pytest.fixture(scope="module")
def month(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("month") / "month.sqlite3"
    generate(path, RECORDS, seed=7)
    return path


async def test_the_log_is_as_the_product_writes_it(month: Path) -> None:
    db = await Database.open(month, readonly=True)
    result = await verify(db)
    await db.close()
    assert result.breaks == []
    assert result.rows["records"] == RECORDS
    assert result.rows["reviews"] > 1_000


def test_every_kpi_finds_what_was_planted(month: Path, capsys: pytest.CaptureFixture[str]) -> None:
    # Times depend on the machine, so only what was found is looked at.
    measure(month, everything=False)
    _, _, found = capsys.readouterr().out.partition("Planted and found")
    found, _, _ = found.partition("Everything")
    lines = [line for line in found.splitlines() if line.startswith("│")]
    assert len(lines) == 45
    wrong = [line for line in lines if "│ ok │" not in line]
    assert len(wrong) <= 2, wrong
    assert all(" to " in line for line in wrong), "what is counted is exact"


def test_what_was_measured_is_written_with_its_command(month: Path, tmp_path: Path) -> None:
    measure(month, everything=True, page=tmp_path / "page.md")
    page = (tmp_path / "page.md").read_text(encoding="utf-8")
    assert "benchmarks.month --records 30_000 --write" in page
    assert "| one channel's last hour | 100 ms |" in page
    assert "| export to Parquet, masked | 30,000 |" in page
    assert "| verify | 30,000 |" in page


def test_the_same_seed_gives_the_same_month(month: Path, tmp_path: Path) -> None:
    again = tmp_path / "again.sqlite3"
    generate(again, RECORDS, seed=7)
    heads = []
    for path in (month, again):
        with closing(sqlite3.connect(path)) as db:
            heads.append(db.execute("SELECT row_hash FROM records WHERE id = ?", (RECORDS,)).fetchone())
            heads.append(db.execute("SELECT max(id), max(row_hash) FROM reviews").fetchone())
    assert heads[:2] == heads[2:]
    truths = [json.loads(path.with_suffix(".json").read_text()) for path in (month, again)]
    assert truths[0] == truths[1]


def test_a_file_that_is_there_is_not_overwritten(month: Path) -> None:
    with pytest.raises(FileExistsError, match="exists already"):
        generate(month, 100, seed=1)
