"""Repetition inside one line."""

from __future__ import annotations

import re
from collections import Counter
from typing import ClassVar

from pydantic import Field

from filters.base import Filter
from filters.history import History
from filters.types import Category, Evidence, Message

_RUN = re.compile(r"(\S)\1{7,}")
_GLUED = re.compile(r"(\S{3,24}?)\1{2,}")
_LONG_WORD = 20
"""Letters from which a word is looked at for a piece that it repeats."""
_ADDRESS = ("http://", "https://", "www.")


class Repetition(Filter):
    """Catches lines that repeat the same character, word or phrase over and over."""

    name: ClassVar[str] = "repetition"

    category: Category = Field(Category.SPAM, description="The written rule this filter enforces.")
    max_run: int = Field(40, ge=7, le=500, description="How often one character may follow itself.")
    max_repeats: int = Field(10, ge=1, le=500, description="How often one word may stand in a line.")
    min_share: float = Field(
        0.5, ge=0, le=1, description="Share of the line its repeated words must make up; prose repeats small words."
    )

    def check(self, message: Message, history: History) -> Evidence | None:
        """Return a finding when a character, a word or a piece of a word is repeated more than allowed."""
        text = message.text
        for run in _RUN.finditer(text):
            count = run.end() - run.start()
            if count > self.max_run:
                detail = f"one character {count} times in a row, {self.max_run} are allowed"
                return self.evidence(message, "max_run", detail, run.span())
        words = text.split()
        return self._words(message, words) or self._pieces(message, words)

    def _words(self, message: Message, words: list[str]) -> Evidence | None:
        if len(words) <= self.max_repeats:
            return None
        counts = Counter(map(str.casefold, words))
        word, count = counts.most_common(1)[0]
        repeated = sum(len(each) * times for each, times in counts.items() if times > 1)
        if count <= self.max_repeats or repeated < self.min_share * sum(map(len, words)):
            return None
        spans = [m.span() for m in re.finditer(r"\S+", message.text) if m.group().casefold() == word]
        detail = f"one word {count} times, {self.max_repeats} are allowed"
        return self.evidence(message, "max_repeats", detail, (spans[0][0], spans[-1][1]))

    def _pieces(self, message: Message, words: list[str]) -> Evidence | None:
        for word in words:
            if len(word) < _LONG_WORD or word.startswith(_ADDRESS):
                continue
            for glued in _GLUED.finditer(word):
                count = len(glued.group()) // len(glued[1])
                # One character is max_run's business, and laughter ("hahaha") has two.
                if count > self.max_repeats and len(set(glued[1])) > 2:
                    start = message.text.index(word) + glued.start()
                    detail = f"one piece {count} times in a row, {self.max_repeats} are allowed"
                    return self.evidence(message, "max_repeats", detail, (start, start + len(glued.group())))
        return None
