"""Gaps in the log, as written and read."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from storage.database import Database, WriteError
from storage.gaps import Gap, Gaps
from storage.verifying import verify


async def test_a_gap_is_kept_chained_and_shown_with_its_channel(db: Database) -> None:
    gaps = Gaps(db)
    await gaps.alive({"7": "aurora"})
    first = Gap("7", 1_700_000_000_000, 1_700_000_004_500, "socket lost")
    second = Gap("7", 1_700_000_010_000, 1_700_000_011_000, "log not writable", lines=3, bans=0)
    await gaps.note(first)
    await gaps.note(second)
    assert await gaps.list() == [first, second]
    assert await gaps.list(since_ms=1_700_000_005_000) == [second]
    (row, _) = await db.rows("SELECT channel, since, seconds, lines FROM v_gaps")
    assert tuple(row) == ("aurora", "2023-11-14T22:13:20.000Z", 4.5, None)
    found = await verify(db)
    assert (found.rows["gaps"], found.breaks) == (2, [])


async def test_a_sign_of_life_replaces_the_one_before(db: Database) -> None:
    gaps = Gaps(db)
    await gaps.alive({"7": "aurora", "8": "borealis"})
    before = await gaps.last_alive()
    await gaps.alive({"7": "aurora"})
    after = await gaps.last_alive()
    assert after.keys() == {"7", "8"}
    assert after["7"] >= before["7"]
    assert after["8"] == before["8"]


@pytest.mark.parametrize("change", ["UPDATE gaps SET why = 'nothing'", "DELETE FROM gaps"])
async def test_a_gap_cannot_be_talked_away(db: Database, path: Path, change: str) -> None:
    gaps = Gaps(db)
    await gaps.alive({"7": "aurora"})
    await gaps.note(Gap("7", 1, 2, "not running"))
    with sqlite3.connect(path) as other, pytest.raises(sqlite3.IntegrityError, match="append-only"):
        other.execute(change)
    other.close()


async def test_a_gap_of_a_channel_never_watched_is_refused(db: Database) -> None:
    with pytest.raises(WriteError):
        await Gaps(db).note(Gap("9", 1, 2, "not running"))
