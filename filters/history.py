"""What a channel's recent chat looked like: windows on event time, bounded in memory."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Iterator
from dataclasses import dataclass, field

from filters.types import Message

CHATTER_LINES = 50
"""Messages kept per chatter."""


@dataclass(slots=True)
class Chatter:
    """What is remembered of one chatter: when first seen (UTC ms) and the last lines, oldest first."""

    first_seen_ms: int
    lines: deque[Message] = field(default_factory=lambda: deque(maxlen=CHATTER_LINES))


class History:
    """One channel's recent past. ``observe`` each message once, in order of arrival, before filters look.

    At most ``max_lines`` lines of context and ``max_chatters`` chatters are kept; the chatter silent longest is
    forgotten first. Time is the messages' own, so a replay sees exactly what the live run saw.
    """

    def __init__(self, max_lines: int = 2_000, max_chatters: int = 20_000) -> None:
        self._ring: deque[Message] = deque(maxlen=max_lines)
        self._chatters: OrderedDict[str, Chatter] = OrderedDict()
        self._max_chatters = max_chatters

    def observe(self, message: Message) -> None:
        """Remember a message."""
        chatter = self._chatters.get(message.chatter_id)
        if chatter is None:
            chatter = self._chatters[message.chatter_id] = Chatter(message.ts_ms)
            if len(self._chatters) > self._max_chatters:
                self._chatters.popitem(last=False)
        else:
            self._chatters.move_to_end(message.chatter_id)
        chatter.lines.append(message)
        self._ring.append(message)

    def chatter(self, chatter_id: str) -> Chatter | None:
        """What is remembered of a chatter, or None."""
        return self._chatters.get(chatter_id)

    def recent(self, message: Message, window_s: float) -> list[Message]:
        """The chatter's own lines of the last ``window_s`` seconds before and including ``message``, oldest first."""
        chatter = self._chatters.get(message.chatter_id)
        if chatter is None:
            return []
        since = message.ts_ms - window_s * 1000
        return [line for line in chatter.lines if since < line.ts_ms <= message.ts_ms]

    def context(self, count: int) -> list[Message]:
        """The channel's last ``count`` lines, oldest first."""
        return list(self._ring)[-count:] if count else []

    def since(self, ts_ms: float) -> Iterator[Message]:
        """The channel's lines from ``ts_ms`` on, newest first."""
        for line in reversed(self._ring):
            if line.ts_ms < ts_ms:
                return
            yield line

    def __len__(self) -> int:
        return len(self._ring)
