"""One moderated channel while the bot runs: its queue, its judge, its log and its enforcer, joined."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import Protocol

import structlog

from cogs import enforce
from cogs.enforce import Enforcer, Order
from config.policy import Policy
from filters.engine import Engine
from filters.types import Message, Verdict
from storage.records import NewRecord, Record, RecordLog
from twitch.inflow import Inflow

log = structlog.get_logger(__name__)

CONTEXT_LINES = 5
"""Lines before the offending one that a Record keeps."""


class Observer(enforce.Observer, Protocol):
    """Somebody who watches the bot work: the demo's screen, the metrics."""

    def judged(self, verdict: Verdict, record_id: int | None) -> None:
        """A message has been judged; with a Record if there was anything to say about it."""


@dataclass(frozen=True, slots=True)
class Received:
    """A message and when it reached this process, UTC ms."""

    message: Message
    at_ms: int


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
        self._records = records
        self._inflow = inflow
        self._observer = observer
        self._inbox: asyncio.Queue[Received] = asyncio.Queue()
        self._task: asyncio.Task[None] | None = None
        self._reported: set[str] = set()

    def start(self) -> None:
        """Begin to judge and to enforce."""
        self.enforcer.start()
        self._task = asyncio.create_task(self._work())

    def take(self, message: Message) -> None:
        """Put a message in line. The sockets stop reading while too many wait (Inflow), so the line is bounded."""
        self._inflow.enter()
        self._inbox.put_nowait(Received(message, time.time_ns() // 1_000_000))

    async def drain(self) -> None:
        """Return when every message taken so far is judged and every Order settled."""
        await self._inbox.join()
        await self.enforcer.drain()

    async def stop(self) -> None:
        """Stop judging and enforcing."""
        if self._task:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await self.enforcer.stop()

    def recover(self, record: Record) -> None:
        """Take up a Record a crash left pending."""
        self.enforcer.submit(order_of(record))

    async def _work(self) -> None:
        while True:
            received = await self._inbox.get()
            try:
                await self._handle(received)
            except Exception as error:  # noqa: BLE001 - one message must not stop the channel's moderation
                log.error("message_not_judged", channel=self.name, message=received.message.id, error=repr(error))
            finally:
                self._inbox.task_done()
                self._inflow.leave()
            # A full inbox never blocks on get(): let the sockets and the other channels have their turn.
            await asyncio.sleep(0)

    async def _handle(self, received: Received) -> None:
        message = received.message
        findings = self.engine.examine(message)
        self._report(findings.failed_filters)
        if not findings.evidence:
            self._observer.judged(self.engine.decide(findings), None)
            return
        since_ms = message.ts_ms - self.engine.ladder.decay * 1000
        acted_on = await self._records.acted_on(self.id, message.chatter_id, since_ms)
        verdict = self.engine.decide(findings, self.engine.ladder.standing(acted_on, message.ts_ms))
        context = self.engine.history.context(CONTEXT_LINES + 1)[:-1]
        record_id = await self._records.open(NewRecord.from_verdict(verdict, context, received.at_ms))
        self._observer.judged(verdict, record_id)
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

    def _report(self, failed_filters: tuple[str, ...]) -> None:
        for name in failed_filters:
            if name not in self._reported:
                self._reported.add(name)
                log.error("filter_failed", channel=self.name, filter=name, remedy="it is skipped until it is changed")


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
