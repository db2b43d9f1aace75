"""A month of an action log with planted truths: `python -m benchmarks.month --records 1_000_000 --file month.sqlite3`.

Rows go straight into the tables, as the product writes them: every chain and HMAC holds and `chatwarden log verify`
passes. The same seed gives the same file. What was planted is returned, and written beside the file as JSON;
benchmarks.truths asks the product for each of it. About 0.7 kB of disk and 30 µs a Record.
"""

from __future__ import annotations

import argparse
import asyncio
import hmac
import json
import sqlite3
import sys
import time
from collections import Counter, deque
from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from pathlib import Path
from shutil import disk_usage
from typing import Any

import numpy as np
from rich.progress import track

from benchmarks import office
from benchmarks.shape import Shape
from storage.chain import canonical, genesis, insert
from storage.database import Database
from storage.people import personal_hash

DOCS = Path("docs/log-speed.md")
START_MS = 1_772_323_200_000  # 2026-03-01T00:00:00Z
DAYS = 30
MONTH_MS = DAYS * 86_400_000
CHUNK = 50_000
BYTES_A_RECORD = 1_000
CHANNELS = 200


@dataclass(frozen=True, slots=True)
class Kind:
    """What one filter does: its share of the Records, and how often it is right."""

    filter: str
    category: str
    action: str
    duration_s: int
    severity: int
    share: float
    precision: float


KINDS = (
    Kind("blocklist", "harassment", "timeout", 600, 2, 0.26, 0.93),
    Kind("regex", "channel rule", "delete", 0, 1, 0.10, 0.97),
    Kind("links", "spam and scams", "delete", 0, 1, 0.18, 0.88),
    Kind("flood", "spam and scams", "timeout", 60, 0, 0.14, 0.99),
    Kind("copypasta", "spam and scams", "delete", 0, 1, 0.12, 0.90),
    Kind("caps", "channel rule", "delete", 0, 0, 0.10, 0.75),
    Kind("newcomers", "spam and scams", "review", 0, 1, 0.04, 0.60),
    Kind("score", "harassment", "review", 0, 1, 0.03, 0.55),
    Kind("lookalikes", "spam and scams", "ban", 0, 2, 0.03, 0.98),
)
BY_HAND = Kind("moderator", "channel rule", "timeout", 600, 1, 0.0, 1.0)
WARNED = Kind("moderator", "channel rule", "warn", 0, 1, 0.0, 1.0)
"""What people did by hand that the bot had seen coming, and what it had missed."""
HAND_SHARE, MISSED_SHARE = 0.02, 0.3
"""Share of Records that people made by hand, and how many of those the bot had not seen coming."""
AGAIN = 0.35
"""How many of those who are warned, all of them new, are warned once more within days."""
HOUR_MS = 3_600_000
LATIN, CYRILLIC = "line %d with a b a d w o r d", "строка %d с п л о х и м"
LINES_A_RECORD = 40
EVERY_KIND = (*KINDS, BY_HAND, WARNED)
OUTCOMES = (("applied", 0.965), ("failed", 0.015), ("withheld", 0.01), ("undone", 0.01))
LEGS = {"detect": (180, 900), "decide": (8, 30), "commit": (2, 9), "enforce": (120, 480)}
"""Planted median and 95th percentile of each leg, ms; lognormal."""
Z95 = 1.6448536269514722


COLUMNS = {
    "records": (
        *("id", "ts_ms", "received_ms", "decided_ms", "committed_ms", "channel_id", "chatter_id", "message_id"),
        *("action", "duration_s", "filter", "rule", "category", "severity", "revision", "strikes", "dry_run", "exempt"),
        *("actor_id", "personal_hash", "row_hash"),
    ),
    "record_events": (
        *("id", "record_id", "at_ms", "outcome", "reason", "sent_ms", "done_ms", "attempts", "actor_id", "row_hash"),
    ),
    "record_states": ("record_id", "outcome", "reason", "sent_ms", "done_ms", "attempts"),
    "evidence": (
        *("record_id", "position", "filter", "rule", "category", "severity", "span_start", "span_end", "folded"),
        *("score", "distance", "technique", "detail", "related", "dry_run", "mac"),
    ),
    "context_messages": (*("record_id", "position", "ts_ms", "chatter_id", "message_id", "text", "sealed", "mac"),),
}
FIXED = [
    (each.action, each.duration_s, each.filter, "badword", each.category, each.severity, 1, 0, 0, "")
    for each in EVERY_KIND
]
RECORDS = [
    Shape(
        dict(zip(COLUMNS["records"][8:18], fixed, strict=True)),
        "actor_id chatter_id committed_ms decided_ms id received_ms ts_ms",
        "channel_id message_id personal_hash",
    )
    for fixed in FIXED
]
EVENT = Shape({"reason": ""}, "actor_id at_ms attempts done_ms id record_id sent_ms", "outcome")
QUIET_EVENT = Shape({"reason": ""}, "actor_id at_ms attempts id record_id", "outcome")
LINE = Shape({"position": 0, "sealed": 0}, "chatter_id ts_ms", "message_id text twitch_id")
FINDINGS = [
    (found, canonical(dict(zip(COLUMNS["evidence"][1:-1], found, strict=True))))
    for found in (
        (
            0,
            each.filter,
            "badword",
            each.category,
            each.severity,
            5,
            12,
            "badword",
            0.9,
            0,
            "spacing",
            "spaced",
            "[]",
            0,
        )
        for each in EVERY_KIND
    )
]


