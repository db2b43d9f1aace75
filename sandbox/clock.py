"""The time in the sandbox: the wall clock until a chat log takes over."""

from __future__ import annotations

import time
from datetime import UTC, datetime


class Clock:
    """Milliseconds since 1970 UTC, as the sandbox's Twitch sees them.

    Runs with the wall until ``follow`` pins it to a chat's own time, so that ten minutes of timeout are ten minutes
    of chat at any playing speed.
    """

    def __init__(self) -> None:
        self._pinned_ms: int | None = None
        self._ahead_ms = 0

    def now_ms(self) -> int:
        """The time now."""
        return self.real_ms() if self._pinned_ms is None else self._pinned_ms

    def real_ms(self) -> int:
        """The wall's time, plus what was skipped: for limits that a chat played fast must not run into."""
        return time.time_ns() // 1_000_000 + self._ahead_ms

    def follow(self, ts_ms: int) -> None:
        """Stand at the chat's time until told another. A log that jumps back takes the clock with it."""
        self._pinned_ms = ts_ms

    def release(self) -> None:
        """Run with the wall again, once the chat is over."""
        self._pinned_ms = None

    def advance(self, seconds: float) -> None:
        """Let time pass at once, e.g. to let a timeout run out in a test."""
        self._ahead_ms += round(seconds * 1000)
        if self._pinned_ms is not None:
            self._pinned_ms += round(seconds * 1000)


def iso(ts_ms: int) -> str:
    """The time as EventSub and Helix write it: RFC 3339, UTC, milliseconds."""
    return datetime.fromtimestamp(ts_ms / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{ts_ms % 1000:03d}Z"
