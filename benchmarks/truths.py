"""Asks the product about a generated month: how fast it answers, and whether every KPI finds what was planted."""

from __future__ import annotations

import asyncio
import json
import tempfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from statistics import fmean
from typing import Any
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.table import Table

from benchmarks.office import EMPTY_HOURS
from config.targets import Targets
from ops import parquet
from ops.measures import FORMATS, Measure, by_hour_of_day, compute
from ops.shown import View
from ops.statistics import share
from storage.columns import record_batches
from storage.database import Database
from storage.experiments import Experiments
from storage.kpis import HOUR_MS, Kpis, Period
from storage.reading import Reader, RecordQuery
from storage.verifying import Verification, verify

ASKED = 5
"""How often each question is asked; the median counts."""
UTC = ZoneInfo("UTC")
Row = tuple[str, str, str, str, bool]


def measure(file: Path, *, everything: bool, page: Path | None = None) -> int:
    """Print the tables, and write what took how long to a page; 0 if all is in time and found, else 1."""
    truth = json.loads(file.with_suffix(".json").read_text(encoding="utf-8"))
    screen = Console(width=120)
    speed = asyncio.run(_speed(file, truth))
    _print(screen, "Questions (median of 5)", ("question", "limit", "took", "answer", "ok"), speed)
    found = asyncio.run(_truths(file, truth))
    _print(screen, "Planted and found", ("KPI", "planted", "found", "95 % interval", "ok"), found)
    inside = [row for row in found if row[3]]
    told = (
        f"{sum(row[4] for row in inside)} of {len(inside)} intervals hold what was planted;"
        f" at 95 % about {0.05 * len(inside):.0f} are expected not to"
    )
    screen.print(told)
    whole = [_exported(file), *([_verified(file, truth["records"])] if everything else [])]
    _print(screen, "Everything", ("work", "Records", "took", "per second", "ok"), whole)
    counted = [row[4] for row in found if not row[3]]
    if page:
        counts = f"{sum(counted)} of {len(counted)} planted counts are found exactly; {told}."
        page.write_text(_page(truth["records"], speed, whole, counts), encoding="utf-8")
    sure = [*(row[4] for row in (*speed, *whole)), *counted]
    return 0 if all(sure) and sum(not row[4] for row in inside) <= max(1, 0.15 * len(inside)) else 1


def _page(records: int, speed: list[Row], whole: list[Row], found: str) -> str:
    """The page of the documentation."""
    return "\n".join(
        [
            "# How long questions to a big log take",
            "",
            f"Written by `python -m benchmarks.month --records {records:_} --write` over a generated month,",
            f"200 channels. {found}",
            "",
            f"| question (median of {ASKED}) | limit | took | answer |",
            "|---|---:|---:|---:|",
            *(f"| {' | '.join(row[:4])} |" for row in speed),
            "",
            "| work | Records | took | Records a second |",
            "|---|---:|---:|---:|",
            *(f"| {' | '.join(row[:4])} |" for row in whole),
            "",
        ]
    )


def _print(screen: Console, title: str, columns: tuple[str, ...], rows: list[Row]) -> None:
    table = Table(*columns, title=title, title_justify="left")
    for *cells, ok in rows:
        table.add_row(*cells, "[green]ok[/]" if ok else "[red]no[/]")
    screen.print(table)


async def _speed(file: Path, truth: dict[str, Any]) -> list[Row]:
    db = await Database.open(file, readonly=True)
    try:
        reader, until, since = Reader(db), truth["until_ms"], truth["since_ms"]
        last_hour = RecordQuery(channel="channel7", since_ms=until - HOUR_MS, limit=None)
        month = Period(since, until)
        return [
            await _ask("one chatter's latest 100", 100, lambda: reader.list(RecordQuery(chatter=truth["busiest"]))),
            await _ask("how many that chatter has", 100, lambda: reader.count(RecordQuery(chatter=truth["busiest"]))),
            await _ask("one channel's last hour", 100, lambda: reader.list(last_hour)),
            await _ask("per-filter counts of the month", 2_000, lambda: Kpis(db).counts(month)),
            await _ask(
                "the same in SQL, by day",
                2_000,
                lambda: db.rows("SELECT day, filter, sum(records) FROM v_kpi_daily GROUP BY day, filter"),
            ),
        ]
    finally:
        await db.close()


