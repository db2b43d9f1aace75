"""Walls of symbols and pictures made of characters."""

from __future__ import annotations

import re
import unicodedata
from typing import ClassVar

from pydantic import Field

from filters.base import Filter
from filters.emotes import EMOJI
from filters.history import History
from filters.text import blank
from filters.types import Category, Evidence, Message

_CANDIDATE = re.compile(r"[^\w\s]|_")
_ART = re.compile(r"[\u2500-\u259f\u2800-\u28ff\U0001fb00-\U0001fbff]")
"""Box drawing, blocks, Braille patterns and legacy computing: what pictures are made of."""


class Symbols(Filter):
    """Catches walls of punctuation and symbols, and pictures drawn with characters."""

    name: ClassVar[str] = "symbols"

    category: Category = Field(Category.SPAM, description="The written rule this filter enforces.")
    max_symbols: int = Field(40, ge=1, le=500, description="Symbols and punctuation marks a line may have.")
    max_ratio: float = Field(0.6, ge=0, le=1, description="Share of symbols among the characters that is allowed.")
    min_symbols: int = Field(15, ge=1, le=500, description="Symbols; with fewer the share does not matter.")
    max_art: int = Field(15, ge=1, le=500, description="Blocks, box lines and Braille patterns a line may have.")

    def check(self, message: Message, history: History) -> Evidence | None:
        """Return a finding when a line has more symbols, or a greater share of them, than allowed; emoji are none."""
        if len(_CANDIDATE.findall(message.text)) <= min(self.max_art, self.max_symbols, self.min_symbols - 1):
            return None
        text = EMOJI.sub(lambda emoji: " " * len(emoji.group()), blank(message.text, message.opaque))
        drawn = [match.start() for match in _ART.finditer(text)]
        if len(drawn) > self.max_art:
            detail = f"{len(drawn)} characters that draw a picture, {self.max_art} are allowed"
            return self.evidence(message, "max_art", detail, (drawn[0], drawn[-1] + 1))
        # Thai vowel signs and the like are no \w either; only the Unicode category tells them from symbols.
        found = [m.start() for m in _CANDIDATE.finditer(text) if unicodedata.category(m.group())[0] in "PS"]
        if len(found) > self.max_symbols:
            detail = f"{len(found)} symbols, {self.max_symbols} are allowed"
            return self.evidence(message, "max_symbols", detail, (found[0], found[-1] + 1))
        size = sum(map(len, text.split()))
        if len(found) >= self.min_symbols and len(found) > self.max_ratio * size:
            detail = f"{len(found) / size:.0%} of {size} characters are symbols, {self.max_ratio:.0%} are allowed"
            return self.evidence(message, "max_ratio", detail, (found[0], found[-1] + 1))
        return None
