"""Many short texts to numbers in some twenty bytes an entry, for lists of a hundred thousand terms."""

from __future__ import annotations

from array import array
from collections.abc import Collection, Iterable

import numpy as np
from numpy.typing import NDArray

_LAST = np.iinfo(np.int64).max
_ROOM = 8
"""Places in the sieve for each entry: seven of eight texts that are not there are turned away at once."""


class Table:
    """Numbers found by text; a text may have many. Keeps sorted 64-bit hashes and a sieve before them, no strings.

    Two texts may share a hash once in 10^7 look-ups at two million entries, so what is found is only likely: confirm
    it. A dictionary of lists takes twenty times the memory and is no faster for many texts at once.
    """

    def __init__(self, rows: Iterable[tuple[str, int]]) -> None:
        hashes, numbers = array("q"), array("i")
        for text, number in rows:
            hashes.append(hash(text))
            numbers.append(number)
        table: NDArray[np.int64] = np.array(hashes, np.int64)
        order = np.argsort(table, kind="stable")
        self._mask = (1 << (_ROOM * len(table)).bit_length()) - 1
        self._sieve = np.zeros(self._mask + 1, np.bool_)
        self._sieve[table & self._mask] = True
        self._hashes = np.append(table[order], _LAST)
        self._numbers: NDArray[np.int32] = np.array(numbers, np.int32)[order]

    def get(self, text: str) -> list[int]:
        """The numbers of one text, in the order given."""
        wanted = hash(text)
        return self._run(wanted) if self._sieve[wanted & self._mask] else []

    def near(self, texts: Collection[str]) -> set[int]:
        """The numbers of any of these texts."""
        wanted = np.fromiter(map(hash, texts), np.int64, len(texts))
        likely = wanted[self._sieve[wanted & self._mask]]
        return {number for each in likely.tolist() for number in self._run(each)}

    def _run(self, wanted: int) -> list[int]:
        start = int(self._hashes.searchsorted(wanted))
        end = start
        while end < len(self._numbers) and self._hashes[end] == wanted:
            end += 1
        return self._numbers[start:end].tolist() if end > start else []
