"""EventSub: websocket sessions, subscriptions, and the notifications that run over them."""

from __future__ import annotations

import asyncio
import json
import secrets
import uuid
from collections import defaultdict
from collections.abc import Coroutine, Iterable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import WSCloseCode, WSMsgType, web

from sandbox.clock import iso
from sandbox.conduits import Conduit
from sandbox.faults import SOCKET_KINDS, Faults
from sandbox.payloads import Event
from sandbox.state import World

MIN_KEEPALIVE_S, MAX_KEEPALIVE_S = 10, 600
INBOUND, UNUSED, GRACE_OVER, BAD_RECONNECT = 4001, 4003, 4004, 4007
"""Close codes of the EventSub websocket reference."""
REVOKING = {
    "channel.ban": {"user_id": "chat_user_banned", "moderator_user_id": "moderator_removed"},
    "channel.moderator.remove": {"moderator_user_id": "moderator_removed"},
}
"""What happens to somebody, and with which status Twitch then revokes what they listen to there in which part."""
_NOTIFICATION_FAULTS = SOCKET_KINDS - {"late_welcome"}


@dataclass(slots=True)
class Timing:
    """How patient EventSub is, in seconds. ``keepalive_s`` overrules what the client asks for."""

    unused_s: float = 10.0
    grace_s: float = 30.0
    keepalive_s: float | None = None


@dataclass(slots=True, eq=False)
class Session:
    """One websocket. ``user_id`` is the account whose token subscribed on it first."""

    ws: web.WebSocketResponse
    request: web.Request
    keepalive_s: float
    connected_at: str
    id: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    user_id: str | None = None
    used: bool = False
    sent_at: float = 0.0
    held: str | None = None

    def cut(self) -> None:
        """End the connection without a word, as a broken network does."""
        if self.request.transport is not None:
            self.request.transport.abort()


@dataclass(slots=True, eq=False)
class Subscription:
    """One subscription; ``about`` is the id its events are addressed to."""

    type: str
    version: str
    about: str
    condition: dict[str, str]
    transport: dict[str, Any]
    created_at: str
    user_id: str | None
    cost: int = 0
    status: str = "enabled"
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    rendered: str = ""

    def to_json(self) -> dict[str, Any]:
        """As Helix and notifications show it."""
        keys = ("id", "status", "type", "version", "cost", "condition", "transport", "created_at")
        return {key: getattr(self, key) for key in keys}


