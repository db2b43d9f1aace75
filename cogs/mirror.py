"""What people do on Twitch's own pages, in the same log: moderators' acts, warnings read, suspicious people."""

from __future__ import annotations

import asyncio
from collections import OrderedDict, defaultdict
from datetime import UTC, datetime
from typing import Any

import structlog
import twitchio
from twitchio.eventsub import (
    ChannelModerateV2Subscription,
    ChannelWarningAcknowledgementSubscription,
    SubscriptionPayload,
    SuspiciousUserMessageSubscription,
    SuspiciousUserUpdateSubscription,
)
from twitchio.ext import commands

from cogs.acts import act_evidence, last_message, record_act, settle_lifted
from cogs.call import Target
from cogs.channel import Channel
from cogs.desk import Desk
from filters.types import MAX_TIMEOUT_S, Action, ActionKind, Category
from storage.people import person_number
from storage.records import Outcome

log = structlog.get_logger(__name__)

FLAGGED = 2_000
"""Suspicious people remembered, so that each gets one Record a run and not one a line."""


class Mirror(commands.Component):
    """Records what moderators do by hand and what Twitch says about people. The bot's own acts are not repeated."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        # Each event is a task of its own: without the lock a ban's Record might come after the unban that settles it.
        self._turns: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._flagged: OrderedDict[tuple[str, str], None] = OrderedDict()

    @staticmethod
    def subscriptions(channel_id: str, bot_id: str) -> list[SubscriptionPayload]:
        """What it listens to in a channel."""
        who = {"broadcaster_user_id": channel_id, "moderator_user_id": bot_id}
        return [
            ChannelModerateV2Subscription(**who),
            ChannelWarningAcknowledgementSubscription(**who),
            SuspiciousUserMessageSubscription(**who),
            SuspiciousUserUpdateSubscription(**who),
        ]

    @commands.Component.listener()
    async def event_mod_action(self, payload: twitchio.ChannelModerate) -> None:
        """Record what a person did as a moderator. What was done in another channel of a shared chat is that one's."""
        channel = self._desk.channels.get(payload.broadcaster.id)
        if channel is None or payload.moderator.id == self._desk.bot.bot_id or payload.action.startswith("shared_chat"):
            return
        async with self._turns[channel.id]:
            await self._mirror(channel, payload)

    @commands.Component.listener()
    async def event_warning_acknowledge(self, payload: twitchio.ChannelWarningAcknowledge) -> None:
        """Note that a chatter has read a warning."""
        channel = self._desk.channels.get(payload.broadcaster.id)
        if channel is not None:
            await self._note(channel, "chatter", "chatter", "warning acknowledged", target_of(payload.user))

    @commands.Component.listener()
    async def event_suspicious_user_update(self, payload: twitchio.SuspiciousUserUpdate) -> None:
        """Note that a moderator has somebody watched or restricted, or no longer."""
        channel = self._desk.channels.get(payload.broadcaster.id)
        if channel is not None:
            treatment = payload.low_trust_status.replace("_", " ")
            moderator = payload.moderator.name or ""
            await self._note(channel, moderator, "moderator", f"suspicious: {treatment}", target_of(payload.user))

    @commands.Component.listener()
    async def event_suspicious_user_message(self, payload: twitchio.SuspiciousUserMessage) -> None:
        """Put somebody Twitch or a moderator thinks suspicious up for review, with the first line they write."""
        channel = self._desk.channels.get(payload.broadcaster.id)
        target = target_of(payload.user)
        if channel is None or (channel.id, target.id) in self._flagged:
            return
        self._flagged[channel.id, target.id] = None
        if len(self._flagged) > FLAGGED:
            self._flagged.popitem(last=False)
        message = last_message(channel, target, str(payload.message.id or ""), payload.message.text)
        signs = ", ".join(each.replace("_", " ") for each in payload.types) or "no sign named"
        detail = f"{payload.low_trust_status.replace('_', ' ')}; {signs}; ban evasion {payload.evaluation}"
        evidence = act_evidence("suspicious", message, detail, source="twitch")
        review = Action(ActionKind.REVIEW)
        records = self._desk.records
        await record_act(channel, records, message, review, evidence, actor="twitch", outcome=Outcome.REVIEW)

    async def _mirror(self, channel: Channel, payload: twitchio.ChannelModerate) -> None:
        at = payload.timestamp or datetime.now(UTC)
        act: Any
        match payload.action:
            case "ban" if act := payload.ban:
                await self._record(channel, payload, act.user, Action(ActionKind.BAN), act.reason)
            case "timeout" if act := payload.timeout:
                seconds = round((act.expires_at - at).total_seconds())
                action = Action(ActionKind.TIMEOUT, max(1, min(seconds, MAX_TIMEOUT_S)))
                await self._record(channel, payload, act.user, action, act.reason)
            case "warn" if act := payload.warn:
                await self._record(channel, payload, act.user, Action(ActionKind.WARN), act.reason)
            case "delete" if act := payload.delete:
                said = (act.message_id, act.text)
                await self._record(channel, payload, act.user, Action(ActionKind.DELETE), "", *said)
            case "unban" | "untimeout":
                user = payload.unban or payload.untimeout
                assert user is not None
                await self._let_back_in(channel, payload, target_of(user), round(at.timestamp() * 1000))
            case "mod" | "unmod" | "vip" | "unvip":
                user = payload.mod or payload.unmod or payload.vip or payload.unvip
                assert user is not None
                await self._note(channel, payload.moderator.name or "", "moderator", payload.action, target_of(user))
            case "approve_unban_request" | "deny_unban_request" if act := payload.unban_request:
                verb = payload.action.replace("_", " ")
                await self._note(channel, payload.moderator.name or "", "moderator", verb, target_of(act.user))
            case _:
                await self._note(channel, payload.moderator.name or "", "moderator", payload.action.replace("_", " "))

    async def _record(
        self,
        channel: Channel,
        payload: twitchio.ChannelModerate,
        user: twitchio.PartialUser,
        action: Action,
        reason: str | None,
        *said: str,
    ) -> None:
        message = last_message(channel, target_of(user), *said)
        evidence = act_evidence(payload.action, message, reason or "", category=Category.CHANNEL_RULE)
        actor = payload.moderator.name or ""
        await record_act(channel, self._desk.records, message, action, evidence, actor=actor, outcome=Outcome.APPLIED)

    async def _let_back_in(
        self, channel: Channel, payload: twitchio.ChannelModerate, target: Target, at_ms: int
    ) -> None:
        """Settle what was lifted; where the log has nothing of it, note that it happened."""
        moderator = payload.moderator.name or ""
        records = self._desk.records
        if not await settle_lifted(channel, records, target, at_ms, actor=moderator, reason=payload.action):
            await self._note(channel, moderator, "moderator", payload.action, target)

    async def _note(self, channel: Channel, actor: str, role: str, verb: str, target: Target | None = None) -> None:
        subject = "chat"
        if target is not None:
            subject = f"person {await person_number(self._desk.database, target.id, target.login)}"
        await self._desk.audit.note(
            actor=actor, role=role, surface="chat", verb=verb, subject=subject, channel_id=channel.id
        )


def target_of(user: twitchio.PartialUser) -> Target:
    """Whom an event is about."""
    return Target(user.id, user.name or "")
