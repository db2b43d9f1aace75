"""What letter a character poses as: Unicode look-alikes, letters in circles and squares, small capitals, leet.

The table of look-alikes is Unicode's own (UTS #39 confusables), read from the package ``confusable_homoglyphs``;
the rest follows from Unicode names and decompositions. What chatters use beyond that is listed here.
"""

from __future__ import annotations

import re
import unicodedata

from confusable_homoglyphs import confusables

LEET = {
    "0": "o", "1": "i", "2": "z", "3": "e", "4": "a", "5": "s", "6": "g", "7": "t", "8": "b", "9": "g",
    "@": "a", "$": "s", "!": "i", "|": "i", "+": "t", "(": "c", "{": "c", "<": "c",
}  # fmt: skip
"""Digits and signs that stand for letters, in ASCII, where l and i are one letter (see ``filters.disguise``)."""

OTHER_LEET = {**LEET, "6": "b", "4": "y", "9": "r"}
"""What they stand for among Cyrillic and Greek letters, as the Latin letters those look like: б, ч, я."""

_BY_HABIT = {
    "ø": "o", "đ": "d", "ł": "l", "ß": "ss", "æ": "ae", "œ": "oe", "þ": "th", "ð": "d", "ŧ": "t", "ħ": "h", "ı": "i",
    "ƅ": "b", "ƽ": "s", "€": "e", "£": "l", "¢": "c", "¥": "y", "¡": "i",
    "β": "b", "γ": "y", "δ": "d", "ε": "e", "η": "n", "ι": "i", "κ": "k", "μ": "m", "ν": "v", "ρ": "p", "σ": "o",
    "τ": "t", "υ": "u", "χ": "x", "ω": "w", "ⲓ": "i", "ⲕ": "k", "ⲧ": "t", "ⲏ": "h", "ⲃ": "b", "ⲙ": "m", "ⲛ": "n",
    "б": "b", "в": "b", "г": "r", "д": "d", "з": "e", "и": "u", "к": "k", "л": "n", "м": "m", "н": "h", "п": "n",
    "т": "t", "ф": "f", "ц": "u", "ч": "y", "ш": "w", "щ": "w", "ъ": "b", "ь": "b", "ы": "bl", "э": "e", "ю": "lo",
    "я": "r", "ζ": "z",
}  # fmt: skip
"""Look-alikes chatters use that the tables lack: by shape, not by sound."""

_POSING = re.compile(
    r"(?:LATIN (?:CAPITAL |SMALL )?LETTER (?:SMALL CAPITAL |TURNED |REVERSED |SCRIPT |OPEN |CLOSED )?"
    r"|REGIONAL INDICATOR SYMBOL LETTER "
    r"|(?:NEGATIVE |CROSSED NEGATIVE )?(?:CIRCLED|SQUARED) LATIN CAPITAL LETTER )([A-Z])(?: WITH .*)?"
)
"""Unicode names of characters that are a Latin letter in disguise."""

_INVISIBLE = frozenset("\u0640\u115f\u1160\u17b4\u17b5\u180e\u2800\u3164\uffa0")
"""Letters and symbols without ink, and Arabic's stroke that stretches a word, where their category is not dropped."""

_VARIANTS = {"ی": "ي", "ى": "ي", "ک": "ك", "ة": "ه"}
"""Letters that Arabic and Persian keyboards have one for the other."""

COMPOSED: dict[int, str] = str.maketrans(
    {"\u0640": "", **_VARIANTS, **{chr(code): chr(code - 0x60) for code in range(0x30A1, 0x30F7)}}
)
"""What is one letter written two ways: tatweel stretches an Arabic word, and katakana is hiragana's other hand."""

_DROPPED = frozenset({"Mn", "Me", "Cf", "Cc", "Cs", "Co", "Cn"})


class _Table(dict[int, str]):
    """A ``str.translate`` table that works out each character when it is first met."""

    def __missing__(self, code: int) -> str:
        self[code] = letter = self.work_out(chr(code))
        return letter

    def work_out(self, char: str) -> str:
        raise NotImplementedError


class _Skeleton(_Table):
    def work_out(self, char: str) -> str:
        if char.isspace():
            return " "
        char = _VARIANTS.get(char, char)
        char = _VARIANTS.get(char, char)
        if char in _BY_HABIT:
            return _BY_HABIT[char]
        if char in _INVISIBLE or unicodedata.category(char) in _DROPPED:
            return ""
        if char.isascii():
            return char.lower()
        if posing := _POSING.fullmatch(unicodedata.name(char, "")):
            return posing[1].lower()
        simpler = unicodedata.normalize("NFKD", char.casefold()).casefold()
        if len(simpler) == 1 and simpler.isascii():
            return simpler
        if like := _ascii_like(char):
            return like
        return char if simpler == char else "".join(self[ord(each)] for each in simpler)


class _Plain(_Table):
    def work_out(self, char: str) -> str:
        if char.isspace():
            return " "
        if char in _INVISIBLE or unicodedata.category(char) in _DROPPED:
            return ""
        simpler = unicodedata.normalize("NFKD", char).casefold().translate(COMPOSED)
        return "".join(each for each in simpler if unicodedata.category(each) not in _DROPPED)


def _ascii_like(char: str) -> str:
    likes = [row["c"] for row in confusables.confusables_data.get(char, ())]
    letters = [like for like in likes if like.isascii() and like.isalpha()]
    return min(letters, key=len).lower() if letters and len(min(letters, key=len)) <= 2 else ""


SKELETON: dict[int, str] = _Skeleton()
"""Every character as the lower-case Latin letter it looks like; invisible and combining characters vanish."""

PLAIN: dict[int, str] = _Plain()
"""Every character in its own script, lower case, without marks, width or ornament."""
