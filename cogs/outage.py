"""While the action log cannot be written nobody is punished: the bot stops, or tells the mods and waits for it."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from typing import Literal

import structlog

from storage.database import DatabaseError, UnwritableError, WriteError, now_ms

log = structlog.get_logger(__name__)

OnLogFailure = Literal["stop", "alert"]
LOST = "I cannot write my log, so I act on nothing until that works again. Mods, please keep an eye on the chat."
REGAINED = "My log works again and I act as usual. What I saw meanwhile I did not act on."
FORGOTTEN_S = 600.0
"""An outage that begins so soon after another is a relapse."""
MOST_GOOD = 64
"""Trial writes in a row that are asked for at most."""


class Outage:
    """One bot's log, as far as it can be written. ``tell`` says a line to the mods of every channel."""

    def __init__(self, mode: OnLogFailure, halt: Callable[[str], None], tell: Callable[[str], None]) -> None:
        self._mode = mode
        self._halt = halt
        self._tell = tell
        self._since_ms: int | None = None
        self._ended_at = -FORGOTTEN_S
        self._relapses = 0
        self._good_wanted = 0
        self.lines: Counter[str] = Counter()
        """Lines with findings that were not recorded, and so not acted on, by channel id, since the outage began."""

    @property
    def lasts(self) -> bool:
        """Whether the log could not be written when last tried."""
        return self._since_ms is not None

    def begin(self, error: DatabaseError) -> None:
        """Take note of a read or write that failed; one the log refuses for what it holds is no outage."""
        if isinstance(error, WriteError) and not isinstance(error, UnwritableError):
            return
        if self._since_ms is None:
            self._relapses = self._relapses + 1 if time.monotonic() - self._ended_at < FORGOTTEN_S else 0
        self._good_wanted = min(2**self._relapses, MOST_GOOD)
        if self._since_ms is not None:
            return
        self._since_ms = now_ms()
        log.error("log_not_writable", error=str(error), then=self._mode)
        if self._mode == "stop":
            self._halt(f"the action log cannot be written: {error} (make it writable and start the bot again)")
        else:
            self._tell(LOST)

    def end(self) -> tuple[int, Counter[str]] | None:
        """Take note of a trial write that went well; since when (UTC ms) and how many lines, if that ends an outage.

        After a relapse twice as many in a row are asked for: a full disk takes a little now and then.
        """
        if self._since_ms is None:
            return None
        self._good_wanted -= 1
        if self._good_wanted > 0:
            return None
        self._ended_at = time.monotonic()
        since_ms, lines = self._since_ms, self.lines
        self._since_ms, self.lines = None, Counter()
        log.warning("log_writable_again", since_ms=since_ms, lines=lines.total())
        self._tell(REGAINED)
        return since_ms, lines
