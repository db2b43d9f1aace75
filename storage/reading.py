"""The action log as people and the bot read it: Records, their details, and the questions asked of them."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import AsyncIterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from filters.types import Action, ActionKind, Category, Evidence, Severity
from storage.database import Database


class Outcome(StrEnum):
    """How a Record stands. PENDING until settled; UNDONE follows APPLIED."""

    PENDING = "pending"
    APPLIED = "applied"
    FAILED = "failed"
    DRY_RUN = "dry_run"
    WITHHELD = "withheld"
    SUPERSEDED = "superseded"
    REVIEW = "review"
    UNDONE = "undone"


@dataclass(frozen=True, slots=True)
class Record:
    """One row of the action log with its latest outcome. Times are UTC milliseconds.

    ``chatter_id`` and ``chatter`` are empty once the person is erased; ``text`` is None once erased, and where it was
    never kept in plain.
    """

    id: int
    ts_ms: int
    received_ms: int
    decided_ms: int
    committed_ms: int
    channel_id: str
    channel: str
    person: int
    chatter_id: str
    chatter: str
    message_id: str
    text: str | None
    action: Action
    filter: str
    rule: str
    category: Category
    severity: Severity
    revision: int
    strikes: int
    dry_run: bool
    exempt: str
    actor: str
    outcome: Outcome
    reason: str
    sent_ms: int | None
    done_ms: int | None
    attempts: int


@dataclass(frozen=True, slots=True)
class ContextLine:
    """A chat line before the judged one. ``chatter`` is empty and ``text`` None once its writer is erased."""

    ts_ms: int
    chatter: str
    text: str | None


@dataclass(frozen=True, slots=True)
class RecordEvent:
    """One step in a Record's life after it was committed."""

    at_ms: int
    outcome: Outcome
    reason: str
    sent_ms: int | None
    done_ms: int | None
    attempts: int
    actor: str


@dataclass(frozen=True, slots=True)
class RecordDetails:
    """What stands behind a Record: Evidence (``folded`` and ``detail`` empty once erased), context and events."""

    evidence: tuple[Evidence, ...]
    context: tuple[ContextLine, ...]
    events: tuple[RecordEvent, ...]


@dataclass(frozen=True, slots=True)
class RecordQuery:
    """Which Records; unset fields do not filter.

    ``channel`` and ``chatter`` are a login or Twitch id, ``since_ms`` (inclusive) and ``until_ms`` (exclusive) are the
    messages' times, ``after_id`` is exclusive, ``upto_id`` inclusive. ``before`` is the time and number of a Record:
    only what a list, newest first, has after it. ``limit`` None means all.
    """

    channel: str | None = None
    chatter: str | None = None
    actor: str | None = None
    filter: str | None = None
    category: Category | None = None
    action: ActionKind | None = None
    outcome: Outcome | None = None
    since_ms: int | None = None
    until_ms: int | None = None
    after_id: int | None = None
    upto_id: int | None = None
    before: tuple[int, int] | None = None
    limit: int | None = 100

    def conditions(self) -> tuple[str, dict[str, Any]]:
        """The WHERE clause (empty if nothing filters) and its parameters."""
        values: dict[str, Any] = {
            "channel": _login(self.channel),
            "chatter": _login(self.chatter),
            "actor": _login(self.actor),
            "filter": self.filter,
            "category": self.category,
            "action": None if self.action is None else self.action.name.lower(),
            "outcome": self.outcome,
            "since_ms": self.since_ms,
            "until_ms": self.until_ms,
            "after_id": self.after_id,
            "upto_id": self.upto_id,
        }
        used = {name: value for name, value in values.items() if value is not None}
        clauses = [_CONDITIONS[name] for name in used]
        if self.before is not None:
            # Many lines may have one time: a page that ended among them goes on by number.
            clauses.append("(v.ts_ms, v.record_id) < (:before_ms, :before_id)")
            used["before_ms"], used["before_id"] = self.before
        clause = " AND ".join(clauses)
        return (f" WHERE {clause}" if clause else ""), used


