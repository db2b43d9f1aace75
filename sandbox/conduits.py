"""Conduits: one stream of events spread over several sockets."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from typing import Any

MAX_CONDUITS = 5
MAX_SHARDS = 20_000


@dataclass(slots=True)
class Shard:
    """A place for one socket; without one it is disabled."""

    id: int
    status: str = "websocket_disconnected"
    session_id: str | None = None
    connected_at: str | None = None
    disconnected_at: str | None = None

    def seat(self, session_id: str, connected_at: str) -> None:
        """Give the shard a socket."""
        self.status, self.session_id, self.connected_at, self.disconnected_at = (
            "enabled",
            session_id,
            connected_at,
            None,
        )

    def unseat(self, now: str) -> None:
        """The socket is gone."""
        self.status, self.disconnected_at = "websocket_disconnected", now

    def to_json(self) -> dict[str, Any]:
        """As Helix lists it."""
        transport = {"method": "websocket", "session_id": self.session_id, "connected_at": self.connected_at}
        if self.disconnected_at is not None:
            transport["disconnected_at"] = self.disconnected_at
        return {"id": str(self.id), "status": self.status, "transport": transport}


@dataclass(slots=True)
class Conduit:
    """Shards take turns, whatever channel an event is about, as Twitch promises no affinity."""

    shards: list[Shard]
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    _turn: int = 0

    def scale(self, count: int) -> None:
        """Set the number of shards; those above it go."""
        del self.shards[count:]
        self.shards += [Shard(number) for number in range(len(self.shards), count)]

    def next_session(self) -> str | None:
        """The session whose turn it is; None when every shard is disabled and the event is lost."""
        enabled = [shard for shard in self.shards if shard.status == "enabled"]
        if not enabled:
            return None
        self._turn += 1
        return enabled[self._turn % len(enabled)].session_id

    def to_json(self) -> dict[str, Any]:
        """As Helix lists it."""
        return {"id": self.id, "shard_count": len(self.shards)}
