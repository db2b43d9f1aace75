"""Moderators' notes about chatters: what the next moderator should know. Personal; erasing the person deletes them."""

from __future__ import annotations

from dataclasses import dataclass

from storage.database import Database, now_ms
from storage.people import actor_number, enrol_person


@dataclass(frozen=True, slots=True)
class Note:
    """One note. ``at_ms`` is UTC milliseconds; ``channel`` the login, or the id of one not seen yet."""

    id: int
    at_ms: int
    channel: str
    author: str
    text: str


class Notes:
    """Writes and reads notes, each about one person in one channel."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def add(self, channel_id: str, chatter_id: str, chatter: str, text: str, *, author: str) -> int:
        """Write a note about the chatter (Twitch id and login) and return that person's number. Raises WriteError."""
        async with self._db.transaction() as transaction:
            person = await enrol_person(transaction, chatter_id, chatter)
            await transaction.execute("INSERT INTO channels (id) VALUES (?) ON CONFLICT (id) DO NOTHING", (channel_id,))
            await transaction.execute(
                "INSERT INTO notes (chatter_id, channel_id, at_ms, actor_id, text) VALUES (?, ?, ?, ?, ?)",
                (person, channel_id, now_ms(), await actor_number(transaction, author), text),
            )
        return person

    async def about(self, channel_id: str, chatter_id: str) -> list[Note]:
        """The channel's notes about a chatter (Twitch id), newest first."""
        rows = await self._db.rows(
            f"{_SELECT} JOIN chatters AS p ON p.id = n.chatter_id"
            " WHERE n.channel_id = ? AND p.twitch_id = ? ORDER BY n.id DESC",
            (channel_id, chatter_id),
        )
        return [Note(*row) for row in rows]

    async def of(self, person: int) -> list[Note]:
        """Every channel's notes about the person of that number, newest first."""
        rows = await self._db.rows(f"{_SELECT} WHERE n.chatter_id = ? ORDER BY n.id DESC", (person,))
        return [Note(*row) for row in rows]


_SELECT = """
    SELECT n.id, n.at_ms, coalesce(c.login, c.id), a.name, n.text
    FROM notes AS n
    JOIN channels AS c ON c.id = n.channel_id
    JOIN actors AS a ON a.id = n.actor_id
"""