@dataclass(slots=True)
class Truth:
    """What was planted, and what was counted on the way."""

    records: int
    seed: int
    since_ms: int = START_MS
    until_ms: int = START_MS + MONTH_MS
    precision: dict[str, float] = field(default_factory=lambda: {kind.filter: kind.precision for kind in KINDS})
    legs: dict[str, tuple[int, int]] = field(default_factory=lambda: dict(LEGS))
    by_filter: dict[str, int] = field(default_factory=dict)
    by_outcome: dict[str, int] = field(default_factory=dict)
    missed_share: float = MISSED_SHARE
    again_share: float = AGAIN
    false_share: dict[str, float] = field(default_factory=dict)
    prevalence: float = 0.0
    missed: int = 0
    busiest: str = ""
    office: dict[str, Any] = field(default_factory=dict)


def generate(path: Path, records: int, seed: int) -> Truth:
    """Write the month to a new file and say what is in it.

    Raises:
        FileExistsError: there is a file already.
        OSError: too little disk.
    """
    if path.exists():
        raise FileExistsError(f"{path} exists already (remove it, or name another --file)")
    need, free = records * BYTES_A_RECORD, disk_usage(path.parent).free
    if need > free:
        raise OSError(f"{path}: {records:,} Records take {need >> 30} GiB, {free >> 30} GiB are free")
    asyncio.run(_create(path))
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        # A crash may break this file; nobody acts on it. Indexes and triggers come back at the end, at once.
        db.executescript("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -500000; BEGIN")
        later = db.execute(
            "SELECT type, name, sql FROM sqlite_master WHERE type IN ('index', 'trigger') AND sql IS NOT NULL"
        ).fetchall()
        for kind, name, _ in later:
            db.execute(f"DROP {kind} {name}")
        truth = Month(db, records, seed).write()
        for _, _, sql in track(later, "indexes", transient=True):
            db.execute(sql)
        db.execute("COMMIT")
        db.execute("PRAGMA journal_mode = WAL")
    path.with_suffix(".json").write_text(json.dumps(asdict(truth), indent=2) + "\n", encoding="utf-8")
    return truth


async def _create(path: Path) -> None:
    await (await Database.open(path)).close()


