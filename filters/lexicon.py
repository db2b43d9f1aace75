"""Fuzzy matching of listed terms: what evaders do is undone, what innocents say is left alone.

A line is judged word by word, then by windows of words. What a word comes to does not depend on its neighbours, so
it is worked out once and kept (chat repeats itself); a word seen before costs one look-up. New words meet hash
tables of the terms, of their one-letter deletions and of how they sound, so the cost does not grow with the list.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import ahocorasick_rs

from filters.confusables import LEET
from filters.disguise import (
    LONGEST_AFFIX,
    PREFIXES,
    SUFFIXES,
    collapse,
    deletions,
    key,
    missing_letters,
    plainer,
    relax,
    slip,
    sound,
)
from filters.realwords import english, real_words
from filters.terms import Problem, Term, read_terms
from filters.text import Folded, blank, composed, plain, skeleton, squash

__all__ = ["Hit", "Lexicon", "Problem", "Term", "compile_lexicon", "read_terms"]

CONFIDENCE = {
    "exact": 1.0,
    "spacing": 0.97,
    "leet": 0.97,
    "repeats": 0.95,
    "masking": 0.95,
    "homoglyph": 0.99,
    "glued": 0.93,
    "compound": 0.9,
    "split": 0.9,
    "sound": 0.85,
    "typo": 0.8,
}
"""The share of hits of this technique that a person would agree with, measured on labelled lines:
``python -m benchmarks.matching --calibrate`` prints the table."""

SHORTEST_FUZZY = 5
"""Letters a term needs before a slip of the keyboard is forgiven: four-letter words are all one slip from others."""
ROOT_ZIPF = 3.3
"""How well known a term must be for its mere presence inside an unknown word to tell."""
ROOT_SHARE = 0.9
"""The least share, by use, of the words containing a term that are forms of it."""
WINDOW_LETTERS = 45
LONGEST_WORD = 45
"""Letters above which a word is no slip of a term, but a wall of text whose forms would take time to try."""
CACHED_WORDS = 100_000

_LEET = str.maketrans(LEET)
_EDGES = ".,;:?!\"'()[]{}<>*~-_=#&/\\|^`%…“”‘’«»•@"
_LEET_EDGES = ".,;:?\"'()[]{}*~-_=#&/\\^`%"
_WORDS = re.compile(r"[\W_]+")
_PIECES = re.compile(r"[^\w$@!|+(<]+|_+")
_NUMBER = re.compile(r"[#$@]?\d+([.,:x/-]\d+)*[a-z+%]{0,3}")
_UNSPACED = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
"""Scripts written without spaces between words (Thai, Lao, Burmese, Khmer, Chinese, Japanese), and Hangul, whose
particles cling to the word."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A listed term found in a line.

    ``span`` is the (start, end) of the piece in the original, ``folded`` its canonical letters, ``distance`` the edits
    left between those and the term, ``technique`` what was undone, ``confidence`` the probability that a person would
    agree (``CONFIDENCE``).
    """

    term: Term
    span: tuple[int, int]
    folded: str
    distance: int
    technique: str
    confidence: float


@dataclass(frozen=True, slots=True)
class _Found:
    letters: str
    technique: str
    distance: int = 0


@dataclass(frozen=True, slots=True)
class _Phrase:
    letters: str
    parts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Word:
    """What is known of one word of a line, whatever stands beside it."""

    found: _Found | None
    letters: str
    leet: str
    mask: str
    zipf: float
    pieces: tuple[str, ...]
    short: bool
    phrases: dict[str, list[_Phrase]]
    """Phrases this may be the first word of, by the first letter of their second word."""

    @property
    def heads(self) -> set[str]:
        """First letters it may be read with."""
        return {self.letters[:1], self.leet[:1], sound(self.letters)[:1].lower(), self.mask[:1]}


class Lexicon:
    """Compiled terms. ``allow`` are words that are never a hit."""

    def __init__(self, terms: Sequence[Term], allow: Iterable[str] = ()) -> None:
        self._words = real_words()
        self._allowed = frozenset(squash(skeleton(word)) for word in allow)
        self._terms: dict[str, Term] = {}
        self._native: dict[str, Term] = {}
        self._embedded: list[tuple[str, Term]] = []
        self._keys: defaultdict[str, list[str]] = defaultdict(list)
        self._slips: defaultdict[str, list[str]] = defaultdict(list)
        self._sounds: defaultdict[str, list[str]] = defaultdict(list)
        self._masks: defaultdict[str, list[str]] = defaultdict(list)
        self._shapes: defaultdict[tuple[int, str], list[str]] = defaultdict(list)
        self._phrases: defaultdict[str, list[_Phrase]] = defaultdict(list)
        self._cache: dict[str, _Word] = {}
        for term in terms:
            self._admit(term)
        self._root_names = self._roots()
        self._root_finder = ahocorasick_rs.AhoCorasick(self._root_names) if self._root_names else None
        self._telling = frozenset(self._root_names)
        for letters, term in self._terms.items():
            self._index(letters, term, telling=letters in self._telling)
        self._embedded_finder = (
            ahocorasick_rs.AhoCorasick([text for text, _ in self._embedded]) if self._embedded else None
        )

    # --- Building

    def _admit(self, term: Term) -> None:
        native, letters = composed(term.text), squash(skeleton(term.text))
        if not letters:
            return
        if _UNSPACED.search(native) and len(native) > 1:
            self._embedded.append((native, term))
        if term.anywhere:
            self._embedded.append((letters, term))
        self._native.setdefault(native, term)
        if not native.isascii():
            self._native.setdefault(squash(plain(term.text)), term)
            latin = skeleton(native).isascii() and any(each.isascii() and each.isalpha() for each in plain(native))
            if not latin:
                return
            if len(letters) < 4 or self._words.zipf(letters) >= 2:
                # Without its accents it is another word: Turkish göt, English got.
                del self._native[squash(plain(term.text))]
                self._native[native] = term
                return
        known = self._terms.get(letters)
        if known is None or known.severity < term.severity:
            self._terms[letters] = term

    def _index(self, letters: str, term: Term, *, telling: bool) -> None:
        short = key(letters)
        self._keys[short].append(letters)
        words = tuple(word for word in _WORDS.split(skeleton(term.text)) if word)
        if len(words) > 1:
            self._index_phrase(letters, words)
        if len(letters) >= 4:
            for deletion in deletions(letters):
                self._masks[deletion].append(letters)
            self._shapes[len(letters), letters[0]].append(letters)
            if not term.exact:
                self._sounds[sound(letters)].append(letters)
        shortest = SHORTEST_FUZZY - 1 if telling else SHORTEST_FUZZY
        if len(letters) >= shortest and len(short) >= 4 and not term.exact:
            for deletion in deletions(short) | deletions(letters):
                self._slips[deletion].append(letters)

    def _index_phrase(self, letters: str, words: tuple[str, ...]) -> None:
        first = key(words[0])
        forms = {first, sound(words[0])} | (deletions(first) if len(first) >= 3 else set())
        for form in forms:
            self._phrases[form].append(_Phrase(letters, words))

    def _roots(self) -> list[str]:
        """Terms so telling that an unknown word with one inside is a form of it: all words with it in them are."""
        known = [
            letters
            for letters, term in self._terms.items()
            if 4 <= len(letters) <= 9 and not term.exact and self._words.zipf(letters) >= ROOT_ZIPF
        ]
        if not known:
            return []
        total: defaultdict[str, float] = defaultdict(float)
        forms: defaultdict[str, float] = defaultdict(float)
        finder = ahocorasick_rs.AhoCorasick(known)
        for word, zipf in english(1.5):
            for which, start, end in finder.find_matches_as_indexes(word, overlapping=True):
                root, before, after = known[which], word[:start], word[end:]
                total[root] += 10**zipf
                if (not before or before in PREFIXES or before in self._terms) and (not after or after in SUFFIXES):
                    forms[root] += 10**zipf
        return [root for root in known if total[root] and forms[root] >= ROOT_SHARE * total[root]]

    # --- Looking

    def find(self, folded: Folded, opaque: Sequence[tuple[int, int]] = ()) -> Hit | None:
        """The gravest hit, the surest of equals; None for an innocent line."""
        hits = self.find_all(folded, opaque)
        return max(hits, key=lambda hit: (hit.term.severity, hit.confidence)) if hits else None

    def find_all(self, folded: Folded, opaque: Sequence[tuple[int, int]] = ()) -> list[Hit]:
        """Every hit, at most one for a word and for each window. ``opaque`` spans are passed over."""
        text = blank(folded.original, opaque) if opaque else folded.original
        tokens = text.split()
        words = [self._cache.get(token) or self._learn(token) for token in tokens]
        found = [(at, at + 1, word.found) for at, word in enumerate(words) if word.found]
        found.extend(self._windows(words))
        hits = [self._hit(text, start, end, each) for start, end, each in found] if found else []
        if self._embedded_finder is not None:
            hits.extend(self._embedded_hits(text))
        return hits

    def _learn(self, token: str) -> _Word:
        folded = skeleton(token)
        letters = squash(folded)
        found = None if letters in self._allowed else self._judge(token, folded)
        zipf = self._words.zipf(letters)
        if folded.isalpha():
            short = len(letters) <= 2
            word = _Word(found, letters, letters, "", zipf, (letters,), short, self._phrases_begun({letters}))
        else:
            leet = squash(folded.translate(_LEET))
            masked = "".join(char if char.isalnum() else "." for char in folded)
            pieces = tuple(squash(piece.translate(_LEET)) for piece in _PIECES.split(folded) if piece)
            word = _Word(
                found,
                letters,
                leet,
                masked if 1 <= masked.count(".") <= 2 and masked[0] != "." else "",
                zipf,
                pieces,
                max(map(len, pieces), default=0) <= 2,
                self._phrases_begun({letters, leet}),
            )
        if len(token) <= LONGEST_WORD:
            if len(self._cache) >= CACHED_WORDS:
                self._cache.clear()
            self._cache[token] = word
        return word

    def _hit(self, text: str, start: int, end: int, found: _Found) -> Hit:
        spans = [word.span() for word in re.finditer(r"\S+", text)]
        first, last = spans[start][0], spans[end - 1][1]
        piece = text[first:last]
        first += len(piece) - len(piece.lstrip(_LEET_EDGES))
        last -= len(piece) - len(piece.rstrip(_LEET_EDGES))
        piece = text[first:last]
        technique = found.technique
        term = self._terms.get(found.letters) or self._native[found.letters]
        if technique == "exact" and not piece.isascii() and skeleton(piece).isascii():
            technique = "exact" if piece.casefold() == term.text.casefold() else "homoglyph"
        return Hit(
            term=term,
            span=(first, last),
            folded=squash(skeleton(piece)),
            distance=found.distance,
            technique=technique,
            confidence=CONFIDENCE[technique],
        )

    def _embedded_hits(self, text: str) -> Iterator[Hit]:
        assert self._embedded_finder is not None
        for table in (skeleton, _native_letters) if not text.isascii() else (skeleton,):
            for which, start, end in self._embedded_finder.find_matches_as_indexes(table(text)):
                letters, term = self._embedded[which]
                offsets = [at for at, char in enumerate(text) for _ in table(char)]
                yield Hit(term, (offsets[start], offsets[end - 1] + 1), letters, 0, "exact", CONFIDENCE["exact"])

    # --- One word

    def _judge(self, token: str, folded: str) -> _Found | None:
        if not token.isascii():
            native = self._native_word(token)
            if native or self._is_foreign_word(token):
                return native
        core = folded.strip(_EDGES)
        letters = squash(core)
        if not letters:
            return None
        if letters in self._terms:
            return _Found(letters, "exact" if core.isalnum() or core in self._terms else "spacing")
        parts = [part for part in _WORDS.split(core) if part]
        if not folded.isalpha() and (found := self._leet(folded, core, letters) or self._masked(core, letters, parts)):
            return found
        spelt = letters.isalpha() and (len(parts) == 1 or not re.search("['’]", core))
        if spelt and (found := self._spelling(letters)):
            return found
        for part in parts if len(parts) > 1 else ():
            if part in self._terms:
                return _Found(part, "exact")
        return None

    def _native_word(self, token: str) -> _Found | None:
        forms = (composed(token), squash(plain(token)))
        return next((_Found(form, "exact") for form in forms if form in self._native), None)

    def _is_foreign_word(self, token: str) -> bool:
        """Whether it is a real word in another script, and so no disguise of a Latin one."""
        own = squash(plain(token))
        return not own.isascii() and not re.search("[A-Za-z]", token) and self._words.zipf(own) > 0

    def _spelling(self, letters: str) -> _Found | None:
        """A word of letters alone: stretched, mistyped, spelt by ear, or with something glued to it."""
        zipf = self._words.zipf(letters)
        if not zipf:
            relaxed, single = relax(letters), collapse(letters)
            if relaxed in self._terms and not (self._words.zipf(single) >= 4 and self._words.zipf(relaxed) < 2):
                return _Found(relaxed, "repeats")
            if single != letters and (self._words.zipf(relaxed) >= 1.5 or self._words.zipf(single) >= 2.5):
                return _Found(single, "repeats") if single in self._terms else None
            return self._misspelt(letters) or self._attached(letters)
        if zipf < 3.4 and (found := self._misspelt(letters)):
            # A rare "word" a hundred times rarer than a well-known term is how that term is misspelt.
            term_zipf = self._words.zipf(found.letters)
            if term_zipf >= 4.2 and term_zipf - zipf >= 1.9:
                return found
        return self._ends_in_root(letters) if zipf < 3 else None

    def _misspelt(self, letters: str) -> _Found | None:
        if len(letters) < 3:
            return None
        short = key(letters)
        for term in self._keys.get(short, ()):
            missing = missing_letters(letters, term)
            if missing == 0 or (missing == 1 and len(term) > SHORTEST_FUZZY and not self._terms[term].exact):
                return _Found(term, "typo" if missing else "repeats", missing)
        if len(short) >= 4 and (found := self._mistyped(letters, short)):
            return found
        for term in self._sounds.get(sound(letters), ()) if len(letters) >= 4 else ():
            return _Found(term, "sound", 1)
        return None

    def _mistyped(self, letters: str, short: str) -> _Found | None:
        near: set[str] = set()
        for form in {letters, short}:
            if len(form) > LONGEST_WORD:
                continue
            near.update(self._slips.get(form, ()))
            for deletion in deletions(form):
                near.update(self._slips.get(deletion, ()))
                near.update(term for term in self._keys.get(deletion, ()) if self._forgives(term))
                if deletion in self._terms and self._forgives(deletion):
                    near.add(deletion)
        for term in sorted(near, key=lambda term: (-len(term), term)):
            if not (slip(letters, term) or (len(letters) >= len(term) and slip(short, key(term)))):
                continue
            if len(term) <= SHORTEST_FUZZY and letters[0] != term[0]:
                continue
            return _Found(term, "typo", 1)
        return None

    def _forgives(self, letters: str) -> bool:
        """Whether a slip of the keyboard is forgiven in this term: it is long enough, or telling enough."""
        long_enough = len(letters) >= SHORTEST_FUZZY or letters in self._telling
        return long_enough and not self._terms[letters].exact

    def _attached(self, letters: str) -> _Found | None:
        return (self._glued(letters) or self._rooted(letters)) if len(letters) > 4 else None

    def _glued(self, letters: str) -> _Found | None:
        size = len(letters)
        heads = [n for n in range(min(LONGEST_AFFIX, size - 4) + 1) if not n or letters[:n] in PREFIXES]
        tails = [n for n in range(min(LONGEST_AFFIX, size - 4) + 1) if not n or letters[size - n :] in SUFFIXES]
        for head in heads:
            for tail in tails:
                core = letters[head : size - tail]
                if (head or tail) and len(core) >= 4 and core in self._terms and not self._terms[core].exact:
                    return _Found(core, "glued")
        return None

    def _rooted(self, letters: str) -> _Found | None:
        if self._root_finder is None:
            return None
        for form in dict.fromkeys((letters, plainer(letters))):
            for which, _, _ in self._root_finder.find_matches_as_indexes(form):
                return _Found(self._root_names[which], "compound")
        return None

    def _ends_in_root(self, letters: str) -> _Found | None:
        """A rare word that ends in a well-known term, an ending behind it or not: what dictionaries list as slang."""
        if self._root_finder is not None:
            for which, start, end in self._root_finder.find_matches_as_indexes(letters):
                root = self._root_names[which]
                if start > 1 and (end == len(letters) or letters[end:] in SUFFIXES) and self._words.zipf(root) >= 4.5:
                    return _Found(root, "compound")
        return None

    def _leet(self, folded: str, core: str, letters: str) -> _Found | None:
        inner = folded.strip(_LEET_EDGES).rstrip("!" + _LEET_EDGES)
        if "://" in folded or not re.search("[a-z]", inner) or _NUMBER.fullmatch(inner):
            return None
        for source in dict.fromkeys((inner, core)):
            spelt = squash(source.translate(_LEET))
            if spelt == letters or len(spelt) < 3 or not spelt.isalpha() or not source.isascii():
                continue
            if spelt in self._terms:
                return _Found(spelt, "leet")
            for term in self._keys.get(key(spelt), ()):
                if missing_letters(spelt, term) == 0:
                    return _Found(term, "leet")
            # Nobody writes a digit inside an innocent word, so being a form of a real word is no excuse here.
            if found := self._attached(spelt):
                return _Found(found.letters, "leet")
        return None

    def _masked(self, core: str, letters: str, parts: Sequence[str]) -> _Found | None:
        shape = "".join(char if char.isalnum() else "." for char in core)
        hidden = [char for char in core if not char.isalnum()]
        if not 1 <= len(hidden) <= 2 or len(set(hidden)) > 1 or len(shape) < 4 or hidden[0] in "'’":
            return None
        if hidden[0] not in "*#@%" and (
            self._words.zipf(letters) >= 3 or any(len(part) > 2 and self._words.zipf(part) >= 3 for part in parts)
        ):
            return None
        if len(hidden) == 1:
            likely = self._masks.get(shape.replace(".", ""), ())
        else:
            likely = self._shapes.get((len(shape), shape[0]), ()) if len(shape) >= 5 else ()
        return next((_Found(term, "masking", len(hidden)) for term in likely if _fits(shape, term)), None)

    # --- Windows of words

    def _windows(self, words: Sequence[_Word]) -> Iterator[tuple[int, int, _Found]]:
        last = len(words) - 1
        skip_to = 0
        for at, word in enumerate(words):
            if at < last:
                after = words[at + 1]
                for head in sorted(after.heads & word.phrases.keys()) if word.phrases else ():
                    for phrase in word.phrases[head]:
                        end = at + len(phrase.parts)
                        if end <= last + 1 and (technique := self._phrase(words[at:end], phrase)):
                            yield at, end, _Found(phrase.letters, technique, int(technique == "typo"))
                joined = word.letters + after.letters
                if joined in self._terms and self._is_split(word, after, joined):
                    yield at, at + 2, _Found(joined, "split")
            if at >= skip_to and (word.short or len(word.pieces) > 1):
                start, end = _spaced_run(words, at)
                skip_to = end
                if found := self._spaced(words[start:end]):
                    yield start, end, found

    def _is_split(self, word: _Word, after: _Word, joined: str) -> bool:
        if len(joined) < 6 or min(len(word.letters), len(after.letters)) < 2:
            return False
        rare = sum(each.zipf < 2.5 for each in (word, after))
        return rare == 2 or not (word.zipf and after.zipf)

    def _phrases_begun(self, forms: set[str]) -> dict[str, list[_Phrase]]:
        begun: dict[str, _Phrase] = {}
        for form in forms if self._phrases else ():
            short = key(form)
            if len(short) > LONGEST_WORD:
                continue
            likely = {short, sound(form)}
            if len(short) >= 3:
                likely |= deletions(short)
                likely.update(key(each) for each in deletions(form) if LONGEST_WORD >= len(form) > len(short))
            likely.update(
                key(form[size:]) for size in range(1, min(LONGEST_AFFIX, len(form) - 2)) if form[:size] in PREFIXES
            )
            for each in likely & self._phrases.keys():
                begun.update((phrase.letters, phrase) for phrase in self._phrases[each])
        by_head: dict[str, list[_Phrase]] = {}
        for phrase in begun.values():
            by_head.setdefault(phrase.parts[1][0], []).append(phrase)
        return by_head

    def _phrase(self, words: Sequence[_Word], phrase: _Phrase) -> str:
        """By which technique these words are the phrase, or an empty text."""
        technique = "exact"
        letters, parts = phrase.letters, phrase.parts
        exact = self._terms[letters].exact
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
            elif word.mask and len(word.mask) == len(part) and _fits(word.mask, part):
                technique = "masking"
            elif word.zipf < 4 and len(part) > 2 and sound(word.letters) == sound(part):
                technique = "sound"
            elif (
                technique != "typo"
                and len(letters) >= 8
                and len(part) > 2
                and word.zipf < 3.6
                and (slip(word.letters, part) or slip(key(word.letters), key(part)))
            ):
                technique = "typo"
            else:
                return ""
        return technique

    def _spaced(self, words: Sequence[_Word]) -> _Found | None:
        """A term spelt out in pieces: s p a c e d, d.o.t.t.e.d or any mixture. Windows begin and end with a piece."""
        pieces = [piece for word in words for piece in word.pieces if piece]
        if len(pieces) < 3:
            return None
        whole = "".join(pieces)
        if whole not in self._terms and self._words.zipf(whole):
            return None
        for start in range(len(pieces)):
            spelt, single = "", 0
            for end in range(start, len(pieces)):
                spelt += pieces[end]
                single += len(pieces[end]) == 1
                count = end - start + 1
                if len(spelt) > WINDOW_LETTERS:
                    break
                if count < 3 or 2 * single < count or count < len(spelt) / 2.2:
                    continue
                term = self._stretched_term(spelt)
                alone = start == 0 or end == len(pieces) - 1 or len(pieces[start - 1]) > 1 or len(pieces[end + 1]) > 1
                if term and (alone or len(spelt) >= 5):
                    return _Found(term, "spacing")
        return None

    def _stretched_term(self, spelt: str) -> str:
        if spelt in self._terms:
            return spelt
        if len(spelt) < 4:
            return ""
        near = self._keys.get(key(spelt), ())
        return next((term for term in near if len(term) > 5 or not missing_letters(spelt, term)), "")


def _spaced_run(words: Sequence[_Word], at: int) -> tuple[int, int]:
    """The stretch of words around ``at`` that come in pieces, with the broken words on both sides of short ones."""
    start, end = at, at + 1
    while end < len(words) and (words[end].short or (len(words[end].pieces) > 1 and len(words[at].pieces) > 1)):
        end += 1
    if start and words[start].short and len(words[start - 1].pieces) > 1:
        start -= 1
    if end < len(words) and words[end - 1].short and len(words[end].pieces) > 1:
        end += 1
    return start, end


def _stretches(letters: str, part: str) -> bool:
    return len(letters) >= len(part) and key(letters) == key(part) and not missing_letters(letters, part)


def _ends(letters: str, part: str) -> bool:
    return letters.startswith(part) and letters[len(part) :] in SUFFIXES


def _begins(letters: str, part: str) -> bool:
    return letters.endswith(part) and letters[: -len(part)] in PREFIXES


def _fits(shape: str, term: str) -> bool:
    """Whether a term has the letters of a shape, whose dots stand for one hidden letter each."""
    return len(shape) == len(term) and all(ours in (".", theirs) for ours, theirs in zip(shape, term, strict=True))


def _native_letters(text: str) -> str:
    return "".join(map(composed, text))


@lru_cache(maxsize=64)
def _compiled(terms: tuple[Term, ...], allow: frozenset[str]) -> Lexicon:
    return Lexicon(terms, allow)


def compile_lexicon(terms: Sequence[Term], allow: Iterable[str] = ()) -> Lexicon:
    """The Lexicon of these terms; channels with the same terms share one."""
    return _compiled(tuple(terms), frozenset(allow))
