"""Judging one word: which listed term it is when its letters are stretched, mistyped, masked, glued or leet."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from filters.confusables import LEET, OTHER_LEET
from filters.disguise import (
    LONGEST_AFFIX,
    PREFIXES,
    SUFFIXES,
    collapse,
    doubled,
    drawn,
    key,
    missing_letters,
    plainer,
    readings,
    relax,
    slip,
    sound,
)
from filters.guises import RARER_ZIPF
from filters.index import SHORTEST_FUZZY, Index
from filters.realwords import real_words
from filters.text import composed, plain, skeleton, squash

SHORTEST_MASKED = {1: 4, 2: 5}
"""Letters a word needs with one of them hidden, and with two: what is left must tell it."""
LONGEST_WORD = 45
"""Letters above which a word is no slip of a term, but a wall of text whose forms would take time to try."""
SHORTEST_POSING = 4
"""Letters of a strange Latin word that may be one of another script in disguise: cekc."""
DUBIOUS_ZIPF = 1.5
"""Words as rare as this are often misspellings that got into a dictionary."""
FAR_RARER_ZIPF = 2.9
"""So much rarer than a well-known word (eight hundred times) that even a common misspelling of it is no word."""
LIKELY_ZIPF = 2.5
"""A word this common is what a stretched spelling of it stands for."""
AS_LETTERS = str.maketrans(LEET)
"""Leet undone, for ``str.translate``."""
AS_OTHER_LETTERS = str.maketrans(OTHER_LEET)
LEET_EDGES = ".,;:?\"'()[]{}*~-_=#&/\\^`%"
"""Punctuation around a word that is no letter in disguise."""

_EDGES = ".,;:?!\"'()[]{}<>*~-_=#&/\\|^`%…“”‘’«»•@"
_HIDING = "*#@%"
"""What hides a letter and is seldom written inside a word for anything else."""
_SEPARATORS = re.compile(r"[\W_]+")
_EMOTE = re.compile(r"\W*([a-z]{3,}\d*[A-Z]+[a-z]*|[A-Z][a-z]+[A-Z][a-z]+)\W*$")
"""How channels name their emotes: a prefix in small letters, then a word with a capital; and CamelCase."""
_TITLE = re.compile(r"[A-Z][a-z]+\W*$")
LAUGHTER = frozenset({"jaja", "kek", "lel", "lol", "lul"})
"""Everybody draws out their laughter, whatever else the word means in some language of a list."""
_NUMBER = re.compile(r"[<>]?[#$@]?\d+([.,:x/-]\d+)*(\+|%|[a-z]{0,3})")


@dataclass(frozen=True, slots=True)
class Found:
    """A term's ``letters`` in the Index, what was undone to see it, and the edits left."""

    letters: str
    technique: str
    distance: int = 0


