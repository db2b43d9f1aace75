"""Exposure: every look at unmasked chat text is counted, noted in audit, and capped per shift.

Less is seen, rather than shown blurred: a 2026 study (DOI 10.1007/s00426-026-02241-5) found that blur and greyscale did
not reduce harm to reviewers.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import aiosqlite

from storage.audit import Surface
from storage.database import Database, DatabaseError, now_ms
from storage.people import actor_number
from storage.reading import RecordQuery
from storage.roles import Staff, note_staff
from storage.rules import rule

HOUR_MS = 3_600_000


AT_ONCE = 1_000
"""Most Records whose text one command may show."""


class ExposureError(DatabaseError):
    """The reviewer has seen as much in this shift as the rules allow, or the Record is sealed."""


@dataclass(frozen=True, slots=True)
class Load:
    """What one reviewer saw unmasked in the last shift: looks, their severity points, and the most allowed."""

    looks: int
    points: int
    limit: int


class Exposure:
    """Counts looks. Callers have asked the Roster first."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def unmask(self, staff: Staff, record_id: int, *, surface: Surface, purpose: str = "review") -> None:
        """Note that this person is about to see a Record's text; nothing may be shown unless this returns.

        Raises:
            ExposureError: the limit of the shift is reached, the Record is sealed, or there is none.
        """
        async with self._db.transaction() as transaction:
            await look(transaction, staff, record_id, surface=surface, purpose=purpose)

    async def unmask_all(self, staff: Staff, query: RecordQuery, *, surface: Surface, purpose: str) -> RecordQuery:
        """Note that this person is about to see the text of every Record a query names, and return that query for what
        there is now: a Record written later was not counted. Where no text is kept there is nothing to see.

        Raises:
            ExposureError: too many at once, or they would pass the limit of the shift; then none may be shown.
        """
        [last] = await self._db.rows("SELECT coalesce(max(id), 0) FROM records")
        query = replace(query, upto_id=int(last[0]) if query.upto_id is None else min(query.upto_id, int(last[0])))
        where, values = query.conditions()
        limit = AT_ONCE + 1 if query.limit is None else min(query.limit, AT_ONCE + 1)
        rows = await self._db.rows(_SEEN.format(where=where), {**values, "limit": limit})
        if len(rows) > AT_ONCE:
            raise ExposureError(
                f"this names more than {AT_ONCE} Records, the most whose text can be seen at once"
                " (ask for fewer, or leave the text masked)"
            )
        seen = [each for each in rows if each["kept"]]
        if seen:
            async with self._db.transaction() as transaction:
                at_ms = now_ms()
                points = sum(each["severity"] for each in seen)
                await _check_limit(transaction, staff, at_ms, points if len(seen) > 1 else 0)
                actor = await actor_number(transaction, staff.name)
                await transaction.executemany(
                    "INSERT INTO exposures (at_ms, actor_id, record_id, severity, sealed, surface)"
                    " VALUES (?, ?, ?, ?, 0, ?)",
                    [(at_ms, actor, each["id"], each["severity"], surface) for each in seen],
                )
                await note_staff(transaction, staff, surface, "unmask", f"{len(seen)} Records", purpose)
        return query

    async def load(self, staff: Staff) -> Load:
        """What the person saw in the hours of a shift up to now."""
        [row] = await self._db.rows(_LOAD, {"name": staff.name, "now_ms": now_ms(), "hour_ms": HOUR_MS})
        return Load(*row)


async def look(
    transaction: aiosqlite.Connection,
    staff: Staff,
    record_id: int,
    *,
    surface: Surface,
    purpose: str,
    sealed: bool = False,
) -> None:
    """Count one look, in the transaction that notes it.

    Raises:
        ExposureError: as ``Exposure.unmask``.
    """
    at_ms = now_ms()
    await _check_limit(transaction, staff, at_ms)
    rows = [
        *await transaction.execute_fetchall(
            "SELECT severity, channel_id, EXISTS (SELECT 1 FROM sealed WHERE record_id = r.id) AS sealed"
            " FROM records AS r WHERE id = ?",
            (record_id,),
        )
    ]
    if not rows:
        raise ExposureError(f"there is no Record #{record_id}")
    if rows[0]["sealed"] and not sealed:
        raise ExposureError(f"record #{record_id} is sealed (see: chatwarden sealed list)")
    await transaction.execute(
        "INSERT INTO exposures (at_ms, actor_id, record_id, severity, sealed, surface) VALUES (?, ?, ?, ?, ?, ?)",
        (at_ms, await actor_number(transaction, staff.name), record_id, rows[0]["severity"], int(sealed), surface),
    )
    await note_staff(
        transaction,
        staff,
        surface,
        "sealed open" if sealed else "unmask",
        f"record {record_id}",
        purpose,
        channel_id=rows[0]["channel_id"],
    )


async def _check_limit(transaction: aiosqlite.Connection, staff: Staff, at_ms: int, points: int = 0) -> None:
    """Refuse when the limit is reached, or ``points`` more, of several looks at once, would pass it."""
    [load] = await transaction.execute_fetchall(_LOAD, {"name": staff.name, "now_ms": at_ms, "hour_ms": HOUR_MS})
    if load["points"] >= load["most"] or load["points"] + points > load["most"]:
        hours = await rule(transaction, "shift_hours")
        asked = f" and asks for {points} more" if points else ""
        raise ExposureError(
            f"{staff.name} has seen {load['points']} severity points unmasked in {hours:g} hours{asked},"
            f" the limit is {load['most']} (decide from masked text, or hand over)"
        )


_SEEN = """
    SELECT r.id, r.severity, m.text IS NOT NULL AS kept
    FROM records AS r
    JOIN context_messages AS m ON m.record_id = r.id AND m.position = 0
    WHERE r.id IN (
        SELECT v.record_id FROM v_counts AS v{where} ORDER BY v.ts_ms DESC, v.record_id DESC LIMIT :limit
    )
"""

_LOAD = """
    SELECT count(*) AS looks, coalesce(sum(x.severity), 0) AS points,
        (SELECT CAST(value AS INTEGER) FROM rules WHERE name = 'exposure_limit') AS most
    FROM exposures AS x
    WHERE x.actor_id = (SELECT id FROM actors WHERE name = :name)
        AND x.at_ms > :now_ms - :hour_ms * (SELECT value FROM rules WHERE name = 'shift_hours')
"""
