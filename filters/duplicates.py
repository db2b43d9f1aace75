"""Which of a channel's lines say nearly the same: near-duplicates grouped as they arrive, in bounded memory.

Candidates come from a bottom-k sketch of the line's five-letter shingles (Cohen and Kaplan, 2007, "Summarizing data
using bottom-k sketches"), and are confirmed by edit similarity. Hashes of shingles are CRC-32, so
that a replay groups the same lines. ``datasketch`` offers MinHash, at 128 permutations in numpy: some hundred
microseconds a line, against about six here, and lines of chat are too short to need them.
"""

from __future__ import annotations

from dataclasses import dataclass
from zlib import crc32

from rapidfuzz.fuzz import ratio

SIMILAR = 80
"""Percent of edit similarity from which two lines say nearly the same."""
SHINGLE = 5
"""Letters a shingle; one changed letter leaves about three quarters of a line of 40 letters in common."""
SHORTEST_SKETCHED = 20
"""Letters; shorter lines are the same only if they are equal."""
KEYS = 3
"""Least hashes kept a line: lines with three in four shingles in common share one nearly always (0.98)."""
SKETCHED = 256
"""Bytes of a line that are sketched, so that the longest line costs little more than a usual one."""
KEPT_LINES = 64
"""The latest lines and spellings kept a group."""

_SHINGLES = tuple(slice(start, start + SHINGLE) for start in range(SKETCHED))


@dataclass(slots=True, eq=False)
class Line:
    """One line as it is remembered. ``respelt`` is its canonical form where that is not just the text in small letters,
    ``group`` the lines that say nearly the same.
    """

    id: str
    ts_ms: int
    chatter_id: str
    chatter: str
    text: str
    respelt: str | None = None
    group: Group | None = None

    @property
    def form(self) -> str:
        """The line's canonical form."""
        return self.text.lower() if self.respelt is None else self.respelt


@dataclass(slots=True, eq=False)
class Group:
    """Lines that say nearly the same, latest last; ``keys`` are what the group is found by."""

    form: str
    lines: list[Line]
    keys: tuple[int, ...]

    def within(self, since_ms: float, form: str | None = None) -> list[Line]:
        """The lines later than ``since_ms``, oldest first; with ``form``, only those spelt exactly so."""
        return [each for each in self.lines if each.ts_ms > since_ms and form in (None, each.form)]


class Duplicates:
    """The groups of the lines that were observed and not forgotten yet. A line alone, as most are, has no group.

    Lines and groups are found by the hash of a form, 64 bits and keyed, and by those of a sketch, with 32.
    """

    def __init__(self) -> None:
        self._index: dict[int, Line | Group] = {}

    def observe(self, line: Line) -> None:
        """Put a line together with those it is like, if there are any."""
        form = line.form
        whole = hash(form)
        found, sketch = self._index.get(whole), []
        if found is None:
            sketch = sketch_of(form)
            found = self._like(form, sketch)
        if found is None:
            self._index.update(dict.fromkeys((whole, *sketch), line))
            return
        group = line.group = found if isinstance(found, Group) else self._grouped(found)
        group.lines.append(line)
        if len(group.lines) > KEPT_LINES:
            del group.lines[0]
        if whole not in self._index and len(group.keys) < KEPT_LINES:
            group.keys += (whole,)
            self._index[whole] = group

    def forget(self, line: Line) -> None:
        """Take a line out; lines are forgotten in the order they were observed."""
        group = line.group
        if group is None:
            self._drop(line, _keys(line.form))
        elif group.lines[0] is line:
            del group.lines[0]
            if not group.lines:
                self._drop(group, group.keys)

    def _grouped(self, line: Line) -> Group:
        form = line.form
        group = line.group = Group(form, [line], _keys(form))
        for key in group.keys:
            if self._index.get(key) is line:
                self._index[key] = group
        return group

    def _drop(self, owner: Line | Group, keys: tuple[int, ...]) -> None:
        for key in keys:
            if self._index.get(key) is owner:
                del self._index[key]

    def _like(self, form: str, sketch: list[int]) -> Line | Group | None:
        for key in sketch:
            found = self._index.get(key)
            if found is not None and ratio(form, found.form, score_cutoff=SIMILAR):
                return found
        return None

    def __len__(self) -> int:
        """How many keys groups are found by; none when every line is forgotten."""
        return len(self._index)


def _keys(form: str) -> tuple[int, ...]:
    return (hash(form), *sketch_of(form))


def sketch_of(form: str) -> list[int]:
    """The least hashes of a line's shingles; empty for a short line."""
    if len(form) < SHORTEST_SKETCHED:
        return []
    data = form.encode("utf-8", "surrogatepass")[:SKETCHED]
    shingles = map(data.__getitem__, _SHINGLES[: len(data) - SHINGLE + 1])
    return sorted(set(map(crc32, shingles)))[:KEYS]
