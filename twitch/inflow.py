"""What comes in from EventSub: each notification once, and no faster than it can be judged."""

from __future__ import annotations

import asyncio
from collections import OrderedDict

REMEMBERED = 50_000
"""Notification ids kept; Twitch asks receivers to ignore repeats, and 10 minutes of a very busy bot fit."""

LIMIT = 20_000
"""Messages of all channels waiting to be judged at which the sockets stop reading (some 2 kB each).

Channels share a socket, so a lower limit would let one channel's flood keep the others' lines from being read.
"""


class Inflow:
    """Counts and bounds what the sockets let in. One per client, shared by its sockets.

    ``repeats`` are notifications dropped as seen before, ``malformed`` those that could not be read, ``pauses``
    the times reading stopped because judging fell behind. Nothing is dropped for lack of room.
    """

    def __init__(self, limit: int = LIMIT) -> None:
        self.received = 0
        self.repeats = 0
        self.malformed = 0
        self.pauses = 0
        self._limit = limit
        self._waiting = 0
        self._room = asyncio.Event()
        self._room.set()
        self._seen: OrderedDict[str, None] = OrderedDict()

    def first(self, notification_id: str) -> bool:
        """Whether this notification is new. Twitch delivers at least once, so the same id may come again."""
        if notification_id in self._seen:
            self.repeats += 1
            return False
        self._seen[notification_id] = None
        if len(self._seen) > REMEMBERED:
            self._seen.popitem(last=False)
        self.received += 1
        return True

    @property
    def waiting(self) -> int:
        """Messages taken in and not judged yet."""
        return self._waiting

    def enter(self) -> None:
        """Count a message that waits to be judged."""
        self._waiting += 1
        if self._waiting >= self._limit:
            self._room.clear()

    def leave(self) -> None:
        """Count a message as judged."""
        self._waiting -= 1
        if self._waiting < self._limit:
            self._room.set()

    async def room(self) -> None:
        """Return at once, or when there is room again."""
        if not self._room.is_set():
            self.pauses += 1
            await self._room.wait()
