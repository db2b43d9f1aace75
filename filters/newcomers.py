"""People nobody knows yet."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from filters.addresses import find_addresses
from filters.base import Filter
from filters.history import History
from filters.ladder import Duration, format_duration
from filters.types import Evidence, Message


class Newcomers(Filter):
    """Catches accounts that were just made, and links from people who were never here before."""

    name: ClassVar[str] = "newcomers"

    enabled: bool = Field(False, description="Run this filter at all.")
    min_account_age: Duration = Field(
        86_400, ge=0, le=365 * 86_400, description="Age an account needs to chat; not looked at where it is unknown."
    )
    settle: Duration = Field(
        600, ge=0, le=86_400, description="How long after a chatter's first line here links are held back."
    )

    def check(self, message: Message, history: History) -> Evidence | None:
        """Return a finding for an account younger than allowed, or a link from somebody who has just come."""
        if message.account_created_ms is not None:
            age_s = max(0, message.ts_ms - message.account_created_ms) // 1000
            if age_s < self.min_account_age:
                detail = (
                    f"the account is {format_duration(age_s)} old, {format_duration(self.min_account_age)} are needed"
                )
                return self.evidence(message, "min_account_age", detail)
        if not history.is_new(message, self.settle) or history.permitted(message):
            return None
        links = [address for address in find_addresses(message.text, message.opaque) if address.plain]
        if not links:
            return None
        detail = f"a link from somebody first seen less than {format_duration(self.settle)} ago"
        return self.evidence(message, "settle", detail, links[0].span)
