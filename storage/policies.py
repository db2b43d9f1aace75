"""A channel's Policy as numbered Revisions: every save is kept, with author, time and reason."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from storage.chain import append
from storage.database import Database, WriteError
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


class StaleRevisionError(WriteError):
    """A change was made from a revision that is not the latest any more."""


class PolicyLog:
    """The revisions of all channels' policies, append-only."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def save(
        self,
        channel_id: str,
        toml: str,
        *,
        author: str,
        reason: str,
        at_ms: int,
        parent: int | None = None,
        login: str | None = None,
    ) -> int:
        """Append a revision and return its number.

        ``parent`` is the revision it was made from, if that matters; ``login`` the channel's, if known.

        Raises:
            StaleRevisionError: somebody saved another revision after ``parent``; nothing was saved.
            WriteError: nothing was saved.
        """
        async with self._db.transaction() as transaction:
            await transaction.execute(
                "INSERT INTO channels (id, login) VALUES (?, ?)"
                " ON CONFLICT (id) DO UPDATE SET login = coalesce(excluded.login, login)",
                (channel_id, login),
            )
            [latest] = await transaction.execute_fetchall(
                "SELECT max(revision) FROM policy_revisions WHERE channel_id = ?", (channel_id,)
            )
            if parent not in (None, latest[0]):
                raise StaleRevisionError(
                    f"revision {latest[0]} was saved meanwhile, and this was made from {parent}; nothing was saved"
                    " (look at what changed, then do it again)"
                )
            number = (latest[0] or 0) + 1
            await append(
                transaction,
                "policy_revisions",
                {
                    "channel_id": channel_id,
                    "revision": number,
                    "parent": latest[0],
                    "toml": toml,
                    "actor_id": await actor_number(transaction, author),
                    "reason": reason,
                    "at_ms": at_ms,
                },
            )
        return int(number)

    async def find_channel(self, who: str) -> tuple[str, str] | None:
        """Id and login of the channel of this login or id that has a policy, or None."""
        rows = await self._db.rows(
            "SELECT id, coalesce(login, id) FROM channels WHERE (login = :who OR id = :who)"
            " AND id IN (SELECT channel_id FROM policy_revisions) ORDER BY id <> :who LIMIT 1",
            {"who": who.lstrip("#@").lower()},
        )
        return (rows[0][0], rows[0][1]) if rows else None

    async def channels(self) -> list[str]:
        """The logins (ids, where unknown) of the channels that have a policy."""
        rows = await self._db.rows(
            "SELECT coalesce(login, id) FROM channels WHERE id IN (SELECT channel_id FROM policy_revisions) ORDER BY 1"
        )
        return [row[0] for row in rows]

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
