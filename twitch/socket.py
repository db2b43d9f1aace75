"""An EventSub websocket that loses nothing at a reconnect and lets each notification in once.

TwitchIO 3.3.2 stops reading the old socket while it opens the new one, so what arrives in between is lost. Twitch
keeps sending on the old one until the new one has welcomed us; so does this one keep reading.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from datetime import UTC, datetime
from typing import Any

import aiohttp
import structlog
from twitchio.eventsub.websockets import Websocket
from twitchio.exceptions import HTTPException, WebsocketConnectionException

from twitch.inflow import Inflow

log = structlog.get_logger(__name__)

GRACE_S = 10.0
"""How long the old socket is still read after the new one has welcomed; Twitch closes it before."""

RESUBSCRIBE_EVERY_S = 30.0
"""How often a subscription Twitch refused after a reconnect is asked for again."""


class Socket(Websocket):
    """TwitchIO's Websocket with a background hand-over, de-duplication and back-pressure."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._tasks: set[asyncio.Task[bool]] = set()
        self._handed_over = False
        self._successor: asyncio.Task[bool] | None = None
        self._lost_since: datetime | None = None

    @property
    def _inflow(self) -> Inflow:
        inflow: Inflow = self._client.inflow  # type: ignore[union-attr]
        return inflow

    async def _process_notification(self, data: Any) -> None:
        if not self._inflow.first(data["metadata"]["message_id"]):
            return
        try:
            await super()._process_notification(data)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            self._inflow.malformed += 1
            kind = data["metadata"].get("subscription_type")
            log.error("notification_malformed", type=kind, error=repr(error))
        # The listeners are tasks: give them their turn, or a full buffer would be read without one ever running.
        await asyncio.sleep(0)
        await self._inflow.room()

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
            log.warning("handover_failed", error=repr(error))
            return False
        self._handed_over = True
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
        self._lost_since = self._lost_since or datetime.now(UTC)
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
        subscriptions = list(self._subscriptions.values())
        self._subscriptions.clear()
        for subscription in subscriptions:
            subscription["transport"]["session_id"] = self._session_id or ""
            if not await self._subscribe(subscription):
                self._run(self._subscribe_later(subscription))
        if self._lost_since is not None:
            # Twitch does not replay what was sent meanwhile: the log must say that it may be incomplete.
            log.error("events_may_be_missing", since=self._lost_since.isoformat(), until=datetime.now(UTC).isoformat())
            self._lost_since = None

    async def _subscribe(self, subscription: Any) -> bool:
        try:
            answer = await self._http.create_eventsub_subscription(**subscription)
        except HTTPException as error:
            if error.status == 409:
                return True
            log.warning("resubscription_refused", type=subscription["type"].value, status=error.status)
            return False
        except (aiohttp.ClientError, TimeoutError) as error:
            log.warning("resubscription_failed", type=subscription["type"].value, error=type(error).__name__)
            return False
        for row in answer["data"]:
            self._subscriptions[row["id"]] = subscription
        return True

    async def _subscribe_later(self, subscription: Any) -> bool:
        session = self._session_id
        while session == self._session_id and not self._closed:
            await asyncio.sleep(RESUBSCRIBE_EVERY_S)
            if await self._subscribe(subscription):
                return True
        return False

    def _cleanup(self, closed: bool = True) -> None:
        # Twitch keeps the session id over a reconnect: the entry may be the successor's by now.
        if self._handed_over:
            self._closed = closed
            return
        super()._cleanup(closed)

    async def close(self, cleanup: bool = True, *, reassociate: bool = True) -> None:
        """Close for good, and end the hand-over with it."""
        current = asyncio.current_task()
        for task in self._tasks:
            if task is not current:
                task.cancel()
        await super().close(cleanup, reassociate=reassociate and not self._handed_over)
