"""More subscriptions than one socket takes: three sockets for an account, and each for itself when Twitch moves one."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from aiolimiter import AsyncLimiter
from twitchio.eventsub import ChatMessageSubscription

from sandbox.server import Sandbox
from twitch import scopes
from twitch.client import Client
from twitch.endpoints import Endpoints
from twitch.limits import LimitError
from twitch.tokens import Token, TokenStore

CHAT = "channel.chat.message"


class Ear(Client):
    """Hears what is said, and where."""

    def __init__(self, **options: object) -> None:
        super().__init__(prefix="!", **options)
        self.heard: list[str] = []

    def hear(self, notification: dict) -> None:
        self.heard.append(notification["payload"]["event"]["broadcaster_user_login"])


@pytest.fixture
async def twitch() -> AsyncIterator[Sandbox]:
    async with Sandbox(points_per_minute=100_000) as sandbox:
        yield sandbox


@pytest.fixture
async def ear(twitch: Sandbox, tmp_path: Path) -> AsyncIterator[Ear]:
    Endpoints(twitch.helix_url, twitch.id_url, twitch.eventsub_url).install()
    bot = twitch.add_user("warden")
    access, refresh = twitch.grant("warden", scopes.BOT)
    store = TokenStore(tmp_path / "tokens.json")
    store.save(Token(bot.id, "warden", access, refresh, scopes.BOT))
    client = Ear(client_id=twitch.client_id, client_secret=twitch.client_secret, bot_id=bot.id, tokens=store)
    client.subscribing = AsyncLimiter(100_000, 1)
    running = asyncio.create_task(client.start(with_adapter=False))
    await client.wait_until_ready()
    yield client
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await client.close()


async def listen(twitch: Sandbox, ear: Ear, channels: int) -> None:
    left = iter(range(channels))

    async def ask() -> None:
        for number in left:
            channel = twitch.add_user(f"c{number}")
            wanted = ChatMessageSubscription(broadcaster_user_id=channel.id, user_id=ear.bot_id)
            await ear.subscribe_websocket(wanted, as_bot=True)

    await asyncio.gather(*(ask() for _ in range(16)))


def spread(twitch: Sandbox) -> list[int]:
    """How many subscriptions each session has, the fullest first."""
    counted = Counter(each.transport["session_id"] for each in twitch.eventsub.subscriptions.values())
    return sorted(counted.values(), reverse=True)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not condition():
            await asyncio.sleep(0.01)


@pytest.mark.parametrize(("channels", "sockets"), [(300, [300]), (310, [300, 10]), (900, [300, 300, 300])])
async def test_one_socket_is_filled_before_the_next_is_opened(
    twitch: Sandbox, ear: Ear, channels: int, sockets: list[int]
) -> None:
    await listen(twitch, ear, channels)
    assert spread(twitch) == sockets
    assert ear.room == 900 - channels


async def test_one_more_than_twitch_gives_is_told_at_once_and_nothing_else_suffers(twitch: Sandbox, ear: Ear) -> None:
    with pytest.raises(LimitError, match="no room: Twitch gives one account 900 subscriptions"):
        async with asyncio.timeout(30):
            await listen(twitch, ear, 1_010)
    await until(lambda: len(twitch.eventsub.subscriptions) == 900)
    assert len(ear.sockets) == 3


async def test_sockets_another_program_has_are_no_crash(twitch: Sandbox, ear: Ear) -> None:
    await listen(twitch, ear, 1)
    sessions = twitch.eventsub.sessions
    other = Ear(client_id=twitch.client_id, client_secret=twitch.client_secret, bot_id=ear.bot_id, tokens=ear._token_store)  # fmt: skip
    running = asyncio.create_task(other.start(with_adapter=False))
    await other.wait_until_ready()
    other.subscribing = AsyncLimiter(100_000, 1)
    await listen(twitch, other, 310)
    with pytest.raises(LimitError):
        await listen(twitch, ear, 320)
    await until(lambda: len(sessions) == 3)
    assert len(ear.sockets) == 1
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await other.close()


@pytest.mark.parametrize("how", ["handed over", "lost"])
async def test_what_happens_to_one_socket_leaves_the_others_as_they_are(twitch: Sandbox, ear: Ear, how: str) -> None:
    await listen(twitch, ear, 700)
    kept = {name: each for name, each in ear._websockets[ear.bot_id].items() if each.load == 300}
    [moved] = [each for each in twitch.eventsub.sessions.values() if len(twitch.eventsub.on(each.id)) == 100]
    others = set(twitch.eventsub.sessions) - {moved.id}
    if how == "lost":
        moved.cut()
    else:
        await twitch.eventsub._hand_over(moved)
    await until(lambda: moved.id not in twitch.eventsub.sessions and len(twitch.eventsub.subscriptions) == 700)
    assert set(twitch.eventsub.sessions) > others
    assert spread(twitch) == [300, 300, 100]
    assert kept.items() <= ear._websockets[ear.bot_id].items()
    for number in range(700):
        await twitch.say(f"c{number}", "ann", "hello")
    await until(lambda: len(ear.heard) == 700)
    assert set(ear.heard) == {f"c{number}" for number in range(700)}
    await listen(twitch, ear, 0)
    await ear.subscribe_websocket(
        ChatMessageSubscription(broadcaster_user_id=twitch.add_user("new").id, user_id=ear.bot_id), as_bot=True
    )
    assert spread(twitch) == [300, 300, 101]
    assert ear.listening.deaf == {}
