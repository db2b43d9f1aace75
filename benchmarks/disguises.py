"""What evaders do to a word in scripts other than Latin: disguises made by rule, for measuring and for tests.

Labelled evasions there are hardly any in these scripts; these are the ones their chatters use, each a function of the
word. A disguise that leaves the word as it was is left out.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from itertools import cycle

_LATIN_ALIKE = str.maketrans("аеосрхукмтнві" + "оανικρτυ", "aeocpxykmthbi" + "oavikptu")
_DIGITS = str.maketrans("озчба" + "οαει", "0346@" + "0@31")
_VOWELLESS = "\u094d"
_SEPARATORS = " ", "-", ". ", "_", " * "

HOSTS = {
    "ar": "انت {} جدا", "el": "είσαι {} ρε", "fa": "تو {} هستی", "hi": "तुम {} हो", "ja": "ほんと{}だね",
    "ko": "너 {} 야", "ru": "ну ты {} конечно", "th": "คุณ{}มาก", "zh": "你是{}吧",
}  # fmt: skip
"""An innocent line in each language that has a script of its own, with a place for the word."""


def letters(word: str) -> list[str]:
    """The letters as a reader counts them: with their marks, joined consonants together."""
    found: list[str] = []
    for char in word:
        if found and (unicodedata.category(char).startswith("M") or found[-1].endswith(_VOWELLESS)):
            found[-1] += char
        elif not char.isspace():
            found.append(char)
    return found


def _stretched_within(word: str) -> str:
    middle = len(word) // 2
    return (
        word[:middle] + word[middle] * 4 + word[middle:] if len(letters(word)) > 2 and word[middle].isalpha() else word
    )


def _other_kana(word: str) -> str:
    return "".join(
        chr(ord(char) + 0x60) if "ぁ" <= char <= "ゖ" else chr(ord(char) - 0x60) if "ァ" <= char <= "ヶ" else char
        for char in word
    )


def _in_arabic(word: str, between: str) -> str:
    return between.join(word) if "ARABIC" in unicodedata.name(word[0], "") else word


DISGUISES: dict[str, Callable[[str], str]] = {
    "as listed": lambda word: word,
    "capitals": str.upper,
    "spaced": lambda word: " ".join(letters(word)),
    "dotted": lambda word: ".".join(letters(word)),
    "mixed separators": lambda word: "".join(
        char + sign for char, sign in zip(letters(word), cycle(_SEPARATORS), strict=False)
    ).rstrip(" -._*"),
    "zero width": lambda word: "\u200b".join(word),
    "struck through": lambda word: "".join(char + "\u0336" for char in word),
    "stretched": lambda word: word + word[-1] * 4,
    "stretched within": _stretched_within,
    "Latin look-alikes": lambda word: word.translate(_LATIN_ALIKE),
    "digits": lambda word: word.translate(_DIGITS),
    "tatweel": lambda word: _in_arabic(word, "\u0640"),
    "vowel marks": lambda word: _in_arabic(word, "\u064e"),
    "Persian keyboard": lambda word: word.translate(str.maketrans("يك", "یک")),
    "decomposed": lambda word: unicodedata.normalize("NFD", word),
    "other kana": _other_kana,
}


def disguised(word: str) -> dict[str, str]:
    """The word in every disguise that changes it, by name; as listed, too."""
    made = {name: disguise(word) for name, disguise in DISGUISES.items()}
    return {name: text for name, text in made.items() if text != word or name == "as listed"}
