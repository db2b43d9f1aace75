"""The nuke: act at once on everybody who said something, looking back over the chat and forward for a while."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Collection, Iterable
from contextlib import suppress
from dataclasses import dataclass, field, replace

import structlog
from twitchio.ext import commands

from cogs.acts import act_evidence, ending_of, message_of_line, record_act
from cogs.call import Call, ChatCommands, RefusedError, told, words_of
from cogs.channel import Channel
from cogs.enforce import BANS_PER_30_S, Order, Settled
from cogs.permissions import Rank, rank_of
from cogs.plan import IN_QUOTES, Plan, bare
from cogs.wording import counted
from filters.failure import outline
from filters.ladder import format_action, format_duration
from filters.text import fold
from filters.types import ActionKind, Message
from storage.database import DatabaseError, now_ms
from storage.records import Outcome

log = structlog.get_logger(__name__)

SHARE = 0.2
"""Share of recent chatters above which a nuke wants to be confirmed: what so many say is seldom abuse."""
FEW = 5
"""Chatters hit while watching before their share counts: the first ones always are a great part of few."""
NAMES = 5
"""People named by a dry run."""
WAVE = 16
"""Records opened and carried out together; a stop takes effect between two waves."""
PROGRESS_S = 20.0
CATCH_UP_S = 2.0
"""How long to wait for lines that are in and not judged yet; in a raid there are always some."""
LOOKED_AT = 200
"""Lines looked at before other tasks have their turn."""


@dataclass(eq=False)
class Running:
    """A nuke under way in a channel. ``reached`` are the people, or the lines where lines are deleted."""

    plan: Plan
    actor: str
    asker_id: str
    group_id: int = 0
    reached: set[str] = field(default_factory=set)
    matched: set[str] = field(default_factory=set)
    seen: set[str] = field(default_factory=set)
    done: int = 0
    failed: int = 0
    stopped: str = ""
    undone: bool = False
    coming: asyncio.Queue[Message | None] = field(default_factory=asyncio.Queue)
    task: asyncio.Task[None] | None = None

    @property
    def dealt_with(self) -> int:
        """How many actions have ended, well or not."""
        return self.done + self.failed

    def first(self, message: Message) -> bool:
        """Whether this is the first of the messages that ask for the same action."""
        key = message.id if self.plan.action.kind is ActionKind.DELETE else message.chatter_id
        if key in self.reached:
            return False
        self.reached.add(key)
        return True

    def stop(self, why: str) -> None:
        """Let what is under way end, and do nothing more."""
        self.stopped = self.stopped or why
        self.coming.put_nowait(None)

    async def give_way(self) -> None:
        """Stop because somebody undoes it, who will say what came of it; return when what was under way has ended."""
        self.undone = True
        self.stop("it is undone")
        if self.task:
            await asyncio.wait([self.task])


class Nukes(ChatCommands):
    """Carries out nukes, one at a time in a channel."""

    async def component_teardown(self) -> None:
        """End with the bot; what is recorded and not done is taken up at the next start."""
        tasks = [each.task for each in self.desk.nukes.values() if each.task]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    @commands.command(
        extras=told(
            Rank.MODERATOR,
            "<text | /pattern/> [last 10m] [for 5m] [timeout 10m | ban | delete] [dry] [confirm], or stop",
            "nuke free followers last 10m timeout 1h dry",
        )
    )
    async def nuke(self, call: Call, *, rest: str = "") -> None:
        """Act on everybody who said something in the last minutes or says it in the next, however disguised."""
        words = words_of(rest)
        under_way = self.desk.nukes.get(call.place.id)
        # Who wants it to stop may add a word; a text that begins so stands in quotes.
        if words and bare(words[0]) == "stop":
            await self._stop(call, under_way, alone=len(words) == 1)
            return
        plan = Plan.parse(words)
        if plan.dry:
            await self._tell(call, plan)
            return
        if under_way:
            raise RefusedError(f"A nuke is under way already; end it with {call.prefix}nuke stop.")
        running = Running(plan, call.actor, call.line.chatter_id)
        # It watches from here on, so that no line falls between looking back and watching.
        self.desk.nukes[call.place.id] = running
        try:
            found = await self._prepare(call, running)
        except BaseException:
            del self.desk.nukes[call.place.id]
            raise
        running.task = asyncio.create_task(self._run(call, running, found))

    @commands.Component.listener()
    async def event_safe_line(self, message: Message) -> None:
        """While a nuke watches, look at each line as it comes."""
        running = self.desk.nukes.get(message.channel_id)
        if running is None or running.stopped:
            return
        channel = self.desk.channels[message.channel_id]
        running.seen.add(message.chatter_id)
        if not self._hits(channel, running.plan, message, running.asker_id):
            return
        running.coming.put_nowait(message)
        running.matched.add(message.chatter_id)
        if not running.plan.confirmed and len(running.matched) > max(FEW, SHARE * len(running.seen)):
            running.stop(f"it matched more than {SHARE:.0%} of those who write; add confirm if that is meant")

    async def _stop(self, call: Call, running: Running | None, *, alone: bool) -> None:
        if running is None:
            raise RefusedError("No nuke is under way." + ("" if alone else f" {IN_QUOTES}"))
        await call.note(f"group {running.group_id}", "stop")
        running.stop(f"by {call.actor}")

    async def _tell(self, call: Call, plan: Plan) -> None:
        found, chatters = await self._look_back(call, plan)
        people = {each.chatter_id: each.chatter for each in found}
        lines = counted(len(found), "line")
        names = ", ".join(list(people.values())[:NAMES]) + (" and others" if len(people) > NAMES else "")
        share = _share(people, chatters)
        confirm = f" and, as that is above {SHARE:.0%}, with confirm" if share > SHARE else ""
        await call.answer(
            f"Dry run: {format_action(plan.action)} for {_people(len(people))}, {share:.0%} of those"
            f" who wrote in the last {format_duration(plan.back_s)}, for {lines}{f': {names}' if people else ''}."
            f" To do it, give it without dry{confirm}."
        )

    async def _prepare(self, call: Call, running: Running) -> list[Message]:
        """Look back, see that it is not too much, and open the group; return what to act on."""
        plan = running.plan
        found, chatters = await self._look_back(call, plan)
        people = {each.chatter_id for each in found}
        share = _share(people, chatters)
        if share > SHARE and not plan.confirmed:
            raise RefusedError(
                f"That matches {_people(len(people))}, {share:.0%} of those who wrote in the last"
                f" {format_duration(plan.back_s)}, above {SHARE:.0%}. Add confirm if it is meant, or dry to see whom."
            )
        running.seen |= chatters
        running.matched |= people
        kind = "a pattern" if plan.needle.pattern else "words"
        spans = f"last {format_duration(plan.back_s)}, next {format_duration(plan.watch_s)}"
        why = f"{kind} of {len(plan.needle.text)} characters, {spans}"
        running.group_id = await self.desk.groups.open(
            "nuke", call.place.id, actor=call.actor, why=why, started_ms=call.line.ts_ms
        )
        await call.note(f"group {running.group_id}", f"{format_action(plan.action)}, {why}")
        return [each for each in found if running.first(each)]

    async def _run(self, call: Call, running: Running, found: list[Message]) -> None:
        place, plan = call.place, running.plan
        try:
            if len(found) > WAVE:
                about_s = len(found) * 30 // BANS_PER_30_S
                await call.answer(
                    f"Nuke {running.group_id}: {format_action(plan.action)} for {len(found)} under way,"
                    f" about {format_duration(about_s)}. End it with {call.prefix}nuke stop."
                )
            await self._hit_all(call, running, found)
            undo = f"{call.prefix}undo nuke {running.group_id}"
            if not running.stopped:
                back = f", take it back with {undo}" if found else ""
                await call.answer(
                    f"{_result(running)} Watching for {format_duration(plan.watch_s)};"
                    f" end it with {call.prefix}nuke stop{back}."
                )
            before = running.dealt_with
            await self._watch(call.place, running)
            if running.undone:
                return
            if running.stopped or running.dealt_with > before:
                why = f" Stopped: {running.stopped}." if running.stopped else " It is over."
                back = f" Take it back with {undo}." if running.dealt_with else ""
                await call.answer(f"{_result(running)}{why}{back}")
        except DatabaseError as error:
            log.error("nuke_broken_off", channel=place.name, group=running.group_id, error=outline(error))
            await call.answer("The nuke is broken off: what it does cannot be recorded. The bot's log says why.")
        finally:
            del self.desk.nukes[place.id]
            await self.desk.groups.end(running.group_id, now_ms())

    async def _watch(self, place: Channel, running: Running) -> None:
        ends = time.monotonic() + running.plan.watch_s
        while not running.stopped:
            try:
                message = await asyncio.wait_for(running.coming.get(), ends - time.monotonic())
            except TimeoutError:
                return
            wave = [message]
            while len(wave) < WAVE and not running.coming.empty():
                wave.append(running.coming.get_nowait())
            await self._hit(place, running, [each for each in wave if each is not None and running.first(each)])

    async def _hit_all(self, call: Call, running: Running, found: list[Message]) -> None:
        told_at = time.monotonic()
        for start in range(0, len(found), WAVE):
            if running.stopped:
                return
            await self._hit(call.place, running, found[start : start + WAVE])
            if time.monotonic() - told_at > PROGRESS_S:
                told_at = time.monotonic()
                await call.answer(f"Nuke {running.group_id}: {running.dealt_with} of {len(found)} done.")

    async def _hit(self, place: Channel, running: Running, messages: Iterable[Message]) -> None:
        """Record and carry out, and return when Twitch has answered for each."""
        orders = (self._carry_out(place, running, each) for each in messages)
        for settled in await asyncio.gather(*orders):
            ended_well = settled is not None and settled.outcome in (Outcome.APPLIED, Outcome.SUPERSEDED)
            running.done += ended_well
            running.failed += not ended_well

    async def _carry_out(self, place: Channel, running: Running, message: Message) -> Settled | None:
        span = running.plan.needle.span(message) or (0, 0)
        piece = fold(message.text[slice(*span)]).text
        evidence = replace(act_evidence("nuke", message, source="nuke"), span=span, folded=piece)
        record_id = await record_act(
            place,
            self.desk.records,
            message,
            running.plan.action,
            evidence,
            actor=running.actor,
            group_id=running.group_id,
        )
        order = Order(
            record_id=record_id,
            action=running.plan.action,
            category=evidence.category,
            channel_id=place.id,
            chatter_id=message.chatter_id,
            chatter=message.chatter,
            message_id=message.id,
            received_ms=now_ms(),
        )
        return await ending_of(place.enforcer.submit(order))

    async def _look_back(self, call: Call, plan: Plan) -> tuple[list[Message], set[str]]:
        """The lines it matches, latest first, and everybody who wrote."""
        place, since_ms = call.place, call.line.ts_ms - plan.back_s * 1000
        found: list[Message] = []
        chatters: set[str] = set()
        with suppress(TimeoutError):
            await asyncio.wait_for(place.caught_up(), CATCH_UP_S)
        for number, line in enumerate(list(place.engine.history.since(since_ms))):
            if number % LOOKED_AT == 0:
                await asyncio.sleep(0)
            chatters.add(line.chatter_id)
            message = message_of_line(place, line)
            if self._hits(place, plan, message, call.line.chatter_id):
                found.append(message)
        return found, chatters

    def _hits(self, place: Channel, plan: Plan, message: Message, asker_id: str) -> bool:
        if message.chatter_id in (asker_id, self.desk.bot.bot_id) or place.engine.exempt.reason(message):
            return False
        if rank_of(message.roles, message.chatter, place.policy.grants) > Rank.CHATTER:
            return False
        return plan.needle.span(message) is not None


def _result(running: Running) -> str:
    if not running.dealt_with:
        return f"Nuke {running.group_id}: nobody has said that, so nobody is hit."
    failed = f", {running.failed} refused by Twitch" if running.failed else ""
    what = counted(running.done, "line") if running.plan.action.kind is ActionKind.DELETE else _people(running.done)
    return f"Nuke {running.group_id}: {format_action(running.plan.action)} for {what}{failed}."


def _share(people: Collection[str], chatters: Collection[str]) -> float:
    return len(people) / len(chatters) if chatters else 0.0


def _people(number: int) -> str:
    return "1 person" if number == 1 else f"{number} people"
