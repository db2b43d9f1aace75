"""The bot itself: one Twitch client, one Channel for each channel it moderates."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from functools import partial
from typing import Any

import aiohttp
import structlog
import twitchio
from rapidfuzz.distance import OSA
from twitchio.exceptions import WebsocketConnectionException
from twitchio.ext import commands

from cogs import recovery
from cogs.ages import Ages
from cogs.appeals import Appeals
from cogs.call import Call
from cogs.channel import Channel, Observer
from cogs.desk import Desk
from cogs.enforce import Enforcer, describe
from cogs.errands import Errands
from cogs.handbook import COMPONENTS
from cogs.health import Health
from cogs.hearing import UNKNOWN, Hearing
from cogs.housekeeping import keep_house
from cogs.mirror import Mirror
from cogs.outage import OnLogFailure
from cogs.permissions import Rank, rank_of
from cogs.policies import PolicyBook
from cogs.raids import Raids, RaidWatch
from cogs.shadow import Shadows
from cogs.sword import Sword
from cogs.watch import message_of
from filters.failure import outline
from filters.types import Message
from storage.database import Database
from storage.experiments import Experiments
from storage.gaps import Gaps
from storage.messages import MessageLog, first_seen
from storage.records import RecordLog
from storage.requests import Requests
from twitch.client import Client
from twitch.errors import HaltError, StartError
from twitch.limits import LimitError
from twitch.tokens import TokenStore

log = structlog.get_logger(__name__)

SAID_ONE_BY_ONE = 10
"""Channels that have a line each at the start; more share one with those that stand alike."""
FINISHING_S = 3.5
"""How long a stopping bot goes on with what it has heard; with the goodbyes it is gone within five seconds."""


async def _prefix(bot: ModBot, payload: twitchio.ChatMessage) -> str | tuple[()]:
    """What commands start with in the message's channel; nothing where we do not moderate."""
    channel = bot.channels.get(payload.broadcaster.id)
    return channel.policy.prefix if channel else ()


KNOWN = 10_000
"""Chatters of the stored chat a channel knows from the start, so that a restart does not make everybody new."""


