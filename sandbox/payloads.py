"""EventSub's event bodies, key for key as Twitch documents them (dev.twitch.tv, EventSub subscription types)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, NamedTuple

from sandbox.clock import iso
from sandbox.state import Ban, Channel, Held, Line, UnbanRequest, User, World

Fragment = tuple[str, str]
"""(kind, text), kind being one of text, emote, mention, cheermote."""

MODERATE_DETAILS = (
    "followers", "slow", "vip", "unvip", "mod", "unmod", "ban", "unban", "timeout", "untimeout", "raid", "unraid",
    "delete", "automod_terms", "unban_request", "warn", "shared_chat_ban", "shared_chat_unban", "shared_chat_timeout",
    "shared_chat_untimeout", "shared_chat_delete",
)  # fmt: skip
"""Every key of channel.moderate v2 that is null unless the action is about it."""
_DETAILS_KEY = {
    "approve_unban_request": "unban_request",
    "deny_unban_request": "unban_request",
    "add_blocked_term": "automod_terms",
    "remove_blocked_term": "automod_terms",
}
"""Where an action's details go when the key has another name."""
_MENTION = re.compile(r"(@\w+)")
_CHEER = re.compile(r"([A-Za-z]+)(\d+)$")


class Event(NamedTuple):
    """What happened: the subscription type, the id of the user whose subscription it concerns, the body."""

    type: str
    about: str
    body: dict[str, Any]


def named(user: User | None, prefix: str = "") -> dict[str, Any]:
    """The three keys EventSub names a user by."""
    keys = (f"{prefix}user_id", f"{prefix}user_login", f"{prefix}user_name")
    return dict(zip(keys, (user.id, user.login, user.display_name) if user else (None, None, None), strict=True))


def fragments(world: World, text: str, pieces: Sequence[Fragment] | None) -> list[dict[str, Any]]:
    """A line's fragments; without ``pieces`` only mentions of existing users are found, as no emotes are known."""
    if pieces is None:
        if "@" not in text:
            return [_fragment(world, "text", text)]
        pieces = _find_mentions(world, text)
    return [_fragment(world, kind, piece) for kind, piece in pieces]


def _find_mentions(world: World, text: str) -> list[Fragment]:
    found: list[Fragment] = []
    for piece in filter(None, _MENTION.split(text)):
        if piece[0] == "@" and len(piece) > 1 and world.mentioned(piece[1:]):
            found.append(("mention", piece))
        elif found and found[-1][0] == "text":
            found[-1] = ("text", found[-1][1] + piece)
        else:
            found.append(("text", piece))
    return found


def _fragment(world: World, kind: str, text: str) -> dict[str, Any]:
    fragment: dict[str, Any] = {"type": kind, "text": text, "cheermote": None, "emote": None, "mention": None}
    if kind == "emote":
        fragment["emote"] = {"id": f"emotesv2_{text}", "emote_set_id": "0", "owner_id": "0", "format": ["static"]}
    elif kind == "mention":
        user = world.mentioned(text.lstrip("@"))
        if user is None:
            fragment["type"] = "text"
        else:
            fragment["mention"] = named(user)
    elif kind == "cheermote":
        cheer = _CHEER.match(text)
        bits = int(cheer[2]) if cheer else 1
        fragment["cheermote"] = {"prefix": cheer[1].lower() if cheer else "cheer", "bits": bits, "tier": 1}
    return fragment


def chat_message(
    channel: Channel, user: User, line: Line, pieces: list[dict[str, Any]], reply_to: tuple[Line, User] | None,
    source: Channel | None = None,
) -> Event:  # fmt: skip
    """``channel.chat.message``; ``source`` is where it was said, if that is another channel of a shared chat."""
    bits = sum(piece["cheermote"]["bits"] for piece in pieces if piece["cheermote"])
    body = {
        **named(channel.user, "broadcaster_"),
        **named(user, "chatter_"),
        **named(source.user if source else None, "source_broadcaster_"),
        "message_id": line.id,
        "source_message_id": line.id if source else None,
        "is_source_only": False if source else None,
        "message": {"text": line.text, "fragments": pieces},
        "color": "",
        "badges": channel.badges(user.id),
        "source_badges": source.badges(user.id) if source else None,
        "message_type": "text",
        "cheer": {"bits": bits} if bits else None,
        "reply": _reply(*reply_to) if reply_to else None,
        "channel_points_custom_reward_id": None,
        "channel_points_animation_id": None,
    }
    return Event("channel.chat.message", channel.user.id, body)


