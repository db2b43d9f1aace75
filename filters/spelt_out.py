"""Terms spelt out in pieces over several words: s p a c e d, d.o.t.t.e.d or any mixture."""

from __future__ import annotations

from collections.abc import Sequence

from filters.disguise import key, missing_letters
from filters.index import BEGINNING, Index
from filters.realwords import real_words
from filters.spelling import LAUGHTER, Found
from filters.words import Word

WINDOW_LETTERS = 45
"""Letters of a line searched for one term: stretched phrases are longer than terms."""
LETTERS_A_PIECE = 2.2
"""What pieces have on average, at most."""
SAID_ZIPF = 7.0
"""Words of two letters this common (in, on, is) stand beside single letters by chance."""


class SpeltOut:
    """Finds the terms of an index whose letters come in pieces."""

    def __init__(self, index: Index) -> None:
        self._index = index
        self._words = real_words()

    def find(self, words: Sequence[Word]) -> tuple[int, int, Found] | None:
        """The first term in these words, from which word to before which. Windows begin and end with a piece."""
        pieces = [piece for word in words for piece in word.pieces if piece]
        if len(pieces) < 3:
            return None
        whole = "".join(pieces)
        foreign = any(word.foreign for word in words)
        listed = whole in self._index.terms or (foreign and whole in self._index.spelt_out)
        if not listed and self._words.zipf(whole):
            return None
        offset = 0
        for start, piece in enumerate(pieces):
            reach = self._reach(key(whole[offset : offset + 3 * BEGINNING])[:BEGINNING])
            offset += len(piece)
            spelt, single = "", 0
            for end in range(start, len(pieces)):
                spelt += pieces[end]
                single += len(pieces[end]) == 1
                count = end - start + 1
                if len(spelt) > reach:
                    break
                if count < 3 or 2 * single < count or count < len(spelt) / LETTERS_A_PIECE:
                    continue
                term = self._stretched_term(spelt, foreign=foreign)
                begins = start == 0 or len(pieces[start - 1]) > 1
                ends = end == len(pieces) - 1 or len(pieces[end + 1]) > 1
                alone = ends if len(spelt) <= 3 and spelt.isascii() else begins or ends or len(spelt) >= 5
                if term and alone and term not in LAUGHTER and not self._said(pieces[start : end + 1]):
                    of = [at for at, word in enumerate(words) for piece in word.pieces if piece]
                    return of[start], of[end] + 1, Found(term, "spacing")
        return None

    def _said(self, pieces: Sequence[str]) -> bool:
        """Whether pieces are rather short words than a word in pieces: I'm on a list."""
        longer = [piece for piece in pieces if len(piece) > 1 and self._words.zipf(piece) >= SAID_ZIPF]
        said = sum(map(len, longer)) + sum(piece in ("a", "i") for piece in pieces)
        return bool(longer) and 2 * said > sum(map(len, pieces))

    def _reach(self, begun: str) -> int:
        """How many letters a window may have that begins so, by its ``key``: few where only a short term does."""
        if len(begun) == BEGINNING and begun in self._index.beginnings:
            return WINDOW_LETTERS
        return 3 * BEGINNING if any(begun[:size] in self._index.beginnings for size in range(1, BEGINNING)) else 0

    def _stretched_term(self, spelt: str, *, foreign: bool) -> str:
        if spelt in self._index.terms:
            return spelt
        if foreign and spelt in self._index.spelt_out:
            return self._index.spelt_out[spelt]
        if len(spelt) < 4:
            return ""
        near = self._index.near.with_key(key(spelt))
        return next((term for term in near if len(term) > 5 or not missing_letters(spelt, term)), "")
