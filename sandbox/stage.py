"""Plays chat logs into the sandbox, at the chat's own pace or faster."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from sandbox.server import Sandbox
from storage.chatlogs import ChatLine


@dataclass(frozen=True, slots=True)
class Played:
    """What came of it: ``muted`` lines were by chatters banned or timed out at that point of the chat."""

    lines: int
    delivered: int
    muted: int
    seconds: float


class Stage:
    """Lets a cast speak. The sandbox's clock follows the chat's own time at any speed."""

    def __init__(self, twitch: Sandbox) -> None:
        self._twitch = twitch

    async def play(
        self,
        lines: Iterable[ChatLine],
        speed: float | None = 1.0,
        on_line: Callable[[ChatLine, str | None], None] | None = None,
    ) -> Played:
        """Play all lines; ``speed`` is chat seconds per real second, None as fast as the sockets take them.

        ``on_line`` hears each line with its message id, or with None where the chatter was muted.
        """
        started = time.monotonic()
        first_s: float | None = None
        delivered = muted = 0
        for line in lines:
            first_s = line.ts_s if first_s is None else first_s
            if speed is not None:
                wait_s = (line.ts_s - first_s) / speed - (time.monotonic() - started)
                if wait_s > 0:
                    await asyncio.sleep(wait_s)
            message_id = await self._speak(line)
            if message_id is None:
                muted += 1
            else:
                delivered += 1
            if on_line is not None:
                on_line(line, message_id)
        return Played(delivered + muted, delivered, muted, time.monotonic() - started)

    async def _speak(self, line: ChatLine) -> str | None:
        for role in line.roles:
            self._twitch.give_role(line.channel, line.user, role)
        said = await self._twitch.say(line.channel, line.user, line.text, fragments=line.fragments, ts=line.ts_s)
        # A socket with room takes a line without waiting: let the other tasks of this loop have their turn.
        await asyncio.sleep(0)
        return said
