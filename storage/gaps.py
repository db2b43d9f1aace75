"""When chat may have been missed: signs of life while the bot watches, and the gaps between them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from storage.chain import append
from storage.database import Database, now_ms


@dataclass(frozen=True, slots=True)
class Gap:
    """A time in which a channel's chat may have been missed; UTC ms.

    ``lines`` were received but neither acted on nor recorded; ``bans`` are those others made meanwhile. None where
    nobody can know.
    """

    channel_id: str
    since_ms: int
    until_ms: int
    why: str
    lines: int | None = None
    bans: int | None = None


class Gaps:
    """The gaps in the log."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def alive(self, channels: Mapping[str, str]) -> None:
        """Note that these channels (login by id) are watched now. Raises DatabaseError: the log cannot be written."""
        at_ms = now_ms()
        async with self._db.transaction() as transaction:
            await transaction.executemany(
                "INSERT INTO channels (id, login) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET login = excluded.login",
                channels.items(),
            )
            await transaction.executemany(
                "INSERT INTO watches (channel_id, alive_ms) VALUES (?, ?)"
                " ON CONFLICT (channel_id) DO UPDATE SET alive_ms = excluded.alive_ms",
                [(channel_id, at_ms) for channel_id in channels],
            )

    async def last_alive(self) -> dict[str, int]:
        """The last sign of life of every channel ever watched, UTC ms."""
        rows = await self._db.rows("SELECT channel_id, alive_ms FROM watches")
        return {row["channel_id"]: row["alive_ms"] for row in rows}

    async def note(self, gap: Gap) -> None:
        """Append a gap that is over; its channel must have been watched before. Raises DatabaseError."""
        async with self._db.transaction() as transaction:
            await append(
                transaction,
                "gaps",
                {
                    "channel_id": gap.channel_id,
                    "since_ms": gap.since_ms,
                    "until_ms": gap.until_ms,
                    "why": gap.why,
                    "lines": gap.lines,
                    "bans": gap.bans,
                },
            )

    async def list(self, since_ms: int = 0) -> list[Gap]:
        """Gaps that ended at or after ``since_ms``, oldest first."""
        rows = await self._db.rows("SELECT * FROM gaps WHERE until_ms >= ? ORDER BY id", (since_ms,))
        return [
            Gap(row["channel_id"], row["since_ms"], row["until_ms"], row["why"], row["lines"], row["bans"])
            for row in rows
        ]
