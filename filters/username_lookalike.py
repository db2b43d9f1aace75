"""Accounts that come in a row under names cut from one pattern."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from pydantic import Field

from filters.base import Filter
from filters.history import ARRIVALS, KEPT_S, History
from filters.types import Category, Evidence, Message, Severity


class UsernameLookalike(Filter):
    """Catches newcomers who arrive together under look-alike names, as raid bots do."""

    name: ClassVar[str] = "username_lookalike"

    category: Category = Field(Category.SPAM, description="The written rule this filter enforces.")
    severity: Severity = Field(Severity.HIGH, description="How bad a hit is, 0 to 3; picks the ladder's entry step.")
    max_names: int = Field(4, ge=1, lt=ARRIVALS, description="Look-alike newcomers allowed within the window.")
    window_s: float = Field(60, gt=0, le=KEPT_S, description="Length of the window in seconds.")

    def check(self, message: Message, history: History) -> Evidence | None:
        """Return a finding when the chatter is one of more look-alike newcomers than allowed; it names their pattern.

        Not as its rule, which stays in the log for good: without digits the pattern is somebody's name.
        """
        arrival = history.arrival(message)
        since_ms = message.ts_ms - self.window_s * 1000
        if arrival is None or arrival.namesakes is None or arrival.ts_ms <= since_ms:
            return None
        alike = arrival.namesakes.since(since_ms)
        if len(alike) <= self.max_names:
            return None
        pattern = arrival.namesakes.pattern
        detail = f"{len(alike)} newcomers in {self.window_s:g} s are named like {pattern}, {self.max_names} are allowed"
        related = tuple(each.message_id for each in alike if each is not arrival)
        return replace(self.evidence(message, "max_names", detail, related=related), folded=pattern)
