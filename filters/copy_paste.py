"""The same line from many chatters."""

from __future__ import annotations

from functools import cached_property
from typing import ClassVar

from pydantic import Field
from rapidfuzz.fuzz import partial_ratio

from filters.base import Filter
from filters.duplicates import KEPT_LINES, SIMILAR
from filters.history import GROUPED_LETTERS, KEPT_S, History
from filters.text import fold
from filters.types import Category, Evidence, Message


class CopyPaste(Filter):
    """Catches long lines that many chatters copy from each other, also with a few letters changed."""

    name: ClassVar[str] = "copy_paste"

    category: Category = Field(Category.SPAM, description="The written rule this filter enforces.")
    max_chatters: int = Field(
        5, ge=1, lt=KEPT_LINES, description="How many chatters may say the same within the window."
    )
    window_s: float = Field(60, gt=0, le=KEPT_S, description="Length of the window in seconds.")
    min_length: int = Field(
        60, ge=GROUPED_LETTERS, le=500, description="Characters; shorter lines may be said by everybody."
    )
    near: bool = Field(True, description="Also count lines that differ in a few letters.")
    min_pace: int = Field(
        0, ge=0, le=10_000, description="Lines a minute the chat must run at; in a slow chat this disturbs nobody."
    )
    allow: tuple[str, ...] = Field((), description="Copy-pasta the channel likes: lines like these are left alone.")

    @cached_property
    def _allowed(self) -> tuple[str, ...]:
        return tuple(fold(text).text for text in self.allow)

    def check(self, message: Message, history: History) -> Evidence | None:
        """Return a finding when more chatters than allowed have said this."""
        form = message.folded.text
        if len(form) < self.min_length or history.pace < self.min_pace:
            return None
        line = history.line(message)
        if line is None or line.group is None or self._is_allowed(form):
            return None
        seen = line.group.within(message.ts_ms - self.window_s * 1000, None if self.near else form)
        chatters = {each.chatter_id for each in seen}
        if len(chatters) <= self.max_chatters:
            return None
        detail = f"{len(chatters)} chatters said this in {self.window_s:g} s, {self.max_chatters} are allowed"
        related = tuple(each.id for each in seen if each.id != message.id)
        return self.evidence(message, "max_chatters", detail, related=related)

    def _is_allowed(self, form: str) -> bool:
        return any(
            len(allowed) >= len(form) * SIMILAR / 100 and partial_ratio(form, allowed, score_cutoff=SIMILAR)
            for allowed in self._allowed
        )
