"""Carry out what was decided and recorded: in order of urgency, within Twitch's limits, each Record settled once."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from typing import Protocol

import aiohttp
import structlog
from aiolimiter import AsyncLimiter
from tenacity import AsyncRetrying, retry_if_exception, stop_after_attempt, stop_after_delay, wait_exponential_jitter
from twitchio import HTTPException, PartialUser

from cogs.outage import Outage
from config.reasons import reason
from filters.failure import outline
from filters.types import Action, ActionKind, Category
from storage.database import DatabaseError, now_ms
from storage.records import Outcome, OutcomeError, RecordLog
from twitch.limits import Points

log = structlog.get_logger(__name__)

BANS_PER_30_S = 90
"""Per channel. Twitch documents no number; about 100 have been seen to pass."""
FRUGAL_PER_10_S = 20
"""Per channel, while the account's points are scarce: so six attacked channels take what flows in, and a quiet one's
calls still find some left."""
WORKERS = 8
"""Calls under way at once per channel."""
DEADLINE_S = 30.0
"""How long one action is tried; a chat line older than this has been read by everybody."""
ATTEMPTS = 5
WITHDRAWING_S = 10.0
"""How long somebody who takes an action back waits for one that is under way."""
SETTLE_AGAIN_S = 1.0
"""How soon an outcome the log did not take is written again."""
LONGEST_WORDS = 480
"""Characters of a moderator's words shown to a chatter: Twitch's 500, less the Record's number."""

_ALREADY = {
    ActionKind.DELETE: (404, ("not found", "does not exist")),
    ActionKind.TIMEOUT: (400, ("already banned",)),
    ActionKind.BAN: (400, ("already banned",)),
}


@dataclass(frozen=True, slots=True)
class Order:
    """One committed Record that is to be carried out; ``words`` are a moderator's own, for the chatter to read.

    ``recovered`` marks one that a crash left pending: it may have been carried out already.
    """

    record_id: int
    action: Action
    category: Category
    channel_id: str
    chatter_id: str
    chatter: str
    message_id: str
    received_ms: int
    words: str = ""
    recovered: bool = False


@dataclass(frozen=True, slots=True)
class Settled:
    """How an Order ended; times are UTC ms."""

    order: Order
    outcome: Outcome
    reason: str
    sent_ms: int | None
    done_ms: int | None


class Observer(Protocol):
    """Somebody who wants to see how actions end."""

    def settled(self, settled: Settled) -> None:
        """One Order is done with, well or not."""


@dataclass(order=True, slots=True)
class _Queued:
    """An Order in its turn. Once ``sent`` it cannot be withdrawn, and once ``withdrawn`` it is not sent."""

    urgency: int
    number: int
    order: Order = field(compare=False)
    settled: asyncio.Future[Settled] = field(compare=False)
    sent: bool = field(default=False, compare=False)
    withdrawn: bool = field(default=False, compare=False)


class Superseded(Exception):  # noqa: N818 - an outcome, not an error
    """Twitch shows that there is nothing left to do."""


class Unconfirmed(Exception):  # noqa: N818 - an outcome, not an error
    """It may have been done before a crash, Twitch does not tell, and it must not be done twice."""


