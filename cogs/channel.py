"""One moderated channel while the bot runs: its queue, its judge, its log and its enforcer, joined."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Protocol

import structlog

from cogs import enforce
from cogs.enforce import Enforcer, Order
from cogs.outage import Outage
from cogs.shadow import Shadow
from config.policy import Policy
from filters.breaker import Breaker
from filters.engine import Engine, Findings
from filters.failure import Failure, outline
from filters.ladder import Standing
from filters.types import Action, Evidence, Message, Verdict
from storage.database import DatabaseError, now_ms
from storage.messages import MessageLog
from storage.records import NewRecord, Record, RecordLog
from twitch.inflow import Inflow

log = structlog.get_logger(__name__)

RECORDING = 4
"""Records of one channel on their way to the disk at once; so many more acts at most may follow a breaker's limit."""
LINES_A_TURN = 4
"""Lines of one channel judged before the others have their turn: a millisecond, and fewer changes of task."""
CONTEXT_LINES = 5
"""Lines before the offending one that a Record keeps."""


class Observer(enforce.Observer, Protocol):
    """Somebody who watches the bot work: the demo's screen, the metrics."""

    def judged(self, verdict: Verdict, record_id: int | None) -> None:
        """A message has been judged; with a Record if there was anything to say about it."""


Recording = Callable[[], Awaitable[None]]
"""What is left to do about a message once it is examined."""


@dataclass(frozen=True, slots=True)
class Received:
    """A message and when it reached this process, UTC ms."""

    message: Message
    at_ms: int


@dataclass(frozen=True, slots=True)
class RaidPart:
    """A message's part in the raid under way: what shows it, what follows, and the group its Record joins."""

    evidence: Evidence
    action: Action
    group_id: int

    def join(self, verdict: Verdict, *, dry_run: bool) -> Verdict:
        """The verdict with this part in it. Raid mode has its own answer: the ladder is for people who can learn."""
        action = self.action if verdict.dry_run else verdict.action | self.action
        return replace(verdict, evidence=(*verdict.evidence, self.evidence), action=action, dry_run=dry_run)


class Lookout(Protocol):
    """Somebody who watches the channel as a whole: raid mode."""

    async def part(self, message: Message) -> RaidPart | None:
        """The part an observed message has in a raid, or None."""


