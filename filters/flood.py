"""More messages in a time than anybody can read."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from filters.base import Filter
from filters.history import CHATTER_LINES, KEPT_S, History
from filters.types import Category, Evidence, Message


class Flood(Filter):
    """Catches chatters who send more messages in a short time than others can read."""

    name: ClassVar[str] = "flood"

    category: Category = Field(Category.SPAM, description="The written rule this filter enforces.")
    max_messages: int = Field(6, ge=1, lt=CHATTER_LINES, description="Messages a chatter may send within the window.")
    window_s: float = Field(8, gt=0, le=KEPT_S, description="Length of the window in seconds.")

    def check(self, message: Message, history: History) -> Evidence | None:
        """Return a finding when the chatter's lines in the window are more than allowed."""
        lines = history.recent(message, self.window_s)
        if len(lines) <= self.max_messages:
            return None
        detail = f"{len(lines)} messages in {self.window_s:g} s, {self.max_messages} are allowed"
        related = tuple(line.id for line in lines[:-1])
        return self.evidence(message, "max_messages", detail, related=related)
