"""Calling many people at once, or one person again and again."""

from __future__ import annotations

import re
from typing import ClassVar

from pydantic import Field

from filters.base import Filter
from filters.history import KEPT_S, History
from filters.types import Category, Evidence, Message

_MENTION = re.compile(r"(?<!\w)@(\w{3,25})")
"""Twitch logins have up to 25 letters, digits and underscores."""


class MentionFlood(Filter):
    """Catches chatters who ping many people in one line or within a short time."""

    name: ClassVar[str] = "mention_flood"

    category: Category = Field(Category.HARASSMENT, description="The written rule this filter enforces.")
    max_mentions: int = Field(5, ge=1, le=50, description="People a line may mention.")
    max_in_window: int = Field(12, ge=1, le=200, description="Mentions a chatter may send within the window.")
    window_s: float = Field(30, gt=0, le=KEPT_S, description="Length of the window in seconds.")

    def check(self, message: Message, history: History) -> Evidence | None:
        """Return a finding when a line or the chatter's recent lines mention too many."""
        mentioned = set(_MENTION.findall(message.text.casefold()))
        if len(mentioned) > self.max_mentions:
            detail = f"{len(mentioned)} people mentioned, {self.max_mentions} are allowed"
            return self.evidence(message, "max_mentions", detail)
        if not mentioned:
            return None
        total = sum(len(_MENTION.findall(line.text)) for line in history.recent(message, self.window_s))
        if total <= self.max_in_window:
            return None
        detail = f"{total} mentions in {self.window_s:g} s, {self.max_in_window} are allowed"
        return self.evidence(message, "max_in_window", detail)
