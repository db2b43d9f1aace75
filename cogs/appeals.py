"""Unban requests: taken in as appeals when they are made, and closed when somebody resolves them at Twitch."""

from __future__ import annotations

from datetime import UTC, datetime

import aiohttp
import structlog
import twitchio
from twitchio.eventsub import (
    ChannelUnbanRequestResolveSubscription,
    ChannelUnbanRequestSubscription,
    SubscriptionPayload,
)
from twitchio.ext import commands

from cogs.acts import settle_lifted
from cogs.call import Target
from cogs.channel import Channel
from cogs.desk import Desk
from cogs.enforce import describe
from storage.appeals import Appeals as AppealLog
from storage.database import DatabaseError, now_ms

log = structlog.get_logger(__name__)


class Appeals(commands.Component):
    """Listens for unban requests of the moderated channels."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._appeals = AppealLog(desk.database)

    @staticmethod
    def subscriptions(channel_id: str, bot_id: str) -> list[SubscriptionPayload]:
        """What it listens to in a channel."""
        who = {"broadcaster_user_id": channel_id, "moderator_user_id": bot_id}
        return [ChannelUnbanRequestSubscription(**who), ChannelUnbanRequestResolveSubscription(**who)]

    async def read(self, channel: Channel) -> None:
        """Take in what was asked for in a channel while the bot was away."""
        broadcaster = self._desk.bot.create_partialuser(channel.id, channel.name)
        try:
            async for each in broadcaster.fetch_unban_requests(
                moderator=self._desk.bot.bot_id, status="pending", first=100
            ):
                await self._receive(channel, each.id, each.user, each.text, each.created_at)
        except (twitchio.HTTPException, aiohttp.ClientError, TimeoutError, DatabaseError) as error:
            log.warning("appeals_not_read", channel=channel.name, error=describe(error), remedy="chatwarden doctor")

    @commands.Component.listener()
    async def event_unban_request(self, payload: twitchio.ChannelUnbanRequest) -> None:
        """Take in an unban request."""
        channel = self._desk.channels.get(payload.broadcaster.id)
        if channel is not None:
            await self._receive(channel, payload.id, payload.user, payload.text, payload.created_at)

    @commands.Component.listener()
    async def event_unban_request_resolve(self, payload: twitchio.ChannelUnbanRequestResolve) -> None:
        """Close an appeal that was resolved at Twitch; one that was approved lifts the ban, so its Record is undone."""
        channel = self._desk.channels.get(payload.broadcaster.id)
        if channel is None:
            return
        moderator = (payload.moderator.name if payload.moderator else "") or ""
        await self._appeals.resolved(payload.id, status=payload.status, moderator=moderator, at_ms=now_ms())
        if payload.status == "approved":
            by_bot = payload.moderator is not None and payload.moderator.id == self._desk.bot.bot_id
            at = payload.timestamp or datetime.now(UTC)
            await settle_lifted(
                channel,
                self._desk.records,
                Target(payload.user.id, payload.user.name or ""),
                round(at.timestamp() * 1000),
                actor="bot" if by_bot else moderator,
                reason="appeal approved",
            )

    async def _receive(
        self, channel: Channel, request_id: str, user: twitchio.PartialUser, text: str, created_at: datetime
    ) -> None:
        await self._appeals.receive(
            twitch_id=request_id,
            channel_id=channel.id,
            channel=channel.name,
            chatter_id=user.id,
            chatter=user.name or "",
            text=text,
            received_ms=round(created_at.timestamp() * 1000),
        )