class ModBot(Client):
    """Moderates the channels named, under the policy ``policies`` have for each."""

    def __init__(
        self,
        *,
        client_id: str,
        client_secret: str,
        bot_id: str,
        tokens: TokenStore,
        channel_names: Sequence[str],
        policies: PolicyBook,
        records: RecordLog,
        database: Database,
        observer: Observer,
        on_log_failure: OnLogFailure = "alert",
        messages: MessageLog | None = None,
    ) -> None:
        super().__init__(
            client_id=client_id,
            client_secret=client_secret,
            bot_id=bot_id,
            tokens=tokens,
            prefix=_prefix,
            case_insensitive=True,
            adapter=None,
        )
        self.channels: dict[str, Channel] = {}
        self.desk = Desk(self, self.channels, records, database)
        self.health = Health(self, self.channels, records, Gaps(database), on_log_failure)
        self.ages = Ages(self)
        self.watching = asyncio.Event()
        self.sword = Sword(self, self.channels)
        self.hearing = Hearing(self, self.channels, self.sword)
        self.stage = "signing in to Twitch"
        """What a start is at; empty once the chats are heard."""
        self._channel_names = list(channel_names)
        self._policies = policies
        self._records = records
        self._database = database
        self._observer = observer
        self._raids = self.desk.raids
        self._messages = messages
        self._chores: list[asyncio.Task[None]] = []

    async def setup_hook(self) -> None:
        """Find the channels, load their policies, listen, and take up what a crash left behind."""
        if self.bot_id not in self.tokens:
            raise StartError("no token of the bot's account (run: chatwarden login)")
        self.stage = "looking for the channels"
        for user in await self.hearing.find(self._channel_names):
            await self._open_channel(user)
        if not self.channels:
            names = ", ".join(self._channel_names)
            raise StartError(f"{UNKNOWN} as {names} (check CHATWARDEN_CHANNELS)")
        appeals = Appeals(self.desk)
        for component in (*(each(self.desk) for each in COMPONENTS), Mirror(self.desk), appeals):
            await self.add_component(component)
        for component in (Raids(self._raids), self.health, self.sword):
            await self.add_component(component)
        for channel in self.channels.values():
            await self._start(channel)
        self.stage = "seeing what happened meanwhile"
        await self.health.begin()
        for watch in self._raids.values():
            await watch.resume()
        await recovery.take_up(self, self.channels, self._records)
        self.stage = "subscribing to the chats"
        self._judge_the_start(await self.hearing.chats(list(self.channels.values())))
        shadows = Shadows(self.channels, Experiments(self._database), self._policies)
        requests = Requests(self._database)
        errands = Errands(self, self.channels, requests, self.desk.undo, self._raids, self._policies, shadows)
        work = {
            "errands": errands.run(),
            "ages": self.ages.run(),
            "retention": keep_house(self._database),
            "hearing": self.hearing.run(self._take_in, appeals.read),
        }
        for name, doing in work.items():
            chore = asyncio.create_task(doing, name=name)
            chore.add_done_callback(_tell_of_end)
            self._chores.append(chore)
        self.stage = ""
        self.watching.set()

    async def say_how_it_stands(self) -> None:
        """Log what each channel is judged by and whether that acts, and which policy files are not read."""
        alike: defaultdict[str, list[str]] = defaultdict(list)
        for channel in self.channels.values():
            found = await self._policies.in_force(channel.id, channel.name)
            alike[found.acts].append(channel.name)
            if len(self.channels) <= SAID_ONE_BY_ONE:
                say = log.warning if found.policy.dry_run else log.info
                say(found.acts, channel=channel.name, policy=found.source)
        if len(self.channels) > SAID_ONE_BY_ONE:
            for acts, names in alike.items():
                log.info(acts, channels=names)
        if files := self._policies.passed_over(self._policies.taken_up):
            log.info("files_not_read", files=files, why="the channels' revisions count; policy import takes a file in")
        for stray in self._policies.strays(self._channel_names):
            log.warning("file_of_no_channel", file=stray)

    async def drain(self) -> None:
        """Return when everything received so far is judged, recorded and settled."""
        await asyncio.gather(*(channel.drain() for channel in self.channels.values()))

    async def finish(self, patience_s: float = FINISHING_S) -> None:
        """Stop listening and finish what was heard; what is not settled in time stays pending in the log."""
        await self.hush()
        try:
            await asyncio.wait_for(self.drain(), patience_s)
        except TimeoutError:
            log.warning("stopped_before_all_was_done", not_judged=self.inflow.waiting)
        await self.health.end()

    async def close(self, **options: object) -> None:
        """Stop listening, then the channels' work. What is not settled stays pending in the log."""
        for chore in self._chores:
            chore.cancel()
        await super().close(**options)
        for watch in self._raids.values():
            await watch.stop()
        for channel in self.channels.values():
            await channel.stop()

    def hear(self, notification: Any) -> None:
        """Queue a chat line for judging; the bot's own lines and those of a shared chat's other channels are not."""
        event = notification["payload"]["event"]
        channel = self.channels.get(event["broadcaster_user_id"])
        chatter_id = event["chatter_user_id"]
        if channel is None or chatter_id == self.bot_id or event.get("source_broadcaster_user_id") is not None:
            return
        wanted = channel.policy.filters.newcomers.enabled
        line = message_of(notification, self.ages.created_ms(chatter_id) if wanted else None)
        called = channel.policy.prefix in line.text
        if called and self._is_command(channel, line):
            channel.pass_over(line)
        else:
            channel.take(line)
        if channel.id in self.desk.nukes:
            self.safe_dispatch("line", payload=line)
        if called:
            self.safe_dispatch("command", payload=Call(self.chat_message(notification), line, bot=self))

    def _is_command(self, channel: Channel, line: Message) -> bool:
        """Whether a line is a command of ours by somebody who may give commands."""
        word, *_ = line.text.removeprefix(channel.policy.prefix).split(maxsplit=1) or [""]
        given = line.text.startswith(channel.policy.prefix) and word.lower() in self.commands
        return given and rank_of(line.roles, line.chatter, channel.policy.grants) > Rank.CHATTER

    async def event_safe_command(self, call: Call) -> None:
        """Carry out a command, if it is one."""
        await self.invoke(call)

    async def global_guard(self, ctx: Any) -> bool:
        """Let a command run if the one who gives it may."""
        return await self.desk.admit(ctx)

    async def event_command_error(self, payload: commands.CommandErrorPayload) -> None:
        """Report a command that broke; a word that is no command of ours is some other bot's, unless it is a slip."""
        if not isinstance(payload.exception, commands.CommandNotFound):
            log.error("command_failed", command=str(payload.context.command), error=outline(payload.exception))
            return
        call = payload.context
        assert isinstance(call, Call)
        word = (call.invoked_with or "").lower()
        meant = next(
            (name for name in self.commands if min(len(name), len(word)) > 3 and OSA.distance(name, word) == 1), ""
        )
        if meant and call.rank > Rank.CHATTER:
            await call.answer(f"Did you mean {call.place.policy.prefix}{meant}?")

    async def event_error(self, payload: twitchio.EventErrorPayload) -> None:
        """Report a listener that broke, without the event itself: it may hold a token or abuse."""
        log.error("listener_failed", listener=payload.listener.__qualname__, error=outline(payload.error))

    async def _open_channel(self, user: twitchio.User) -> Channel:
        name = user.name or ""
        policy, revision = await self._policies.current(user.id, name)
        broadcaster = self.create_partialuser(user.id, name)
        channel = self.channels[user.id] = Channel(
            user.id,
            name,
            policy,
            policy.engine(revision),
            self._records,
            Enforcer(broadcaster, self.bot_id, self._records, self._observer, self.points, policy.language),
            self.inflow,
            self._observer,
        )
        answers, groups = self.desk.answers, self.desk.groups
        watch = RaidWatch(channel, broadcaster, self.bot_id, self._records, groups, answers)
        self._raids[user.id] = channel.lookout = watch
        channel.tell_mods = partial(answers.say, channel)
        self.sword.watch(channel)
        return channel

    async def _start(self, channel: Channel) -> None:
        channel.outage = channel.enforcer.outage = self.health.outage
        channel.messages = self._messages
        for chatter_id, first_ms in await first_seen(self._database, channel.id, KNOWN):
            channel.engine.history.know(chatter_id, first_ms)
        channel.start()

    async def _take_in(self, user: twitchio.User) -> Channel:
        """Begin to moderate a channel that could not be found before."""
        channel = await self._open_channel(user)
        await self._start(channel)
        await self.health.take_in(channel)
        await self._raids[channel.id].resume()
        return channel

    def _judge_the_start(self, failures: Sequence[Exception]) -> None:
        """Raise where no chat is heard: again what gets better by itself, StartError where somebody must act."""
        if len(failures) < len(self.channels):
            return
        for error in failures:
            if not isinstance(error, LimitError) and not (
                isinstance(error, twitchio.HTTPException) and error.status < 500
            ):
                raise error
        names, why = ", ".join(each.name for each in self.channels.values()), describe(failures[0])
        remedy = "invite the bot there and check its scopes: chatwarden doctor"
        raise StartError(f"Twitch refuses the chat of {names}: {why} ({remedy})") from failures[0]


def _tell_of_end(chore: asyncio.Task[None]) -> None:
    if not chore.cancelled() and (error := chore.exception()):
        log.error("chore_ended", chore=chore.get_name(), error=outline(error), remedy="start the bot again")


def explain_start(ended: asyncio.Task[None]) -> None:
    """Say why the bot did not start: what gets better by itself (exit code 1) and what does not (2)."""
    try:
        ended.result()
    except twitchio.HTTPException as error:
        if error.status >= 500:
            raise HaltError(f"Twitch is out of order: {describe(error)} (start the bot again later)") from error
        raise StartError(f"Twitch refuses to let the bot in: {describe(error)} (run: chatwarden doctor)") from error
    except (aiohttp.ClientError, TimeoutError, WebsocketConnectionException) as error:
        raise HaltError(f"Twitch cannot be reached: {describe(error)} (check the network)") from error
