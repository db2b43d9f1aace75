"""Walls of text."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from filters.base import Filter
from filters.history import History
from filters.types import Evidence, Message


class Length(Filter):
    """Catches lines longer than the channel wants to read."""

    name: ClassVar[str] = "length"

    max_length: int = Field(400, ge=1, le=500, description="Characters a line may have; Twitch allows 500.")

    def check(self, message: Message, history: History) -> Evidence | None:
        """Return a finding when the line is longer than allowed; the span is what is too much."""
        size = len(message.text)
        if size <= self.max_length:
            return None
        detail = f"{size} characters, {self.max_length} are allowed"
        return self.evidence(message, "max_length", detail, (self.max_length, size))
