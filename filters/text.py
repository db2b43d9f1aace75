"""Fold: hostile chat text to one canonical form."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Folded:
    """Canonical form of ``original``."""

    original: str
    text: str


def fold(text: str) -> Folded:
    """Return the canonical form of ``text``."""
    return Folded(text, unicodedata.normalize("NFKC", text).casefold())
