"""How chat spells the words everybody knows: phuk, beeotch, muthafecker. Worked out, not listed."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

import ahocorasick_rs

from filters.disguise import PREFIXES, SUFFIXES, key

WELL_KNOWN_ZIPF = 4.2
RARER_ZIPF = 1.9
"""A "word" eighty times rarer than a well-known term it resembles is how that term is misspelt."""

_UNITS = re.compile(r"tch|ck|ph|([bdgklmnprstz])\1|.")
_VOWELS = "aeiou"
_CONSONANTS = {
    "ck": ("k", "c", "q", "kc"),
    "tch": ("ch", "tsh"),
    "f": ("ph",),
    "s": ("z",),
    "ss": ("z",),
}
_HEARD_AS = {"a": "eu", "e": "aiu", "i": "ey", "o": "au", "u": "aoev"}
_LOOSE_CONSONANTS = {"ck": ("g",), "gg": ("k", "ck")}
_INFLECTED = "a ah ahs ahz as asses az d eds erz es ez ka kas kaz n or ors orz s u uh uhs uhz ur urs urz z".split()

ENDINGS = frozenset(key(each) for each in ("", *SUFFIXES, *_INFLECTED))
"""What may follow a well-known word however it is spelt: what chatters glue behind any word, and how they write its
inflected forms."""

_HEADS = frozenset(map(key, PREFIXES))
_MOST_CHANGES = 2


class Guises:
    """Spellings of well-known words: a vowel changed, dropped or drawn out, a consonant written another way.

    Of the best known words those guises that keep the vowels count behind anything where nearly no real word ends so:
    ``muthafuker``. The others must make up the whole word, but for an ending or what chatters glue in front.
    """

    def __init__(self, roots: Sequence[str], spoken: Mapping[str, float]) -> None:
        self._roots: dict[str, str] = {}
        self._vowels_changed: set[str] = set()
        faithful: set[str] = set()
        for root in sorted(roots, key=lambda root: -spoken[root]):
            units = [match[0] for match in _UNITS.finditer(root)]
            alike = set(_respelt(units, _faithful, _MOST_CHANGES))
            if spoken[root] >= WELL_KNOWN_ZIPF:
                swapped = {root[:at] + root[at + 1] + root[at] + root[at + 2 :] for at in range(1, len(root) - 1)}
                alike |= swapped
                faithful.update(map(key, (*_respelt(units, _faithful, 1), *swapped)))
            changed = set(_respelt(units, _any_vowel, _MOST_CHANGES))
            self._vowels_changed.update(map(key, changed))
            for spelling in alike | changed:
                guise = key(spelling)
                if (
                    len(guise) >= 3
                    and max(spoken.get(each, 0.0) for each in (spelling, guise)) <= spoken[root] - RARER_ZIPF
                ):
                    self._roots.setdefault(guise, root)
            self._vowels_changed.difference_update(map(key, alike))
        for root in roots:
            self._roots[key(root)] = root
        self._anywhere = self._seldom_ending(faithful & self._roots.keys(), spoken) if faithful else frozenset()
        self._longest = max(map(len, self._roots), default=0)

    def find(self, word: str, *, vowels_kept: bool = False) -> str:
        """The well-known word that a strange word is a spelling of, or an empty text."""
        short = key(word)
        for end in range(len(short), 2, -1):
            if short[end:] not in ENDINGS:
                continue
            for start in range(max(0, end - self._longest), end - 2):
                guise = short[start:end]
                if vowels_kept and guise in self._vowels_changed:
                    continue
                if guise in self._roots and (
                    not start or short[:start] in _HEADS or (start > 1 and guise in self._anywhere)
                ):
                    return self._roots[guise]
        return ""

    def _seldom_ending(self, guises: set[str], spoken: Mapping[str, float]) -> frozenset[str]:
        """Guises that end real words, an ending behind them or not, far less often than their word is said."""
        used: defaultdict[str, float] = defaultdict(float)
        listed = sorted(guises)
        finder = ahocorasick_rs.AhoCorasick(listed)
        for word, zipf in spoken.items():
            short = key(word)
            for which, start, end in finder.find_matches_as_indexes(short, overlapping=True):
                if start and short[end:] in ENDINGS and self._roots[listed[which]] not in word:
                    used[listed[which]] += 10**zipf
        return frozenset(guise for guise in guises if used[guise] <= 10 ** (spoken[self._roots[guise]] - RARER_ZIPF))


def _respelt(
    units: list[str], others: Callable[[list[str], int], Iterable[str]], left: int, at: int = 0
) -> Iterator[str]:
    """The word with at most ``left`` of its units written another way."""
    if at == len(units):
        yield ""
        return
    for form, still in ((units[at], left), *((other, left - 1) for other in others(units, at) if left)):
        for rest in _respelt(units, others, still, at + 1):
            yield form + rest


def _faithful(units: list[str], at: int) -> Iterator[str]:
    yield from _CONSONANTS.get(units[at], ())
    if at and units[at] in _VOWELS and _has_frame(units):
        yield ""


def _any_vowel(units: list[str], at: int) -> Iterator[str]:
    unit = units[at]
    yield from _faithful(units, at)
    yield from _LOOSE_CONSONANTS.get(unit, ())
    if at and unit in _VOWELS:
        if _has_frame(units):
            yield from _HEARD_AS[unit]
        yield from (unit + other for other in "aou")
        if unit == "i":
            yield from (front + other for front in ("e", "ey", "iy") for other in ("", "a", "o", "u"))


def _has_frame(units: list[str]) -> bool:
    """Whether the consonants alone tell the word."""
    return sum(len(key(unit)) for unit in units if unit not in _VOWELS) >= 3