class EventSub:
    """All sessions, conduits and subscriptions of the one client."""

    def __init__(self, world: World, faults: Faults, timing: Timing) -> None:
        self.subscriptions: dict[str, Subscription] = {}
        self.sessions: dict[str, Session] = {}
        self.conduits: dict[str, Conduit] = {}
        self.listened_to = asyncio.Event()
        self._world = world
        self._faults = faults
        self._timing = timing
        self._index: dict[tuple[str, str], list[Subscription]] = defaultdict(list)
        self._handing_over: dict[str, tuple[Session, asyncio.Event]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def soon(self, work: Coroutine[Any, Any, None]) -> None:
        """Do it in the background, so that a Helix answer never waits for a client that reads its socket late."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def emit(self, events: Iterable[Event]) -> None:
        """Notify every subscription concerned; returns when each socket has taken it, however slow its reader is."""
        for event in events:
            if event.type in REVOKING:
                await self._take_away(event)
            concerned = self._index.get((event.type, event.about))
            if not concerned:
                continue
            body = _dump(event.body)
            stamp = iso(self._world.clock.now_ms())
            for subscription in tuple(concerned):
                session = self._session_for(subscription)
                if session is not None:
                    if self._faults:
                        await self._notify_badly(session, subscription, event, stamp)
                    else:
                        await self._send(session, _notification(subscription, body, stamp))

    async def _take_away(self, event: Event) -> None:
        if event.body.get("is_permanent") is False:
            return
        for part, status in REVOKING[event.type].items():
            for each in list(self.subscriptions.values()):
                here = each.condition.get("broadcaster_user_id") == event.about
                if here and each.condition.get(part) == event.body["user_id"]:
                    await self.revoke(each, status)

    def add(self, subscription: Subscription) -> None:
        """Start sending what the subscription asks for."""
        self.subscriptions[subscription.id] = subscription
        self.listened_to.set()
        self._index[subscription.type, subscription.about].append(subscription)
        session = self.sessions.get(subscription.transport.get("session_id", ""))
        if session is not None:
            session.used = True
            session.user_id = subscription.user_id

    def remove(self, subscription: Subscription) -> None:
        """Stop sending it."""
        self.subscriptions.pop(subscription.id, None)
        listed = self._index[subscription.type, subscription.about]
        if subscription in listed:
            listed.remove(subscription)

    def on(self, session_id: str) -> list[Subscription]:
        """The subscriptions of one session."""
        return [each for each in self.subscriptions.values() if each.transport.get("session_id") == session_id]

    async def revoke(self, subscription: Subscription, status: str) -> None:
        """Take a subscription away and say why."""
        subscription.status, subscription.rendered = status, ""
        session = self._session_for(subscription)
        self.remove(subscription)
        if session is not None:
            about = {"subscription_type": subscription.type, "subscription_version": subscription.version}
            await self._tell(session, "revocation", {"subscription": subscription.to_json()}, **about)

    async def reconnect(self) -> None:
        """Ask every client to move to a new socket; returns when all have, or were cut off after the grace time."""
        await asyncio.gather(*(self._hand_over(session) for session in list(self.sessions.values())))

    async def close(self, code: int = WSCloseCode.GOING_AWAY) -> None:
        """Close every socket politely and stop what runs in the background."""
        await asyncio.gather(*(session.ws.close(code=code) for session in list(self.sessions.values())))
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def drop(self) -> None:
        """Cut every socket without a close frame."""
        for session in list(self.sessions.values()):
            session.cut()

    async def connect(self, request: web.Request) -> web.WebSocketResponse:
        """One socket's life, from upgrade to close."""
        ws = web.WebSocketResponse(compress=False, timeout=1.0)
        await ws.prepare(request)
        challenge = request.query.get("challenge")
        if challenge is not None and challenge not in self._handing_over:
            await ws.close(code=BAD_RECONNECT, message=b"invalid reconnect")
            return ws
        session = Session(ws, request, self._keepalive(request), iso(self._world.clock.now_ms()))
        late = self._faults.for_socket(frozenset({"late_welcome"}))
        if late is not None:
            await asyncio.sleep(late.delay_s)
        self.sessions[session.id] = session
        watchers = [asyncio.create_task(self._keep_alive(session)), asyncio.create_task(self._close_unused(session))]
        try:
            await self._welcome(session)
            if challenge is not None:
                self._take_over(challenge, session)
            async for message in ws:
                if message.type in (WSMsgType.TEXT, WSMsgType.BINARY):
                    await ws.close(code=INBOUND, message=b"client sent inbound traffic")
        finally:
            for watcher in watchers:
                watcher.cancel()
            self._gone(session)
        return ws

    def _keepalive(self, request: web.Request) -> float:
        if self._timing.keepalive_s is not None:
            return self._timing.keepalive_s
        asked = request.query.get("keepalive_timeout_seconds", "")
        return min(max(int(asked), MIN_KEEPALIVE_S), MAX_KEEPALIVE_S) if asked.isdecimal() else MIN_KEEPALIVE_S

    async def _welcome(self, session: Session) -> None:
        about = {
            "id": session.id, "status": "connected", "connected_at": session.connected_at,
            "keepalive_timeout_seconds": round(session.keepalive_s), "reconnect_url": None, "recovery_url": None,
        }  # fmt: skip
        await self._tell(session, "session_welcome", {"session": about})

    async def _keep_alive(self, session: Session) -> None:
        loop = asyncio.get_running_loop()
        while True:
            quiet_s = loop.time() - session.sent_at
            if quiet_s >= session.keepalive_s:
                await self._tell(session, "session_keepalive", {})
            else:
                await asyncio.sleep(session.keepalive_s - quiet_s)

    async def _close_unused(self, session: Session) -> None:
        await asyncio.sleep(self._timing.unused_s)
        if not session.used:
            await session.ws.close(code=UNUSED, message=b"connection unused")

    async def _hand_over(self, session: Session) -> None:
        challenge, moved = secrets.token_urlsafe(16), asyncio.Event()
        self._handing_over[challenge] = (session, moved)
        host = session.request.host
        about = {
            "id": session.id, "status": "reconnecting", "connected_at": session.connected_at,
            "keepalive_timeout_seconds": None, "reconnect_url": f"ws://{host}/ws?challenge={challenge}",
        }  # fmt: skip
        await self._tell(session, "session_reconnect", {"session": about})
        try:
            async with asyncio.timeout(self._timing.grace_s):
                await moved.wait()
        except TimeoutError:
            self._handing_over.pop(challenge, None)
        await session.ws.close(code=GRACE_OVER, message=b"reconnect grace time expired")

    def _take_over(self, challenge: str, new: Session) -> None:
        if challenge not in self._handing_over:
            return
        old, moved = self._handing_over.pop(challenge)
        new.used, new.user_id = old.used, old.user_id
        old.user_id = None  # it does not count among the account's sockets any more
        for subscription in self.on(old.id):
            subscription.transport["session_id"] = new.id
            subscription.rendered = ""
        for conduit in self.conduits.values():
            for shard in conduit.shards:
                if shard.session_id == old.id:
                    shard.seat(new.id, new.connected_at)
        moved.set()

    def _gone(self, session: Session) -> None:
        self.sessions.pop(session.id, None)
        for challenge, (old, moved) in list(self._handing_over.items()):
            if old is session:
                del self._handing_over[challenge]
                moved.set()
        for subscription in self.on(session.id):
            self.remove(subscription)
        for conduit in self.conduits.values():
            for shard in conduit.shards:
                if shard.session_id == session.id and shard.status == "enabled":
                    shard.unseat(iso(self._world.clock.now_ms()))
                    self.soon(self.emit([self._shard_disabled(conduit, shard.id, shard.to_json())]))

    @staticmethod
    def _shard_disabled(conduit: Conduit, shard_id: int, shard: dict[str, Any]) -> Event:
        body = {
            "conduit_id": conduit.id,
            "shard_id": str(shard_id),
            "status": shard["status"],
            "transport": shard["transport"],
        }
        return Event("conduit.shard.disabled", "client", body)

    def _session_for(self, subscription: Subscription) -> Session | None:
        session_id = subscription.transport.get("session_id")
        if session_id is None:
            conduit = self.conduits.get(subscription.transport["conduit_id"])
            session_id = conduit.next_session() if conduit is not None else None
        return self.sessions.get(session_id or "")

    async def _notify_badly(self, session: Session, subscription: Subscription, event: Event, stamp: str) -> None:
        fault = self._faults.for_socket(_NOTIFICATION_FAULTS, event.type)
        kind = fault.kind if fault is not None else ""
        body = dict(event.body)
        if kind == "malformed":
            del body[next(iter(body))]
        text = _notification(subscription, _dump(body), stamp)
        if kind == "drop":
            session.cut()
            return
        if kind == "reorder":
            session.held = text
            return
        await self._send(session, text[: len(text) // 2] if kind == "truncated" else text)
        if kind == "repeat":
            await self._send(session, text)

    async def _tell(self, session: Session, kind: str, payload: dict[str, Any], **more: str) -> None:
        stamp = iso(self._world.clock.now_ms())
        metadata = {"message_id": str(uuid.uuid4()), "message_type": kind, "message_timestamp": stamp, **more}
        await self._send(session, _dump({"metadata": metadata, "payload": payload}))

    async def _send(self, session: Session, text: str) -> None:
        session.sent_at = asyncio.get_running_loop().time()
        held, session.held = session.held, None
        try:
            await session.ws.send_str(text)
            if held is not None:
                await session.ws.send_str(held)
        except ConnectionError:
            session.cut()


def _dump(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _notification(subscription: Subscription, body: str, stamp: str) -> str:
    if not subscription.rendered:
        subscription.rendered = _dump(subscription.to_json())
    return (
        f'{{"metadata":{{"message_id":"{uuid.uuid4()}","message_type":"notification","message_timestamp":"{stamp}",'
        f'"subscription_type":"{subscription.type}","subscription_version":"{subscription.version}"}},'
        f'"payload":{{"subscription":{subscription.rendered},"event":{body}}}}}'
    )
