"""Scripts the channel's mods cannot read."""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from typing import ClassVar, Literal

from pydantic import Field

from filters.base import Filter
from filters.history import History
from filters.text import blank
from filters.types import Evidence, Message

Script = Literal[
    "latin", "cyrillic", "greek", "arabic", "hebrew", "devanagari", "bengali", "tamil", "thai", "hangul", "kana", "han"
]
_BY_NAME: dict[str, Script] = {
    "LATIN": "latin", "CYRILLIC": "cyrillic", "GREEK": "greek", "ARABIC": "arabic", "HEBREW": "hebrew",
    "DEVANAGARI": "devanagari", "BENGALI": "bengali", "TAMIL": "tamil", "THAI": "thai", "HANGUL": "hangul",
    "HIRAGANA": "kana", "KATAKANA": "kana", "CJK": "han",
}  # fmt: skip
"""The first word of a letter's Unicode name tells its script."""


class Language(Filter):
    """Catches lines written in a script the channel does not allow."""

    name: ClassVar[str] = "language"

    enabled: bool = Field(False, description="Run this filter at all.")
    scripts: tuple[Script, ...] = Field(("latin",), min_length=1, description="Scripts that are allowed.")
    max_ratio: float = Field(0.5, gt=0, le=1, description="Share of letters that may be of other scripts, 0 to 1.")
    min_letters: int = Field(5, ge=1, le=500, description="Letters a line needs before it is looked at.")

    def check(self, message: Message, history: History) -> Evidence | None:
        """Return a finding when too many letters are of other scripts."""
        if message.text.isascii() and "latin" in self.scripts:
            return None
        scripts = [_script(char) for char in blank(message.text, message.opaque) if char.isalpha()]
        if len(scripts) < self.min_letters:
            return None
        ratio = sum(script not in self.scripts for script in scripts) / len(scripts)
        if ratio <= self.max_ratio:
            return None
        detail = f"{ratio:.0%} of the letters are not {' or '.join(self.scripts)}, {self.max_ratio:.0%} are allowed"
        return self.evidence(message, "scripts", detail)


@lru_cache(maxsize=4096)
def _script(char: str) -> Script | None:
    return _BY_NAME.get(unicodedata.name(char, "").partition(" ")[0])
