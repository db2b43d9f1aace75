"""What is known of one word of a line, whatever stands beside it."""

from __future__ import annotations

from dataclasses import dataclass

from filters.spelling import Found


@dataclass(frozen=True, slots=True)
class Word:
    """One word in all its readings. Letters are folded (``filters.text.skeleton``), ``zipf`` is how common they are."""

    found: Found | None
    foreign: bool
    looks: str
    looks_key: str
    letters: str
    leet: str
    mask: str
    zipf: float
    rare: bool
    """Rarer than words that stand beside any other."""
    pieces: tuple[str, ...]
    broken: bool
    """Of one or two letters, or in pieces: it may be part of a word spelt out."""
    phrase_words: tuple[str, ...]
    """Words of phrases that this may be."""
