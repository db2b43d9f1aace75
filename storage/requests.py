"""What shell and console ask the running bot to do at Twitch, where they have no connection of their own."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from enum import StrEnum

import aiosqlite

from storage.database import Database, now_ms
from storage.people import actor_number


class RequestKind(StrEnum):
    """What can be asked."""

    UNDO_RECORD = "undo record"
    UNDO_GROUP = "undo group"
    END_RAID = "end raid"
    APPROVE_APPEAL = "approve appeal"
    DENY_APPEAL = "deny appeal"


@dataclass(frozen=True, slots=True)
class Request:
    """One thing asked. ``subject`` is the number of the Record or group, or Twitch's id of the unban request.

    ``failure`` is None until the bot is through with it, empty if that went well. Times are UTC milliseconds.
    """

    id: int
    at_ms: int
    actor: str
    kind: RequestKind
    subject: str
    channel_id: str
    note: str
    done_ms: int | None
    failure: str | None


async def ask(
    transaction: aiosqlite.Connection,
    kind: RequestKind,
    subject: str | int,
    channel_id: str,
    *,
    actor: str,
    note: str = "",
) -> int:
    """Ask the bot in the transaction that decides it, and return the request's number."""
    [row] = await transaction.execute_fetchall(
        "INSERT INTO requests (at_ms, actor_id, kind, subject, channel_id, note) VALUES (?, ?, ?, ?, ?, ?)"
        " RETURNING id",
        (now_ms(), await actor_number(transaction, actor), str(kind), str(subject), channel_id, note),
    )
    return int(row[0])


class Requests:
    """The queue between people's tools and the bot; each request is carried out at least once, so that may repeat."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def ask(self, kind: RequestKind, subject: str | int, channel_id: str, *, actor: str, note: str = "") -> int:
        """Ask the bot and return the request's number. Raises WriteError."""
        async with self._db.transaction() as transaction:
            return await ask(transaction, kind, subject, channel_id, actor=actor, note=note)

    async def open(self) -> list[Request]:
        """What is not done yet, oldest first."""
        return [_request(row) for row in await self._db.rows(f"{_SELECT} WHERE q.done_ms IS NULL ORDER BY q.id")]

    async def get(self, request_id: int) -> Request | None:
        """One request, or None."""
        rows = await self._db.rows(f"{_SELECT} WHERE q.id = ?", (request_id,))
        return _request(rows[0]) if rows else None

    async def latest(self, kind: RequestKind, subject: str | int) -> Request | None:
        """What was asked last about a subject, done or not; None if nothing was."""
        rows = await self._db.rows(
            f"{_SELECT} WHERE q.subject = ? AND q.kind = ? ORDER BY q.id DESC LIMIT 1", (str(subject), str(kind))
        )
        return _request(rows[0]) if rows else None

    async def finish(self, request_id: int, failure: str = "") -> None:
        """Say that the bot is through with it, and why it failed if it did. Raises WriteError."""
        async with self._db.transaction() as transaction:
            await transaction.execute(
                "UPDATE requests SET done_ms = ?, failure = ? WHERE id = ?", (now_ms(), failure, request_id)
            )
            await transaction.execute(_FORGET, (request_id,))


# Erasure leaves a request that the bot has yet to carry out; then the words to the person have had their time.
_FORGET = """
    UPDATE requests
    SET subject = '', note = ''
    WHERE id = ? AND id IN (
        SELECT d.request_id
        FROM appeal_decisions AS d
        JOIN appeals AS p ON p.id = d.appeal_id
        JOIN erasures AS e ON e.chatter_id = p.chatter_id
    )
"""

_SELECT = """
    SELECT q.id, q.at_ms, a.name, q.kind, q.subject, q.channel_id, q.note, q.done_ms, q.failure
    FROM requests AS q
    JOIN actors AS a ON a.id = q.actor_id
"""


def _request(row: sqlite3.Row) -> Request:
    number, at_ms, actor, kind, *rest = row
    return Request(number, at_ms, actor, RequestKind(kind), *rest)
