"""Who is looking: visitors, their sessions, and what they may do in which channel."""

from __future__ import annotations

import secrets
from collections import OrderedDict
from dataclasses import dataclass, field
from enum import IntEnum

from config.policy import Grants, Policy
from filters.types import Role
from storage.database import now_ms

SESSION_MS = 4 * 3_600_000
"""A session ends so long after signing in, however busy it was: who moderates a channel may have changed."""

MOST_SESSIONS = 10_000


class Rank(IntEnum):
    """What somebody may do in a channel; each may do what those before may."""

    STRANGER = 0
    MODERATOR = 1
    STREAMER = 2


@dataclass(slots=True)
class Draft:
    """A policy somebody is changing and has not saved, and the revision it was made from."""

    base: int
    policy: Policy


@dataclass(slots=True)
class Visitor:
    """Somebody signed in. ``id`` and ``login`` are Twitch's; ``moderates`` are ids of channels.

    ``plain`` holds the ids of channels whose chat text the visitor asked to see unmasked.
    """

    id: str
    login: str
    moderates: frozenset[str] = frozenset()
    until_ms: int = field(default_factory=lambda: now_ms() + SESSION_MS)
    plain: set[str] = field(default_factory=set)
    drafts: dict[str, Draft] = field(default_factory=dict)

    def rank(self, channel_id: str, grants: Grants) -> Rank:
        """The visitor's rank in a channel: by Twitch's roles and the policy's grants, as in chat."""
        roles = {Role.MODERATOR} if channel_id in self.moderates else set()
        if channel_id == self.id or roles & grants.streamer_roles or self.login in grants.streamer_names:
            return Rank.STREAMER
        return Rank.MODERATOR if roles or self.login in grants.mod_names else Rank.STRANGER


class Sessions:
    """The sessions of this process. A cookie holds only a key, so signing out ends a session for good."""

    def __init__(self) -> None:
        self._visitors: OrderedDict[str, Visitor] = OrderedDict()

    def begin(self, visitor: Visitor) -> str:
        """Let somebody in and return the session's key."""
        key = secrets.token_urlsafe(32)
        self._visitors[key] = visitor
        if len(self._visitors) > MOST_SESSIONS:
            self._visitors.popitem(last=False)
        return key

    def find(self, key: object) -> Visitor | None:
        """Whose session it is; None if it is over."""
        visitor = self._visitors.get(key) if isinstance(key, str) else None
        if visitor is not None and visitor.until_ms <= now_ms():
            self.end(key)
            return None
        return visitor

    def end(self, key: object) -> None:
        """Sign somebody out."""
        if isinstance(key, str):
            self._visitors.pop(key, None)
