"""The bot looks after itself: signs of life in the log, gaps told and filled, a log that fails noticed at once."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

import aiohttp
import structlog
from twitchio import BannedUser, HTTPException
from twitchio.ext import commands

from cogs.acts import act_evidence, last_message, record_act
from cogs.call import Target
from cogs.channel import Channel
from cogs.hearing import some
from cogs.outage import OnLogFailure, Outage
from filters.types import MAX_TIMEOUT_S, Action, ActionKind
from ops.metrics import Line, Vitals
from storage.database import DatabaseError, now_ms
from storage.gaps import Gap, Gaps
from storage.records import Outcome, RecordLog, RecordQuery
from twitch import listening

if TYPE_CHECKING:
    from cogs.modbot import ModBot

log = structlog.get_logger(__name__)

BEAT_S = 5.0
"""How often a sign of life is written; a crash's gap begins at most so much too early."""
CLOCK_JUMP_S = 2.0
"""How far the wall clock may move against the monotonic one between two beats."""
MOST_BANS = 1_000
"""Bans looked at after a gap."""
LONG_LAG_S = 10.0
"""A message that waits longer to be judged has been read by everybody."""
SAME_ACT_MS = 60_000
"""A ban recorded this close to the list's is the same one."""


class Health(commands.Component):
    """Watches over one bot."""

    def __init__(
        self, bot: ModBot, channels: Mapping[str, Channel], records: RecordLog, gaps: Gaps, mode: OnLogFailure
    ) -> None:
        self.outage = Outage(mode, bot.halt, self._tell_all)
        self.clock_jumps = 0
        self.dropped = 0
        self._bot = bot
        self._channels = channels
        self._records = records
        self._gaps = gaps
        self._task: asyncio.Task[None] | None = None
        self._tellings: set[asyncio.Task[object]] = set()
        self._seen: dict[str, int] = {}
        self._untold: defaultdict[str, list[tuple[str, float, int | None]]] = defaultdict(list)

    async def begin(self) -> None:
        """Note how long nobody watched, and give signs of life from now on. Raises DatabaseError."""
        self._seen = await self._gaps.last_alive()
        await self._gaps.alive(self._logins)
        until_ms = now_ms()
        for channel_id in self._channels:
            if channel_id in self._seen:
                await self._note(Gap(channel_id, self._seen[channel_id], until_ms, "not running"))
        self._tell_of_gaps()
        self._task = asyncio.create_task(self._beat())

    async def take_in(self, channel: Channel) -> None:
        """Note how long nobody watched a channel that was found late."""
        await self._gaps.alive(self._logins)
        if channel.id in self._seen:
            await self._note(Gap(channel.id, self._seen[channel.id], now_ms(), "channel not found"))

    async def end(self) -> None:
        """Give a last sign of life; what was heard and not judged any more is a gap."""
        if self._task is None:
            return
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        self._task = None
        self._tell_of_gaps()
        try:
            for channel in self._channels.values():
                if waiting := channel.waiting:
                    self.dropped += waiting
                    since_ms = now_ms() - round(channel.lag_s * 1000)
                    await self._gaps.note(Gap(channel.id, since_ms, now_ms(), "stopped", lines=waiting))
            await self._gaps.alive(self._logins)
        except DatabaseError as error:
            log.error("log_not_writable", error=str(error), then="the next start tells a longer gap")

    def vitals(self) -> Vitals:
        """How the bot is now."""
        bot, inflow = self._bot, self._bot.inflow
        faults = [f"starting: {bot.hearing.progress or bot.stage}"] if bot.stage else []
        faults += _in_channels("chat not heard", self._deaf())
        faults += _in_channels("the bot cannot act", self._disarmed())
        faults += ["action log not writable"] if self.outage.lasts else []
        faults += [] if bot.sockets or bot.stage else ["no socket to Twitch"]
        lines = tuple(
            Line(each.name, each.waiting, each.lag_s, each.enforcer.waiting) for each in self._channels.values()
        )
        faults += [f"{each.channel}: {each.lag_s:.0f} s behind" for each in lines if each.lag_s > LONG_LAG_S]
        return Vitals(
            faults=tuple(faults),
            notices=bot.hearing.notices,
            missing={(kind, why): n for (why, _), kinds in bot.hearing.missing.items() for kind, n in kinds.items()},
            lines=lines,
            counts={
                "notifications": inflow.received,
                "notifications_repeated": inflow.repeats,
                "notifications_malformed": inflow.malformed,
                "reading_pauses": inflow.pauses,
                "messages_dropped": self.dropped,
                "log_commits": self._records.commits,
                "clock_jumps": self.clock_jumps,
            },
            levels={
                "sockets": len(bot.sockets),
                "deaf_channels": len(self._deaf()),
                "disarmed_channels": len(self._disarmed()),
                "log_writable": not self.outage.lasts,
                "lines_unrecorded": self.outage.lines.total(),
            },
        )

    @commands.Component.listener()
    async def event_safe_gap(self, payload: listening.Gap) -> None:
        """Keep a gap Twitch's sockets tell of."""
        if payload.channel_id in self._channels:
            await self._note(Gap(payload.channel_id, payload.since_ms, payload.until_ms, payload.why))

    def _deaf(self) -> list[tuple[str, str]]:
        """Channels whose chat is not heard, and why."""
        found = [(self._channels[each].name, why) for each, (_, why) in self._bot.listening.deaf.items()]
        return [*found, *self._bot.hearing.absent.items()]

    def _disarmed(self) -> list[tuple[str, str]]:
        """Channels in which the bot was to act and cannot, and why."""
        disarmed, deaf = self._bot.sword.disarmed, self._bot.listening.deaf
        channels = [self._channels[each] for each in disarmed if each not in deaf]
        return [(each.name, disarmed[each.id]) for each in channels if not each.engine.dry_run]

    def _tell_of_gaps(self) -> None:
        """Say in one line what is over, however many channels share it."""
        for why, gaps in self._untold.items():
            lines = sum(each or 0 for _, _, each in gaps)
            longest_s = max(seconds for _, seconds, _ in gaps)
            log.warning("gap", channels=some([name for name, _, _ in gaps]), why=why, seconds=longest_s, lines=lines)
        self._untold.clear()

    @property
    def _logins(self) -> dict[str, str]:
        return {channel.id: channel.name for channel in self._channels.values()}

    async def _beat(self) -> None:
        skew_s = time.time() - time.monotonic()
        while True:
            await asyncio.sleep(BEAT_S)
            self._tell_of_gaps()
            moved_s = time.time() - time.monotonic() - skew_s
            if abs(moved_s) > CLOCK_JUMP_S:
                self.clock_jumps += 1
                skew_s += moved_s
                log.error("clock_jumped", seconds=round(moved_s, 1), remedy="set this machine's clock by NTP")
            try:
                await self._gaps.alive(self._logins)
            except DatabaseError as error:
                self.outage.begin(error)
                continue
            if (over := self.outage.end()) is not None:
                since_ms, lines = over
                for channel_id in self._channels:
                    await self._note(
                        Gap(channel_id, since_ms, now_ms(), "log not writable", lines=lines[channel_id], bans=0)
                    )

    async def _note(self, gap: Gap) -> None:
        channel = self._channels[gap.channel_id]
        try:
            bans = await self._fill(channel, gap) if gap.bans is None else gap.bans
            await self._gaps.note(replace(gap, bans=bans))
        except DatabaseError as error:
            self.outage.begin(error)
        seconds = round((gap.until_ms - gap.since_ms) / 1000, 1)
        self._untold[gap.why].append((channel.name, seconds, gap.lines))

    async def _fill(self, channel: Channel, gap: Gap) -> int | None:
        """Record what people did meanwhile, as the ban list shows it; how much, or None where it is not shown."""
        if channel.id not in self._bot.tokens:
            return None
        broadcaster = self._bot.create_partialuser(channel.id, channel.name)
        found = 0
        try:
            async for ban in broadcaster.fetch_banned_user(first=100, max_results=MOST_BANS):
                made_ms = _ms(ban.created_at)
                by_bot = ban.moderator.id == self._bot.bot_id
                if not by_bot and gap.since_ms <= made_ms <= gap.until_ms and not await self._known(channel, ban):
                    await self._mirror(channel, ban)
                    found += 1
        except (HTTPException, aiohttp.ClientError, TimeoutError) as error:
            log.warning("ban_list_not_shown", channel=channel.name, error=type(error).__name__)
            return None
        return found

    async def _known(self, channel: Channel, ban: BannedUser) -> bool:
        query = RecordQuery(channel=channel.id, chatter=ban.user.id, since_ms=_ms(ban.created_at) - SAME_ACT_MS)
        return any(each.action.kind >= ActionKind.TIMEOUT for each in await self._records.list(query))

    async def _mirror(self, channel: Channel, ban: BannedUser) -> None:
        action = Action(ActionKind.BAN)
        if ban.expires_at is not None:
            seconds = round((ban.expires_at - ban.created_at).total_seconds())
            action = Action(ActionKind.TIMEOUT, max(1, min(seconds, MAX_TIMEOUT_S)))
        about = last_message(channel, Target(ban.user.id, ban.user.name or ""))
        message = replace(about, ts_ms=_ms(ban.created_at)) if not about.text else about
        evidence = act_evidence(action.kind.name.lower(), message, ban.reason or "")
        actor = ban.moderator.name or ""
        await record_act(channel, self._records, message, action, evidence, actor=actor, outcome=Outcome.APPLIED)

    def _tell_all(self, text: str) -> None:
        for channel in self._channels.values():
            if channel.tell_mods is not None:
                telling = asyncio.ensure_future(channel.tell_mods(text))
                self._tellings.add(telling)
                telling.add_done_callback(self._tellings.discard)


def _in_channels(what: str, channels: Iterable[tuple[str, str]]) -> list[str]:
    """A line for each reason, which names the first of its channels."""
    by_reason: defaultdict[str, list[str]] = defaultdict(list)
    for name, why in channels:
        by_reason[why].append(name)
    return [f"{some(names)}: {what}, {why}" for why, names in by_reason.items()]


def _ms(at: datetime) -> int:
    return int(at.timestamp() * 1000)
