"""A chat log to play, brought to the present where it counts from its own beginning."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from storage.chatlogs import ChatLine, LogError, read_chat

TWITCH_BEGAN_S = 1_307_318_400.0
"""6 June 2011, UTC: a time before it is no time of day but a distance from a log's beginning."""


@dataclass(frozen=True, slots=True)
class Chat:
    """A chat log to play: where it is, how many lines it has, in which channels.

    ``shift_s`` brings a log that counts its seconds from its own beginning to the present: it ends when it has been
    played, so that no line is sent in the future.
    """

    path: Path
    lines: int
    channels: tuple[str, ...]
    shift_s: float = 0.0

    @classmethod
    def scan(cls, path: Path, speed: float | None = None) -> Chat:
        """Read the log once to the end, so that a bad line is told before anything is played. Raises LogError."""
        count = 0
        first_s = last_s = 0.0
        channels: dict[str, None] = {}
        for count, line in enumerate(read_chat(path), start=1):
            first_s = line.ts_s if count == 1 else first_s
            last_s = line.ts_s
            channels[line.channel] = None
        if not count:
            raise LogError(f"{path}: no chat line in it (give a JSONL, TwitchDownloader JSON or IRC log)")
        ends_s = time.time() + ((last_s - first_s) / speed if speed else 0)
        return cls(path, count, tuple(channels), ends_s - last_s if first_s < TWITCH_BEGAN_S else 0.0)

    def read(self) -> Iterator[ChatLine]:
        """The lines, in order."""
        for line in read_chat(self.path):
            yield replace(line, ts_s=line.ts_s + self.shift_s)
