"""What Twitch's AutoMod holds back: recorded, judged by the channel's own filters, and settled as the policy says."""

from __future__ import annotations

from collections import OrderedDict, defaultdict
from dataclasses import dataclass, replace

import aiohttp
import structlog
import twitchio
from twitchio import HTTPException
from twitchio.eventsub import AutomodMessageHoldV2Subscription, AutomodMessageUpdateV2Subscription, SubscriptionPayload
from twitchio.ext import commands

from cogs.acts import act_evidence, record_act
from cogs.call import Call, ChatCommands, RefusedError, UsageError, told, words_of
from cogs.channel import Channel
from cogs.desk import Desk
from cogs.enforce import describe
from cogs.permissions import Rank
from cogs.watch import kind_of
from cogs.wording import counted
from filters.types import Action, ActionKind, Category, Evidence, Fragment, Message, Verdict
from storage.audit import Surface
from storage.database import now_ms
from storage.records import Outcome, Record

log = structlog.get_logger(__name__)

HOLDS = 500
"""Lines held that are remembered per channel; Twitch lets go of them after some minutes."""
LISTED = 5
"""Holds named in an answer."""
CATEGORIES = {
    "aggressive": Category.HARASSMENT,
    "bullying": Category.HARASSMENT,
    "disability": Category.HATE,
    "misogyny": Category.HATE,
    "race_ethnicity_or_religion": Category.HATE,
    "racism": Category.HATE,
    "sexuality_sex_or_gender": Category.HATE,
    "sex_based_terms": Category.SEXUAL,
    "sexual": Category.SEXUAL,
    "swearing": Category.PROFANITY,
}
"""AutoMod's categories as our written rules; one we do not know counts as the channel's own rule."""

SOURCE = "automod"
"""The filter that stands in Records of what AutoMod holds."""

DELETE = Action(ActionKind.DELETE)
REVIEW = Action(ActionKind.REVIEW)


@dataclass(frozen=True, slots=True)
class Held:
    """A line AutoMod holds back, and its Record."""

    message: Message
    record_id: int
    why: str


