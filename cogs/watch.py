"""Chat in: each EventSub chat message becomes a Message and joins its channel's queue."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from twitchio import ChatMessage
from twitchio.ext import commands

from cogs.ages import Ages
from cogs.channel import Channel
from filters.types import Fragment, FragmentKind, Message, Role


class Watch(commands.Component):
    """Listens to the chats of the moderated channels."""

    def __init__(self, channels: Mapping[str, Channel], bot_id: str, ages: Ages) -> None:
        self._channels = channels
        self._bot_id = bot_id
        self._ages = ages

    @commands.Component.listener()
    async def event_message(self, payload: ChatMessage) -> None:
        """Queue a chat line for judging; the bot's own lines and those of a shared chat's other channels are not."""
        if payload.chatter.id == self._bot_id or payload.source_broadcaster is not None:
            return
        channel = self._channels.get(payload.broadcaster.id)
        if channel is None:
            return
        wanted = channel.policy.filters.newcomers.enabled
        channel.take(message_of(payload, self._ages.created_ms(payload.chatter.id) if wanted else None))


def message_of(payload: ChatMessage, account_created_ms: int | None = None) -> Message:
    """The line as plain data. Roles come from Twitch's badges, never from the display name.

    Raises TypeError for a line that is not what Twitch promises: remembered as context, it would spoil the Records of
    others.
    """
    chatter = payload.chatter
    names = (payload.id, payload.broadcaster.id, payload.broadcaster.name, chatter.id, chatter.name)
    texts = (payload.text, chatter.display_name, *(piece.text for piece in payload.fragments))
    if not all(isinstance(each, str) and each and each.isascii() for each in names):
        raise TypeError("a chat line's ids and logins are not all plain text")
    if not all(isinstance(each, str) for each in texts):
        raise TypeError("a chat line's words are not all text")
    sent = payload.timestamp or datetime.now(UTC)
    roles = {
        Role.BROADCASTER: chatter.broadcaster,
        Role.MODERATOR: chatter.moderator or chatter.lead_moderator,
        Role.VIP: chatter.vip,
        Role.SUBSCRIBER: chatter.subscriber,
    }
    return Message(
        id=payload.id,
        ts_ms=int(sent.timestamp() * 1000),
        channel_id=payload.broadcaster.id,
        channel=payload.broadcaster.name or "",
        chatter_id=chatter.id,
        chatter=chatter.name or "",
        display_name=chatter.display_name or "",
        text=payload.text,
        roles=frozenset(role for role, held in roles.items() if held),
        fragments=tuple(Fragment(FragmentKind(piece.type), piece.text) for piece in payload.fragments),
        account_created_ms=account_created_ms,
    )
