"""Accounts that come in a row under names cut from one pattern."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from filters.base import Filter
from filters.clusters import cluster_of
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

        All members of a cluster get the same rule, so that one decision can be made for all of them.
        """
        arrivals = history.arrivals(message, self.window_s)
        if len(arrivals) <= self.max_names or all(each.chatter_id != message.chatter_id for each in arrivals):
            return None
        cluster = cluster_of(message.chatter, [each.name for each in arrivals])
        if len(cluster.members) <= self.max_names:
            return None
        detail = (
            f"{len(cluster.members)} newcomers in {self.window_s:g} s are named like {cluster.pattern},"
            f" {self.max_names} are allowed"
        )
        members = (arrivals[place].message_id for place in reversed(cluster.members))
        related = tuple(each for each in members if each != message.id)
        return self.evidence(message, cluster.pattern, detail, related=related)
