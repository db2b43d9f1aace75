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
_OFTEN = 3
"""How often a word stands in a line to count as repeated."""
_ADDRESS = ("http://", "https://", "www.")


class Repetition(Filter):
    """Catches lines that repeat the same character, word or phrase over and over."""

    name: ClassVar[str] = "repetition"

    category: Category = Field(Category.SPAM, description="The written rule this filter enforces.")
    max_run: int = Field(60, ge=7, le=500, description="How often one character may follow itself.")
    max_repeated: int = Field(
        200, ge=20, le=500, description="Characters a line may fill with words that stand in it three times or more."
    )
    min_pace: int = Field(
        0, ge=0, le=10_000, description="Lines a minute the chat must run at; in a slow chat this disturbs nobody."
    )

    def check(self, message: Message, history: History) -> Evidence | None:
        """Return a finding when a character, words or a piece of a word are repeated more than allowed."""
        text = message.text
        for run in _RUN.finditer(text):
            count = run.end() - run.start()
            if count > self.max_run:
                detail = f"one character {count} times in a row, {self.max_run} are allowed"
                return self.evidence(message, "max_run", detail, run.span())
        if len(text) <= self.max_repeated or history.pace < self.min_pace:
            return None
        return self._words(message) or self._pieces(message)

    def _words(self, message: Message) -> Evidence | None:
        counts = Counter(message.text.casefold().split())
        repeated = {word for word, times in counts.items() if times >= _OFTEN}
        filled = sum((len(word) + 1) * counts[word] for word in repeated)
        if filled <= self.max_repeated:
            return None
        spans = [m.span() for m in re.finditer(r"\S+", message.text) if m.group().casefold() in repeated]
        detail = f"{filled} characters of repeated words, {self.max_repeated} are allowed"
        return self.evidence(message, "max_repeated", detail, (spans[0][0], spans[-1][1]))

    def _pieces(self, message: Message) -> Evidence | None:
        for word in re.finditer(r"\S+", message.text):
            if len(word.group()) < _LONG_WORD or word.group().startswith(_ADDRESS):
                continue
            for glued in _GLUED.finditer(word.group()):
                filled = len(glued.group())
                # One character is max_run's business, and laughter ("hahaha") has two.
                if filled > self.max_repeated and len(set(glued[1])) > 2:
                    detail = f"{filled} characters of one repeated piece, {self.max_repeated} are allowed"
                    start = word.start() + glued.start()
                    return self.evidence(message, "max_repeated", detail, (start, start + filled))
        return None