Records = list[Record]
ActedOn = list[tuple[int, Action]]

_CONDITIONS = {
    # One channel, so that its index also gives the order; an id goes before a login that looks like it.
    "channel": "v.channel_id ="
    " (SELECT id FROM channels WHERE login = :channel OR id = :channel ORDER BY id <> :channel LIMIT 1)",
    "chatter": "v.person IN (SELECT id FROM chatters WHERE login = :chatter OR twitch_id = :chatter)",
    "actor": "v.actor = :actor",
    "filter": "v.filter = :filter",
    "category": "v.category = :category",
    "action": "v.action = :action",
    "outcome": "v.outcome = :outcome",
    "since_ms": "v.ts_ms >= :since_ms",
    "until_ms": "v.ts_ms < :until_ms",
    "after_id": "v.record_id > :after_id",
    "upto_id": "v.record_id <= :upto_id",
}

_RECORDS = (
    "SELECT v.*, m.text FROM v_actions AS v"
    " LEFT JOIN context_messages AS m ON m.record_id = v.record_id AND m.position = 0"
)

_ACTED_ON = """
    SELECT r.ts_ms, r.action, r.duration_s
    FROM records AS r
    JOIN record_states AS s ON s.record_id = r.id
    WHERE r.chatter_id = (SELECT id FROM chatters WHERE twitch_id = :chatter_id)
        AND r.channel_id = :channel_id
        AND r.ts_ms >= :since_ms
        AND r.action IN ('delete', 'warn', 'timeout', 'ban')
        AND s.outcome IN ('pending', 'applied')
    ORDER BY r.ts_ms
"""


