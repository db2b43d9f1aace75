"""How long a durable Record takes alone, and how many a burst commits per second: `python -m benchmarks.storage`.

Each Record carries one Evidence and five context lines. Times depend on the disk's fsync: name it with --folder.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import tempfile
import time
from pathlib import Path

from filters.types import Action, ActionKind, Category, Evidence, Message, Severity, Verdict
from storage.database import Database
from storage.records import NewRecord, Outcome, RecordLog
from storage.verifying import verify

ALONE = 500
BURST = 5_000
CHATTERS = 300


def message(number: int) -> Message:
    """One line of a busy chat."""
    who = number % CHATTERS
    text = f"some line of chat with b a d w o r d number {number}"
    return Message(f"m{number}", 1_767_225_600_000 + number, "1", "studio", str(who), f"chatter{who}", text)


def record(number: int) -> NewRecord:
    """A ten-minute timeout for that line."""
    found = Evidence(
        "blocklist", "badword", Category.PROFANITY, Severity.HIGH, (23, 37), "badword", technique="spacing"
    )
    verdict = Verdict(message(number), (found,), Action(ActionKind.TIMEOUT, 600), 1)
    context = [message(before) for before in range(number - 5, number)]
    return NewRecord.from_verdict(verdict, context, verdict.message.ts_ms)


async def measure(folder: Path) -> dict[str, float]:
    """Times in ms and rates per second, on a fresh file."""
    db = await Database.open(folder / "benchmark.sqlite3")
    log = RecordLog(db)
    alone = []
    for number in range(ALONE):
        new = record(number)
        start = time.perf_counter()
        await log.open(new)
        alone.append((time.perf_counter() - start) * 1000)

    news = [record(number) for number in range(ALONE, ALONE + BURST)]
    commits, start = log.commits, time.perf_counter()
    numbers = await asyncio.gather(*(log.open(new) for new in news))
    opened = time.perf_counter() - start
    burst_commits, start = log.commits - commits, time.perf_counter()
    await asyncio.gather(*(log.settle(number, Outcome.APPLIED) for number in numbers))
    settled = time.perf_counter() - start
    start = time.perf_counter()
    await verify(db)
    verified = time.perf_counter() - start
    await log.close()
    await db.close()
    return {
        "open_alone_median_ms": round(statistics.median(alone), 3),
        "open_alone_p95_ms": round(statistics.quantiles(alone, n=20)[-1], 3),
        "burst_records": BURST,
        "burst_commits": burst_commits,
        "burst_records_per_s": round(BURST / opened),
        "burst_rows_per_s": round(BURST * 8 / opened),
        "settled_per_s": round(BURST / settled),
        "verified_records_per_s": round((ALONE + BURST) / verified),
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=None, help="where to put the file (default: the system's)")
    with tempfile.TemporaryDirectory(dir=parser.parse_args().folder) as scratch:
        print(json.dumps(asyncio.run(measure(Path(scratch))), indent=2))
