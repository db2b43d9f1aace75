"""A log that cannot be written, by real means: nobody is punished unrecorded, the mods hear of it, and it heals."""

from __future__ import annotations

import asyncio
import resource
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from cogs.outage import LOST, REGAINED
from sandbox.ordeal import BotProcess, discrepancies, until
from sandbox.server import Sandbox
from storage.records import Outcome

PATIENCE_S = 25


def fill_disk(bot: BotProcess) -> None:
    """Let no file of the bot's grow any more, as on a full disk."""
    written = bot.database.with_name("log.sqlite3-wal").stat().st_size
    resource.prlimit(bot.pid, resource.RLIMIT_FSIZE, (written, resource.RLIM_INFINITY))


def make_room(bot: BotProcess) -> None:
    resource.prlimit(bot.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))


@contextmanager
def immutable(*paths: Path) -> Iterator[None]:
    """Let nobody write to these any more, as when a disk fails and its file system goes read-only."""
    done = subprocess.run(["chattr", "+i", *paths], capture_output=True, text=True, check=False)
    if done.returncode:
        subprocess.run(["chattr", "-i", *paths], capture_output=True, check=False)
        pytest.skip(f"files cannot be made immutable here (it takes root and a file system that can): {done.stderr}")
    try:
        yield
    finally:
        subprocess.run(["chattr", "-i", *paths], check=True)


def told(twitch: Sandbox) -> list[str]:
    return [line.text for line in twitch.sent("aurora")]


async def test_on_a_full_disk_nobody_is_banned_the_mods_are_told_and_it_goes_on_when_there_is_room(
    twitch: Sandbox, bot: BotProcess, records: Any, gaps: Any
) -> None:
    await bot.start()
    fill_disk(bot)
    early = [f"{letter}{letter * 3}ette" for letter in "abcdefghijklmnopqrstuvwxyz"]  # no look-alikes: that is a raid
    for name in early:
        await twitch.say("aurora", name, "zugmonger")
    await until(lambda: LOST in told(twitch), PATIENCE_S)
    make_room(bot)
    await until(lambda: told(twitch)[-1] == REGAINED, 40)
    await twitch.say("aurora", "late", "zugmonger")
    await until(lambda: "late" in {act.login for act in twitch.enforcements})
    await bot.stop()
    assert await discrepancies(twitch, bot.database) == []
    recorded = {record.chatter for record in await records()}
    assert {act.login for act in twitch.enforcements} == recorded
    assert len(recorded) < 10  # "late", and those whose Records the last free pages took
    lines = sum(gap.lines for gap in await gaps() if gap.why == "log not writable")
    assert lines == len(early) - len(recorded - {"late"})


async def test_a_disk_that_goes_read_only_is_the_same_outage(twitch: Sandbox, bot: BotProcess, records: Any) -> None:
    await bot.start()
    with immutable(bot.database, bot.database.with_name("log.sqlite3-wal")):
        await twitch.say("aurora", "early", "zugmonger")
        await until(lambda: LOST in told(twitch), PATIENCE_S)
    await until(lambda: told(twitch)[-1] == REGAINED, 40)
    await twitch.say("aurora", "late", "zugmonger")
    await until(lambda: "late" in {act.login for act in twitch.enforcements})
    await bot.stop()
    assert await discrepancies(twitch, bot.database) == []
    assert {act.login for act in twitch.enforcements} == {record.chatter for record in await records()} == {"late"}


async def test_a_read_only_folder_is_exit_code_2_at_the_start(twitch: Sandbox, bot: BotProcess) -> None:
    folder = bot.database.parent / "log"
    folder.mkdir()
    await bot.prepare(database=folder / "log.sqlite3")
    with immutable(folder):
        await bot.spawn()
        assert await bot.ended() == 2
    assert "chatwarden: " in bot.said
    assert "Traceback" not in bot.said


async def test_told_to_stop_it_stops_with_the_reason(twitch: Sandbox, bot: BotProcess) -> None:
    await bot.prepare(on_log_failure="stop")
    await bot.start()
    fill_disk(bot)
    for number in range(30):
        await twitch.say("aurora", f"user{number}", "zugmonger")
    assert await bot.ended() == 1
    assert "the action log cannot be written" in bot.said


async def test_a_log_another_process_locks_is_the_same_outage(twitch: Sandbox, bot: BotProcess, records: Any) -> None:
    await bot.start()
    other = sqlite3.connect(bot.database, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    await twitch.say("aurora", "early", "zugmonger")
    await until(lambda: LOST in told(twitch), PATIENCE_S)
    assert twitch.enforcements == []
    other.execute("ROLLBACK")
    other.close()
    await until(lambda: REGAINED in told(twitch), PATIENCE_S)
    await twitch.say("aurora", "late", "zugmonger")
    await until(lambda: bool(twitch.enforcements))
    await bot.stop()
    assert [(record.chatter, record.outcome) for record in await records()] == [("late", Outcome.APPLIED)]


async def test_a_slow_log_delays_and_loses_nothing(twitch: Sandbox, bot: BotProcess, records: Any) -> None:
    await bot.start()
    slow = asyncio.create_task(hold_in_turns(bot.database))
    for number in range(40):
        await twitch.say("aurora", f"user{number}", "zugmonger")
        await asyncio.sleep(0.02)
    await until(lambda: len(twitch.enforcements) == 40, PATIENCE_S)
    slow.cancel()
    await bot.stop()
    assert [record.outcome for record in await records()] == [Outcome.APPLIED] * 40
    assert await discrepancies(twitch, bot.database) == []
    assert told(twitch) == []


async def hold_in_turns(database: Path) -> None:
    """Keep the log busy most of the time, so that each commit takes as long as on a bad disk."""
    other = sqlite3.connect(database, isolation_level=None, timeout=5)
    try:
        while True:
            await asyncio.to_thread(other.execute, "BEGIN IMMEDIATE")
            await asyncio.sleep(0.2)
            other.execute("ROLLBACK")
            await asyncio.sleep(0.02)
    finally:
        other.close()


@pytest.mark.parametrize("what", ["a folder that is a file", "a database that is a folder"])
async def test_a_log_that_cannot_be_opened_is_exit_code_2(twitch: Sandbox, bot: BotProcess, what: str) -> None:
    if what == "a database that is a folder":
        bot.database.mkdir()
    else:
        (bot.database.parent / "file").write_text("")
        await bot.prepare(database=bot.database.parent / "file" / "log.sqlite3")
    await bot.spawn()
    assert await bot.ended() == 2
    assert "chatwarden: " in bot.said
    assert "Traceback" not in bot.said