class Reader:
    """Questions about the log, answered as last committed. Needs no more than a read-only database."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def get(self, record_id: int) -> Record | None:
        """The Record of that number, or None."""
        rows = await self._db.rows(f"{_RECORDS} WHERE v.record_id = ?", (record_id,))
        return _record(rows[0]) if rows else None

    async def details(self, record_id: int) -> RecordDetails:
        """What stands behind a Record; everything is empty for a number that does not exist."""
        evidence = await self._db.rows("SELECT * FROM evidence WHERE record_id = ? ORDER BY position", (record_id,))
        context = await self._db.rows(
            "SELECT m.ts_ms, coalesce(p.login, ''), m.text FROM context_messages AS m"
            " JOIN chatters AS p ON p.id = m.chatter_id WHERE m.record_id = ? AND m.position < 0 ORDER BY m.position",
            (record_id,),
        )
        events = await self._db.rows(
            "SELECT e.at_ms, e.outcome, e.reason, e.sent_ms, e.done_ms, e.attempts, a.name FROM record_events AS e"
            " JOIN actors AS a ON a.id = e.actor_id WHERE e.record_id = ? ORDER BY e.id",
            (record_id,),
        )
        return RecordDetails(
            tuple(_evidence(row) for row in evidence),
            tuple(ContextLine(*row) for row in context),
            tuple(RecordEvent(row[0], Outcome(row[1]), *row[2:]) for row in map(tuple, events)),
        )

    async def list(self, query: RecordQuery) -> Records:
        """The Records a query names, newest message first."""
        return [record async for record in self.stream(query)]

    async def stream(self, query: RecordQuery) -> AsyncIterator[Record]:
        """The same, one after another, without holding them all; a query by ``after_id`` runs oldest first."""
        where, values = query.conditions()
        # One person's Records in one channel are few: the plus keeps SQLite from reading the channel in order for them.
        newest = "+v.ts_ms DESC" if query.chatter and query.channel else "v.ts_ms DESC"
        order = f"{newest}, v.record_id DESC" if query.after_id is None else "v.record_id"
        if query.limit is not None:
            # Only those that will be shown are joined and sorted whole: a busy chatter has thousands.
            where = (
                f" WHERE v.record_id IN (SELECT v.record_id FROM v_counts AS v{where} ORDER BY {order} LIMIT :limit)"  # noqa: S608
            )
            values["limit"] = query.limit
        async for row in self._db.stream(f"{_RECORDS}{where} ORDER BY {order}", values):
            yield _record(row)

    async def of_group(self, group_id: int, limit: int) -> Records:
        """A group's first Records, oldest first."""
        where = (
            " WHERE v.record_id IN"
            " (SELECT record_id FROM record_group_members WHERE group_id = ? ORDER BY record_id LIMIT ?)"
        )
        rows = await self._db.rows(f"{_RECORDS}{where} ORDER BY v.record_id", (group_id, limit))
        return [_record(row) for row in rows]

    async def count(self, query: RecordQuery) -> int:
        """How many Records a query names, whatever its limit."""
        where, values = query.conditions()
        [row] = await self._db.rows(f"SELECT count(*) FROM v_counts AS v{where}", values)  # noqa: S608 - fixed clauses
        return int(row[0])

    async def pending(self) -> Records:
        """Records committed but not settled, oldest first: what a crash left open."""
        where = " WHERE v.record_id IN (SELECT record_id FROM record_states WHERE outcome = 'pending')"
        return [_record(row) for row in await self._db.rows(f"{_RECORDS}{where} ORDER BY v.record_id")]

    async def last_id(self) -> int:
        """The newest Record's number, 0 if there is none."""
        [row] = await self._db.rows("SELECT coalesce(max(id), 0) FROM records")
        return int(row[0])

    async def acted_on(self, channel_id: str, chatter_id: str, since_ms: int) -> ActedOn:
        """When (UTC ms, ascending) a chatter's lines since ``since_ms`` were acted on in a channel, and how.

        Only what still stands or is under way counts: strikes are derived from the log, never kept as a counter.
        """
        rows = await self._db.rows(
            _ACTED_ON, {"channel_id": channel_id, "chatter_id": chatter_id, "since_ms": since_ms}
        )
        return [(row["ts_ms"], Action(ActionKind[row["action"].upper()], row["duration_s"])) for row in rows]


def _login(who: str | None) -> str | None:
    return None if who is None else who.removeprefix("@").removeprefix("#").lower()


def _record(row: sqlite3.Row) -> Record:
    return Record(
        id=row["record_id"],
        ts_ms=row["ts_ms"],
        received_ms=row["received_ms"],
        decided_ms=row["decided_ms"],
        committed_ms=row["committed_ms"],
        channel_id=row["channel_id"],
        channel=row["channel"] or "",
        person=row["person"],
        chatter_id=row["chatter_id"] or "",
        chatter=row["chatter"] or "",
        message_id=row["message_id"],
        text=row["text"],
        action=Action(ActionKind[row["action"].upper()], row["duration_s"]),
        filter=row["filter"],
        rule=row["rule"],
        category=Category(row["category"]),
        severity=Severity(row["severity"]),
        revision=row["revision"],
        strikes=row["strikes"],
        dry_run=bool(row["dry_run"]),
        exempt=row["exempt"],
        actor=row["actor"],
        outcome=Outcome(row["outcome"]),
        reason=row["reason"],
        sent_ms=row["sent_ms"],
        done_ms=row["done_ms"],
        attempts=row["attempts"],
    )


def _evidence(row: sqlite3.Row) -> Evidence:
    return Evidence(
        filter=row["filter"],
        rule=row["rule"],
        category=Category(row["category"]),
        severity=Severity(row["severity"]),
        span=(row["span_start"], row["span_end"]),
        folded=row["folded"] or "",
        score=row["score"],
        distance=row["distance"],
        technique=row["technique"],
        detail=row["detail"] or "",
        related=tuple(json.loads(row["related"])),
        dry_run=bool(row["dry_run"]),
    )