def _reply(parent: Line, author: User) -> dict[str, Any]:
    return {
        "parent_message_id": parent.id,
        "parent_message_body": parent.text,
        **named(author, "parent_"),
        "thread_message_id": parent.id,
        **named(author, "thread_"),
    }


def suspicious_message(channel: Channel, user: User, line: Line, pieces: list[dict[str, Any]], treatment: str) -> Event:
    """``channel.suspicious_user.message``."""
    told = {
        "low_trust_status": treatment,
        "shared_ban_channel_ids": [],
        "types": ["manually_added"],
        "ban_evasion_evaluation": "unknown",
        "message": {"message_id": line.id, "text": line.text, "fragments": pieces},
    }
    return about_user("channel.suspicious_user.message", channel, user, **told)


def moderate(channel: Channel, moderator: User, action: str, details: dict[str, Any] | None = None) -> Event:
    """``channel.moderate`` version 2. ``details`` go under the key that the action is about."""
    body: dict[str, Any] = {
        **named(channel.user, "broadcaster_"),
        **named(channel.user, "source_broadcaster_"),
        **named(moderator, "moderator_"),
        "action": action,
        **dict.fromkeys(MODERATE_DETAILS),
    }
    if details is not None:
        body[_DETAILS_KEY.get(action, action)] = details
    return Event("channel.moderate", channel.user.id, body)


def ban(channel: Channel, moderator: User, user: User, ban: Ban) -> Event:
    """``channel.ban``, which Twitch also sends for a timeout."""
    body = {
        **named(user),
        **named(channel.user, "broadcaster_"),
        **named(moderator, "moderator_"),
        "reason": ban.reason,
        "banned_at": iso(ban.created_ms),
        "ends_at": None if ban.until_ms is None else iso(ban.until_ms),
        "is_permanent": ban.until_ms is None,
    }
    return Event("channel.ban", channel.user.id, body)


def about_user(kind: str, channel: Channel, user: User, **more: Any) -> Event:
    """An event that names a user and the channel: unban, acknowledged warning, moderator or VIP added, …."""
    return Event(kind, channel.user.id, {**named(user), **named(channel.user, "broadcaster_"), **more})


def about_channel(kind: str, channel: Channel, **more: Any) -> Event:
    """An event that names only the channel: chat cleared, stream online, chat settings, …."""
    return Event(kind, channel.user.id, {**named(channel.user, "broadcaster_"), **more})


def by_moderator(kind: str, channel: Channel, moderator: User, **more: Any) -> Event:
    """An event that names a channel and a moderator: shield mode."""
    return about_channel(kind, channel, **named(moderator, "moderator_"), **more)


def raid(source: User, target: User, viewers: int) -> Event:
    """``channel.raid``, addressed to the channel that is raided."""
    body = {**named(source, "from_broadcaster_"), **named(target, "to_broadcaster_"), "viewers": viewers}
    return Event("channel.raid", target.id, body)


def automod(world: World, channel: Channel, held: Held, status: str = "", moderator: User | None = None) -> Event:
    """``automod.message.hold`` version 2, or ``automod.message.update`` where a ``status`` is given."""
    body = {
        **named(channel.user, "broadcaster_"),
        **named(held.user),
        "message_id": held.id,
        "message": {"text": held.text, "fragments": fragments(world, held.text, None)},
        "held_at": iso(held.held_ms),
        "reason": "automod",
        "automod": {
            "category": held.category,
            "level": held.level,
            "boundaries": [{"start_pos": 0, "end_pos": max(0, len(held.text) - 1)}],
        },
        "blocked_term": None,
    }
    if not status:
        return Event("automod.message.hold", channel.user.id, body)
    return Event(
        "automod.message.update", channel.user.id, {**body, **named(moderator, "moderator_"), "status": status}
    )


def unban_request(channel: Channel, request: UnbanRequest) -> Event:
    """``channel.unban_request.create`` while pending, ``channel.unban_request.resolve`` after."""
    common = {"id": request.id, **named(request.user)}
    if request.status == "pending":
        return about_channel(
            "channel.unban_request.create", channel, **common, text=request.text, created_at=iso(request.created_ms)
        )
    return about_channel(
        "channel.unban_request.resolve", channel, **common, **named(request.moderator, "moderator_"),
        resolution_text=request.resolution_text, status=request.status,
    )  # fmt: skip
