"""Listed terms of several words, each of which may be stretched, mistyped, spelt by ear, masked or glued."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import groupby, product

from filters.disguise import LONGEST_AFFIX, PREFIXES, SUFFIXES, key, missing_letters, slip, sound
from filters.index import Index, Phrase
from filters.slang import TEXTED
from filters.spelling import LONGEST_WORD, Found
from filters.tables import fits
from filters.words import Word

# How common (Zipf) a word may be, by the labelled chat of the development data.
MEANT_ZIPF = 4.0
"""A word this common is meant as it stands, though it sounds like another."""
SLIP_ZIPF = 3.6
"""A word rarer than this may be a slip of another."""
SLIP_AMID_ZIPF = 5.5
"""So may one rarer than this, where the other words of the phrase stand there exactly and one is telling."""
TELLING_ZIPF = 4.3
SHORTEST_FORGIVEN = 7
"""Letters a phrase needs before a slip is forgiven."""


class Phrases:
    """Finds the phrases of an index in words that stand side by side."""

    def __init__(self, index: Index) -> None:
        self._index = index
        self._longest_word = max(map(len, index.phrase_words), default=0)
        self._most_words = max((len(each.parts) for some in index.phrases.values() for each in some), default=0)

    def words(self, letters: str, leet: str, mask: str, zipf: float) -> tuple[str, ...]:
        """The words of phrases that a word may be: in full, stretched, mistyped, spelt by ear, masked or glued."""
        known, near = self._index.phrase_words, self._index.near_phrase_words
        likely = {form for form in (letters, leet, TEXTED.get(letters)) if form in known}
        # A number is no misspelling of another.
        if not known or len(letters) > LONGEST_WORD or letters.isdecimal():
            return tuple(likely)
        for form in {letters, leet}:
            likely.update(near.with_key(key(form)))
        if mask:
            likely.update(near.fitting(mask))
        if len(letters) > 2:
            if zipf < MEANT_ZIPF:
                likely.update(near.sounding(sound(letters)))
            if zipf < SLIP_AMID_ZIPF:
                likely.update(near.near(letters))
            for size in range(1, min(LONGEST_AFFIX + 1, len(letters) - 2)):
                if letters[:size] in PREFIXES and letters[size:] in known:
                    likely.add(letters[size:])
                if letters[-size:] in SUFFIXES and letters[:-size] in known:
                    likely.add(letters[:-size])
        return tuple(sorted(likely))

    def beginning(self, words: Sequence[Word], at: int) -> Iterator[tuple[int, int, Found]]:
        """Every phrase that begins with the word ``at`` and another behind it: (start, end, what was found)."""
        word, after = words[at], words[at + 1]
        for pair in product(word.phrase_words, after.phrase_words):
            for phrase in self._index.phrases.get(pair, ()):
                end = at + len(phrase.parts)
                if end > len(words) or (max(map(len, phrase.parts)) == 1 and _is_within_letters(words, at, end)):
                    continue
                if technique := self._phrase(words[at:end], phrase):
                    yield at, end, Found(phrase.letters, technique, int(technique == "typo"))
        for phrase in self._index.native_phrases.get(word.looks_key, ()):
            end = at + len(phrase.parts)
            looks = [each.looks for each in words[at:end]]
            foreign = any(each.foreign for each in words[at:end])
            if foreign and len(looks) == len(phrase.parts) and all(map(_stretches, looks, phrase.parts)):
                yield at, end, Found(phrase.letters, "exact" if looks == list(phrase.parts) else "repeats")

    def spelt_out(self, words: Sequence[Word], start: int, end: int) -> Iterator[tuple[int, int, Found]]:
        """Every phrase of which one word stands in single letters among the words from ``start`` to ``end``, and the
        others in full beside them: k i l l yourself.
        """
        at = start
        for single, run in groupby(words[start:end], key=lambda word: len(word.letters) == 1):
            first, at = at, at + len(list(run))
            if not single:
                continue
            for begin, stop in _parts(first, at, self._longest_word):
                joined = "".join(word.letters for word in words[begin:stop])
                if joined in self._index.phrase_words:
                    yield from self._around(words, begin, stop, joined)

    def _around(self, words: Sequence[Word], begin: int, stop: int, joined: str) -> Iterator[tuple[int, int, Found]]:
        offset = max(0, begin - self._most_words)
        before, after = words[offset:begin], words[stop : stop + self._most_words]
        word = replace(words[begin], letters=joined, leet=joined, mask="", phrase_words=(joined,))
        line = [*before, word, *after]
        for at in range(min(len(before) + 1, len(line) - 1)):
            for first, end, found in self.beginning(line, at):
                if first <= len(before) < end:
                    yield (
                        offset + first,
                        offset + end + stop - begin - 1,
                        Found(found.letters, "spacing", found.distance),
                    )

    def _phrase(self, words: Sequence[Word], phrase: Phrase) -> str:
        """By which technique these words are the phrase, or an empty text."""
        technique = "exact"
        letters, parts = phrase.letters, phrase.parts
        exact = self._index.terms[letters].exact
        for at, (word, part) in enumerate(zip(words, parts, strict=True)):
            if part in (word.letters, word.leet):
                technique = technique if part == word.letters else "leet"
            elif _stretches(word.letters, part) or _stretches(word.leet, part):
                technique = "repeats"
            elif exact:
                return ""
            elif len(part) > 2 and (
                (at == len(parts) - 1 and _ends(word.letters, part)) or (at == 0 and _begins(word.letters, part))
            ):
                technique = "glued"
            elif word.mask and len(word.mask) == len(part) and fits(word.mask, part):
                technique = "masking"
            elif TEXTED.get(word.letters) == part or (
                word.zipf < MEANT_ZIPF and len(part) > 2 and sound(word.letters) == sound(part)
            ):
                technique = "sound"
            elif (
                technique != "typo"
                and len(letters) >= SHORTEST_FORGIVEN
                and len(part) > 2
                and (word.zipf < SLIP_ZIPF or (word.zipf < SLIP_AMID_ZIPF and self._rest_tells(words, parts, at)))
                and (slip(word.letters, part) or slip(key(word.letters), key(part)))
            ):
                technique = "typo"
            else:
                return ""
        return technique

    def _rest_tells(self, words: Sequence[Word], parts: Sequence[str], at: int) -> bool:
        """Whether the other words of a phrase stand there exactly, a rare one among them, so that even a real word in
        the place of this one is a slip.
        """
        others = [word for index, word in enumerate(words) if index != at]
        exact = all(word.letters == parts[index] for index, word in enumerate(words) if index != at)
        return exact and min(word.zipf for word in others) < TELLING_ZIPF


def _parts(first: int, end: int, longest: int) -> Iterator[tuple[int, int]]:
    """The whole run of letters, then its beginnings and ends, of three letters at least and the ``longest`` at most."""
    if 3 <= end - first <= longest:
        yield first, end
    for size in range(3, min(longest, end - first - 1) + 1):
        yield first, first + size
        yield end - size, end


def _is_within_letters(words: Sequence[Word], start: int, end: int) -> bool:
    """Whether single letters stand before or behind: a phrase of letters (s & m) is not in a longer word spelt out."""
    return any(len(word.letters) == 1 for word in (*words[max(start - 1, 0) : start], *words[end : end + 1]))


def _stretches(letters: str, part: str) -> bool:
    return len(letters) >= len(part) and key(letters) == key(part) and not missing_letters(letters, part)


def _ends(letters: str, part: str) -> bool:
    return letters.startswith(part) and letters[len(part) :] in SUFFIXES


def _begins(letters: str, part: str) -> bool:
    return letters.endswith(part) and letters[: -len(part)] in PREFIXES
