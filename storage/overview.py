"""What a channel's people ask at a glance: which channels there are, what the filters did lately, who somebody is."""

from __future__ import annotations

from dataclasses import dataclass

from storage.database import Database


@dataclass(frozen=True, slots=True)
class Channel:
    """A channel the bot has watched; ``name`` is its login when last seen, or its Twitch id before the first Record."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Known:
    """Somebody in the log. ``twitch_id`` and ``login`` are empty once erased."""

    person: int
    twitch_id: str
    login: str


@dataclass(frozen=True, slots=True)
class Ask:
    """A chatter's appeal in a channel. Times are UTC milliseconds."""

    appeal_id: int
    record_id: int | None
    received_ms: int
    status: str
    reason: str


class Overview:
    """Questions that need no more than a read-only database."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def channels(self) -> list[Channel]:
        """Every channel, by name."""
        rows = await self._db.rows("SELECT id, coalesce(login, id) FROM channels WHERE id <> '' ORDER BY 2, 1")
        return [Channel(*row) for row in rows]

    async def channel(self, name: str) -> Channel | None:
        """The channel of this login or Twitch id, or None; an id goes before a login that looks like it."""
        rows = await self._db.rows(
            "SELECT id, coalesce(login, id) FROM channels WHERE login = :name OR id = :name"
            " ORDER BY id <> :name LIMIT 1",
            {"name": name},
        )
        return Channel(*rows[0]) if rows else None

    async def waits(self, channel_id: str, latest: int = 1_000) -> list[int]:
        """Milliseconds from a line's arrival to Twitch's answer, of the latest Records it answered, ascending."""
        return [int(row[0]) for row in await self._db.rows(_WAITS, {"channel_id": channel_id, "latest": latest})]

    async def known(self, person: int) -> Known | None:
        """Who has this number, or None."""
        rows = await self._db.rows(
            "SELECT id, coalesce(twitch_id, ''), coalesce(login, '') FROM chatters WHERE id = ?", (person,)
        )
        return Known(*rows[0]) if rows else None

    async def called(self, who: str) -> list[Known]:
        """The people of this login or Twitch id, the latest first; several if a login changed hands."""
        rows = await self._db.rows(
            "SELECT id, coalesce(twitch_id, ''), coalesce(login, '') FROM chatters"
            " WHERE login = :who OR twitch_id = :who ORDER BY id DESC",
            {"who": who},
        )
        return [Known(*row) for row in rows]

    async def in_channel(self, person: int, channel_id: str) -> bool:
        """Whether the channel has a Record about this person, so that its moderators may know of them."""
        rows = await self._db.rows(
            "SELECT 1 FROM records WHERE chatter_id = ? AND channel_id = ? LIMIT 1", (person, channel_id)
        )
        return bool(rows)

    async def appeals(self, person: int, channel_id: str | None = None) -> list[Ask]:
        """A person's appeals, newest first; of one channel if it is given."""
        rows = await self._db.rows(
            "SELECT appeal_id, record_id, received_ms, status, coalesce(reason, '') FROM v_appeals"
            " WHERE person = :person AND (:channel_id IS NULL OR channel_id = :channel_id) ORDER BY appeal_id DESC",
            {"person": person, "channel_id": channel_id},
        )
        return [Ask(*row) for row in rows]


_WAITS = """
    SELECT wait_ms
    FROM (
        SELECT s.done_ms - r.received_ms AS wait_ms
        FROM records AS r
        JOIN record_states AS s ON s.record_id = r.id
        WHERE r.channel_id = :channel_id AND s.done_ms IS NOT NULL
        ORDER BY r.ts_ms DESC
        LIMIT :latest
    )
    ORDER BY wait_ms
"""
