"""Chat kept for some days, so that a policy can be tried on it before it bites."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import time
from collections import Counter, deque
from collections.abc import AsyncIterator
from contextlib import suppress

import structlog

from filters.types import Fragment, FragmentKind, Message, Role
from storage.database import Database, DatabaseError, write_rows
from storage.people import People

DAY_MS = 86_400_000

log = structlog.get_logger(__name__)

EVERY_S = 1.0
"""How long lines are gathered before they are written: moderation must not wait for a commit that is not its own."""
BATCH = 500
"""Most lines in one transaction, so that a Record never waits long for its turn."""
TELL_EVERY_S = 60.0
"""How often it is told that lines are not stored, with their sum."""
WAITING = 20_000
"""Most lines waiting to be written; beyond, the oldest are lost and counted."""


class MessageLog:
    """Stores chat lines behind the bot's back: what is lost here is missing from a back-test and nowhere else."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._people = People()
        self._waiting: deque[Message] = deque()
        self._task: asyncio.Task[None] | None = None
        self._closing = asyncio.Event()
        self.lost = 0
        self._untold = 0
        self._tell_at = 0.0

    def keep(self, message: Message) -> None:
        """Store a line, soon. Nothing is raised."""
        self._waiting.append(message)
        if len(self._waiting) > WAITING:
            self._waiting.popleft()
            self.lost += 1
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._gather())

    async def close(self) -> None:
        """Write what is waiting."""
        self._closing.set()
        if self._task is not None:
            await asyncio.wait([self._task])
        await self._write()

    async def _gather(self) -> None:
        while self._waiting:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._closing.wait(), EVERY_S)
            await self._write()

    async def _write(self) -> None:
        while self._waiting:
            batch = [self._waiting.popleft() for _ in range(min(BATCH, len(self._waiting)))]
            try:
                await self._insert(batch)
            except DatabaseError as error:
                self._people.forget()
                self.lost += len(batch)
                self._untold += len(batch)
                if time.monotonic() >= self._tell_at:
                    # The process's log may be on the same full disk.
                    log.warning("messages_not_stored", lines=self._untold, error=str(error))
                    self._untold, self._tell_at = 0, time.monotonic() + TELL_EVERY_S

    async def _insert(self, batch: list[Message]) -> None:
        async with self._db.transaction() as transaction:
            [row] = await transaction.execute_fetchall("SELECT coalesce(max(id), 0) FROM erasures")
            self._people.noticed(row[0])
            people = await self._people.enrol(transaction, {line.chatter_id: line.chatter for line in batch})
            # A line may be sealed while it waits to be written, when there is nothing yet to delete.
            sealed = {
                (row["chatter_id"], row["message_id"])
                for row in await transaction.execute_fetchall(_SEALED, (json.dumps([line.id for line in batch]),))
            }
            kept = [line for line in batch if (people[line.chatter_id].number, line.id) not in sealed]
            await write_rows(
                transaction,
                "INSERT INTO messages (message_id, channel_id, ts_ms, chatter_id, text, roles, pieces)",
                [
                    (
                        line.id,
                        line.channel_id,
                        line.ts_ms,
                        people[line.chatter_id].number,
                        line.text.encode("utf-8", "replace").decode(),
                        " ".join(sorted(line.roles)),
                        _pieces(line),
                    )
                    for line in kept
                ],
            )
            counts = Counter((line.ts_ms // DAY_MS * DAY_MS, line.channel_id) for line in batch)
            await transaction.executemany(
                "INSERT INTO daily_lines (day, channel_id, lines) VALUES (date(? / 1000, 'unixepoch'), ?, ?)"
                " ON CONFLICT DO UPDATE SET lines = lines + excluded.lines",
                [(*key, lines) for key, lines in counts.items()],
            )


async def stored(db: Database, channel_id: str, since_ms: int = 0) -> AsyncIterator[Message]:
    """A channel's stored lines since then (UTC ms), in the order they came."""
    async for row in db.stream(_STORED, {"channel_id": channel_id, "since_ms": since_ms}):
        yield _message(row)


async def count_stored(db: Database, channel_id: str, since_ms: int = 0) -> int:
    """How many lines ``stored`` gives."""
    [row] = await db.rows("SELECT count(*) FROM messages WHERE channel_id = ? AND ts_ms >= ?", (channel_id, since_ms))
    return int(row[0])


async def first_seen(db: Database, channel_id: str, people: int) -> list[tuple[str, int]]:
    """When (UTC ms) each of the channel's latest so many stored chatters was first seen, the latest last."""
    rows = await db.rows(_FIRST_SEEN, {"channel_id": channel_id, "people": people})
    return [(row[0], row[1]) for row in reversed(rows)]


_SEALED = """
    SELECT r.chatter_id, r.message_id
    FROM sealed AS e
    CROSS JOIN records AS r ON r.id = e.record_id -- in this order: few Records are sealed, and there may be millions
    WHERE r.message_id IN (SELECT value FROM json_each(?))
"""

_FIRST_SEEN = """
    SELECT p.twitch_id, min(w.ts_ms)
    FROM messages AS w
    JOIN chatters AS p ON p.id = w.chatter_id
    WHERE w.channel_id = :channel_id AND p.twitch_id IS NOT NULL
    GROUP BY w.chatter_id
    ORDER BY max(w.id) DESC
    LIMIT :people
"""

_STORED = """
    SELECT w.message_id, w.ts_ms, w.channel_id, coalesce(c.login, c.id) AS channel, coalesce(p.twitch_id, p.id) AS who,
        coalesce(p.login, p.id) AS login, w.text, w.roles, w.pieces
    FROM messages AS w
    JOIN channels AS c ON c.id = w.channel_id
    JOIN chatters AS p ON p.id = w.chatter_id
    WHERE w.channel_id = :channel_id AND w.ts_ms >= :since_ms
    ORDER BY w.id
"""


def _message(row: sqlite3.Row) -> Message:
    return Message(
        id=row["message_id"],
        ts_ms=row["ts_ms"],
        channel_id=row["channel_id"],
        channel=row["channel"],
        chatter_id=str(row["who"]),
        chatter=str(row["login"]),
        text=row["text"],
        roles=frozenset(Role(role) for role in row["roles"].split()),
        fragments=tuple(Fragment(FragmentKind(kind), text) for kind, text in json.loads(row["pieces"] or "[]")),
    )


def _pieces(line: Message) -> str:
    if not line.opaque:
        return ""
    return json.dumps([(piece.kind, piece.text) for piece in line.fragments])
