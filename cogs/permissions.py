"""Who may use which chat command: by Twitch's badges and the policy's grants, never by what somebody is called."""

from __future__ import annotations

from enum import IntEnum

from config.policy import Grants
from filters.types import Role


class Rank(IntEnum):
    """What somebody may do in a channel's chat; each may do what those before may."""

    CHATTER = 0
    MODERATOR = 1
    STREAMER = 2

    def __str__(self) -> str:
        return self.name.lower()


def rank_of(roles: frozenset[Role], login: str, grants: Grants) -> Rank:
    """The rank of somebody with these roles. ``login`` is Twitch's login name, which nobody chooses to look like."""
    if Role.BROADCASTER in roles or roles & grants.streamer_roles or login in grants.streamer_names:
        return Rank.STREAMER
    if Role.MODERATOR in roles or roles & grants.mod_roles or login in grants.mod_names:
        return Rank.MODERATOR
    return Rank.CHATTER