async def _ask(title: str, limit_ms: int, question: Any) -> Row:
    took = []
    for _ in range(ASKED):
        begin = time.perf_counter()
        answer = await question()
        took.append((time.perf_counter() - begin) * 1000)
    took.sort()
    size = f"{answer:,}" if isinstance(answer, int) else f"{len(answer):,} rows"
    return title, f"{limit_ms:,} ms", f"{took[ASKED // 2]:,.1f} ms", size, took[ASKED // 2] <= limit_ms


async def _truths(file: Path, truth: dict[str, Any]) -> list[Row]:
    db = await Database.open(file, readonly=True)
    try:
        kpis, period = Kpis(db), Period(truth["since_ms"], truth["until_ms"])
        found = {each.name: each for each in await compute(kpis, period, UTC, Targets())}
        counts = await kpis.counts(period)
        trial = await Experiments(db).result(1)
        hours = by_hour_of_day(await kpis.hours(period), UTC)
        assert trial is not None
        return list(_rows(truth, found, counts, trial, hours))
    finally:
        await db.close()


def _rows(truth: dict[str, Any], found: dict[str, Measure], counts: Any, trial: Any, hours: Any) -> Iterator[Row]:
    office = truth["office"]
    for filter_, records in truth["by_filter"].items():
        yield _exact(f"Records of {filter_}", records, sum(n for kind, n in counts.items() if kind.filter == filter_))
    for outcome, records in truth["by_outcome"].items():
        yield _exact(f"Records {outcome}", records, sum(n for kind, n in counts.items() if kind.outcome == outcome))
    for leg in ("detect", "decide"):
        for p, planted in zip(("p50", "p95"), truth["legs"][leg], strict=True):
            yield _within(found[f"{leg} {p}"], planted, slack=1)
    for filter_, precision in truth["precision"].items():
        yield _within(found[f"precision {filter_}"], precision)
    for script, planted in truth["false_share"].items():
        yield _within(found[f"false hits {script}"], planted)
    yield _within(found["prevalence"], truth["prevalence"])
    yield _within(found["again warn"], truth["again_share"])
    yield _exact("review items open", office["backlog"], found["backlog"].found.value)
    yield _exact("review items overdue", office["overdue"], found["overdue"].found.value)
    in_time = office["on_time"], office["closed"] + office["overdue"]
    yield _exact("reviewed in time", in_time, (found["sla"].hits, found["sla"].of))
    yield _within(found["appeals"], office["approved"])
    yield _within(found["missed"], truth["missed_share"])
    yield _within(found["agreed"], 1 - office["disagree"])
    kappa, alpha = _agreement(truth["precision"].values(), office["disagree"])
    yield _within(found["kappa"], kappa)
    yield _within(found["alpha"], alpha)
    yield _exact("pairs that differed", office["differing"], (found["agreed"].of or 0) - (found["agreed"].hits or 0))
    empty = [each.hour for each in hours if each.with_work and not each.covered]
    yield _exact("hours of the day nobody covers", list(EMPTY_HOURS), empty)
    planted = office["trial"]
    differing = planted["only_live"] + planted["only_shadow"]
    yield _exact("trial: only live, only trial", (120, 180), (trial.spoke.only_live, trial.spoke.only_shadow))
    new = share(trial.spoke.only_shadow, differing)
    yield _exact("trial: new of differing", planted["only_shadow"] / differing, new.value)
    over = [name for name, each in found.items() if name.startswith("exposure") and each.status == "missed"]
    yield _exact("reviewer over the exposure limit", [f"exposure {office['overloaded']}"], over)


def _agreement(precisions: Iterable[float], disagree: float) -> tuple[float, float]:
    """The kappa and alpha that follow: as many Records of each filter were drawn, and so often the second differs."""
    first = fmean(precisions)
    second = first * (1 - disagree) + (1 - first) * disagree
    chance = first * second + (1 - first) * (1 - second)
    both = (first + second) / 2
    return (1 - disagree - chance) / (1 - chance), 1 - disagree / (2 * both * (1 - both))


def _exact(title: str, planted: Any, found: Any) -> Row:
    return title, str(planted), str(found), "", planted == found


def _within(each: Measure, planted: float, slack: float = 0) -> Row:
    told, low, high = FORMATS[each.unit], each.found.low, each.found.high
    assert each.found.value is not None
    assert low is not None
    assert high is not None
    inside = low - slack <= planted <= high + slack
    return each.title, told(planted), told(each.found.value), f"{told(low)} to {told(high)}", inside


def _exported(file: Path) -> Row:
    with tempfile.TemporaryFile(dir=file.parent) as out:
        begin = time.perf_counter()
        with record_batches(file, RecordQuery(limit=None)) as (batches, _):
            written = parquet.write(batches, View(UTC, exact=True), out, lambda _: None)
        return _rate("export to Parquet, masked", written, time.perf_counter() - begin, 200_000)


def _verified(file: Path, records: int) -> Row:
    async def work() -> Verification:
        db = await Database.open(file, readonly=True)
        try:
            return await verify(db)
        finally:
            await db.close()

    begin = time.perf_counter()
    result = asyncio.run(work())
    return (*_rate("verify", records, time.perf_counter() - begin, 0)[:4], not result.breaks)


def _rate(title: str, records: int, seconds: float, least: int) -> Row:
    rate = records / seconds
    return title, f"{records:,}", f"{seconds:,.1f} s", f"{rate:,.0f}", rate >= least
