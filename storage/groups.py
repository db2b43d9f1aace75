"""Groups of Records: what one decision, a raid or a nuke, did to many, so that one undo reverses it all."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

from storage.database import Database
from storage.people import actor_number

Kind = Literal["raid", "nuke"]

Modes = dict[str, tuple[int, int]]
"""Chat modes by name: the value before and the one set; 0 is off, -1 on without a minimum."""


@dataclass(frozen=True, slots=True)
class RecordGroup:
    """One decision about many. Times are UTC milliseconds; ``ended_ms`` is None while it goes on."""

    id: int
    kind: str
    channel_id: str
    actor: str
    why: str
    started_ms: int
    ended_ms: int | None
    records: int


@dataclass(frozen=True, slots=True)
class GroupStanding:
    """How many of a group's Records are in force or under way, how many undone, and who undid the last one when."""

    standing: int
    undone: int
    undone_by: str
    undone_ms: int | None


class Groups:
    """Opens, ends and reads groups. A Record joins one when it is written (NewRecord.group_id) or by ``take_in``."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def open(self, kind: Kind, channel_id: str, *, actor: str, why: str, started_ms: int) -> int:
        """Begin a group and return its number. Raises WriteError."""
        async with self._db.transaction() as transaction:
            await transaction.execute("INSERT INTO channels (id) VALUES (?) ON CONFLICT (id) DO NOTHING", (channel_id,))
            [row] = await transaction.execute_fetchall(
                "INSERT INTO record_groups (kind, channel_id, actor_id, why, started_ms) VALUES (?, ?, ?, ?, ?)"
                " RETURNING id",
                (kind, channel_id, await actor_number(transaction, actor), why, started_ms),
            )
        return int(row[0])

    async def end(self, group_id: int, ended_ms: int) -> None:
        """Say when it was over. Raises WriteError."""
        async with self._db.transaction() as transaction:
            await transaction.execute("UPDATE record_groups SET ended_ms = ? WHERE id = ?", (ended_ms, group_id))

    async def take_in(self, group_id: int, chatter_ids: Collection[str], since_ms: int) -> None:
        """Let what the bot did about people before belong to the group: Records since then that are in none.

        Raises WriteError.
        """
        rows = await self._db.rows(_LOOSE, (group_id, json.dumps(list(chatter_ids)), since_ms))
        if rows:
            async with self._db.transaction() as transaction:
                await transaction.executemany(
                    "INSERT INTO record_group_members (record_id, group_id) VALUES (?, ?)"
                    " ON CONFLICT (record_id) DO NOTHING",
                    [(row[0], group_id) for row in rows],
                )

    async def keep_modes(self, group_id: int, modes: Modes) -> None:
        """Note which chat modes are about to be changed, so that they are put back even after a crash; none forgets."""
        async with self._db.transaction() as transaction:
            await transaction.execute(
                "UPDATE record_groups SET modes = ? WHERE id = ?", (json.dumps(modes) if modes else None, group_id)
            )

    async def modes(self, group_id: int) -> Modes:
        """The chat modes still to be put back."""
        [row] = await self._db.rows("SELECT modes FROM record_groups WHERE id = ?", (group_id,))
        return {name: (before, now) for name, (before, now) in json.loads(row[0] or "{}").items()}

    async def unfinished(self, channel_id: str) -> list[int]:
        """Raids that had not ended, or whose chat modes were not put back, when the bot last stopped."""
        rows = await self._db.rows(
            "SELECT id FROM record_groups WHERE channel_id = ? AND kind = 'raid'"
            " AND (ended_ms IS NULL OR modes IS NOT NULL) ORDER BY id",
            (channel_id,),
        )
        return [int(row[0]) for row in rows]

    async def get(self, group_id: int) -> RecordGroup | None:
        """One group, or None."""
        rows = await self._db.rows(f"{_SELECT} WHERE g.id = ?", (group_id,))
        return RecordGroup(*rows[0]) if rows else None

    async def latest(self, channel_id: str, kind: Kind | None = None, limit: int = 20) -> list[RecordGroup]:
        """The channel's latest groups, newest first."""
        rows = await self._db.rows(
            f"{_SELECT} WHERE g.channel_id = ? AND (? IS NULL OR g.kind = ?) ORDER BY g.id DESC LIMIT ?",
            (channel_id, kind, kind, limit),
        )
        return [RecordGroup(*row) for row in rows]

    async def standing(self, group_id: int) -> GroupStanding:
        """How a group's Records stand now."""
        [row] = await self._db.rows(_STANDING, (group_id,))
        last = await self._db.rows(_LAST_UNDONE, (group_id,)) if row["undone"] else []
        undone_ms, undone_by = last[0] if last else (None, "")
        return GroupStanding(row["standing"], row["undone"], undone_by, undone_ms)

    async def of(self, record_id: int) -> int | None:
        """The group a Record belongs to, or None."""
        rows = await self._db.rows("SELECT group_id FROM record_group_members WHERE record_id = ?", (record_id,))
        return int(rows[0][0]) if rows else None

    async def members(self, group_id: int) -> list[int]:
        """The numbers of a group's Records, ascending."""
        rows = await self._db.rows(
            "SELECT record_id FROM record_group_members WHERE group_id = ? ORDER BY record_id", (group_id,)
        )
        return [int(row[0]) for row in rows]


_LOOSE = """
    SELECT r.id
    FROM records AS r
    JOIN record_groups AS g ON g.id = ? AND g.channel_id = r.channel_id
    JOIN actors AS a ON a.id = r.actor_id
    WHERE r.chatter_id IN (SELECT id FROM chatters WHERE twitch_id IN (SELECT value FROM json_each(?)))
        AND r.ts_ms >= ?
        AND r.action IN ('delete', 'warn', 'timeout', 'ban')
        AND a.name = 'bot'
        AND NOT EXISTS (SELECT 1 FROM record_group_members AS m WHERE m.record_id = r.id)
"""

_SELECT = """
    SELECT g.id, g.kind, g.channel_id, a.name, g.why, g.started_ms, g.ended_ms,
        (SELECT count(*) FROM record_group_members AS m WHERE m.group_id = g.id)
    FROM record_groups AS g
    JOIN actors AS a ON a.id = g.actor_id
"""

_STANDING = """
    SELECT coalesce(sum(s.outcome IN ('pending', 'applied')), 0) AS standing,
        coalesce(sum(s.outcome = 'undone'), 0) AS undone
    FROM record_group_members AS m
    JOIN record_states AS s ON s.record_id = m.record_id
    WHERE m.group_id = ?
"""

_LAST_UNDONE = """
    SELECT e.at_ms, a.name
    FROM record_group_members AS m
    JOIN record_events AS e ON e.record_id = m.record_id
    JOIN actors AS a ON a.id = e.actor_id
    WHERE m.group_id = ? AND e.outcome = 'undone'
    ORDER BY e.id DESC
    LIMIT 1
"""
