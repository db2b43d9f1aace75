"""Many short texts to numbers in some twenty bytes an entry, for lists of a hundred thousand terms."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from filters.disguise import RECENT, deletions, key, sound

_BITS = 0xFFFFFFFF
_ROOM = 4
"""Places in the sieve for each entry: at least three of four texts that are not there are turned away at once."""


class Table:
    """Numbers found by text; a text may have many. Keeps sorted 32-bit hashes and a sieve before them, no strings.

    Two texts may share a hash, once in two thousand look-ups at two million entries, so what is found is only likely:
    confirm it. A dictionary of lists takes twenty times the memory and is no faster for many texts at once.
    """

    def __init__(self, rows: Iterable[tuple[str, int]]) -> None:
        hashes, numbers = array("I"), array("I")
        for text, number in rows:
            hashes.append(hash(text) & _BITS)
            numbers.append(number)
        table: NDArray[np.uint32] = np.frombuffer(hashes, np.uint32) if hashes else np.empty(0, np.uint32)
        order = np.argsort(table, kind="stable").astype(np.uint32)
        self._mask = (1 << (_ROOM * len(table)).bit_length()) - 1
        self._sieve = np.zeros(self._mask + 1, np.bool_)
        self._sieve[table & np.uint32(self._mask & _BITS)] = True
        self._hashes = table[order]
        self._numbers: NDArray[np.uint32] = np.array(numbers, np.uint32)[order]

    def get(self, text: str) -> list[int]:
        """The numbers of one text, in the order given."""
        wanted = hash(text) & _BITS
        return self._run(wanted) if self._sieve[wanted & self._mask] else []

    def near(self, wanted: NDArray[np.uint32]) -> set[int]:
        """The numbers of any of the texts with these ``hashes``."""
        likely = wanted[self._sieve[wanted & np.uint32(self._mask & _BITS)]]
        if not len(likely):
            return set()
        starts, ends = self._hashes.searchsorted(likely), self._hashes.searchsorted(likely, "right")
        runs = zip(starts.tolist(), ends.tolist(), strict=True)
        return {number for start, end in runs if start < end for number in self._numbers[start:end].tolist()}

    def _run(self, wanted: int) -> list[int]:
        start = int(self._hashes.searchsorted(np.uint32(wanted)))
        end = start
        while end < len(self._numbers) and self._hashes[end] == wanted:
            end += 1
        return self._numbers[start:end].tolist() if end > start else []


def hashes(texts: Collection[str]) -> NDArray[np.uint32]:
    """The texts as a Table knows them."""
    return (np.fromiter(map(hash, texts), np.int64, len(texts)) & _BITS).astype(np.uint32)


class Vocabulary:
    """Words found by what a misspelling of one still shares with it."""

    def __init__(self, words: Sequence[str], forgives: Callable[[str], bool], heard: Callable[[str], bool]) -> None:
        """``forgives`` says in which words a slip is forgiven, ``heard`` which are found by sound."""
        self._words = words
        numbered = list(enumerate(words))
        self._keys = Table((key(word), number) for number, word in numbered)
        self._sounds = Table((sound(word), number) for number, word in numbered if heard(word))
        self._thirds = Table((part, number) for number, word in numbered for part in _thirds(word))
        self._slips = Table((form, number) for number, word in numbered if forgives(word) for form in _slipped(word))

    def with_key(self, short: str) -> Iterator[str]:
        """Words with this ``key``."""
        return (word for word in self._named(self._keys.get(short)) if key(word) == short)

    def sounding(self, heard: str) -> Iterator[str]:
        """Words with this ``sound``."""
        return (word for word in self._named(self._sounds.get(heard)) if sound(word) == heard)

    def near(self, word: str) -> set[str]:
        """Words a slip away from this one or from its ``key``, and some more: candidates to be confirmed."""
        return set(self._named(self._slips.near(_slipped_hashes(word))))

    def fitting(self, shape: str) -> Iterator[str]:
        """Words with the letters of a shape, whose one or two dots stand for one hidden letter each."""
        whole = [part for part in _thirds(shape) if "." not in part]
        likely = self._thirds.get(max(whole, key=len)) if whole else ()
        return (word for word in self._named(likely) if fits(shape, word))

    def _named(self, numbers: Iterable[int]) -> Iterator[str]:
        return (self._words[number] for number in numbers)


def fits(shape: str, word: str) -> bool:
    """Whether a word has the letters of a shape, whose dots stand for one hidden letter each."""
    return len(shape) == len(word) and all(ours in (".", theirs) for ours, theirs in zip(shape, word, strict=True))


def _slipped(word: str) -> set[str]:
    """Forms that two words one slip apart share: the word, its key, and both with a letter left out."""
    short = key(word)
    return {word, short} | deletions(word) | deletions(short)


@lru_cache(maxsize=RECENT)
def _slipped_hashes(word: str) -> NDArray[np.uint32]:
    return hashes(_slipped(word))


def _thirds(word: str) -> list[str]:
    """Three parts of a word, with its length and their place: two hidden letters leave one of them whole."""
    size = len(word)
    cuts = (0, round(size / 3), round(2 * size / 3), size)
    return [f"{size} {start} {word[start:end]}" for start, end in pairwise(cuts)] if size >= 3 else []
