"""A real bot against a sandbox Twitch over loopback sockets, with a real SQLite file."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import pytest

from cogs.enforce import Settled
from cogs.modbot import ModBot
from cogs.moderating import moderating
from config.policy import Policy
from config.settings import Settings
from filters.types import Verdict
from sandbox.demo import settle
from sandbox.server import Sandbox
from storage.records import Record, RecordLog

PATIENCE_S = 10
Found = TypeVar("Found")


@dataclass
class Witness:
    """Sees what the bot judges and how its actions end."""

    verdicts: list[Verdict] = field(default_factory=list)
    settlements: list[Settled] = field(default_factory=list)

    def judged(self, verdict: Verdict, record_id: int | None) -> None:
        self.verdicts.append(verdict)

    def settled(self, settled: Settled) -> None:
        self.settlements.append(settled)


@dataclass
class Stand:
    """A bot that moderates #aurora in a sandbox."""

    twitch: Sandbox
    bot: ModBot
    records: RecordLog
    witness: Witness

    async def say(self, user: str, text: str, **options: Any) -> str | None:
        """Say a line in #aurora and wait until the bot has dealt with it; None where Twitch mutes the user."""
        before = len(self.witness.verdicts)
        message_id = await self.twitch.say("aurora", user, text, **options)
        if message_id is None:
            return None
        await self.until(lambda: len(self.witness.verdicts) > before)
        await self.bot.drain()
        return message_id

    async def ask(self, user: str, command: str, **options: Any) -> str:
        """Give a command in #aurora and return the bot's next answer."""
        before = len(self.twitch.sent("aurora"))
        await self.twitch.say("aurora", user, command, **options)
        await self.until(lambda: len(self.twitch.sent("aurora")) > before)
        return self.twitch.sent("aurora")[before].text

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait for a condition; fail the test if it does not come true in time."""
        async with asyncio.timeout(PATIENCE_S):
            while not condition():
                await asyncio.sleep(0.005)

    async def eventually(self, look: Callable[[], Awaitable[Found]]) -> Found:
        """What a look, at the log or the trail, finds once it finds something; fail if that takes too long."""
        async with asyncio.timeout(PATIENCE_S):
            while not (found := await look()):
                await asyncio.sleep(0.005)
        return found

    async def record(self, record_id: int = 1) -> Record:
        record = await self.records.get(record_id)
        assert record is not None, f"no Record #{record_id}"
        return record


Open = Callable[..., AbstractAsyncContextManager[Stand]]


@pytest.fixture
async def twitch() -> AsyncIterator[Sandbox]:
    async with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "log.sqlite3"


@pytest.fixture
def stand(twitch: Sandbox, tmp_path: Path, database: Path) -> Open:
    """Open a bot under a policy (TOML); opening a second time is a restart on the same log."""

    @asynccontextmanager
    async def opened(policy: str = "") -> AsyncIterator[Stand]:
        folder = tmp_path / "policies"
        folder.mkdir(exist_ok=True)
        # Complete, so that what a test does not name is the setting's own default.
        (folder / "aurora.toml").write_text(Policy.parse(policy).to_toml())
        witness = Witness()
        settings = Settings(**await settle(twitch, ["aurora"], database), policies=folder)
        async with moderating(settings, witness) as (bot, records):
            twitch.add_moderator("aurora", "maud")
            await bot.hearing.complete.wait()
            yield Stand(twitch, bot, records, witness)

    return opened
