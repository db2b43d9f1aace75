"""The same line again from the same person."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field
from rapidfuzz import fuzz

from filters.base import Filter
from filters.history import CHATTER_LINES, KEPT_S, History
from filters.types import Category, Evidence, Message


class SelfRepeat(Filter):
    """Catches chatters who say nearly the same line again and again."""

    name: ClassVar[str] = "self_repeat"

    category: Category = Field(Category.SPAM, description="The written rule this filter enforces.")
    max_repeats: int = Field(
        3, ge=1, lt=CHATTER_LINES, description="Times nearly the same line may be said within the window."
    )
    window_s: float = Field(60, gt=0, le=KEPT_S, description="Length of the window in seconds.")
    min_characters: int = Field(10, ge=1, le=500, description="Characters a line needs before it is looked at.")
    likeness: float = Field(0.9, ge=0.5, le=1, description="How alike two lines must be to count as the same, 0 to 1.")
    min_pace: int = Field(
        0, ge=0, le=10_000, description="Lines a minute the chat must run at; in a slow chat this disturbs nobody."
    )

    def check(self, message: Message, history: History) -> Evidence | None:
        """Return a finding when the line has been said too often, with the ids of the earlier ones."""
        text = message.folded.text
        if len(text) < self.min_characters or history.pace < self.min_pace:
            return None
        alike = [
            line
            for line in history.recent(message, self.window_s)
            if fuzz.ratio(text, line.form, score_cutoff=self.likeness * 100)
        ]
        if len(alike) <= self.max_repeats:
            return None
        detail = f"the same line {len(alike)} times in {self.window_s:g} s, {self.max_repeats} are allowed"
        return self.evidence(message, "max_repeats", detail, related=tuple(line.id for line in alike[:-1]))
