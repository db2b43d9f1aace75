"""Fold: hostile chat text to one canonical form, read as Latin look-alikes or in its own script."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from filters.confusables import COMPOSED, PLAIN, SKELETON

_BREAKS = re.compile(r"[\W_]+")
_BREAKS_IN_SCRIPT = re.compile(r"[^\w\u0900-\u0963\u0966-\u0dff\u0e00-\u0eff\u1000-\u109f\u1780-\u17d3]+|_+")
"""In Indic scripts, Thai, Lao, Burmese and Khmer the marks are vowels: without them it is another word."""


@dataclass(frozen=True, slots=True)
class Folded:
    """A line and its canonical form: lower-case Latin look-alikes, no invisible or combining characters, and words
    separated by single spaces.
    """

    original: str
    text: str


def fold(text: str) -> Folded:
    """Return the canonical form of any text, lone surrogates and control characters included; never raises."""
    return Folded(text, " ".join(skeleton(text).split()))


def skeleton(text: str) -> str:
    """The text as the lower-case Latin letters it looks like."""
    # Printable ASCII looks like itself, and most chat is nothing else.
    return text.lower() if text.isascii() and text.isprintable() else text.translate(SKELETON)


def plain(text: str) -> str:
    """The text in its own script, lower case, without marks, width and ornament."""
    return text.translate(PLAIN)


def composed(text: str) -> str:
    """The text in its own script, lower case, with the marks that belong to its letters, squashed."""
    text = unicodedata.normalize("NFKC", text).casefold().translate(COMPOSED)
    return text if text.isalnum() else _BREAKS_IN_SCRIPT.sub("", text)


def squash(text: str) -> str:
    """The letters and digits alone."""
    return text if text.isalnum() else _BREAKS.sub("", text)


def blank(text: str, spans: Sequence[tuple[int, int]]) -> str:
    """The text with these spans as spaces, every other character in its place."""
    for start, end in spans:
        text = text[:start] + " " * (end - start) + text[end:]
    return text
