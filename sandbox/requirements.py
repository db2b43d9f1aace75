"""What each EventSub subscription asks for: its condition and the scopes behind it (EventSub reference)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Requirement:
    """``about`` is the condition that addresses it, ``actor`` the one that names whose permission is used.

    Each of ``scopes`` must be granted by the actor; ``a|b`` asks for either.
    """

    about: str = "broadcaster_user_id"
    actor: str = ""
    scopes: tuple[str, ...] = ()

    def missing(self, granted: frozenset[str]) -> bool:
        """Whether a scope was not granted."""
        return any(granted.isdisjoint(each.split("|")) for each in self.scopes)


def _either(name: str) -> str:
    return f"moderator:read:{name}|moderator:manage:{name}"


_CHAT = Requirement(actor="user_id", scopes=("user:read:chat",))
_OPEN = Requirement()


def _moderator(*scopes: str) -> Requirement:
    return Requirement(actor="moderator_user_id", scopes=scopes)


def _broadcaster(*scopes: str) -> Requirement:
    return Requirement(actor="broadcaster_user_id", scopes=scopes)


REQUIREMENTS: dict[tuple[str, str], Requirement] = {
    ("channel.chat.message", "1"): _CHAT,
    ("channel.chat.message_delete", "1"): _CHAT,
    ("channel.chat.clear", "1"): _CHAT,
    ("channel.chat.clear_user_messages", "1"): _CHAT,
    ("channel.chat.notification", "1"): _CHAT,
    ("channel.chat_settings.update", "1"): _CHAT,
    ("channel.moderate", "2"): _moderator(
        *map(
            _either, ("blocked_terms", "chat_settings", "unban_requests", "banned_users", "chat_messages", "warnings")
        ),
        "moderator:read:moderators",
        "moderator:read:vips",
    ),
    ("channel.ban", "1"): _broadcaster("channel:moderate"),
    ("channel.unban", "1"): _broadcaster("channel:moderate"),
    ("channel.unban_request.create", "1"): _moderator(_either("unban_requests")),
    ("channel.unban_request.resolve", "1"): _moderator(_either("unban_requests")),
    ("channel.warning.acknowledge", "1"): _moderator(_either("warnings")),
    ("channel.warning.send", "1"): _moderator(_either("warnings")),
    ("channel.shield_mode.begin", "1"): _moderator(_either("shield_mode")),
    ("channel.shield_mode.end", "1"): _moderator(_either("shield_mode")),
    ("channel.suspicious_user.message", "1"): _moderator("moderator:read:suspicious_users"),
    ("channel.suspicious_user.update", "1"): _moderator("moderator:read:suspicious_users"),
    ("automod.message.hold", "2"): _moderator("moderator:manage:automod"),
    ("automod.message.update", "2"): _moderator("moderator:manage:automod"),
    ("channel.follow", "2"): _moderator("moderator:read:followers"),
    ("channel.moderator.add", "1"): _broadcaster("moderation:read"),
    ("channel.moderator.remove", "1"): _broadcaster("moderation:read"),
    ("channel.vip.add", "1"): _broadcaster("channel:read:vips|channel:manage:vips"),
    ("channel.vip.remove", "1"): _broadcaster("channel:read:vips|channel:manage:vips"),
    ("channel.raid", "1"): Requirement(about="to_broadcaster_user_id"),
    ("stream.online", "1"): _OPEN,
    ("stream.offline", "1"): _OPEN,
    ("user.authorization.revoke", "1"): Requirement(about="client_id"),
    ("conduit.shard.disabled", "1"): Requirement(about="client_id"),
}
"""By (type, version). A type that is not here is refused like one Twitch does not know."""
