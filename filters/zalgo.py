"""Letters buried under marks."""

from __future__ import annotations

import re
import unicodedata
from typing import ClassVar

from pydantic import Field

from filters.base import Filter
from filters.history import History
from filters.types import Category, Evidence, Message

_MARKED = re.compile(r"[^\W_][^\w\s]+|[^\w\s]+")
_VARIANT = re.compile("[\ufe00-\ufe0f\u20e3\U000e0100-\U000e01ef]")
"""What makes an emoji of a sign or digit (❤️, 1️⃣), or chooses a form of a Han letter: marks that bury nothing."""
_UNMARKED_SCRIPTS = ("LATIN", "GREEK", "CYRILLIC", "DIGIT", "FULLWIDTH")


class Zalgo(Filter):
    """Catches letters buried under stacked or scattered combining marks."""

    name: ClassVar[str] = "zalgo"

    category: Category = Field(Category.SPAM, description="The written rule this filter enforces.")
    max_stack: int = Field(4, ge=1, le=100, description="Marks on one letter; no living script needs more than four.")
    max_marks: int = Field(
        6, ge=0, le=500, description="Marks on Latin, Greek and Cyrillic letters and digits beyond usual accents."
    )

    def check(self, message: Message, history: History) -> Evidence | None:
        """Return a finding when one letter carries, or all letters together carry, more marks than allowed."""
        if message.text.isascii():
            return None
        scattered: list[tuple[int, int]] = []
        total = 0
        for cluster in _MARKED.finditer(message.text):
            marks = sum(map(_is_mark, cluster.group()))
            if marks > self.max_stack:
                detail = f"{marks} marks on one letter, {self.max_stack} are allowed"
                return self.evidence(message, "max_stack", detail, cluster.span())
            # What remains of the marks after composition is no accent of a written language.
            loose = sum(map(_is_mark, unicodedata.normalize("NFC", cluster.group()))) if marks else 0
            if loose and unicodedata.name(cluster.group()[0], "").startswith(_UNMARKED_SCRIPTS):
                scattered.append(cluster.span())
                total += loose
        if total <= self.max_marks:
            return None
        detail = f"{total} marks on letters that take none, {self.max_marks} are allowed"
        return self.evidence(message, "max_marks", detail, (scattered[0][0], scattered[-1][1]))


def _is_mark(char: str) -> bool:
    return unicodedata.category(char) in ("Mn", "Me") and not _VARIANT.match(char)
