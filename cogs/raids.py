"""Raid mode: what the bot does about a raid while it lasts, and how it ends. One raid is one group of Records."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass

import aiohttp
import structlog
import twitchio
from twitchio import HTTPException, PartialUser
from twitchio.eventsub import ChannelRaidSubscription, SubscriptionPayload
from twitchio.ext import commands

from cogs.acts import message_of_line, record_act
from cogs.answers import Answers
from cogs.channel import Channel, RaidPart
from cogs.enforce import Order, describe
from filters.duplicates import Line
from filters.history import KEPT_S
from filters.raid import Member, RaidAlert, RaidDetector
from filters.types import ActionKind, Category, Evidence, Message, Severity
from storage.database import DatabaseError, now_ms
from storage.groups import Groups, Modes
from storage.records import Outcome, RecordLog

log = structlog.get_logger(__name__)

LOOK_S = 1.0
"""How often it is looked whether a raid is over, where no message shows it."""

ANY_FOLLOWER = -1
"""Followers-only without a minimum, among the chat modes, where 0 is off."""


@dataclass(slots=True)
class _Raid:
    """A raid under way: its group, who said so, why, and when somebody last joined, by the process's own clock."""

    group_id: int
    actor: str
    why: str
    last_s: float
    members: int = 0


class RaidWatch:
    """Watches one channel: begins raid mode, deals with those who take part, and ends it."""

    def __init__(
        self,
        channel: Channel,
        broadcaster: PartialUser,
        bot_id: str,
        records: RecordLog,
        groups: Groups,
        answers: Answers,
    ) -> None:
        self.detector = RaidDetector(channel.policy.raid)
        self._channel = channel
        self._broadcaster = broadcaster
        self._bot_id = bot_id
        self._records = records
        self._groups = groups
        self._answers = answers
        self._raid: _Raid | None = None
        # Opening a group takes a moment, in which somebody else may say that it is a raid, or that it is none.
        self._turn = asyncio.Lock()
        # The chat modes are changed and put back in the order in which raids begin and end, however long Twitch takes.
        self._modes_turn = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()

    async def part(self, message: Message) -> RaidPart | None:
        """What the raid under way makes of a message the History has observed: its writer's part in it, or None.

        The first alert begins raid mode; those who showed before are dealt with here.
        """
        self.detector.settings = self._channel.policy.raid
        alert = self.detector.observe(message, self._channel.engine.history)
        if self._raid and self._raid.actor == "bot" and not self.detector.active(message.ts_ms):
            await self.end("bot")
        if alert is None:
            if self._raid is None or not self.detector.includes(message):
                return None
            return self._part(message, self._raid, "takes part in the raid")
        async with self._turn:
            # It may be over by the time those who showed before are dealt with: what follows is about this one.
            raid = self._raid or await self._begin("bot", alert.why, alert.started_ms)
        raid.last_s = time.monotonic()
        raid.members += len(alert.members)
        await self._take_in(raid, alert, message)
        earlier = [each for each in alert.members if each.message_id != message.id]
        await asyncio.gather(*(self._act_on(each, alert, raid) for each in earlier))
        return self._part(message, raid, alert.why, alert.confidence)

    async def begin(self, actor: str, why: str) -> bool:
        """Begin raid mode because somebody says so; False if it is on."""
        async with self._turn:
            if self._raid is not None:
                return False
            await self._begin(actor, why, now_ms())
            self.detector.begin(now_ms())
            return True

    async def end(self, actor: str, *, undone: bool = False) -> int | None:
        """End raid mode and put the chat modes back; the raid's group, or None if there was no raid.

        Who ends it because it is undone tells so: then only what goes wrong is told here.
        """
        async with self._turn:
            raid, self._raid = self._raid, None
        if raid is None:
            return None
        self.detector.end()
        log.info("raid_over", channel=self._channel.name, group=raid.group_id, members=raid.members, actor=actor)
        told = "" if undone else f"Raid over: {_accounts(raid.members)} took part."
        self._go(self._in_turn(self._put_back(raid.group_id, told)))
        await self._groups.end(raid.group_id, now_ms())
        return raid.group_id

    def status(self) -> str:
        """What goes on, in one line."""
        if self._raid is None:
            return "No raid."
        shown = f"what showed it: {self._raid.why}" if self._raid.actor == "bot" else self._raid.why
        return f"Raid on: {_accounts(self._raid.members)} so far; {shown}."

    @property
    def group_id(self) -> int | None:
        """The group of the raid under way."""
        return self._raid.group_id if self._raid else None

    async def resume(self) -> None:
        """After a start: end what was on when the bot stopped, and put the chat modes back."""
        for group_id in await self._groups.unfinished(self._channel.id):
            await self._groups.end(group_id, now_ms())
            self._go(self._in_turn(self._put_back(group_id, over="")))

    async def stop(self) -> None:
        """Stop watching. A raid under way is ended by ``resume`` at the next start."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _begin(self, actor: str, why: str, started_ms: int) -> _Raid:
        group_id = await self._groups.open("raid", self._channel.id, actor=actor, why=why, started_ms=started_ms)
        log.warning("raid_on", channel=self._channel.name, group=group_id, why=why, actor=actor)
        raid = self._raid = _Raid(group_id, actor, why, time.monotonic())
        self._go(self._in_turn(self._enter(raid)))
        self._go(self._watch_for_end(raid))
        return raid

    async def _watch_for_end(self, raid: _Raid) -> None:
        while time.monotonic() - raid.last_s <= self._channel.policy.raid.hold:
            await asyncio.sleep(LOOK_S)
            if self._raid is not raid:
                return
        await self.end("bot")

    def _part(self, message: Message, raid: _Raid, why: str, confidence: float = 1.0) -> RaidPart | None:
        if self._channel.engine.exempt.reason(message):
            return None
        action = self._channel.policy.raid.member_action
        return RaidPart(_evidence(message, why, confidence), action, raid.group_id)

    async def _take_in(self, raid: _Raid, alert: RaidAlert, message: Message) -> None:
        """Let what filters did about those who take part, before it showed that they do, be undone with the raid."""
        chatters = [self._channel.engine.history.chatter(each.chatter_id) for each in alert.members]
        before = {each.id for each in chatters if each and [line.id for line in each.lines] != [message.id]}
        concerned = before | set(alert.akin)
        if concerned:
            await self._channel.recorded(concerned)
            await self._groups.take_in(raid.group_id, concerned, message.ts_ms - KEPT_S * 1000)

    async def _act_on(self, member: Member, alert: RaidAlert, raid: _Raid) -> None:
        """Deal with one who showed before the raid was known."""
        channel = self._channel
        line = self._line(member)
        if line is None:
            return
        message = message_of_line(channel, line)
        part = self._part(message, raid, alert.why, alert.confidence)
        if part is None:
            return
        dry_run = channel.engine.dry_run
        record_id = await record_act(
            channel,
            self._records,
            message,
            part.action,
            part.evidence,
            actor="bot",
            outcome=_outcome(part, dry_run=dry_run),
            group_id=part.group_id,
            dry_run=dry_run,
        )
        if part.action.enforces and not dry_run:
            ids = (channel.id, message.chatter_id, message.chatter, message.id)
            channel.enforcer.submit(Order(record_id, part.action, part.evidence.category, *ids, now_ms()))

    def _line(self, member: Member) -> Line | None:
        chatter = self._channel.engine.history.chatter(member.chatter_id)
        return next((line for line in chatter.lines if line.id == member.message_id), None) if chatter else None

    async def _enter(self, raid: _Raid) -> None:
        """Change the chat modes as the policy says and tell the mods, once."""
        done = "" if self._channel.engine.dry_run else await self._change_modes(raid)
        prefix = self._channel.policy.prefix
        back = f"{prefix}undo raid {raid.group_id}"
        dry = " Dry run: nothing is done." if self._channel.engine.dry_run else ""
        await self._answers.say(
            self._channel,
            f"Raid: {raid.why}.{done}{dry} To end it: {prefix}raid off; to take all of it back: {back}",
        )

    async def _change_modes(self, raid: _Raid) -> str:
        settings = self._channel.policy.raid
        try:
            before = await self._modes()
            wanted = {
                "shield": int(settings.shield_mode),
                "followers": settings.followers_only_minutes,
                "slow": settings.slow_s,
            }
            change: Modes = {
                name: (before[name], value) for name, value in wanted.items() if value > max(before[name], 0)
            }
            if not change:
                return ""
            await self._groups.keep_modes(raid.group_id, change)
            await self._set({name: now for name, (_, now) in change.items()})
        except (HTTPException, aiohttp.ClientError, TimeoutError, DatabaseError) as error:
            log.error("raid_modes_not_set", channel=self._channel.name, error=describe(error))
            return " Chat modes could not be changed (chatwarden doctor tells why)."
        return f" On now: {', '.join(_MODES[name].format(now) for name, (_, now) in change.items())}."

    async def _put_back(self, group_id: int, over: str) -> None:
        """Put back what was changed, except what people have changed since, and tell that it is over."""
        tell = over
        try:
            change = await self._groups.modes(group_id)
            if change:
                present = await self._modes()
                await self._set({name: before for name, (before, now) in change.items() if present[name] == now})
                await self._groups.keep_modes(group_id, {})
                tell += " Chat modes are as before." if over else ""
        except (HTTPException, aiohttp.ClientError, TimeoutError, DatabaseError) as error:
            log.error("raid_modes_not_put_back", channel=self._channel.name, error=describe(error))
            tell += " The chat modes could not be put back; please do."
        if tell:
            back = f" To take all of it back: {self._channel.policy.prefix}undo raid {group_id}" if over else ""
            await self._answers.say(self._channel, f"{tell}{back}")

    async def _modes(self) -> dict[str, int]:
        """The present chat modes, 0 for off."""
        chat = await self._broadcaster.fetch_chat_settings(moderator=self._bot_id, token_for=self._bot_id)
        shield = await self._broadcaster.fetch_shield_mode_status(moderator=self._bot_id)
        return {
            "shield": int(shield.active),
            "followers": (chat.follower_mode_duration or ANY_FOLLOWER) if chat.follower_mode else 0,
            "slow": (chat.slow_mode_wait_time or 0) if chat.slow_mode else 0,
        }

    async def _set(self, modes: dict[str, int]) -> None:
        if "shield" in modes:
            await self._broadcaster.update_shield_mode_status(moderator=self._bot_id, active=bool(modes["shield"]))
        followers, slow = modes.get("followers"), modes.get("slow")
        if followers is not None or slow is not None:
            await self._broadcaster.update_chat_settings(
                self._bot_id,
                follower_mode=None if followers is None else followers != 0,
                follower_mode_duration=max(followers or 0, 0) or None,
                slow_mode=None if slow is None else slow > 0,
                slow_mode_wait_time=slow or None,
            )

    def _go(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _in_turn(self, work: Coroutine[None, None, None]) -> None:
        async with self._modes_turn:
            await work


class Raids(commands.Component):
    """Hears of Twitch's own raids: a streamer sends the viewers over, who then greet."""

    def __init__(self, watches: Mapping[str, RaidWatch]) -> None:
        self._watches = watches

    @staticmethod
    def subscriptions(channel_id: str) -> tuple[SubscriptionPayload, ...]:
        """What to listen to in a channel."""
        return (ChannelRaidSubscription(to_broadcaster_user_id=channel_id),)

    @commands.Component.listener()
    async def event_raid(self, payload: twitchio.ChannelRaid) -> None:
        """Expect as many greetings as viewers come."""
        watch = self._watches.get(payload.to_broadcaster.id)
        if watch is not None:
            sent_ms = int(payload.timestamp.timestamp() * 1000) if payload.timestamp else now_ms()
            watch.detector.friendly_raid(sent_ms, payload.viewer_count)


_MODES = {"shield": "shield mode", "followers": "followers-only ({} min)", "slow": "slow mode ({} s)"}


def _evidence(message: Message, why: str, confidence: float) -> Evidence:
    span = (0, len(message.text))
    return Evidence("raid", "raid", Category.SPAM, Severity.HIGH, span, score=confidence, detail=why)


def _outcome(part: RaidPart, *, dry_run: bool) -> Outcome | None:
    if dry_run:
        return Outcome.DRY_RUN
    return None if part.action.kind > ActionKind.REVIEW else Outcome.REVIEW


def _accounts(number: int) -> str:
    return "1 account" if number == 1 else f"{number} accounts"