class Enforcer:
    """Carries out one channel's Orders: bans first, then timeouts, warnings and deletions."""

    def __init__(
        self,
        broadcaster: PartialUser,
        moderator_id: str,
        records: RecordLog,
        observer: Observer,
        points: Points,
        language: str = "en",
    ) -> None:
        self.language = language
        self._broadcaster = broadcaster
        self._moderator_id = moderator_id
        self._records = records
        self._observer = observer
        self._queue: asyncio.PriorityQueue[_Queued] = asyncio.PriorityQueue()
        self._numbers = itertools.count()
        self._bans = AsyncLimiter(BANS_PER_30_S, 30)
        self._points = points
        self._frugal = AsyncLimiter(FRUGAL_PER_10_S, 10)
        self._open: dict[int, _Queued] = {}
        self._withholding: set[asyncio.Task[None]] = set()
        self.outage: Outage | None = None
        self.on_answer: Callable[[str], None] | None = None
        """Hears of each act what Twitch says to it: nothing where it was done, and why where the bot may not."""
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def waiting(self) -> int:
        """Orders not begun yet."""
        return self._queue.qsize()

    def start(self) -> None:
        """Begin carrying out what is submitted."""
        self._tasks = [asyncio.create_task(self._work()) for _ in range(WORKERS)]

    def submit(self, order: Order) -> asyncio.Future[Settled]:
        """Take an Order whose Record is committed as pending; the future, for who cares to wait, is how it ended."""
        settled: asyncio.Future[Settled] = asyncio.get_running_loop().create_future()
        queued = _Queued(-order.action.kind, next(self._numbers), order, settled)
        self._open[order.record_id] = queued
        self._queue.put_nowait(queued)
        return settled

    async def withdraw(self, record_ids: Iterable[int], patience_s: float = WITHDRAWING_S) -> int:
        """Carry out no more of these Records: what is not sent yet is settled as withheld; how many those are.

        Returns when none of them is pending, or when what is under way takes longer than ``patience_s``.
        """
        concerned = [self._open[each] for each in record_ids if each in self._open]
        unsent = [each for each in concerned if not each.sent and not each.withdrawn]
        for each in unsent:
            each.withdrawn = True
            # All at once, so that they share a commit, and not in their turn: that would wait for calls Twitch grants.
            task = asyncio.create_task(self._withhold(each))
            self._withholding.add(task)
            task.add_done_callback(self._withholding.discard)
        if concerned:
            await asyncio.wait([each.settled for each in concerned], timeout=patience_s)
        return len(unsent)

    async def lift(self, chatter_id: str) -> bool:
        """Lift a chatter's ban or timeout at Twitch; False if there was none. HTTPException if Twitch refuses."""
        await self._bans.acquire()
        try:
            async for attempt in _attempts():
                with attempt:
                    await self._broadcaster.unban_user(moderator=self._moderator_id, user_id=chatter_id)
        except HTTPException as error:
            if error.status == 400 and "not banned" in describe(error).lower():
                return False
            raise
        return True

    async def drain(self) -> None:
        """Return when every Order submitted so far is settled."""
        await self._queue.join()

    async def stop(self) -> None:
        """End the workers; Orders not settled stay pending in the log and are taken up at the next start."""
        tasks = (*self._tasks, *self._withholding)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _work(self) -> None:
        while True:
            # Before an Order is chosen, so that a ban does not wait behind deletions that wait.
            if self._points.scarce:
                await self._frugal.acquire()
            queued = await self._queue.get()
            try:
                await self._see_to(queued)
            finally:
                self._queue.task_done()

    async def _see_to(self, queued: _Queued) -> None:
        if queued.order.action.kind in (ActionKind.TIMEOUT, ActionKind.BAN) and not queued.withdrawn:
            await self._bans.acquire()
        if not queued.withdrawn:
            queued.sent = True
            await self._end(queued, self._carry_out(queued.order))

    async def _withhold(self, queued: _Queued) -> None:
        why = "withdrawn before it was sent"
        await self._end(queued, self._settle(queued.order, Outcome.WITHHELD, why, None, None, 0))

    async def _end(self, queued: _Queued, ending: Awaitable[Settled]) -> None:
        try:
            settled = await ending
            if not queued.settled.done():
                queued.settled.set_result(settled)
        except Exception as error:  # noqa: BLE001 - the worker must outlive one bad Order
            log.error("settling_failed", record=queued.order.record_id, error=outline(error))
            queued.settled.cancel()
        finally:
            self._open.pop(queued.order.record_id, None)

    async def _carry_out(self, order: Order) -> Settled:
        sent_ms = now_ms()
        attempts, unconfirmed = 0, False
        try:
            async for attempt in _attempts():
                with attempt:
                    attempts += 1
                    try:
                        await self._perform(order, attempts)
                    except Exception as error:
                        unconfirmed |= _may_be_done(error)
                        raise
            outcome, why = Outcome.APPLIED, ""
            if self.on_answer:
                self.on_answer("")
        except Superseded as error:
            # After a call of ours that Twitch did not confirm, what is found done is what that call did.
            outcome, why = (Outcome.APPLIED if unconfirmed else Outcome.SUPERSEDED), str(error)
        except Unconfirmed as error:
            outcome, why = Outcome.FAILED, str(error)
        except (HTTPException, aiohttp.ClientError, TimeoutError) as error:
            outcome, why = Outcome.FAILED, describe(error)
            if self.on_answer and isinstance(error, HTTPException) and error.status == 403:
                self.on_answer(why)
        except Exception as error:  # noqa: BLE001 - an action that failed in any way is a failed Record, not a lost one
            outcome, why = Outcome.FAILED, outline(error)
        return await self._settle(order, outcome, why, sent_ms, now_ms(), attempts)

    async def _settle(
        self, order: Order, outcome: Outcome, why: str, sent_ms: int | None, done_ms: int | None, attempts: int
    ) -> Settled:
        while True:
            try:
                await self._records.settle(
                    order.record_id, outcome, reason=why, sent_ms=sent_ms, done_ms=done_ms, attempts=attempts
                )
                break
            except OutcomeError:
                raise
            except DatabaseError as error:
                # What was done must be in the log before more is done; if it never gets there, the next start looks.
                log.error("outcome_not_recorded", record=order.record_id, error=str(error))
                if self.outage:
                    self.outage.begin(error)
                await asyncio.sleep(SETTLE_AGAIN_S)
        settled = Settled(order, outcome, why, sent_ms, done_ms)
        self._observer.settled(settled)
        return settled

    async def _perform(self, order: Order, attempt: int) -> None:
        text = reason(order.category, order.record_id, self.language)
        if order.words:
            text = f"{order.words[:LONGEST_WORDS]} (#{order.record_id})"
        try:
            match order.action.kind:
                case ActionKind.DELETE:
                    await self._delete(order)
                case ActionKind.WARN:
                    removed = bool(order.message_id) and await self._delete(order)
                    # The line goes before the warning: if it stood, the crash came before the warning.
                    if order.recovered and attempt == 1 and not removed:
                        raise Unconfirmed("left by a crash; Twitch does not tell whether the warning was given")
                    await self._broadcaster.warn_user(
                        moderator=self._moderator_id, user_id=order.chatter_id, reason=text
                    )
                case ActionKind.TIMEOUT:
                    await self._broadcaster.timeout_user(
                        moderator=self._moderator_id,
                        user=order.chatter_id,
                        duration=_seconds_left(order),
                        reason=text,
                    )
                case ActionKind.BAN:
                    await self._broadcaster.ban_user(moderator=self._moderator_id, user=order.chatter_id, reason=text)
        except HTTPException as error:
            status, phrases = _ALREADY.get(order.action.kind, (0, ()))
            said = describe(error).lower()
            if error.status == status and any(phrase in said for phrase in phrases):
                raise Superseded(describe(error)) from error
            raise

    async def _delete(self, order: Order) -> bool:
        assert order.message_id, "Helix takes a missing message id for the whole chat"
        try:
            await self._broadcaster.delete_chat_messages(moderator=self._moderator_id, message_id=order.message_id)
        except HTTPException as error:
            # A warning still matters when somebody else has removed the line already.
            if order.action.kind is ActionKind.WARN and error.status == 404:
                return False
            raise
        return True


