"""Names that belong together: one pattern with other digits, or a few letters apart, as the accounts of a raid have."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from rapidfuzz.distance import OSA, Prefix
from rapidfuzz.process import extract_iter

from filters.text import skeleton

_DIGITS = re.compile(r"\d+")
SHORTEST_STEM = 5
"""Letters around the digits from which a shared pattern is no chance, as it is in "xx12" and "xx99"."""
SHORTEST_PREFIX = 8
"""Letters two names begin with alike, at least half of each, from which what follows them does not matter."""


@dataclass(frozen=True, slots=True)
class Cluster:
    """Look-alike names: what most have in common (``raid_bot_#``, # standing for digits), and their places in order."""

    pattern: str
    members: tuple[int, ...]


@lru_cache(maxsize=4096)
def shape(name: str) -> str:
    """A name with every run of digits as one ``#``, in lower-case Latin look-alikes."""
    return skeleton(_DIGITS.sub("#", name))


def tolerance(pattern: str) -> int:
    """Edits at which two names still look alike: one in five letters, one in eight where digits tell little."""
    letters = len(pattern.replace("#", "").replace("_", ""))
    return min(3, letters // (8 if "#" in pattern else 5))


def cluster_of(name: str, others: Sequence[str]) -> Cluster:
    """The names among ``others`` that look like ``name``, under the pattern most of them share."""
    mine = shape(name)
    shapes = [shape(other) for other in others]
    limit = tolerance(mine)
    near = extract_iter(mine, shapes, scorer=OSA.distance, score_cutoff=limit)
    members = {place for other, _, place in near if other != mine or _is_telling(mine)}
    begun = extract_iter(name, others, scorer=Prefix.similarity, score_cutoff=SHORTEST_PREFIX)
    members.update(place for other, shared, place in begun if shared * 2 >= max(len(name), len(other)))
    shared_by = Counter(shapes[place] for place in members)
    return Cluster(shared_by.most_common(1)[0][0] if members else mine, tuple(sorted(members)))


def _is_telling(pattern: str) -> bool:
    return len(pattern.replace("#", "").replace("_", "")) >= SHORTEST_STEM