class Speller:
    """Judges words by an Index, and by what people really say."""

    def __init__(self, index: Index) -> None:
        self._index = index
        self._zipf = real_words().zipf

    def judge(self, token: str, folded: str) -> Found | None:
        """The term that a word, given with its skeleton, is a form of."""
        if not token.isascii():
            native = self._native_word(token)
            if native or self._is_foreign_word(token):
                return native
        core = folded.strip(_EDGES)
        letters = squash(core)
        if letters in self._index.terms:
            return Found(letters, "exact" if core.isalnum() else "spacing")
        if not letters or folded.isdecimal():
            return None
        parts = [part for part in _SEPARATORS.split(core) if part]
        if not folded.isalpha() and (found := self._leet(folded, core, letters) or self._masked(core, letters, parts)):
            return found
        if letters in self._index.akin:
            return Found(*self._index.akin[letters])
        spelt = letters.isalpha() and (len(parts) == 1 or not re.search("['’]", core))
        if spelt and (found := self._spelling(letters)) and not self._is_name(token, found):
            return found
        if len(parts) == 1 and token.isascii() and (found := self._strange(token, letters)):
            return found
        apart = len(parts) > 1 and self._zipf(letters) < 3.5
        return next((Found(part, "exact") for part in parts if part in self._index.terms), None) if apart else None

    def _strange(self, token: str, letters: str) -> Found | None:
        """A Latin word that is no form of a term as it stands: a well-known one in guise, or one of another script."""
        if not _is_named(token) and (found := self._in_guise(letters)):
            return found
        posing = len(letters) >= SHORTEST_POSING and not self._zipf(letters) and self._index.spelt_out.get(letters)
        return Found(posing, "homoglyph") if posing else None

    def _native_word(self, token: str) -> Found | None:
        """A term in its own script, or with some of its letters posing as others: 6лядь, cyka with a Cyrillic y."""
        own = squash(plain(token))
        for form in (composed(token), own):
            if form in self._index.native:
                return Found(form, "exact")
        if own.isascii():
            return None
        if found := self._masked_native(token):
            return found
        if self._zipf(own):
            return None
        looks = squash(skeleton(token).translate(AS_OTHER_LETTERS))
        for form in (looks, relax(looks), collapse(looks)):
            if form in self._index.spelt_out:
                return Found(self._index.spelt_out[form], "homoglyph" if form == looks else "repeats")
        for term in self._index.near_native.with_key(key(own)):
            if missing_letters(own, term) == 0:
                return Found(term, "repeats")
        return self._native_slip(own) if len(own) <= LONGEST_WORD else None

    def _masked_native(self, token: str) -> Found | None:
        """A term in its own script with one or two letters hidden: с*ка."""
        core = plain(token).strip(_EDGES)
        hidden = [char for char in core if char in _HIDING]
        if not 1 <= len(hidden) <= 2 or len(set(hidden)) > 1 or len(core) < SHORTEST_MASKED[len(hidden)]:
            return None
        shape = core.replace(hidden[0], ".")
        return next((Found(term, "masking", len(hidden)) for term in self._index.near_native.fitting(shape)), None)

    def _native_slip(self, own: str) -> Found | None:
        """A letter left out or two swapped: which keys are neighbours on every keyboard there is, nobody knows."""
        for term in sorted(self._index.near_native.near(own)):
            if (len(own) < len(term) or sorted(own) == sorted(term)) and slip(own, term):
                return Found(term, "typo", 1)
        return None

    def _is_foreign_word(self, token: str) -> bool:
        """Whether it is a real word in another script, and so no disguise of a Latin one."""
        own = squash(plain(token))
        return not own.isascii() and not re.search("[A-Za-z]", token) and self._zipf(own) > 0

    def _is_name(self, token: str, found: Found) -> bool:
        """Whether a word that would be a guess is written like the name of an emote or a person, or laughs."""
        if found.letters in LAUGHTER:
            return True
        if found.technique not in ("typo", "sound", "compound"):
            return False
        if not token.isascii() and plain(token).isascii():
            return True  # accents are the care a writer takes, or a disguise, but then of the word itself
        return bool(_EMOTE.match(token)) or (found.letters not in self._index.telling and bool(_TITLE.match(token)))

    def _spelling(self, letters: str) -> Found | None:
        """A word of letters alone: stretched, mistyped, spelt by ear, or with something glued to it."""
        zipf = self._zipf(letters)
        if not zipf:
            term, word = self._unstretched(letters)
            if word or term:
                return self._spelling(word) if word else Found(term, "repeats")
            return (
                self._misspelt(letters)
                or self._abbreviated(letters)
                or self._attached(letters)
                or self._misspelt_plural(letters)
            )
        found = self._misspelt(letters) if zipf < 3.4 else None
        if found and self._index.well_known.get(found.letters, 0.0) >= zipf + RARER_ZIPF:
            return found
        found = self._abbreviated(letters) if zipf < 4.1 else None
        return found or (self._ends_in_root(letters) if zipf < 3 else None)

    def _unstretched(self, letters: str) -> tuple[str, str]:
        """The term that a stretched word reads as, and the real word it reads better as, if any."""
        terms, words = [(float("-inf"), "")], [(0.0, "")]
        for reading, cost in readings(letters):
            (terms if reading in self._index.terms else words).append((self._zipf(reading) - cost, reading))
        (term_zipf, term), (word_zipf, word) = max(terms), max(words)
        return term, word if word_zipf >= max(LIKELY_ZIPF, term_zipf + 1) else ""

    def _misspelt(self, letters: str) -> Found | None:
        if len(letters) < 3:
            return None
        short = key(letters)
        for term in self._index.near.with_key(short):
            missing = missing_letters(letters, term)
            if missing == 0 or (missing == 1 and len(term) > SHORTEST_FUZZY and not self._index.terms[term].exact):
                return Found(term, "typo" if missing else "repeats", missing)
        if len(short) >= 4 and len(letters) <= LONGEST_WORD and (found := self._mistyped(letters, short)):
            return found
        for term in self._index.near.sounding(sound(letters)):
            if len(letters) >= 4 or term in self._index.telling:
                return Found(term, "sound", 1)
        return None

    def _misspelt_plural(self, letters: str) -> Found | None:
        if len(letters) <= SHORTEST_FUZZY + 1 or letters[-1] not in "sz" or self._zipf(letters[:-1]):
            return None
        found = self._misspelt(letters[:-1])
        return found if found and len(found.letters) >= len(letters) else None

    def _abbreviated(self, letters: str) -> Found | None:
        """A telling term without its vowels, an ending behind it or not."""
        if len(letters) < 8:
            for size in range(3, len(letters) + 1):
                root = self._index.abbreviations.get(letters[:size])
                if root and (size == len(letters) or letters[size:] in SUFFIXES):
                    return Found(root, "typo", len(root) - size)
        return None

    def _mistyped(self, letters: str, short: str) -> Found | None:
        stretched = relax(letters) != letters
        drawn_out = stretched or len(short) * 2 <= len(letters)
        for term in sorted(self._index.near.near(letters), key=lambda term: (-len(term), term)):
            if stretched and len(term) <= SHORTEST_FUZZY:
                continue
            loosely = drawn_out or doubled(letters) == doubled(term)
            if not (slip(letters, term) or (loosely and len(letters) >= len(term) and slip(short, key(term)))):
                continue
            if len(term) <= SHORTEST_FUZZY and letters[0] != term[0]:
                continue
            return Found(term, "typo", 1)
        return None

    def _attached(self, letters: str) -> Found | None:
        return (
            (self._glued(letters) or self._rooted(letters) or self._run_together(letters)) if len(letters) > 4 else None
        )

    def _run_together(self, letters: str) -> Found | None:
        """A term and a word everybody knows, without the space between them."""
        if len(letters) > LONGEST_WORD:
            return None
        for at in range(4, len(letters) - 3):
            before, after = letters[:at], letters[at:]
            if after in self._index.terms and not self._index.terms[after].exact and self._zipf(before) >= 4:
                return Found(after, "compound")
            if (
                before in self._index.terms
                and not self._index.terms[before].exact
                and len(after) > 4 <= self._zipf(after)
            ):
                return Found(before, "compound")
        return None

    def _in_guise(self, letters: str) -> Found | None:
        if len(letters) > LONGEST_WORD:
            return None
        zipf = max(self._zipf(letters), self._zipf(collapse(letters)))
        root = self._index.guises.find(letters, vowels_kept=zipf >= DUBIOUS_ZIPF)
        rare = zipf < DUBIOUS_ZIPF or zipf + FAR_RARER_ZIPF <= self._index.well_known.get(root, 0.0)
        return Found(root, "sound", 1) if root and rare else None

    def _glued(self, letters: str) -> Found | None:
        size = len(letters)
        heads = [n for n in range(min(LONGEST_AFFIX, size - 4) + 1) if not n or letters[:n] in PREFIXES]
        tails = [n for n in range(min(LONGEST_AFFIX, size - 4) + 1) if not n or letters[size - n :] in SUFFIXES]
        for head in heads:
            for tail in tails:
                core = letters[head : size - tail]
                if (head or tail) and len(core) >= 4:
                    for form in (core, core.replace("l", "i")):
                        if form in self._index.terms and not self._index.terms[form].exact:
                            return Found(form, "glued")
        return None

    def _rooted(self, letters: str) -> Found | None:
        if self._index.root_finder is None:
            return None
        for form in dict.fromkeys((letters, plainer(letters))):
            for which, start, end in self._index.root_finder.find_matches_as_indexes(form):
                if not start or end == len(form) or form[end:] in SUFFIXES or form[:start] in PREFIXES:
                    return Found(self._index.roots[which], "compound")
        return None

    def _ends_in_root(self, letters: str) -> Found | None:
        """A rare word that ends in a well-known term, an ending behind it or not: what dictionaries list as slang."""
        if self._index.root_finder is not None:
            for which, start, end in self._index.root_finder.find_matches_as_indexes(letters):
                root = self._index.roots[which]
                if start != 1 and (end == len(letters) or letters[end:] in SUFFIXES) and self._zipf(root) >= 4.5:
                    return Found(root, "compound")
        return None

    def _leet(self, folded: str, core: str, letters: str) -> Found | None:
        inner = folded.strip(LEET_EDGES).rstrip("!" + LEET_EDGES)
        if "://" in folded or not re.search("[a-z]", inner) or _NUMBER.fullmatch(inner):
            return None
        shouted = folded.strip(LEET_EDGES) if re.search(r"[\d$@]", inner) else inner
        for source in dict.fromkeys((inner, core, shouted, drawn(shouted))):
            spelt = squash(source.translate(AS_LETTERS))
            if spelt != letters and spelt.isalpha() and source.isascii() and (found := self._as_letters(spelt, source)):
                return found
        inside = re.search(r"[a-z]\W*[\d$@!|]+[a-z]", inner)
        spelt = squash(inner.translate(AS_LETTERS))
        if inside and len(spelt) >= SHORTEST_FUZZY and self._zipf(spelt) < LIKELY_ZIPF:
            found = self._misspelt(spelt)
            return found and Found(found.letters, "leet", found.distance)
        return None

    def _as_letters(self, spelt: str, source: str) -> Found | None:
        """What leet spells, read as letters. Nobody writes a digit inside an innocent word, so being a form of a real
        word is no excuse here.
        """
        if len(spelt) <= 3 and len(source) > len(spelt):
            return None
        if spelt in self._index.terms:
            return Found(spelt, "leet")
        if spelt in self._index.akin:
            return Found(self._index.akin[spelt][0], "leet")
        if len(spelt) == 4 and spelt[3] in "sz" and spelt[:3] in self._index.terms and source[2:3].isalpha():
            return Found(spelt[:3], "leet")
        for term in self._index.near.with_key(key(spelt)):
            if missing_letters(spelt, term) == 0:
                return Found(term, "leet")
        found = self._attached(spelt) or self._in_guise(spelt)
        return found and Found(found.letters, "leet")

    def _masked(self, core: str, letters: str, parts: Sequence[str]) -> Found | None:
        shape = "".join(char if char.isalnum() else "." for char in core)
        hidden = [char for char in core if not char.isalnum()]
        if not 1 <= len(hidden) <= 2 or len(set(hidden)) > 1 or hidden[0] in "'’":
            return None
        if len(shape) < SHORTEST_MASKED[len(hidden)]:
            return None
        if hidden[0] not in _HIDING and (
            self._zipf(letters) >= 3 or any(len(part) > 2 and self._zipf(part) >= 3 for part in parts)
        ):
            return None
        return next((Found(term, "masking", len(hidden)) for term in self._index.near.fitting(shape)), None)


def _is_named(token: str) -> bool:
    return bool(_EMOTE.match(token) or _TITLE.match(token))