class Month:
    """Draws and writes; everything random comes from one generator."""

    def __init__(self, db: sqlite3.Connection, records: int, seed: int) -> None:
        self._db = db
        self._random = np.random.default_rng(seed)
        self._record_head, self._event_head, self._last_event = genesis("records"), genesis("record_events"), 0
        self._counts: Counter[tuple[int, str, int, str]] = Counter()
        self._truth = Truth(records, seed)
        self._regulars = max(100, records // 20)
        self._newcomers = 0
        self._due_again: deque[tuple[int, int, int]] = deque()
        self._office = office.Office(self._random, START_MS, self._truth.until_ms, records)

    def write(self) -> Truth:
        """The whole month."""
        truth = self._truth
        self._people()
        for begin in track(range(0, truth.records, CHUNK), "Records", transient=True):
            self._write_chunk(begin, min(CHUNK, truth.records - begin))
        self._many("daily_counts", map(_counted, self._counts.items()))
        for (_, _, which, outcome), n in sorted(self._counts.items()):
            name = EVERY_KIND[which].filter
            truth.by_filter[name] = truth.by_filter.get(name, 0) + n
            truth.by_outcome[outcome] = truth.by_outcome.get(outcome, 0) + n
        truth.busiest = "chatter1"
        self._lines()
        truth.office = self._office.write(self._db)
        return truth

    def _lines(self) -> None:
        """How many lines were said on each day, and what that makes the share of those that break a rule."""
        by_day: Counter[tuple[int, str]] = Counter()
        flagged = 0
        for (day, channel, which, outcome), n in self._counts.items():
            by_day[day, channel] += n * LINES_A_RECORD
            flagged += n if EVERY_KIND[which] in KINDS and outcome != "withheld" else 0
        self._many(
            "daily_lines",
            ({"day": _day(day), "channel_id": channel, "lines": n} for (day, channel), n in sorted(by_day.items())),
        )
        wrong = sum(kind.share * (1 - kind.precision) for kind in KINDS)
        self._truth.prevalence = (1 - wrong) * flagged / by_day.total()
        self._truth.false_share = {"Latin": wrong * office.falser(1), "Cyrillic": wrong * office.falser(0)}

    def _people(self) -> None:
        channels = [{"id": f"c{number}", "login": f"channel{number}"} for number in range(1, CHANNELS + 1)]
        self._many("channels", channels)
        self._many("actors", [{"id": number, "name": f"mod_{number}"} for number in range(2, 12)])
        self._office.staff(self._db)
        self._enrol(range(1, self._regulars + 1))

    def _enrol(self, numbers: range) -> None:
        self._many(
            "chatters", ({"id": n, "twitch_id": f"t{n}", "login": f"chatter{n}", "erased_ms": None} for n in numbers)
        )
        self._many("person_keys", ({"chatter_id": n, "key": _key(n)} for n in numbers))

    def _write_chunk(self, begin: int, size: int) -> None:
        draw = self._random
        kind = draw.choice(len(KINDS), size, p=[each.share for each in KINDS])
        by_hand = draw.random(size) < HAND_SHARE
        by_hand[0] = False
        by_hand[1:] &= ~by_hand[:-1]  # the one before is the bot's, which makes it the one seen coming
        kind[by_hand] = len(KINDS)
        missed = by_hand & (draw.random(size) < MISSED_SHARE)
        channel = draw.integers(1, CHANNELS + 1, size)
        chatter = (self._regulars * draw.random(size) ** 2).astype(int) + 1
        seen = np.flatnonzero(by_hand & ~missed)
        chatter[seen], channel[seen] = chatter[seen - 1], channel[seen - 1]
        sent = START_MS + (MONTH_MS * (begin + np.sort(draw.random(size)) * size) / self._truth.records).astype(int)
        kind[missed] = EVERY_KIND.index(WARNED)
        for each in np.flatnonzero(missed).tolist():
            chatter[each], channel[each] = self._warn(int(channel[each]), int(sent[each]))
        legs = [_lognormal(draw, size, *LEGS[name]) for name in LEGS]
        outcome = draw.choice([name for name, _ in OUTCOMES], size, p=[share for _, share in OUTCOMES])
        actor = np.where(by_hand, draw.integers(2, 12, size), 1)
        undone_by = draw.integers(2, 12, size)
        columns = (kind, channel, chatter, sent, *legs, outcome, actor, undone_by)
        rows: dict[str, list[tuple[Any, ...]]] = {table: [] for table in COLUMNS}
        for number, row in enumerate(zip(*(each.tolist() for each in columns), strict=True), begin + 1):
            self._write_record(number, row, rows)
        for table, written in rows.items():
            marks = ", ".join("?" * len(COLUMNS[table]))
            names = ", ".join(COLUMNS[table])
            self._db.executemany(f"INSERT INTO {table} ({names}) VALUES ({marks})", written)  # noqa: S608 - our names

    def _warn(self, channel: int, sent_ms: int) -> tuple[int, int]:
        """Who is warned, and where: somebody who is due again, else somebody new."""
        self._truth.missed += 1
        if self._due_again and self._due_again[0][0] <= sent_ms:
            _, chatter, where = self._due_again.popleft()
            return chatter, where
        self._newcomers += 1
        chatter = self._regulars + self._newcomers
        self._enrol(range(chatter, chatter + 1))
        if self._random.random() < AGAIN:
            self._due_again.append((sent_ms + HOUR_MS, chatter, channel))
        return chatter, channel

    def _write_record(self, number: int, row: tuple[Any, ...], rows: dict[str, list[tuple[Any, ...]]]) -> None:
        which, channel, chatter, sent, detect, decide, commit, enforce, outcome, actor, undone_by = row
        kind = EVERY_KIND[which]
        by_bot = actor == 1
        if kind.action == "review":
            outcome = "review"
        elif not by_bot:
            outcome = "applied"
        received = sent + detect
        decided = received + decide if by_bot else received
        committed = decided + commit
        done = committed + enforce if outcome in {"applied", "undone"} and by_bot else None
        begun = None if done is None else committed + enforce // 4
        key, where, message = _key(chatter), f"c{channel}", f"m{number}"
        text = (LATIN if number % office.CYRILLIC_EVERY else CYRILLIC) % number
        finding = hmac.digest(key, FINDINGS[which][1], "sha256")
        line = hmac.digest(key, LINE.filled(chatter, message, text, sent, f"t{chatter}"), "sha256")
        personal = personal_hash((finding, line))
        varying = (actor, where, chatter, committed, decided, number, message, personal.hex(), received, sent)
        self._record_head = sha256(self._record_head + RECORDS[which].filled(*varying)).digest()
        times = (sent, received, decided, committed)
        whom = (where, chatter, message)
        rows["records"].append((number, *times, *whom, *FIXED[which], actor, personal, self._record_head))
        rows["evidence"].append((number, *FINDINGS[which][0], finding))
        rows["context_messages"].append((number, 0, sent, chatter, message, text, 0, line))
        attempts = int(done is not None)
        rows["record_states"].append((number, outcome, "", begun, done, attempts))
        first = "applied" if outcome == "undone" else outcome
        self._append_event(rows["record_events"], number, done or committed, first, begun, done, attempts, 1)
        if done is not None and outcome == "undone":
            self._append_event(rows["record_events"], number, done + 60_000, outcome, None, None, 0, undone_by)
        self._counts[sent // 86_400_000, where, which, outcome] += 1
        if by_bot:
            self._office.offer(number, kind, committed, outcome, channel, chatter)

    def _append_event(self, rows: list[tuple[Any, ...]], record: int, at_ms: int, outcome: str, *more: Any) -> None:
        begun, done, attempts, actor = more
        self._last_event += 1
        if done is None:
            link = QUIET_EVENT.filled(actor, at_ms, attempts, self._last_event, outcome, record)
        else:
            link = EVENT.filled(actor, at_ms, attempts, done, self._last_event, outcome, record, begun)
        self._event_head = sha256(self._event_head + link).digest()
        rows.append((self._last_event, record, at_ms, outcome, "", *more, self._event_head))

    def _many(self, table: str, rows: Any) -> None:
        rows = iter(rows)
        if (first := next(rows, None)) is not None:
            self._db.executemany(insert(table, first), _chained(first, rows))


def _chained(first: Any, rows: Iterator[Any]) -> Iterator[Any]:
    yield first
    yield from rows


def _counted(item: tuple[tuple[int, str, int, str], int]) -> dict[str, Any]:
    (day, channel, which, outcome), records = item
    kind = EVERY_KIND[which]
    return {
        "day": _day(day),
        "channel_id": channel,
        "filter": kind.filter,
        "category": kind.category,
        "action": kind.action,
        "outcome": outcome,
        "by_bot": int(kind in KINDS),
        "records": records,
    }


def _day(number: int) -> str:
    return time.strftime("%Y-%m-%d", time.gmtime(number * 86_400))


def _key(chatter: int) -> bytes:
    return sha256(f"key of {chatter}".encode()).digest()


def _lognormal(draw: np.random.Generator, size: int, median: int, high: int) -> Any:
    return np.rint(median * np.exp(draw.standard_normal(size) * np.log(high / median) / Z95)).astype(int)


if __name__ == "__main__":
    from benchmarks.truths import measure

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=1_000_000, help="how many, e.g. 10_000_000")
    parser.add_argument("--file", type=Path, default=Path("var/month.sqlite3"), help="where; asked again if it exists")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--everything", action="store_true", help="also verify all of it: 90 s a million")
    parser.add_argument("--write", action="store_true", help=f"write {DOCS}")
    arguments = parser.parse_args()
    if not arguments.file.exists():
        start = time.perf_counter()
        generate(arguments.file, arguments.records, arguments.seed)
        took, size = time.perf_counter() - start, arguments.file.stat().st_size
        print(f"{arguments.records:,} Records written in {took:.0f} s, {size / 2**30:.2f} GiB", file=sys.stderr)
    page = DOCS if arguments.write else None
    sys.exit(measure(arguments.file, everything=arguments.everything, page=page))
