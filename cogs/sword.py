"""In which channels the bot may act: told by Twitch's list, by what happens to the bot, and by how its acts end."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING

import aiohttp
import structlog
import twitchio
from twitchio import HTTPException
from twitchio.ext import commands

from cogs.channel import Channel
from cogs.enforce import describe
from twitch.listening import CHAT, Revoked

if TYPE_CHECKING:
    from cogs.modbot import ModBot

log = structlog.get_logger(__name__)

NOT_MODERATOR = "the bot is not a moderator"
DEEDS = {"ban": "banned", "timeout": "timed out", "unmod": "not a moderator any more"}
"""What moderators do that ends the bot's own work, and how it is told."""


class Sword(commands.Component):
    """Knows where the bot lacks the moderator's sword and cannot act, and tells of it once."""

    def __init__(self, bot: ModBot, channels: Mapping[str, Channel]) -> None:
        self.disarmed: dict[str, str] = {}
        """Channels in which the bot cannot act, by id, and why."""
        self._bot = bot
        self._channels = channels

    def watch(self, channel: Channel) -> None:
        """Learn from how the channel's acts end."""
        channel.enforcer.on_answer = partial(self._answered, channel)

    async def look(self) -> None:
        """Ask Twitch where the bot is a moderator; where it does not say, things are as they were."""
        try:
            bot = self._bot.create_partialuser(self._bot.bot_id)
            moderated = {each.id async for each in bot.fetch_moderated_channels(first=100)} | {self._bot.bot_id}
        except (HTTPException, aiohttp.ClientError, TimeoutError) as error:
            log.warning("moderated_channels_not_shown", error=describe(error))
            return
        for channel in self._channels.values():
            if channel.id in moderated:
                self.arm(channel)
            else:
                self.disarm(channel, NOT_MODERATOR)

    def disarm(self, channel: Channel, why: str) -> None:
        """Take note that the bot cannot act in a channel."""
        if channel.id in self.disarmed:
            return
        self.disarmed[channel.id] = why
        bot = self._bot.user.name if self._bot.user else "the bot"
        unban = f"/unban {bot}, then " if "ban" in why else ""
        remedy = f"in {channel.name}'s chat: {unban}/mod {bot}; noticed within minutes"
        log.error("cannot_act", channel=channel.name, why=why, remedy=remedy)

    def arm(self, channel: Channel) -> None:
        """Take note that the bot may act in a channel."""
        if self.disarmed.pop(channel.id, None) is not None:
            log.info("can_act_again", channel=channel.name)

    @commands.Component.listener()
    async def event_mod_action(self, payload: twitchio.ChannelModerate) -> None:
        """See what happens to the bot itself."""
        act = payload.ban or payload.timeout or payload.unmod
        channel = self._channels.get(payload.broadcaster.id)
        if channel is None or act is None or payload.action not in DEEDS:
            return
        user = act if isinstance(act, twitchio.PartialUser) else act.user
        if user.id == self._bot.bot_id:
            self.disarm(channel, f"{DEEDS[payload.action]} by {payload.moderator.name}")

    @commands.Component.listener()
    async def event_safe_revoked(self, payload: Revoked) -> None:
        """See that Twitch takes away what moderators hear."""
        channel = self._channels.get(payload.channel_id)
        if channel is None:
            return
        if payload.status == "chat_user_banned":
            self.disarm(channel, "banned")
        elif payload.status == "moderator_removed" and payload.kind != CHAT:
            self.disarm(channel, NOT_MODERATOR)

    def _answered(self, channel: Channel, refusal: str) -> None:
        if refusal:
            self.disarm(channel, refusal)
        else:
            self.arm(channel)
