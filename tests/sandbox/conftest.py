"""An unmodified TwitchIO bot, pointed at a sandbox over real sockets."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
import twitchio
from twitchio import eventsub
from twitchio.ext import commands

from sandbox.eventsub import Timing
from sandbox.server import Sandbox

READ_ALL = [
    "user:read:chat",
    "moderator:manage:automod",
    "moderator:manage:banned_users",
    "moderator:manage:blocked_terms",
    "moderator:manage:chat_messages",
    "moderator:manage:chat_settings",
    "moderator:manage:shield_mode",
    "moderator:manage:suspicious_users",
    "moderator:read:suspicious_users",
    "moderator:manage:unban_requests",
    "moderator:manage:warnings",
    "moderator:manage:announcements",
    "moderator:manage:shoutouts",
    "moderator:read:chatters",
    "moderator:read:followers",
    "moderator:read:moderators",
    "moderator:read:vips",
    "user:bot",
    "user:read:moderated_channels",
    "user:write:chat",
]


class Hearing:
    """What a client was told, event by event."""

    def __init__(self) -> None:
        self._queues: dict[str, asyncio.Queue[Any]] = defaultdict(asyncio.Queue)

    def put(self, event: str, payload: Any) -> None:
        self._queues[event].put_nowait(payload)

    async def next(self, event: str) -> Any:
        async with asyncio.timeout(5):
            return await self._queues[event].get()

    async def texts(self, count: int) -> list[str]:
        return [(await self.next("message")).text for _ in range(count)]

    def waiting(self, event: str) -> int:
        return self._queues[event].qsize()


class Bot(commands.Bot):
    """TwitchIO's own bot; only listens in on its dispatcher."""

    def __init__(self, twitch: Sandbox, bot_id: str) -> None:
        super().__init__(client_id=twitch.client_id, client_secret=twitch.client_secret, bot_id=bot_id, prefix="!")
        self.hearing = Hearing()

    def dispatch(self, event: str, payload: Any | None = None) -> None:
        self.hearing.put(event, payload)
        super().dispatch(event, payload)

    async def listen(self, kind: type[eventsub.SubscriptionPayload], **condition: str) -> None:
        await self.subscribe_websocket(kind(**condition), token_for=self.bot_id, as_bot=False)


@pytest.fixture
def timing() -> Timing:
    return Timing()


@pytest.fixture
async def twitch(timing: Timing, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Sandbox]:
    async with Sandbox(timing=timing) as sandbox:
        monkeypatch.setattr(twitchio.http.Route, "BASE", sandbox.helix_url)
        monkeypatch.setattr(twitchio.http.Route, "ID_BASE", sandbox.id_url)
        monkeypatch.setattr(twitchio.eventsub.websockets, "WSS", sandbox.eventsub_url)
        yield sandbox


@pytest.fixture
async def signed_in(twitch: Sandbox) -> AsyncIterator[Callable[..., Awaitable[Bot]]]:
    """Sign in a bot that is the user ``login`` with these scopes."""
    bots: list[Bot] = []

    async def sign_in(login: str, scopes: list[str]) -> Bot:
        user = twitch.add_user(login)
        bot = Bot(twitch, user.id)
        bots.append(bot)
        await bot.login(load_tokens=False)
        await bot.add_token(*twitch.grant(login, scopes))
        return bot

    yield sign_in
    for bot in bots:
        await bot.close(save_tokens=False)


@pytest.fixture
async def bot(twitch: Sandbox, signed_in: Callable[..., Awaitable[Bot]]) -> Bot:
    """A moderator of #aurora with every scope the tests use."""
    twitch.add_user("aurora")
    twitch.add_moderator("aurora", "warden")
    return await signed_in("warden", READ_ALL)


@pytest.fixture
def aurora(bot: Bot, twitch: Sandbox) -> twitchio.PartialUser:
    """#aurora as TwitchIO sees it."""
    return bot.create_partialuser(twitch.add_user("aurora").id)


@pytest.fixture
async def chat(bot: Bot, aurora: twitchio.PartialUser) -> Hearing:
    """What the bot hears once it reads #aurora's chat."""
    await bot.listen(eventsub.ChatMessageSubscription, broadcaster_user_id=aurora.id, user_id=bot.bot_id)
    return bot.hearing
