"""Proof that the log is as it was written: every chain, every person's text, and the state derived from events."""

from __future__ import annotations

import hmac
import sqlite3
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from storage.chain import CHAINED, genesis, row_hash
from storage.database import Database
from storage.people import mac, personal_hash

CHUNK = 1_000
"""Records whose personal rows are read together."""


@dataclass(frozen=True, slots=True)
class Head:
    """The last row of a chain: its number (0 if the table is empty) and hash in hex."""

    id: int
    row_hash: str


@dataclass(frozen=True, slots=True)
class Break:
    """The first row of a table that is not as written, and what shows it."""

    table: str
    id: int
    what: str

    def __str__(self) -> str:
        return f"{self.table} row {self.id}: {self.what}"


@dataclass(slots=True)
class Verification:
    """What was read and what was found broken: at most one break per table, the first."""

    rows: dict[str, int] = field(default_factory=dict)
    heads: dict[str, Head] = field(default_factory=dict)
    breaks: list[Break] = field(default_factory=list)


async def heads(db: Database) -> dict[str, Head]:
    """The end of every chain: kept outside the database, it shows a chain that was cut or rebuilt."""
    found = {}
    for table in CHAINED:
        rows = await db.rows(f"SELECT id, row_hash FROM {table} ORDER BY id DESC LIMIT 1")  # noqa: S608 - our names
        found[table] = Head(rows[0][0], rows[0][1].hex()) if rows else Head(0, genesis(table).hex())
    return found


async def verify(
    db: Database, anchors: Mapping[str, Head] | None = None, progress: Callable[[int], None] = lambda _rows: None
) -> Verification:
    """Read everything and recompute every hash.

    ``anchors`` are heads noted earlier; each must still stand in its chain. ``progress`` hears of rows as they are
    read. Raises CorruptDatabaseError if the file itself is damaged.
    """
    result = Verification()
    async with db.snapshot():
        result.heads = await heads(db)
        for table in CHAINED:
            anchor = (anchors or {}).get(table, Head(0, ""))
            result.rows[table], broken = await _verify_chain(db, table, anchor, progress)
            result.breaks += [broken] if broken else []
        result.breaks += [broken] if (broken := await _verify_personal(db, progress)) else []
        for look in (_verify_erasures, _verify_notes, _verify_seals, _verify_states):
            result.breaks += [broken] if (broken := await look(db)) else []
    return result


async def _verify_chain(
    db: Database, table: str, anchor: Head, progress: Callable[[int], None]
) -> tuple[int, Break | None]:
    previous, number = genesis(table), 0
    async for row in db.stream(f"SELECT * FROM {table} ORDER BY id"):  # noqa: S608 - our names
        if row["id"] != number + 1:
            return number, Break(table, number + 1, f"missing; the next row is {row['id']}")
        number += 1
        columns = _columns(row, "row_hash")
        if row_hash(previous, columns) != row["row_hash"]:
            return number, Break(table, number, "its columns or the row before were changed")
        previous = row["row_hash"]
        if number == anchor.id and previous.hex() != anchor.row_hash:
            return number, Break(table, number, "is not the row the manifest anchors; the chain was rebuilt")
        if number % CHUNK == 0:
            progress(CHUNK)
    if number < anchor.id:
        return number, Break(table, number + 1, f"missing; the manifest anchors row {anchor.id}")
    return number, None


async def _verify_personal(db: Database, progress: Callable[[int], None]) -> Break | None:
    first = 1
    while records := await db.rows(
        "SELECT r.id, r.personal_hash FROM records AS r WHERE r.id >= ? ORDER BY r.id LIMIT ?", (first, CHUNK)
    ):
        between = (first, records[-1]["id"])
        macs: dict[int, list[bytes]] = defaultdict(list)
        for table, sql in (("evidence", _EVIDENCE), ("context_messages", _LINES)):
            for row in await db.rows(sql, between):
                if fault := _fault(row):
                    return Break(table, row["record_id"], f"position {row['position']}: {fault}")
                macs[row["record_id"]].append(row["mac"])
        for number, expected in records:
            if personal_hash(macs[number]) != expected:
                return Break("evidence", number, "rows of evidence or context were added, removed or exchanged")
        first = between[1] + 1
        progress(len(records))
    for table in ("evidence", "context_messages"):
        if rows := await db.rows(_OF_NO_RECORD.format(table=table)):
            return Break(table, rows[0][0], "belongs to no Record")
    return None


