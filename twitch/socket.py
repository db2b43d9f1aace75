"""An EventSub websocket that loses nothing at a reconnect and lets each notification in once.

TwitchIO 3.3.2 stops reading the old socket while it opens the new one, so what arrives in between is lost. Twitch
keeps sending on the old one until the new one has welcomed us; so does this one keep reading.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Coroutine
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import aiohttp
import structlog
from twitchio.eventsub.enums import SubscriptionType
from twitchio.eventsub.websockets import Websocket
from twitchio.exceptions import HTTPException, WebsocketConnectionException

from twitch.inflow import Inflow
from twitch.listening import CHAT, Key, Listening, key_of, text_of

if TYPE_CHECKING:
    from twitchio.eventsub import SubscriptionPayload

log = structlog.get_logger(__name__)

GRACE_S = 10.0
"""How long the old socket is still read after the new one has welcomed; Twitch closes it before."""

MOST = 300
"""Subscriptions Twitch lets one socket have."""

AT_ONCE = 8
"""Subscriptions asked for at once after a reconnect."""

READ_AHEAD = 16
"""Notifications read before the others have their turn: one channel's flood must not hide the rest behind it."""

LATE_S = 5.0
"""How much later than promised a keepalive may come."""


class Socket(Websocket):
    """TwitchIO's Websocket with a background hand-over, de-duplication and back-pressure."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._tasks: set[asyncio.Task[bool]] = set()
        self.handed_over = False
        self.expected = 0
        self._to_ask_again: list[Any] = []
        self._successor: asyncio.Task[bool] | None = None
        self._unshared = 0
        self._heard_tick = time.monotonic()

    @property
    def subscriptions(self) -> list[Any]:
        """What this socket is subscribed to, or about to be after a reconnect, as TwitchIO keeps it."""
        return [*self._subscriptions.values(), *self._to_ask_again]

    @property
    def load(self) -> int:
        """How many subscriptions it has, or is asking for."""
        return len(self._subscriptions) + len(self._to_ask_again) + self.expected

    @property
    def _heard_at(self) -> datetime:
        return datetime.now(UTC) - timedelta(seconds=time.monotonic() - self._heard_tick)

    @property
    def _last_keepalive(self) -> datetime | None:
        return self._heard_at

    @_last_keepalive.setter
    def _last_keepalive(self, at: datetime | None) -> None:
        # TwitchIO goes by the wall clock, which may jump.
        if at is not None:
            self._heard_tick = time.monotonic()

    async def _process_keepalive(self) -> None:
        self._heard_tick = time.monotonic()
        while True:
            left_s = self._heard_tick + self._keep_alive_timeout + LATE_S - time.monotonic()
            if left_s <= 0:
                break
            await asyncio.sleep(left_s)
        log.warning("socket_silent", since=self._heard_at.isoformat())
        await self._create_connection_task()

    @property
    def _listening(self) -> Listening:
        listening: Listening = self._client.listening  # type: ignore[union-attr]
        return listening

    @property
    def _inflow(self) -> Inflow:
        inflow: Inflow = self._client.inflow  # type: ignore[union-attr]
        return inflow

    async def _listen(self) -> None:
        while True:
            try:
                await super()._listen()
            except Exception as error:  # noqa: BLE001 - a message we cannot take must not leave the bot deaf
                self._inflow.malformed += 1
                log.error("message_malformed", error=type(error).__name__)
                if not self.connected:
                    await self._create_connection_task()
                    return
            else:
                return

    async def _process_welcome(self, data: Any) -> None:
        # At a reconnect TwitchIO forgets the account's other sockets.
        again = self._session_id is not None
        kept = self._client._websockets.get(str(self._token_for), {}) if self._client else {}
        others = {name: each for name, each in kept.items() if each is not self}
        await super()._process_welcome(data)
        if again and self._client:
            self._client._websockets[str(self._token_for)] = {**others, str(self._session_id): self}

    async def _process_notification(self, data: Any) -> None:
        try:
            if not self._inflow.first(data["metadata"]["message_id"]):
                return
            if data["metadata"]["subscription_type"] == CHAT:
                self._client.hear(data)  # type: ignore[union-attr]
            else:
                await super()._process_notification(data)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            self._inflow.malformed += 1
            log.error("notification_malformed", error=type(error).__name__, shape=shape(data))
        # Whoever listens is a task: give them their turn, or a full buffer would be read without one ever running.
        self._unshared += 1
        if self._unshared >= READ_AHEAD:
            self._unshared = 0
            await asyncio.sleep(0)
        await self._inflow.room()

    async def _process_revocation(self, data: Any) -> None:
        # TwitchIO would close the socket with its last subscription; ours are asked for again.
        revoked = data["payload"]["subscription"]
        self._drop(key_of(revoked["type"], revoked["condition"]))
        self._listening.revoked(revoked)

    def adopt(self, payload: SubscriptionPayload) -> None:
        """Keep a subscription Twitch says it has already: it made it, and the answer with its id was lost."""
        self._keep(
            {
                "type": SubscriptionType(payload.type),
                "version": payload.version,
                "condition": payload.condition,
                "transport": {"method": "websocket", "session_id": self._session_id or ""},
                "token_for": self._token_for,
            }
        )

    def _keep(self, subscription: Any) -> None:
        self._subscriptions[str(key_of(subscription["type"], subscription["condition"]))] = subscription

    def _drop(self, key: Key) -> None:
        for each in [
            each for each, kept in self._subscriptions.items() if key_of(kept["type"], kept["condition"]) == key
        ]:
            del self._subscriptions[each]

    async def _process_reconnect(self, data: Any) -> None:
        url = data["payload"]["session"]["reconnect_url"]
        self._successor = self._run(self._hand_over(url))

    def _run(self, work: Coroutine[Any, Any, bool]) -> asyncio.Task[bool]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _hand_over(self, url: str) -> bool:
        successor = type(self)(
            keep_alive_timeout=self._keep_alive_timeout,
            reconnect_attempts=self._original_attempts,
            client=self._client,
            token_for=self._token_for,
            http=self._http,
            shard_id=self._shard_id,
        )
        successor._subscriptions = self._subscriptions
        try:
            await successor.connect(url=url, fail_once=True)
        except Exception as error:  # noqa: BLE001 - whatever went wrong, the old socket goes on and reconnects when closed
            log.warning("handover_failed", error=type(error).__name__)
            return False
        self.handed_over = True
        if self._client and self._token_for and successor.session_id:
            self._client._websockets[self._token_for][successor.session_id] = successor
        self._run(self._close_later())
        return True

    async def _close_later(self) -> bool:
        await asyncio.sleep(GRACE_S)
        await self.close()
        return True

    async def _create_connection_task(self) -> None:
        # Twitch closes this socket the moment it has welcomed the successor, often before we have seen the welcome.
        if self._successor is not None and await self._successor:
            await self.close()
            return
        self._successor = None
        if not (self._closing or self._closed or self._connecting):
            self._listening.lost(self.subscriptions, self._heard_at, "socket lost")
        await super()._create_connection_task()

    async def connect(self, *, url: str | None = None, reconnect: bool = False, fail_once: bool = False) -> None:
        """Connect and wait for the welcome; a reconnection goes on trying where TwitchIO gives up for good."""
        while True:
            try:
                await super().connect(url=url, reconnect=reconnect, fail_once=fail_once)
            except WebsocketConnectionException:
                if not reconnect:
                    raise
                self._closed = self._connecting = False
                wait_s = self._backoff.calculate()
                log.warning("welcome_missing", retry_in_s=round(wait_s, 1))
                await asyncio.sleep(wait_s)
            else:
                return

    async def _resubscribe(self) -> None:
        # The chats first: they are what people are waiting for.
        self._to_ask_again = sorted(self._subscriptions.values(), key=lambda each: text_of(each["type"]) != CHAT)
        self._subscriptions.clear()
        left = iter(list(self._to_ask_again))

        async def ask() -> None:
            for each in left:
                each["transport"]["session_id"] = self._session_id or ""
                granted = await self._subscribe(each)
                self._to_ask_again.remove(each)
                if granted:
                    self._listening.heard(each)

        try:
            await asyncio.gather(*(ask() for _ in range(AT_ONCE)))
        finally:
            self._to_ask_again.clear()

    async def _subscribe(self, subscription: Any) -> bool:
        await self._client.subscribing.acquire()  # type: ignore[union-attr]
        try:
            answer = await self._http.create_eventsub_subscription(**subscription)
        except HTTPException as error:
            if error.status == 409:
                self._keep(subscription)
                return True
            log.warning("resubscription_refused", type=text_of(subscription["type"]), status=error.status)
            return False
        except (aiohttp.ClientError, TimeoutError) as error:
            log.warning("resubscription_failed", type=text_of(subscription["type"]), error=type(error).__name__)
            return False
        for row in answer["data"]:
            self._subscriptions[row["id"]] = subscription
        return True

    def _cleanup(self, closed: bool = True) -> None:
        self._closed = closed
        # TwitchIO forgets by session id. A socket is kept under its first, which may be its successor's by now;
        # a closed socket that stays is the one new subscriptions are asked for on, and refused for ever.
        if self._client and self._token_for:
            kept = self._client._websockets.get(self._token_for, {})
            for session_id in [name for name, each in kept.items() if each is self]:
                del kept[session_id]

    async def close(self, cleanup: bool = True, *, reassociate: bool = True) -> None:
        """Close for good, and end the hand-over with it."""
        if cleanup and not self.handed_over and not self._closed:
            self._listening.lost(self.subscriptions, self._heard_at, "socket closed")
        current = asyncio.current_task()
        for task in self._tasks:
            if task is not current:
                task.cancel()
        await super().close(cleanup, reassociate=reassociate and not self.handed_over)


def shape(value: Any, depth: int = 6) -> Any:
    """A payload's keys and the types of its values: enough to see what is wrong, and nothing anybody said."""
    if isinstance(value, dict) and depth:
        return {str(name)[:50]: shape(each, depth - 1) for name, each in list(value.items())[:50]}
    if isinstance(value, list) and depth:
        return [shape(each, depth - 1) for each in value[:1]]
    return type(value).__name__