class Channel:
    """Judges a channel's messages one after the other and hands what is recorded to its Enforcer."""

    def __init__(
        self,
        channel_id: str,
        name: str,
        policy: Policy,
        engine: Engine,
        records: RecordLog,
        enforcer: Enforcer,
        inflow: Inflow,
        observer: Observer,
    ) -> None:
        self.id = channel_id
        self.name = name
        self.policy = policy
        self.engine = engine
        self.enforcer = enforcer
        self.breaker = Breaker(policy.breaker)
        self.lookout: Lookout | None = None
        self.tell_mods: Callable[[str], Awaitable[object]] | None = None
        self.outage: Outage | None = None
        self.messages: MessageLog | None = None
        self.shadow: Shadow | None = None
        self._records = records
        self._inflow = inflow
        self._observer = observer
        self._inbox: asyncio.Queue[Received] = asyncio.Queue()
        self._task: asyncio.Task[None] | None = None
        self._room = asyncio.Semaphore(RECORDING)
        self._recording: set[asyncio.Task[None]] = set()
        self._latest: dict[str, asyncio.Task[None]] = {}
        self._reported: set[Failure] = set()
        self._telling: set[asyncio.Future[object]] = set()

    def start(self) -> None:
        """Begin to judge and to enforce."""
        self.enforcer.start()
        self._task = asyncio.create_task(self._work())

    def take(self, message: Message) -> None:
        """Put a message in line. The sockets stop reading while too many wait (Inflow), so the line is bounded."""
        self._inflow.enter()
        self._inbox.put_nowait(Received(message, now_ms()))

    def pass_over(self, command: Message) -> None:
        """Let a command of who may give it be: it is no chat, so no filter judges it or counts it with what is said."""
        self._observer.judged(self.engine.decide(Findings(command, ())), None)

    @property
    def waiting(self) -> int:
        """Messages not judged yet."""
        return self._inbox.qsize()

    @property
    def lag_s(self) -> float:
        """How long the oldest of them has waited, in seconds."""
        if self._inbox.empty():
            return 0.0
        oldest: Received = self._inbox._queue[0]  # type: ignore[attr-defined]
        return max(0.0, time.time() - oldest.at_ms / 1000)

    async def caught_up(self) -> None:
        """Return when every message taken so far is judged, and so remembered."""
        await self._inbox.join()

    async def recorded(self, chatter_ids: Iterable[str]) -> None:
        """Return when what was decided so far about these chatters is in the log."""
        under_way = [self._latest[each] for each in chatter_ids if each in self._latest]
        if under_way:
            await asyncio.wait(under_way)

    async def drain(self) -> None:
        """Return when every message taken so far is judged and every Order settled."""
        await self._inbox.join()
        await self.enforcer.drain()

    async def stop(self) -> None:
        """Stop judging and enforcing."""
        if self._task:
            self._task.cancel()
            begun: tuple[asyncio.Future[Any], ...] = (*self._recording, *self._telling)
            for each in begun:
                each.cancel()
            await asyncio.gather(self._task, *begun, return_exceptions=True)
        await self.enforcer.stop()

    async def adopt(self, policy: Policy, revision: int) -> None:
        """Judge by another revision from the next message on; what is remembered of the chat stays."""
        # Compiling word lists takes long enough to be felt, so it is done beside the judging.
        engine = await asyncio.to_thread(policy.engine, revision, self.engine.history)
        if revision < self.engine.revision:
            return  # a later one was ready sooner
        before = self.policy.filters.all
        changed = (new.name for old, new in zip(before, policy.filters.all, strict=True) if new != old)
        self.breaker.adopt(policy.breaker, changed)
        self.policy, self.engine = policy, engine
        self.enforcer.language = policy.language
        self._reported.clear()

    def permit(self, chatter_id: str, until_ms: int) -> None:
        """Let a chatter post links until then (UTC ms)."""
        self.engine.history.permit(chatter_id, until_ms)

    def recover(self, record: Record) -> None:
        """Take up a Record a crash left pending."""
        self.enforcer.submit(order_of(record))

    async def _work(self) -> None:
        turn = LINES_A_TURN
        while True:
            received = await self._inbox.get()
            recording: Recording | None = None
            try:
                recording = await self._examine(received)
            except DatabaseError as error:
                self._unrecorded(received.message, error)
            except Exception as error:  # noqa: BLE001 - one message must not stop the channel's moderation
                log.error("message_not_judged", channel=self.name, message=received.message.id, error=outline(error))
            if recording is None:
                self._done()
            else:
                # The next message is examined while this one's Record is on its way: a raid then shares commits.
                await self._room.acquire()
                self._begin(received.message, recording)
            turn -= 1
            if not turn:
                # A full inbox never blocks on get(): let the sockets and the other channels have their turn.
                turn = LINES_A_TURN
                await asyncio.sleep(0)

    def _begin(self, message: Message, recording: Recording) -> None:
        before = self._latest.get(message.chatter_id)
        task = asyncio.create_task(self._finish(message, recording, before))
        self._recording.add(task)
        self._latest[message.chatter_id] = task

    async def _finish(self, message: Message, recording: Recording, before: asyncio.Task[None] | None) -> None:
        try:
            if before is not None:  # strikes are read from the log, so one person's lines go one after the other
                await asyncio.wait([before])
            await recording()
        except DatabaseError as error:
            self._unrecorded(message, error)
        except Exception as error:  # noqa: BLE001 - one message must not stop the channel's moderation
            log.error("message_not_judged", channel=self.name, message=message.id, error=outline(error))
        finally:
            task = asyncio.current_task()
            self._recording.discard(task)
            if self._latest.get(message.chatter_id) is task:
                del self._latest[message.chatter_id]
            self._room.release()
            self._done()

    def _done(self) -> None:
        self._inbox.task_done()
        self._inflow.leave()

    async def _examine(self, received: Received) -> Recording | None:
        """Look at a message in its turn; what is left to do about it, if anything."""
        message, engine = received.message, self.engine
        findings = engine.examine(message)
        self.report(findings.failed_filters)
        shadow = self.shadow
        on_trial = shadow.look(message) if shadow else None
        lost = self.outage is not None and self.outage.lasts
        part = await self.lookout.part(message) if self.lookout and not lost else None
        findings = self.breaker.pass_on(findings)
        if not findings.evidence and part is None:
            self._store(message)
            verdict = engine.decide(findings)
            self._observer.judged(verdict, None)
            if shadow and on_trial:
                shadow.note(on_trial, verdict)
            return None
        if self.outage and self.outage.lasts:
            self.outage.lines[self.id] += 1
            self._observer.judged(engine.decide(findings), None)
            return None
        context = engine.history.context(CONTEXT_LINES + 1)[:-1]
        trial = partial(shadow.note, on_trial) if shadow and on_trial else None
        return partial(self._record, received, engine, findings, part, context, trial)

    async def _record(
        self,
        received: Received,
        engine: Engine,
        findings: Findings,
        part: RaidPart | None,
        context: Sequence[Message],
        trial: Callable[[Verdict, Standing, int | None], None] | None,
    ) -> None:
        message = received.message
        since_ms = message.ts_ms - engine.ladder.decay * 1000
        acted_on = await self._records.acted_on(self.id, message.chatter_id, since_ms)
        known_s = engine.history.known_s(message)
        standing = replace(engine.ladder.standing(acted_on, message.ts_ms), known_s=known_s)
        verdict = engine.decide(findings, standing)
        if part is not None:
            verdict = part.join(verdict, dry_run=engine.dry_run)
        group_id = part.group_id if part else None
        new = NewRecord.from_verdict(verdict, context, received.at_ms, group_id=group_id)
        record_id = await self._records.open(new)
        # Before all else: should anything break here, a pending Record would be left to the next start.
        if verdict.action.enforces and not verdict.dry_run:
            self.enforcer.submit(
                Order(
                    record_id=record_id,
                    action=verdict.action,
                    category=verdict.leading.category,
                    channel_id=message.channel_id,
                    chatter_id=message.chatter_id,
                    chatter=message.chatter,
                    message_id=message.id,
                    received_ms=received.at_ms,
                )
            )
        if not new.sealed:
            self._store(message)
        self._observer.judged(verdict, record_id)
        if trial:
            trial(verdict, standing, record_id)
        if part is None and (tripped := self.breaker.count(verdict)):
            self._tell_of(tripped)

    def _store(self, message: Message) -> None:
        if self.messages:
            self.messages.keep(message)

    def _unrecorded(self, message: Message, error: DatabaseError) -> None:
        log.error("message_not_recorded", channel=self.name, message=message.id, error=str(error))
        if self.outage:
            self.outage.begin(error)
            self.outage.lines[self.id] += self.outage.lasts

    def _tell_of(self, tripped: str) -> None:
        limit = self.policy.breaker.actions_per_minute
        log.error("breaker_tripped", channel=self.name, filter=tripped, limit=f"{limit} actions a minute")
        if self.tell_mods:
            # Nobody waits for it: when a filter runs away, the calls Twitch grants are used up, and judging goes on.
            telling = asyncio.ensure_future(
                self.tell_mods(
                    f"The filter {tripped} acted more than {limit} times in a minute, so it only logs now."
                    f" To let it act again: {self.policy.prefix}filter on {tripped}"
                )
            )
            self._telling.add(telling)
            telling.add_done_callback(self._telling.discard)

    def report(self, failed_filters: tuple[Failure, ...]) -> None:
        """Log filters that raised: each place once a policy, however many lines it fails on."""
        for each in failed_filters:
            if each not in self._reported:
                self._reported.add(each)
                remedy = "lines it fails on are judged without it; mend it, or switch it off"
                log.error("filter_failed", channel=self.name, filter=each.filter, error=each.why, remedy=remedy)


def order_of(record: Record) -> Order:
    """What a Record left pending asks for."""
    return Order(
        record_id=record.id,
        action=record.action,
        category=record.category,
        channel_id=record.channel_id,
        chatter_id=record.chatter_id,
        chatter=record.chatter,
        message_id=record.message_id,
        received_ms=record.received_ms,
        recovered=True,
    )