def _fault(row: sqlite3.Row) -> str:
    if row["key"] is None:
        if not row["erased"]:
            return "the person's key is gone without an erasure"
        return "has words of a person who was erased" if row["words"] else ""
    columns = _columns(row, "record_id", "mac", "key", "erased", "words", "gone")
    return "" if row["gone"] or mac(row["key"], columns) == row["mac"] else "is not as written"


async def _verify_erasures(db: Database) -> Break | None:
    if rows := await db.rows(_NOT_ERASED):
        return Break("chatters", rows[0][0], "who was erased can be told again")
    return None


async def _verify_seals(db: Database) -> Break | None:
    if rows := await db.rows(_LOST_SEAL):
        return Break("sealed_content", rows[0][0], "is missing without retention, release or an erasure")
    return None


async def _verify_notes(db: Database) -> Break | None:
    for row in await db.rows(_NOTES):
        if row["text"] is None and not row["gone"]:
            return Break("case_note_texts", row["id"], "is missing without retention or an erasure")
        if row["text"] is not None and hmac.digest(row["key"], row["text"].encode(), "sha256") != row["digest"]:
            return Break("case_note_texts", row["id"], "is not as written")
    return None


async def _verify_states(db: Database) -> Break | None:
    for sql in (_WRONG_STATE, _OF_NO_RECORD.format(table="record_states")):
        if rows := await db.rows(sql):
            return Break("record_states", rows[0][0], "does not follow from record_events")
    if rows := await db.rows(_WRONG_COUNT):
        return Break("daily_counts", rows[0][0], "is not how many Records of that day stand so")
    return None


def _columns(row: sqlite3.Row, *without: str) -> dict[str, Any]:
    columns = dict(zip(row.keys(), row, strict=True))  # asking a Row by name searches all its names
    for name in without:
        del columns[name]
    return columns


_PAST = """r.ts_ms < (
            SELECT max(before_ms) FROM retention_runs AS t WHERE t.subject = 'bodies' AND t.category = r.category
        )"""
"""Whether retention accounts for it that a Record's words are gone."""

# CASE and not AND: the AND of a value asks both sides, and would read all Records of a busy chatter for each line.
_EVIDENCE = f"""
    SELECT e.*, k.key, r.chatter_id IN (SELECT chatter_id FROM erasures) AS erased,
        e.folded IS NOT NULL OR e.detail IS NOT NULL AS words,
        CASE WHEN e.folded IS NULL AND e.detail IS NULL THEN {_PAST} OR r.id IN (SELECT record_id FROM sealed)
        ELSE 0 END AS gone
    FROM evidence AS e
    JOIN records AS r ON r.id = e.record_id
    LEFT JOIN person_keys AS k ON k.chatter_id = r.chatter_id
    WHERE e.record_id BETWEEN ? AND ?
    ORDER BY e.record_id, e.position
"""  # noqa: S608 - fixed text

_LINES = f"""
    SELECT m.*, p.twitch_id, k.key, m.chatter_id IN (SELECT chatter_id FROM erasures) AS erased,
        m.text IS NOT NULL AS words,
        CASE WHEN m.text IS NULL THEN
            {_PAST}
            OR EXISTS (
                SELECT 1
                FROM records AS q
                JOIN sealed AS e ON e.record_id = q.id
                WHERE q.chatter_id = m.chatter_id AND q.message_id = m.message_id
            )
        ELSE 0 END AS gone
    FROM context_messages AS m
    JOIN records AS r ON r.id = m.record_id
    JOIN chatters AS p ON p.id = m.chatter_id
    LEFT JOIN person_keys AS k ON k.chatter_id = m.chatter_id
    WHERE m.record_id BETWEEN ? AND ?
    ORDER BY m.record_id, m.position
"""  # noqa: S608 - fixed text

