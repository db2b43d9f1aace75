"""Exposure: every look at unmasked chat text is counted, noted in audit, and capped per shift.

Less is seen, rather than shown blurred: a 2026 study (DOI 10.1007/s00426-026-02241-5) found that blur and greyscale did
not reduce harm to reviewers.
"""

from __future__ import annotations

from dataclasses import dataclass

import aiosqlite

from storage.audit import Surface
from storage.database import Database, DatabaseError, now_ms
from storage.people import actor_number
from storage.roles import Staff, note_staff
from storage.rules import rule

HOUR_MS = 3_600_000


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
    [load] = await transaction.execute_fetchall(_LOAD, {"name": staff.name, "now_ms": at_ms, "hour_ms": HOUR_MS})
    if load["points"] >= load["most"]:
        hours = await rule(transaction, "shift_hours")
        raise ExposureError(
            f"{staff.name} has seen {load['points']} severity points unmasked in {hours:g} hours,"
            f" the limit is {load['most']} (decide from masked text, or hand over)"
        )
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


_LOAD = """
    SELECT count(*) AS looks, coalesce(sum(x.severity), 0) AS points,
        (SELECT CAST(value AS INTEGER) FROM rules WHERE name = 'exposure_limit') AS most
    FROM exposures AS x
    WHERE x.actor_id = (SELECT id FROM actors WHERE name = :name)
        AND x.at_ms > :now_ms - :hour_ms * (SELECT value FROM rules WHERE name = 'shift_hours')
"""
