"""The bot as a process of its own, and its log as others read it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from sandbox.ordeal import BotProcess
from sandbox.server import Sandbox
from storage.database import Database
from storage.gaps import Gap, Gaps
from storage.records import Record, RecordLog, RecordQuery

ReadRecords = Callable[[], Awaitable[list[Record]]]
ReadGaps = Callable[[], Awaitable[list[Gap]]]


@pytest.fixture
async def twitch() -> AsyncIterator[Sandbox]:
    async with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture
async def bot(twitch: Sandbox, tmp_path: Path) -> AsyncIterator[BotProcess]:
    process = BotProcess(twitch, tmp_path)
    await process.prepare()
    yield process
    if process.running:
        await process.kill()


@pytest.fixture
def records(bot: BotProcess) -> ReadRecords:
    """Every Record so far, oldest first."""

    async def read() -> list[Record]:
        db = await Database.open(bot.database, readonly=True)
        found = await RecordLog(db).list(RecordQuery(limit=None))
        await db.close()
        return sorted(found, key=lambda record: record.id)

    return read


@pytest.fixture
def gaps(bot: BotProcess) -> ReadGaps:
    """Every gap so far, oldest first."""

    async def read() -> list[Gap]:
        db = await Database.open(bot.database, readonly=True)
        found = await Gaps(db).list()
        await db.close()
        return found

    return read
