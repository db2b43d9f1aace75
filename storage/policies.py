"""A channel's Policy as numbered Revisions: every save is kept, with author, time and reason."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from storage.chain import append
from storage.database import Database
from storage.people import actor_number


@dataclass(frozen=True, slots=True)
class Revision:
    """One saved version. ``number`` counts per channel from 1, ``at_ms`` is UTC milliseconds."""

    channel_id: str
    number: int
    parent: int | None
    toml: str
    author: str
    reason: str
    at_ms: int


class PolicyLog:
    """The revisions of all channels' policies, append-only."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def save(self, channel_id: str, toml: str, *, author: str, reason: str, at_ms: int) -> int:
        """Append a revision made from the channel's latest and return its number.

        Raises:
            WriteError: nothing was saved.
        """
        async with self._db.transaction() as transaction:
            await transaction.execute("INSERT INTO channels (id) VALUES (?) ON CONFLICT (id) DO NOTHING", (channel_id,))
            [parent] = await transaction.execute_fetchall(
                "SELECT max(revision) FROM policy_revisions WHERE channel_id = ?", (channel_id,)
            )
            number = (parent[0] or 0) + 1
            await append(
                transaction,
                "policy_revisions",
                {
                    "channel_id": channel_id,
                    "revision": number,
                    "parent": parent[0],
                    "toml": toml,
                    "actor_id": await actor_number(transaction, author),
                    "reason": reason,
                    "at_ms": at_ms,
                },
            )
        return int(number)

    async def get(self, channel_id: str, number: int) -> Revision | None:
        """One revision, or None."""
        rows = await self._db.rows(f"{_SELECT} AND p.revision = ?", (channel_id, number))
        return _revision(rows[0]) if rows else None

    async def current(self, channel_id: str) -> Revision | None:
        """The channel's latest revision, or None before the first."""
        rows = await self._db.rows(f"{_SELECT} ORDER BY p.revision DESC LIMIT 1", (channel_id,))
        return _revision(rows[0]) if rows else None

    async def news(self, after: int) -> tuple[int, dict[str, int]]:
        """What was saved since: the newest row's number, to ask with next time, and each channel's newest revision."""
        rows = await self._db.rows(
            "SELECT id, channel_id, revision FROM policy_revisions WHERE id > ? ORDER BY id", (after,)
        )
        return (rows[-1]["id"] if rows else after), {row["channel_id"]: row["revision"] for row in rows}

    async def history(self, channel_id: str) -> list[Revision]:
        """All revisions of the channel, newest first."""
        return [_revision(row) for row in await self._db.rows(f"{_SELECT} ORDER BY p.revision DESC", (channel_id,))]


_SELECT = (
    "SELECT p.channel_id, p.revision, p.parent, p.toml, a.name, p.reason, p.at_ms"
    " FROM policy_revisions AS p JOIN actors AS a ON a.id = p.actor_id WHERE p.channel_id = ?"
)


def _revision(row: sqlite3.Row) -> Revision:
    return Revision(*row)
