"""More emotes than words."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from filters.base import Filter
from filters.emotes import emote_spans
from filters.history import History
from filters.types import Evidence, Message


class EmoteFlood(Filter):
    """Catches lines flooded with emotes or emoji."""

    name: ClassVar[str] = "emote_flood"

    max_emotes: int = Field(15, ge=0, le=250, description="Emotes and emoji a line may have.")

    def check(self, message: Message, history: History) -> Evidence | None:
        """Return a finding when a line has more emotes than allowed; the span is what is too much."""
        spans = emote_spans(message)
        if len(spans) <= self.max_emotes:
            return None
        detail = f"{len(spans)} emotes, {self.max_emotes} are allowed"
        return self.evidence(message, "max_emotes", detail, (spans[self.max_emotes][0], spans[-1][1]))
