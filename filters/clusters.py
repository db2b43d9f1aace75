"""Names that belong together: one pattern with other digits, or a few letters apart, as the accounts of a raid have."""

from __future__ import annotations

import re
import sys
from bisect import bisect_left, insort
from collections import Counter
from dataclasses import dataclass

from rapidfuzz.distance import Levenshtein, Prefix
from rapidfuzz.process import extract

from filters.text import skeleton

_DIGITS = re.compile(r"\d+")
SHORTEST_STEM = 5
"""Letters around the digits from which a shared pattern is no chance, as it is in "xx12" and "xx99"."""
SHORTEST_PREFIX = 8
"""Letters two names begin with alike, at least half of each, from which what follows them does not matter."""


@dataclass(slots=True, eq=False)
class Arrival:
    """The first line of a chatter: when (UTC ms), who, which message, under which name; ``shape`` is the name with
    every run of digits as one ``#``, in lower-case Latin look-alikes, ``namesakes`` are those named alike, if any.
    """

    ts_ms: int
    chatter_id: str
    message_id: str
    name: str
    shape: str = ""
    namesakes: Namesakes | None = None


@dataclass(slots=True, eq=False)
class Namesakes:
    """Two chatters and more with look-alike names, in order of arrival."""

    members: list[Arrival]

    def since(self, ts_ms: float) -> list[Arrival]:
        """Those who came later than ``ts_ms``."""
        return [each for each in self.members if each.ts_ms > ts_ms]

    @property
    def pattern(self) -> str:
        """What most of the names have in common: ``raid_bot_#``."""
        return Counter(each.shape for each in self.members).most_common(1)[0][0]


class Arrivals:
    """The latest ``kept`` chatters who were never seen before, those with look-alike names together."""

    def __init__(self, kept: int) -> None:
        self._kept = kept
        self._arrivals: dict[str, Arrival] = {}
        self._order: list[Arrival] = []
        # In the same order, as rapidfuzz takes them: gathering them anew would cost more than searching.
        self._spelt: list[str] = []
        self._by_name: list[Arrival] = []
        self._shapes: dict[str, Arrival] = {}

    def observe(self, arrival: Arrival) -> None:
        """Take in a chatter who has just come; one who is known to have come stays as they are."""
        if arrival.chatter_id in self._arrivals:
            return
        arrival.shape = shape(arrival.name)
        same = self._shapes.get(arrival.shape)
        likest = max([same] if same else self._alike(arrival), key=_following, default=None)
        if likest is not None:
            group = likest.namesakes = likest.namesakes or Namesakes([likest])
            group.members.append(arrival)
            arrival.namesakes = group
        self._arrivals[arrival.chatter_id] = arrival
        self._order.append(arrival)
        self._spelt.append(arrival.shape)
        insort(self._by_name, arrival, key=_name)
        if letters(arrival.shape) >= SHORTEST_STEM:
            self._shapes[arrival.shape] = arrival
        if len(self._arrivals) > self._kept:
            self._forget()

    def get(self, chatter_id: str) -> Arrival | None:
        """How a chatter came, or None if that is long ago."""
        return self._arrivals.get(chatter_id)

    def _forget(self) -> None:
        oldest = self._order[0]
        del self._order[0], self._spelt[0], self._arrivals[oldest.chatter_id]
        del self._by_name[self._by_name.index(oldest, bisect_left(self._by_name, oldest.name, key=_name))]
        if oldest.namesakes:
            del oldest.namesakes.members[0]
        if self._shapes.get(oldest.shape) is oldest:
            del self._shapes[oldest.shape]

    def _alike(self, arrival: Arrival) -> list[Arrival]:
        mine, name = arrival.shape, arrival.name
        near = extract(mine, self._spelt, scorer=Levenshtein.distance, score_cutoff=tolerance(mine), limit=None)
        alike = [self._order[at] for other, edits, at in near if other != mine and edits <= tolerance(other)]
        beginning = name[:SHORTEST_PREFIX]
        if len(beginning) < SHORTEST_PREFIX:
            return alike
        start = bisect_left(self._by_name, beginning, key=_name)
        end = bisect_left(self._by_name, beginning + chr(sys.maxunicode), start, key=_name)
        begun = self._by_name[start:end]
        shared = [Prefix.similarity(name, each.name) for each in begun]
        alike += [each for each, size in zip(begun, shared, strict=True) if size * 2 >= max(len(name), len(each.name))]
        return alike


def _name(arrival: Arrival) -> str:
    return arrival.name


def _following(arrival: Arrival) -> int:
    return len(arrival.namesakes.members) if arrival.namesakes else 1


def shape(name: str) -> str:
    """A name with every run of digits as one ``#``, in lower-case Latin look-alikes."""
    return skeleton(_DIGITS.sub("#", name))


def letters(pattern: str) -> int:
    """How many letters a shape has."""
    return len(pattern.replace("#", "").replace("_", ""))


def tolerance(pattern: str) -> int:
    """Edits at which two names still look alike: one in five letters, one in eight where digits tell little."""
    return min(3, letters(pattern) // (8 if "#" in pattern else 5))
