"""The tables of a list's terms: by their letters, by one letter less, by sound, by shape. Built once, then read."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import ahocorasick_rs

from filters.disguise import PREFIXES, SUFFIXES, consonants, inflected, key
from filters.guises import RARER_ZIPF, WELL_KNOWN_ZIPF, Guises
from filters.realwords import english, real_words
from filters.slang import SLANG
from filters.tables import Vocabulary
from filters.terms import Term
from filters.text import composed, plain, skeleton, squash

BEGINNING = 4
"""Letters by which a window of spelt-out letters is given up early: no term begins so."""
SHORTEST_SPELT_OUT = 3
"""Letters a term of another script needs to be found letter by letter."""
SHORTEST_NATIVE_FUZZY = 6
SHORTEST_FUZZY = 5
"""Letters a term needs before a slip of the keyboard is forgiven: four-letter words are all one slip from others."""
HALF_ZIPF = 5.0
"""How common both halves of a word are that is written as two: your self, some one."""
ROOT_ZIPF = 3.3
"""How well known a term must be for its mere presence inside an unknown word to tell."""
ROOT_SHARE = 0.9
"""The least share, by use, of the words containing a term that are forms of it."""

_WORDS = re.compile(r"[\W_]+")
UNSPACED = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
"""Scripts written without spaces between words (Thai, Lao, Burmese, Khmer, Chinese, Japanese), and Hangul, whose
particles cling to the word."""

_VOWEL_MARKS = re.compile(r"[\u0900-\u0dff\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff]")

_NUMBERS = {"one": "1", "two": "2", "three": "3", "four": "4", "five": "5", "six": "6", "seven": "7", "eight": "8"}


@dataclass(frozen=True, slots=True)
class Phrase:
    """A term of several words: all its letters, and word by word."""

    letters: str
    parts: tuple[str, ...]


class Index:
    """Terms found by what a word may have in common with them.

    Keys are letters folded to the Latin ones they look like (``skeleton``), except in ``native``; ``spelt_out``
    leads from the looks of a term of another script to the term. ``telling`` are terms so well known that a word
    with one inside is a form of it, ``guises`` how chat spells those; ``well_known`` are terms common in English,
    with their Zipf frequency there. ``akin`` leads from other words than the term, which yet stand for it, to the
    letters of the term and why: its endings, and what English chat says instead.
    """

    def __init__(self, terms: Sequence[Term]) -> None:
        self.terms: dict[str, Term] = {}
        self.native: dict[str, Term] = {}
        self.native_phrases: defaultdict[str, list[Phrase]] = defaultdict(list)
        self._native_words: dict[str, bool] = {}
        self.spelt_out: dict[str, str] = {}
        self._inside: dict[str, Term] = {}
        self.phrases: defaultdict[tuple[str, str], list[Phrase]] = defaultdict(list)
        for term in terms:
            self._admit(term)
        self.embedded = list(self._inside.items())
        known = [
            letters
            for letters, term in self.terms.items()
            if 4 <= len(letters) <= 9 and not term.exact and real_words().zipf(letters) >= ROOT_ZIPF
        ]
        spoken = english(1.5) if known else {}
        self.roots = self._roots(known, spoken)
        self.telling = frozenset(self.roots)
        self.well_known = {word: spoken[word] for word in self.terms if spoken.get(word, 0.0) >= WELL_KNOWN_ZIPF}
        self.abbreviations = self._abbreviations(spoken)
        self.guises = Guises([root for root in self.roots if spoken.get(root, 0.0) >= ROOT_ZIPF], spoken)
        self.akin = self._akin()
        self.root_finder = ahocorasick_rs.AhoCorasick(self.roots) if self.roots else None
        self.embedded_finder = (
            ahocorasick_rs.AhoCorasick([text for text, _ in self.embedded]) if self.embedded else None
        )
        self.near_native = Vocabulary(
            list(self._native_words),
            forgives=lambda word: self._native_words[word] and len(word) >= SHORTEST_NATIVE_FUZZY,
            heard=lambda word: False,
        )
        self.near = Vocabulary(
            list(self.terms),
            forgives=self.forgives,
            heard=lambda letters: len(letters) >= 4 and not self.terms[letters].exact,
        )
        for letters, term in self.terms.items():
            self._index_phrase(letters, term)
        self.phrase_words = {word: word for pair in self.phrases for word in pair}
        self.near_phrase_words = Vocabulary(
            list(self.phrase_words), forgives=lambda word: len(word) > 2, heard=lambda word: len(word) > 2
        )
        self.beginnings = frozenset(key(letters)[:BEGINNING] for letters in (*self.terms, *self.spelt_out))

    def forgives(self, letters: str) -> bool:
        """Whether a slip of the keyboard is forgiven in this term: it is long enough, or telling enough.

        In a phrase with a word of one letter it is not: without that one the rest is another word (2 girls, girls).
        """
        term = self.terms[letters]
        long_enough = len(letters) >= SHORTEST_FUZZY or letters in self.telling
        return long_enough and not term.exact and all(len(word) > 1 for word in term.text.split())

    def _admit(self, term: Term) -> None:
        native, letters = composed(term.text), squash(skeleton(term.text))
        if not letters:
            return
        if UNSPACED.search(native) and len(native) > 1:
            _enter(self._inside, native, term)
        if term.anywhere:
            _enter(self._inside, letters, term)
        _enter(self.native, native, term)
        if not native.isascii():
            latin = skeleton(native).isascii() and any(each.isascii() and each.isalpha() for each in plain(native))
            if latin and (len(letters) < 4 or real_words().zipf(letters) >= 2):
                return  # Without its accents it is another word: Turkish göt, English got.
            if not _VOWEL_MARKS.search(native):
                _enter(self.native, squash(plain(term.text)), term)
            if not latin:
                self._admit_native(native, letters, term)
                return
        if _enter(self.terms, letters, term) and term.phrase:
            _enter(self.terms, _in_digits(skeleton(term.text)), term)

    def _admit_native(self, native: str, letters: str, term: Term) -> None:
        if len(letters) >= SHORTEST_SPELT_OUT:
            self.spelt_out.setdefault(letters, native)
        if not _VOWEL_MARKS.search(native) and not UNSPACED.search(native):
            own = squash(plain(term.text))
            self._native_words[own] = not self.native[own].exact
        parts = tuple(squash(skeleton(word)) for word in term.text.split())
        if len(parts) > 1:
            self.native_phrases[key(parts[0])].append(Phrase(native, parts))

    def _index_phrase(self, letters: str, term: Term) -> None:
        words = tuple(word for word in _WORDS.split(skeleton(term.text)) if word)
        if "".join(words) != letters:
            words = tuple(_NUMBERS.get(word, word) for word in words)
        runs = [words, *(_joined(words, at) for at in range(1, len(words)))] if len(words) > 2 else [words]
        for parts in [*runs, *_parted(words)] if len(words) > 1 else ():
            self.phrases[parts[0], parts[1]].append(Phrase(letters, parts))

    def _roots(self, known: list[str], spoken: dict[str, float]) -> list[str]:
        """Those of the known terms so telling that a strange word with one inside is a form of it: all others are."""
        if not known:
            return []
        total: defaultdict[str, float] = defaultdict(float)
        forms: defaultdict[str, float] = defaultdict(float)
        finder = ahocorasick_rs.AhoCorasick(known)
        for word, zipf in spoken.items():
            for which, start, end in finder.find_matches_as_indexes(word, overlapping=True):
                root, before, after = known[which], word[:start], word[end:]
                total[root] += 10**zipf
                if (not before or before in PREFIXES or before in self.terms) and (not after or after in SUFFIXES):
                    forms[root] += 10**zipf
        return [root for root in known if total[root] and forms[root] >= ROOT_SHARE * total[root]]

    def _akin(self) -> dict[str, tuple[str, str]]:
        zipf = real_words().zipf
        akin: dict[str, tuple[str, str]] = {}
        for root, forms in SLANG.items():
            if root in self.terms and not self.terms[root].exact:
                for form in forms.split():
                    akin.setdefault(form, (root, "slang"))
        for letters, term in self.terms.items():
            if term.endings and not term.exact and term.text.isalpha() and term.lang in ("", "en"):
                # What people say more often than the term is another word: butt, butter.
                akin.update({form: (letters, "glued") for form in inflected(letters) if zipf(form) <= zipf(letters)})
        return {form: each for form, each in akin.items() if form not in self.terms}

    def _abbreviations(self, spoken: dict[str, float]) -> dict[str, str]:
        """How English chat shortens telling words, without vowels or with k for ck, where that is no word itself."""
        return {
            short: root
            for root in self.roots
            for short in (consonants(root), root.replace("ck", "k"))
            if short not in self.terms
            and len(short) > 2
            and spoken.get(root, 0.0) >= max(WELL_KNOWN_ZIPF, spoken.get(short, 0.0) + RARER_ZIPF)
        }


def _enter(table: dict[str, Term], form: str, term: Term) -> bool:
    """Enter a term under a form and return True, unless one as grave stands there: of equals the first counts."""
    known = table.get(form)
    if known is not None and known.severity >= term.severity:
        return False
    table[form] = term
    return True


def _parted(words: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """The phrase with one of its words as two that everybody knows: kill your self."""
    zipf = real_words().zipf
    for at, word in enumerate(words):
        for cut in range(2, len(word) - 1):
            if min(zipf(word[:cut]), zipf(word[cut:])) >= HALF_ZIPF:
                yield (*words[:at], word[:cut], word[cut:], *words[at + 1 :])


def _joined(words: tuple[str, ...], at: int) -> tuple[str, ...]:
    """The words of a phrase with the space before one of them left out."""
    return (*words[: at - 1], words[at - 1] + words[at], *words[at + 1 :])


def _in_digits(phrase: str) -> str:
    return "".join(_NUMBERS.get(word, word) for word in _WORDS.split(phrase))
