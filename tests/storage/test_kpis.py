from __future__ import annotations

import shutil
import subprocess
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.month import DAYS, START_MS, generate
from storage.database import Database
from storage.kpis import DAY_MS, HOUR_MS, Kind, Kpis, Period, _worst
from storage.records import Outcome, RecordLog
from tests.storage.conftest import T0, make_evidence, make_message, make_record

END_MS = START_MS + DAYS * DAY_MS
ALL = "filter, category, action, outcome, actor = 'bot'"


@pytest.fixture(scope="module")
def month(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("month") / "month.sqlite3"
    generate(path, 4_000, seed=3)
    return path


@pytest.mark.parametrize(
    ("since_ms", "until_ms"),
    [
        (START_MS, END_MS),
        (START_MS + 5 * HOUR_MS + 1, END_MS - 7 * HOUR_MS),
        (START_MS + 3 * DAY_MS, START_MS + 4 * DAY_MS),
        (START_MS + 23 * HOUR_MS, START_MS + 25 * HOUR_MS),
        (START_MS + 1, START_MS + 3 * HOUR_MS),
    ],
)
@pytest.mark.parametrize("channel", ["", "c7"])
async def test_counts_of_days_and_edges_are_those_of_the_records(
    month: Path, since_ms: int, until_ms: int, channel: str
) -> None:
    db = await Database.open(month, readonly=True)
    found = await Kpis(db).counts(Period(since_ms, until_ms, channel))
    rows = await db.rows(
        f"SELECT {ALL}, count(*) FROM v_actions WHERE ts_ms >= ? AND ts_ms < ? AND (? = '' OR channel_id = ?)"
        f" GROUP BY {ALL}",
        (since_ms, until_ms, channel, channel),
    )
    await db.close()
    assert found == Counter({Kind(*tuple(row)[:5]): row[5] for row in rows})


async def test_counting_follows_every_change_of_outcome(db: Database, log: RecordLog) -> None:
    async def outcomes() -> dict[str, int]:
        rows = await db.rows("SELECT outcome, sum(records) FROM v_kpi_daily GROUP BY outcome")
        return {row[0]: row[1] for row in rows}

    numbers = [await log.open(make_record(make_message(number))) for number in range(3)]
    assert await outcomes() == {"pending": 3}
    await log.settle(numbers[0], Outcome.APPLIED)
    await log.settle(numbers[1], Outcome.FAILED, reason="no such user")
    assert await outcomes() == {"pending": 1, "applied": 1, "failed": 1}
    await log.settle(numbers[0], Outcome.UNDONE)
    assert await outcomes() == {"pending": 1, "failed": 1, "undone": 1}


async def test_times_leave_people_out_and_ask_for_one_channel(db: Database, log: RecordLog) -> None:
    for number, channel in ((1, "studio"), (2, "arena")):
        record = await log.open(make_record(make_message(number, channel=channel)))
        sent_ms = T0 + number * 1000
        await log.settle(record, Outcome.APPLIED, sent_ms=sent_ms + 50, done_ms=sent_ms + 100 * number, attempts=1)
    times = await Kpis(db).times(Period(T0, T0 + HOUR_MS, "id-arena"))
    assert (times.records, times.detect, times.decide, times.enforce, times.action) == (1, [20], [1], [179], [180])


async def test_an_act_by_hand_is_seen_if_the_bot_had_a_record_in_ten_minutes(db: Database, log: RecordLog) -> None:
    async def act(number: int, chatter: str, filter_: str, actor: str) -> None:
        message = make_message(number, chatter=chatter)
        new = make_record(message, evidence=(make_evidence(filter=filter_),))
        await log.open(replace(new, actor=actor))

    await act(0, "late", "caps", "bot")
    await act(1, "seen", "caps", "bot")
    await act(300, "seen", "moderator", "mod_anna")
    await act(601, "late", "moderator", "mod_anna")
    await act(302, "missed", "moderator", "mod_anna")
    await act(303, "missed", "suspicious", "twitch")
    assert await Kpis(db).moderator_acts(Period(T0, T0 + HOUR_MS)) == (3, 2)


def test_the_worst_span_may_lie_anywhere() -> None:
    looks = [(0, 1), (HOUR_MS, 3), (HOUR_MS + 5, 3), (2 * HOUR_MS - 1, 1), (9 * HOUR_MS, 2)]
    assert _worst(looks, HOUR_MS) == 7
    assert _worst(looks, 1) == 3
    assert _worst(looks, 24 * HOUR_MS) == 10
    assert _worst([], HOUR_MS) == 0


@pytest.mark.skipif(shutil.which("sqlite3") is None, reason="the sqlite3 shell is not installed")
def test_the_sqlite3_shell_reads_every_view(month: Path) -> None:
    def ask(sql: str) -> list[str]:
        done = subprocess.run(["sqlite3", "-readonly", str(month), sql], capture_output=True, text=True, check=True)
        return done.stdout.split("\n")[:-1]

    views = ask("SELECT name FROM sqlite_master WHERE type = 'view' ORDER BY name")
    assert {"v_actions", "v_reviews", "v_kpi_daily", "v_filter_quality", "v_shift"} <= set(views)
    filled = {view for view in views if ask(f"SELECT * FROM {view} LIMIT 1")}
    assert set(views) - filled == {"v_audit", "v_cases", "v_gaps", "v_sealed"}
