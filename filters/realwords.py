"""Is this a word people use? The guard that keeps a real word from being taken for a misspelt term.

Frequencies are those of the package ``wordfreq`` (code Apache-2.0, data CC BY-SA 4.0, read where it is installed),
on its Zipf scale: 3 is once per million words, 6 once per thousand.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from filters.disguise import RECENT
from filters.text import plain, squash

LANGUAGES = {
    "en": 1.0, "es": 3.2, "pt": 3.2, "fr": 3.2, "de": 3.2, "it": 3.2, "nl": 3.3, "ru": 3.2, "pl": 3.4, "sv": 3.3,
    "fi": 3.4, "uk": 3.4, "nb": 3.4, "tr": 3.4, "el": 3.3, "cs": 3.4, "da": 3.4, "hu": 3.4, "fil": 3.4, "id": 3.4,
}  # fmt: skip
"""Languages of the guard and the rarest word (Zipf) taken from each. English goes deepest: most chat is in it, and
its rare words are what innocents trip over; the others' rare words would excuse too many misspellings."""

_CHAT_ZIPF = 3.5
_CHAT = """
    bussin catjam copium deez forsen gachi gigachad glizzy gyatt hopium jebaited jebated kappa kekw lesgo lesgoo letsgo
    ligma lulw malding monka monkas omegalul peepo pepega pog pogchamp poggers poggies rizz rizzler sadge skibidi sussy
    vtuber vtubers widepeepo yeet yeeted
""".split()
"""Words of live chat that ``wordfreq`` hardly knows (its texts end in 2021), taken as common as a word of the news."""

_STEP = 32.0


class RealWords:
    """Zipf frequencies of some 640,000 words in 9 bytes each: sorted hashes and a byte, no strings.

    Two words may share a 64-bit hash once in 10^8 look-ups or so; the price is one missed typo.
    """

    def __init__(self, zipfs: Iterable[tuple[str, float]]) -> None:
        rows = ((hash(word), min(255, round(zipf * _STEP))) for word, zipf in zipfs)
        table = np.fromiter(rows, dtype=[("hash", np.int64), ("level", np.uint8)])
        table.sort(order=("hash", "level"))
        # Of a word that several languages have, the last row is where it is most common.
        last = np.append(table["hash"][1:] != table["hash"][:-1], True)[: len(table)]
        self._hashes: NDArray[np.int64] = np.ascontiguousarray(table["hash"][last])
        self._levels: NDArray[np.uint8] = np.ascontiguousarray(table["level"][last])
        self.zipf = lru_cache(maxsize=RECENT)(self._zipf)
        """How common a word is, 0 for one that nobody uses."""

    def _zipf(self, word: str) -> float:
        wanted = hash(word)
        at = int(self._hashes.searchsorted(wanted))
        return float(self._levels[at]) / _STEP if at < len(self._hashes) and self._hashes[at] == wanted else 0.0


@lru_cache(maxsize=1)
def real_words() -> RealWords:
    """The words of all LANGUAGES, read once per process."""
    spoken = (word for language, rarest in LANGUAGES.items() for word in _common(language, rarest))
    return RealWords(chain(spoken, ((word, _CHAT_ZIPF) for word in _CHAT)))


def english(least_zipf: float) -> dict[str, float]:
    """English words at least this common, with their Zipf frequency."""
    return dict(reversed(list(_common("en", least_zipf))))  # most common first: of two spellings the commoner stays


def _common(language: str, rarest: float) -> Iterator[tuple[str, float]]:
    # It takes longer to import than most commands to run, and only a judge needs it.
    import wordfreq

    # The short lists end at Zipf 3, below every other language's limit, and load ten times as fast.
    levels = wordfreq.get_frequency_list(language, "large" if rarest < 3 else "small")
    # wordfreq keeps every list it has read for good: hundreds of MB for what is nine bytes a word here.
    wordfreq.get_frequency_list.cache_clear()
    for centibels, words in enumerate(levels):
        zipf = 9 - centibels / 100
        if zipf < rarest:
            return
        for word in words:
            if letters := squash(plain(word)):
                yield letters, zipf