_OF_NO_RECORD = """
    SELECT record_id FROM {table} WHERE record_id < 1 OR record_id > (SELECT coalesce(max(id), 0) FROM records) LIMIT 1
"""

_NOT_ERASED = """
    SELECT e.chatter_id
    FROM erasures AS e
    LEFT JOIN chatters AS p ON p.id = e.chatter_id
    LEFT JOIN person_keys AS k ON k.chatter_id = e.chatter_id
    WHERE p.erased_ms IS NULL OR p.twitch_id IS NOT NULL OR p.login IS NOT NULL OR k.key IS NOT NULL
    ORDER BY e.id
    LIMIT 1
"""

# Content is kept for a day at least, so no run of retention before that accounts for it.
_LOST_SEAL = """
    SELECT e.id
    FROM sealed AS e
    JOIN records AS r ON r.id = e.record_id
    WHERE e.kept
        AND NOT EXISTS (SELECT 1 FROM sealed_content AS n WHERE n.sealed_id = e.id)
        AND NOT EXISTS (SELECT 1 FROM seal_releases AS d WHERE d.sealed_id = e.id AND d.outcome = 'destroyed')
        AND r.chatter_id NOT IN (SELECT chatter_id FROM erasures)
        AND e.at_ms + 86400000 > (SELECT coalesce(max(before_ms), 0) FROM retention_runs WHERE subject = 'sealed')
    ORDER BY e.id
    LIMIT 1
"""

_NOTES = """
    SELECT n.id, n.digest, t.key, t.text,
        k.closed_ms < (SELECT max(before_ms) FROM retention_runs WHERE subject = 'cases')
        OR EXISTS (
            SELECT 1
            FROM case_items AS i
            JOIN erasures AS e ON e.chatter_id = i.subject
            WHERE i.case_id = n.case_id AND i.kind = 'person'
        ) AS gone
    FROM case_notes AS n
    JOIN cases AS k ON k.id = n.case_id
    LEFT JOIN case_note_texts AS t ON t.note_id = n.id
    ORDER BY n.id
"""

_WRONG_STATE = """
    SELECT r.id
    FROM records AS r
    LEFT JOIN record_states AS s ON s.record_id = r.id
    LEFT JOIN record_events AS f ON f.id = (SELECT min(id) FROM record_events WHERE record_id = r.id)
    LEFT JOIN record_events AS l ON l.id = (SELECT max(id) FROM record_events WHERE record_id = r.id)
    WHERE s.outcome IS NOT coalesce(l.outcome, 'pending')
        OR s.reason IS NOT coalesce(l.reason, '')
        OR s.sent_ms IS NOT f.sent_ms
        OR s.done_ms IS NOT f.done_ms
        OR s.attempts IS NOT coalesce(f.attempts, 0)
    ORDER BY r.id
    LIMIT 1
"""

_WRONG_COUNT = """
    WITH found AS (
        SELECT date(r.ts_ms / 1000, 'unixepoch') AS day, r.channel_id, r.filter, r.category, r.action, s.outcome,
            r.actor_id = 1 AS by_bot, count(*) AS records
        FROM records AS r
        JOIN record_states AS s ON s.record_id = r.id
        GROUP BY 1, 2, 3, 4, 5, 6, 7
    ),
    kept AS (SELECT * FROM daily_counts WHERE records <> 0)
    SELECT CAST(replace(day, '-', '') AS INTEGER)
    FROM (SELECT * FROM (SELECT * FROM found EXCEPT SELECT * FROM kept)
        UNION ALL SELECT * FROM (SELECT * FROM kept EXCEPT SELECT * FROM found))
    ORDER BY day
    LIMIT 1
"""