def _attempts() -> AsyncRetrying:
    return AsyncRetrying(
        retry=retry_if_exception(_is_transient),
        stop=stop_after_delay(DEADLINE_S) | stop_after_attempt(ATTEMPTS),
        wait=wait_exponential_jitter(multiplier=0.2, max=5),
        reraise=True,
    )


def describe(error: Exception) -> str:
    """What went wrong at Twitch, for the Record: status and Twitch's own message, never a token."""
    if isinstance(error, HTTPException):
        extra = error.extra if isinstance(error.extra, dict) else {}
        return f"{error.status} {extra.get('message') or extra.get('error') or 'no message'}"[:500].rstrip(".")
    if isinstance(error, aiohttp.ClientConnectorError):
        return f"cannot connect to {error.host}:{error.port} ({error.os_error.strerror or type(error).__name__})"
    return f"{type(error).__name__}: {error}"[:500] if str(error) else type(error).__name__


def _seconds_left(order: Order) -> int:
    """A timeout taken up after a crash ends when it would have ended, also if Twitch knows it already."""
    if not order.recovered:
        return order.action.duration_s
    left_s = order.action.duration_s - (now_ms() - order.received_ms) // 1000
    return min(max(left_s, 1), order.action.duration_s)


def _is_transient(error: BaseException) -> bool:
    if isinstance(error, HTTPException):
        return error.status == 429 or error.status >= 500
    return isinstance(error, (aiohttp.ClientConnectionError, TimeoutError))


def _may_be_done(error: Exception) -> bool:
    """Whether a call that failed so may have taken effect: one that was never sent, or was turned away, has not."""
    if isinstance(error, HTTPException):
        return error.status >= 500
    return isinstance(error, (aiohttp.ClientConnectionError, TimeoutError)) and not isinstance(
        error, aiohttp.ClientConnectorError
    )
