"""What the bot wants to hear, kept subscribed: what is lost is asked for again until Twitch agrees.

TwitchIO 3.3.2 loses a subscription for good when Twitch revokes it or refuses it after a reconnect, and is deaf for
good once a socket was closed for being unused.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import structlog

if TYPE_CHECKING:
    from twitchio.eventsub import SubscriptionPayload

    from twitch.client import Client

log = structlog.get_logger(__name__)

CHAT = "channel.chat.message"
LOOK_EVERY_S = 2.0
LONGEST_WAIT_S = 60.0
"""At most so long after consent has returned, it is noticed."""
REFUSED_WAIT_S = 300.0
"""The same for what the bot can do without: in many channels at once, asking costs what moderation needs."""
REMEDIES = {
    "authorization_revoked": "the account took its consent back; sign it in again: chatwarden login",
    "user_removed": "the account no longer exists at Twitch",
    "version_removed": "Twitch took this event away; update chatwarden",
    "moderator_removed": "make the bot a moderator of the channel again",
    "chat_user_banned": "the bot is banned from the channel; unban it and make it a moderator again",
}
"""Why Twitch revokes (EventSub reference, subscription status) and what to do."""

Key = tuple[str, tuple[tuple[str, str], ...]]


@dataclass(frozen=True, slots=True)
class Gap:
    """A time in which a channel's chat may have been missed; UTC ms. Twitch does not replay it."""

    channel_id: str
    since_ms: int
    until_ms: int
    why: str


@dataclass(frozen=True, slots=True)
class Revoked:
    """A subscription Twitch has taken away, and its word for why."""

    channel_id: str
    kind: str
    status: str


class Listening:
    """One client's subscriptions as they should be.

    Tells of gaps by the event ``safe_gap``, and by ``safe_revoked`` of what Twitch takes away.
    """

    def __init__(self, client: Client) -> None:
        self._client = client
        self._wanted: dict[Key, tuple[SubscriptionPayload, dict[str, Any]]] = {}
        self._deaf: dict[str, tuple[int, str]] = {}
        self._waits: dict[Key, tuple[float, float]] = {}
        self._revoked: set[tuple[str, str]] = set()
        self._task: asyncio.Task[None] | None = None

    @property
    def deaf(self) -> Mapping[str, tuple[int, str]]:
        """Channels whose chat is not heard now: since when (UTC ms) and why."""
        return self._deaf

    def wants(self, payload: SubscriptionPayload) -> bool:
        """Whether this is kept subscribed already."""
        return key_of(payload.type, payload.condition) in self._wanted

    def want(self, payload: SubscriptionPayload, options: dict[str, Any]) -> None:
        """Keep this subscribed from now on."""
        self._wanted[key_of(payload.type, payload.condition)] = (payload, options)
        if self._task is None:
            self._task = asyncio.create_task(self._keep())

    async def stop(self) -> None:
        """Want nothing any more."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def lost(self, subscriptions: Iterable[Any], since: datetime, why: str) -> None:
        """Take note of subscriptions that bring nothing any more, since the time given."""
        for each in subscriptions:
            if text_of(each["type"]) == CHAT:
                self._deaf.setdefault(each["condition"]["broadcaster_user_id"], (_ms(since), why))

    def revoked(self, subscription: Any) -> None:
        """Take note that Twitch took a subscription away. A channel's are told of once, however many go at once."""
        kind, status = str(subscription["type"]), str(subscription["status"])
        channel_id = _channel_of(subscription["condition"])
        if (channel_id, status) not in self._revoked:
            self._revoked.add((channel_id, status))
            remedy = REMEDIES.get(status, "see Twitch's EventSub reference for this status")
            log.error("listening_revoked", channel_id=channel_id, kind=kind, status=status, remedy=remedy)
        self.lost([subscription], datetime.now(UTC), f"revoked: {status}")
        self._client.safe_dispatch("revoked", payload=Revoked(channel_id, kind, status))

    def heard(self, subscription: Any) -> None:
        """Take note of a subscription that stands; a gap ends with it."""
        channel_id = _channel_of(subscription["condition"])
        self._revoked = {each for each in self._revoked if each[0] != channel_id}
        if text_of(subscription["type"]) != CHAT:
            return
        since = self._deaf.pop(channel_id, None)
        if since is not None:
            self._client.safe_dispatch("gap", payload=Gap(channel_id, since[0], _ms(datetime.now(UTC)), since[1]))

    async def _keep(self) -> None:
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            held = {
                key_of(each["type"], each["condition"])
                for socket in self._client.sockets
                for each in socket.subscriptions
            }
            for key, (payload, options) in list(self._wanted.items()):
                if key not in held:
                    await self._ask_again(key, payload, options)

    async def _ask_again(self, key: Key, payload: SubscriptionPayload, options: dict[str, Any]) -> None:
        now = asyncio.get_running_loop().time()
        due, wait_s = self._waits.get(key, (now, LOOK_EVERY_S))
        if now < due:
            return
        asked = {"type": payload.type, "condition": payload.condition}
        self.lost([asked], datetime.now(UTC), "subscription lost")
        try:
            await self._client.subscribe_websocket(payload, **options)
        except Exception as error:  # noqa: BLE001 - whatever it is, nobody else asks again for this and the others
            if key not in self._waits:
                log.warning("not_heard", kind=payload.type, error=type(error).__name__, then="asked for again")
            longest_s = LONGEST_WAIT_S if payload.type == CHAT else REFUSED_WAIT_S
            self._waits[key] = (now + wait_s, min(wait_s * 2, longest_s))
            return
        self._waits.pop(key, None)


def key_of(kind: Any, condition: Any) -> Key:
    """What tells a subscription from others, whatever id Twitch gave it."""
    return text_of(kind), tuple(sorted((name, str(value)) for name, value in condition.items() if value))


def _channel_of(condition: Any) -> str:
    return str(condition.get("broadcaster_user_id") or condition.get("to_broadcaster_user_id") or "")


def text_of(kind: Any) -> str:
    """A subscription's type, which TwitchIO keeps as an enum's member."""
    return str(getattr(kind, "value", kind))


def _ms(at: datetime) -> int:
    return int(at.timestamp() * 1000)
