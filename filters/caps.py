"""Shouting."""

from __future__ import annotations

import re
from typing import ClassVar

from pydantic import Field

from filters.base import Filter
from filters.emotes import NAME
from filters.history import History
from filters.text import blank
from filters.types import Evidence, Message

_WORD = re.compile(r"\S+")


class Caps(Filter):
    """Catches lines written mostly in capital letters."""

    name: ClassVar[str] = "caps"

    max_ratio: float = Field(0.8, ge=0, le=1, description="Share of capitals among the letters that is allowed.")
    min_letters: int = Field(20, ge=1, le=500, description="Letters; in shorter lines capitals are not counted.")

    def check(self, message: Message, history: History) -> Evidence | None:
        """Return a finding when more of the letters are capitals than allowed; emotes and names do not count."""
        if sum(map(str.isupper, message.text)) <= self.max_ratio * self.min_letters:
            return None
        text = blank(message.text, message.opaque)
        text = NAME.sub(lambda name: " " * len(name.group()), text)
        upper = sum(map(str.isupper, text))
        letters = upper + sum(map(str.islower, text))
        if letters < self.min_letters or upper <= self.max_ratio * letters:
            return None
        shouted = [word.span() for word in _WORD.finditer(text) if any(map(str.isupper, word.group()))]
        detail = f"{upper / letters:.0%} of {letters} letters are capitals, {self.max_ratio:.0%} are allowed"
        return self.evidence(message, "max_ratio", detail, (shouted[0][0], shouted[-1][1]))
