"""What a channel's recent chat looked like: windows on event time, bounded in memory."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice

from filters.clusters import Arrival, Arrivals
from filters.duplicates import Duplicates, Line
from filters.types import Message, Role

CHATTER_LINES = 50
"""Lines kept per chatter."""
CONTEXT_LINES = 10
"""Whole messages kept per channel, for Records to quote."""
KEPT_S = 600
"""Seconds a line is kept; no filter's window is longer."""
GROUPED_LETTERS = 8
"""Shorter lines ("gg", "Kappa") are said by everybody all the time and are not grouped with their like."""
PERMITS = 1_000
"""Permits held at a time; the oldest goes first."""
ARRIVALS = 300
"""The latest chatters never seen before that are kept."""

_ROLES: dict[frozenset[Role], frozenset[Role]] = {}
"""One object for each combination of roles, of which there are few."""


@dataclass(slots=True)
class Chatter:
    """What is remembered of one chatter: when first seen (UTC ms), the last lines, oldest first, and the last roles."""

    id: str
    first_seen_ms: int
    name: str = ""
    lines: list[Line] = field(default_factory=list)
    roles: frozenset[Role] = frozenset()


class History:
    """One channel's recent past. ``observe`` each message once, in order of arrival, before filters look.

    Lines older than ``KEPT_S`` are forgotten, at most ``max_lines`` lines and ``max_chatters`` chatters are kept; the
    chatter silent longest is forgotten first. Time is the messages' own, so a replay sees what the live run saw.
    """

    def __init__(self, max_lines: int = 10_000, max_chatters: int = 20_000) -> None:
        self._ring: deque[Line] = deque()
        self._context: deque[Message] = deque(maxlen=CONTEXT_LINES)
        self._chatters: OrderedDict[str, Chatter] = OrderedDict()
        self._duplicates = Duplicates()
        self._permits: OrderedDict[str, int] = OrderedDict()
        self._arrivals = Arrivals(ARRIVALS)
        self._max_lines = max_lines
        self._max_chatters = max_chatters
        self._minute: deque[int] = deque(maxlen=max_lines)
        self.begun_ms: int | None = None
        """When the first message came, UTC ms: who was there before is not known."""

    def observe(self, message: Message) -> None:
        """Remember a message."""
        if self.begun_ms is None:
            self.begun_ms = message.ts_ms
        if message.chatter_id not in self._chatters:
            self._arrivals.observe(Arrival(message.ts_ms, message.chatter_id, message.id, message.chatter))
        chatter = self._remembered(message.chatter_id, message.ts_ms)
        if chatter.name != message.chatter:
            chatter.name = message.chatter
        chatter.roles = _ROLES.setdefault(message.roles, message.roles)
        text, form = message.text, message.folded.text
        # Strings Twitch sends anew with each line are kept once a chatter, and most forms are worked out in no time.
        respelt = None if form == text.lower() else form
        line = Line(message.id, message.ts_ms, chatter.id, chatter.name, text, respelt)
        if len(form) >= GROUPED_LETTERS:
            self._duplicates.observe(line)
        chatter.lines.append(line)
        if len(chatter.lines) > CHATTER_LINES:
            del chatter.lines[0]
        self._context.append(message)
        self._ring.append(line)
        self._minute.append(message.ts_ms)
        while self._minute[0] <= message.ts_ms - 60_000:
            self._minute.popleft()
        self._forget(message.ts_ms - KEPT_S * 1000)

    @property
    def pace(self) -> int:
        """How many lines the channel has written in the last minute."""
        return len(self._minute)

    def know(self, chatter_id: str, first_seen_ms: int) -> None:
        """Remember that a chatter was in the channel before, as the log or an earlier run tells."""
        chatter = self._remembered(chatter_id, first_seen_ms)
        chatter.first_seen_ms = min(chatter.first_seen_ms, first_seen_ms)

    def known_s(self, message: Message) -> int:
        """For how many whole seconds its chatter has been known in the channel."""
        chatter = self._chatters.get(message.chatter_id)
        return max(0, message.ts_ms - chatter.first_seen_ms) // 1000 if chatter else 0

    def permit(self, chatter_id: str, until_ms: int) -> None:
        """Let a chatter post links until then (UTC ms)."""
        self._permits[chatter_id] = until_ms
        if len(self._permits) > PERMITS:
            self._permits.popitem(last=False)

    def permitted(self, message: Message) -> bool:
        """Whether the chatter holds a permit at the time of the message."""
        return message.ts_ms < self._permits.get(message.chatter_id, 0)

    def chatter(self, chatter_id: str) -> Chatter | None:
        """What is remembered of a chatter, or None."""
        return self._chatters.get(chatter_id)

    def arrival(self, message: Message) -> Arrival | None:
        """How the chatter came, with those named alike; None if that is long ago."""
        return self._arrivals.get(message.chatter_id)

    def is_new(self, message: Message, window_s: float) -> bool:
        """Whether its chatter was first seen in the last ``window_s`` seconds, by a bot that was there for longer."""
        chatter = self._chatters.get(message.chatter_id)
        if chatter is None or self.begun_ms is None:
            return False
        window_ms = window_s * 1000
        return chatter.first_seen_ms > max(message.ts_ms - window_ms, self.begun_ms + window_ms)

    def line(self, message: Message) -> Line | None:
        """The message as it is remembered, or None if it is not among the chatter's lines."""
        chatter = self._chatters.get(message.chatter_id)
        if chatter is None:
            return None
        return next((line for line in reversed(chatter.lines) if line.id == message.id), None)

    def recent(self, message: Message, window_s: float) -> list[Line]:
        """The chatter's own lines of the last ``window_s`` seconds up to and including ``message``, oldest first.

        A line exactly ``window_s`` seconds old is out.
        """
        chatter = self._chatters.get(message.chatter_id)
        if chatter is None:
            return []
        since = message.ts_ms - window_s * 1000
        return [line for line in chatter.lines if since < line.ts_ms <= message.ts_ms]

    def context(self, count: int) -> list[Message]:
        """The channel's last ``count`` messages (at most ``CONTEXT_LINES``), oldest first."""
        return list(islice(self._context, max(0, len(self._context) - count), None))

    def before(self, message_id: str, count: int) -> list[Line]:
        """The ``count`` lines said before a message, oldest first; the channel's last ones if it is not remembered."""
        newest_first = reversed(self._ring)
        if any(line.id == message_id for line in newest_first):
            return list(islice(newest_first, count))[::-1]
        return list(islice(reversed(self._ring), count))[::-1]

    def since(self, ts_ms: float) -> Iterator[Line]:
        """The channel's lines from ``ts_ms`` on, newest first."""
        for line in reversed(self._ring):
            if line.ts_ms < ts_ms:
                return
            yield line

    def __len__(self) -> int:
        return len(self._ring)

    def _remembered(self, chatter_id: str, first_seen_ms: int) -> Chatter:
        chatter = self._chatters.get(chatter_id)
        if chatter is None:
            chatter = self._chatters[chatter_id] = Chatter(chatter_id, first_seen_ms)
            if len(self._chatters) > self._max_chatters:
                self._chatters.popitem(last=False)
        else:
            self._chatters.move_to_end(chatter_id)
        return chatter

    def _forget(self, before_ms: int) -> None:
        while self._ring[0].ts_ms < before_ms or len(self._ring) > self._max_lines:
            line = self._ring.popleft()
            self._duplicates.forget(line)
            owner = self._chatters.get(line.chatter_id)
            if owner and owner.lines and owner.lines[0] is line:
                del owner.lines[0]