class AutoMod(ChatCommands):
    """Sees to what AutoMod holds back."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._held: defaultdict[str, OrderedDict[str, Held]] = defaultdict(OrderedDict)
        # Each event is a task of its own: somebody may settle a line that is not recorded yet.
        self._settled: OrderedDict[str, None] = OrderedDict()

    @staticmethod
    def subscriptions(channel_id: str, bot_id: str) -> list[SubscriptionPayload]:
        """What it listens to in a channel."""
        who = {"broadcaster_user_id": channel_id, "moderator_user_id": bot_id}
        return [AutomodMessageHoldV2Subscription(**who), AutomodMessageUpdateV2Subscription(**who)]

    @commands.Component.listener()
    async def event_automod_message_hold(self, payload: twitchio.AutomodMessageHold) -> None:
        """Record a line that is held, and settle it where the policy says how."""
        channel = self.desk.channels.get(payload.broadcaster.id)
        if channel is None:
            return
        message = _message(payload, channel)
        verdict = await self._judge(channel, message)
        found = _evidence(payload, message)
        mode = channel.policy.automod
        if mode in ("deny", "both") and verdict.action.enforces and not verdict.dry_run:
            more = (*(each for each in verdict.evidence if each is not verdict.leading), found)
            await self._deny(channel, message, verdict.leading, actor="bot", more=more)
            return
        record_id = await record_act(
            channel, self.desk.records, message, REVIEW, found, actor="automod", outcome=Outcome.REVIEW
        )
        if message.id in self._settled:
            return
        held = self._held[channel.id]
        held[message.id] = Held(message, record_id, found.rule)
        if len(held) > HOLDS:
            held.popitem(last=False)
        clean = not verdict.evidence and not verdict.failed_filters
        if mode in ("approve", "both") and clean and not channel.engine.dry_run:
            await self._note(channel, "bot", "bot", "automod approve", record_id)
            await self._let_through(channel, message.id)

    @commands.Component.listener()
    async def event_automod_message_update(self, payload: twitchio.AutomodMessageUpdate) -> None:
        """Record how a person settled a held line: a denial is a deletion."""
        channel = self.desk.channels.get(payload.broadcaster.id)
        if channel is None:
            return
        held = self._held[channel.id].pop(payload.message_id, None)
        self._settled[payload.message_id] = None
        if len(self._settled) > HOLDS:
            self._settled.popitem(last=False)
        moderator = payload.moderator.name or ""
        if payload.moderator.id == self.desk.bot.bot_id or payload.status == "Expired":
            return
        if payload.status == "Approved":
            await self._note(channel, moderator, "moderator", "automod approve", held.record_id if held else 0)
            return
        message = held.message if held else _message(payload, channel)
        denied = act_evidence("automod deny", message)
        await record_act(channel, self.desk.records, message, DELETE, denied, actor=moderator, outcome=Outcome.APPLIED)

    @commands.group(
        invoke_fallback=True,
        apply_guards=False,
        case_insensitive=True,
        extras=told(Rank.MODERATOR, "", "automod approve #record"),
    )
    async def automod(self, call: Call, *, rest: str = "") -> None:
        """Say what AutoMod holds back."""
        if rest:
            raise UsageError("What AutoMod holds is approved or denied.")
        held = list(self._held[call.place.id].values())
        named = ", ".join(f"#{each.record_id} by {each.message.chatter} ({each.why})" for each in held[-LISTED:])
        await call.answer(f"AutoMod holds {counted(len(held), 'line')}{f': {named}' if held else ''}.")

    @automod.command(extras=told(Rank.MODERATOR, "[#record]", "automod approve #record"))
    async def approve(self, call: Call, *, rest: str = "") -> None:
        """Let the latest held line through, or the one of a Record."""
        message, record_id = await self._find(call, rest)
        await call.note(f"record {record_id}")
        if why := await self._let_through(call.place, message.id):
            raise RefusedError(f"The line of Record #{record_id} is not let through; Twitch says: {why}.")
        self._held[call.place.id].pop(message.id, None)
        await call.answer(f"The line of {message.chatter}, Record #{record_id}, is let through.")

    @automod.command(extras=told(Rank.MODERATOR, "[#record]", "automod deny #record"))
    async def deny(self, call: Call, *, rest: str = "") -> None:
        """Deny the latest held line, or the one of a Record."""
        message, record_id = await self._find(call, rest)
        await call.note(f"record {record_id}")
        denied = act_evidence("automod deny", message)
        deleted, why = await self._deny(call.place, message, denied, actor=call.actor)
        if why:
            raise RefusedError(f"The line of Record #{record_id} is not denied; Twitch says: {why}.")
        self._held[call.place.id].pop(message.id, None)
        await call.answer(f"The line of {message.chatter} is denied, Record #{deleted}.")

    async def _judge(self, channel: Channel, message: Message) -> Verdict:
        """What the channel's own filters say. The line is not in the chat, so it stays out of its History."""
        engine = channel.engine.aside()
        since_ms = message.ts_ms - engine.ladder.decay * 1000
        acted_on = await self.desk.records.acted_on(channel.id, message.chatter_id, since_ms)
        verdict = engine.judge(message, engine.ladder.standing(acted_on, message.ts_ms))
        channel.report(verdict.failed_filters)
        return verdict

    async def _find(self, call: Call, rest: str) -> tuple[Message, int]:
        held = self._held[call.place.id]
        word = "".join(words_of(rest)[:1])
        if not word:
            if not held:
                raise RefusedError("AutoMod holds nothing that I know of.")
            latest = next(reversed(held.values()))
            return latest.message, latest.record_id
        record = await self.desk.find_record(call, word)
        if record.filter != SOURCE:
            raise RefusedError(f"Record #{record.id} is of no line that AutoMod held.")
        known = held.get(record.message_id)
        return (known.message if known else _told_again(record)), record.id

    async def _deny(
        self, channel: Channel, message: Message, evidence: Evidence, *, actor: str, more: tuple[Evidence, ...] = ()
    ) -> tuple[int, str]:
        """Record a denial, carry it out, and settle it; the Record's number, and what Twitch says if it refuses."""
        records = self.desk.records
        record_id = await record_act(channel, records, message, DELETE, evidence, actor=actor, more=more)
        sent_ms = now_ms()
        why = await self._ask_twitch(channel, message.id, allow=False)
        outcome = Outcome.FAILED if why else Outcome.APPLIED
        await records.settle(record_id, outcome, reason=why, sent_ms=sent_ms, done_ms=now_ms(), attempts=1)
        return record_id, why

    async def _let_through(self, channel: Channel, message_id: str) -> str:
        return await self._ask_twitch(channel, message_id, allow=True)

    async def _ask_twitch(self, channel: Channel, message_id: str, *, allow: bool) -> str:
        """Settle a held line; what Twitch says if it refuses."""
        warden = self.desk.bot.create_partialuser(self.desk.bot.bot_id)
        try:
            await (warden.approve_automod_messages if allow else warden.deny_automod_messages)(message_id)
        except (HTTPException, aiohttp.ClientError, TimeoutError) as error:
            log.warning("hold_not_settled", channel=channel.name, error=describe(error))
            return describe(error)
        return ""

    async def _note(self, channel: Channel, actor: str, role: str, verb: str, record_id: int) -> None:
        subject = f"record {record_id}" if record_id else "chat"
        surface: Surface = "bot" if actor == "bot" else "chat"
        await self.desk.audit.note(
            actor=actor, role=role, surface=surface, verb=verb, subject=subject, channel_id=channel.id
        )


def _message(payload: twitchio.AutomodMessageHold, channel: Channel) -> Message:
    chatter = channel.engine.history.chatter(payload.user.id)
    return Message(
        id=payload.message_id,
        ts_ms=round(payload.held_at.timestamp() * 1000),
        channel_id=channel.id,
        channel=channel.name,
        chatter_id=payload.user.id,
        chatter=payload.user.name or "",
        text=payload.text,
        display_name=payload.user.display_name or "",
        roles=chatter.roles if chatter else frozenset(),
        fragments=tuple(Fragment(kind_of(piece.type), piece.text) for piece in payload.fragments),
    )


def _evidence(payload: twitchio.AutomodMessageHold, message: Message) -> Evidence:
    rule = "blocked term" if payload.blocked_terms else f"{payload.category or 'unnamed'} {payload.level or ''}".strip()
    category = CATEGORIES.get(payload.category or "", Category.CHANNEL_RULE)
    marks = [*payload.boundaries, *(term.boundary for term in payload.blocked_terms)]
    found = act_evidence(rule, message, "held back by AutoMod", source=SOURCE, category=category)
    return replace(found, span=(marks[0].start, marks[0].end + 1)) if marks else found


def _told_again(record: Record) -> Message:
    """A held line as its Record tells it."""
    return Message(
        record.message_id,
        record.ts_ms,
        record.channel_id,
        record.channel,
        record.chatter_id,
        record.chatter,
        record.text or "",
    )
