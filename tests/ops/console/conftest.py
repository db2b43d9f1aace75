"""The console over a database of five Records, beside a sandbox Twitch to sign in with."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from starlette.applications import Starlette

from config.policy import Policy
from ops.console.app import build
from ops.console.desk import Access, Desk
from sandbox.server import Sandbox
from storage.database import Database
from storage.policies import PolicyLog
from tests.ops.conftest import T0

ADDRESS = "http://localhost:8420"
STREAMER, MODERATOR, NEIGHBOUR = "studio", "maud", "attic"


def token(page: str) -> str:
    """What a page's forms bring back."""
    found = re.search(r'name="form" value="([^"]+)"', page)
    assert found, page
    return found[1]


@dataclass
class Guest:
    """Somebody with a browser."""

    client: httpx.AsyncClient
    login: str = ""

    async def see(self, path: str, status: int = 200) -> str:
        answer = await self.client.get(path)
        assert answer.status_code == status, (path, answer.status_code, answer.text)
        return answer.text

    async def send(self, path: str, **fields: object) -> httpx.Response:
        """Send a form, with the token of a page this person can see."""
        page = await self.client.get("/settings" if self.login else "/sign-in")
        return await self.client.post(path, data={"form": token(page.text), **fields})

    async def told(self, path: str, **fields: object) -> str:
        """Send a form, follow to the page it leads to, and return that."""
        answer = await self.send(path, **fields)
        assert answer.status_code == 303, answer.text
        return (await self.client.get(answer.headers["Location"])).text


@dataclass
class House:
    """The console, and people who come to it."""

    app: Starlette
    twitch: Sandbox
    stack: AsyncExitStack
    guests: dict[str, Guest] = field(default_factory=dict)

    @property
    def desk(self) -> Desk:
        found: Desk = self.app.state.desk
        return found

    async def stranger(self) -> Guest:
        """Somebody who has not signed in."""
        client = httpx.AsyncClient(transport=httpx.ASGITransport(self.app), base_url=ADDRESS)
        return Guest(await self.stack.enter_async_context(client))

    async def come_in(self, login: str, goal: str = "/") -> Guest:
        """Somebody who signs in with Twitch, as a browser would."""
        if login not in self.guests:
            guest = await self.stranger()
            answer = await guest.send("/sign-in/twitch", goal=goal)
            assert answer.status_code == 303, answer.text
            async with httpx.AsyncClient() as browser:
                agreed = await browser.post(answer.headers["Location"], data={"login": login, "decision": "allow"})
            came_back = urlsplit(agreed.headers["Location"])
            answer = await guest.client.get(f"{came_back.path}?{came_back.query}")
            assert (answer.status_code, answer.headers["Location"]) == (303, goal), answer.text
            guest.login = login
            self.guests[login] = guest
        return self.guests[login]


@pytest.fixture
async def house(desk: Path) -> AsyncIterator[House]:
    async with Sandbox() as twitch, AsyncExitStack() as stack:
        twitch.add_user(STREAMER, id="501")
        twitch.add_user(NEIGHBOUR, id="502")
        twitch.add_moderator(STREAMER, MODERATOR)
        twitch.world.channel(NEIGHBOUR)
        db = await Database.open(desk)
        stack.push_async_callback(db.close)
        for channel_id, login in (("501", STREAMER), ("502", NEIGHBOUR)):
            toml = Policy.preset().to_toml()
            await PolicyLog(db).save(channel_id, toml, author="x", reason="first", at_ms=T0, login=login)
        access = Access(ADDRESS, twitch.client_id, twitch.client_secret, twitch.id_url, twitch.helix_url)
        yield House(build(db, access), twitch, stack)
