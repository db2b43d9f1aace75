from __future__ import annotations

import asyncio
import itertools
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from filters.types import Action, ActionKind, Category, Evidence, Message, Severity, Verdict
from storage import writing
from storage.appeals import Appeals
from storage.audit import Audit, Deed
from storage.database import Database
from storage.groups import Groups
from storage.records import NewRecord, Outcome, RecordLog
from storage.roles import Role, Roster

T0 = 1_767_283_200_000  # 2026-01-01T16:00:00Z

SPACED = Evidence(
    "blocklist",
    "badword",
    Category.HARASSMENT,
    Severity.HIGH,
    (4, 12),
    "badword",
    0.9,
    1,
    "spacing",
    "listed word, spaced",
)
SHOUT = Evidence(
    "caps", "max_ratio 0.7", Category.CHANNEL_RULE, Severity.LOW, (0, 11), detail="all of 11 letters are capitals"
)


def line(number: int, chatter: str, text: str) -> Message:
    return Message(f"m{number}", T0 + number * 1000, "501", "studio", f"id-{chatter}", chatter, text)


@pytest.fixture
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Four Records: an applied timeout, an undone ban, a dry run, and a hostile line still pending."""
    ticks = itertools.count(T0 + 60_000)
    monkeypatch.setattr(writing, "now_ms", lambda: next(ticks))
    path = tmp_path / "log.sqlite3"

    async def fill() -> None:
        db = await Database.open(path)
        log = RecordLog(db)

        async def add(
            message: Message, kind: ActionKind, seconds: int = 0, found: Evidence = SPACED, **more: object
        ) -> int:
            verdict = Verdict(message, (found,), Action(kind, seconds), 3, **more)
            context = (line(90, "regular", "hello all"),)
            new = NewRecord.from_verdict(verdict, context, message.ts_ms + 15, decided_ms=message.ts_ms + 16)
            return await log.open(replace(new, actor="mod_anna") if kind is ActionKind.BAN else new)

        one = await add(line(1, "troll", "you bad word!"), ActionKind.TIMEOUT, 600, strikes=1)
        await log.settle(one, Outcome.APPLIED, sent_ms=T0 + 60_005, done_ms=T0 + 60_047, attempts=1)
        two = await add(line(2, "spammer", "you b a d one"), ActionKind.BAN)
        await log.settle(two, Outcome.APPLIED, sent_ms=T0 + 60_010, done_ms=T0 + 60_030, attempts=2)
        await log.settle(two, Outcome.UNDONE, reason="wrong person", actor="mod_anna")
        await add(line(3, "shouter", "HELLO WORLD"), ActionKind.DELETE, found=SHOUT, dry_run=True)
        await add(line(4, "hacker", "=\x1b[2J\u202eboo"), ActionKind.DELETE)
        await log.close()
        await db.close()

    asyncio.run(fill())
    return path


@pytest.fixture
def staffed(database: Path) -> Path:
    """The four Records, and one of the staff per role, named by it."""

    async def fill() -> None:
        db = await Database.open(database)
        await add_staff(db)
        await db.close()

    asyncio.run(fill())
    return database


async def add_staff(db: Database) -> None:
    roster = Roster(db)
    await roster.add("manager", Role.MANAGER, by=None, surface="shell")
    for role in Role:
        await roster.add(role, role, by=await roster.find("manager"), surface="shell")


@pytest.fixture
def desk(database: Path) -> Path:
    """The four Records, a fifth that waits for a review (a ban by the bot), an appeal, and one of the staff per role."""

    async def fill() -> None:
        db = await Database.open(database)
        log = RecordLog(db)
        message = line(5, "banned", "you bad word again")
        new = NewRecord.from_verdict(Verdict(message, (SPACED,), Action(ActionKind.BAN), 3), (), message.ts_ms)
        await log.settle(await log.open(new), Outcome.APPLIED)
        await Appeals(db).receive(
            twitch_id="unban-5",
            channel_id="501",
            channel="studio",
            chatter_id="id-banned",
            chatter="banned",
            text="=sorry\x1b[2J",
            received_ms=T0,
        )
        await add_staff(db)
        await log.close()
        await db.close()

    asyncio.run(fill())
    return database


@pytest.fixture
def raided(desk: Path) -> Path:
    """The same with a raid that is over: three bans, Records 6 to 8, of three people."""

    async def fill() -> None:
        db = await Database.open(desk)
        log, groups = RecordLog(db), Groups(db)
        group = await groups.open("raid", "501", actor="bot", why="3 alike", started_ms=T0)
        for number in (6, 7, 8):
            message = line(number, f"raider{number}", "you bad word")
            new = NewRecord.from_verdict(
                Verdict(message, (SPACED,), Action(ActionKind.BAN), 3), (), message.ts_ms, group_id=group
            )
            await log.settle(await log.open(new), Outcome.APPLIED)
        await groups.end(group, T0 + 10_000)
        await log.close()
        await db.close()

    asyncio.run(fill())
    return desk


def deeds(database: Path) -> list[Deed]:
    """The audit trail, newest first."""

    async def ask() -> list[Deed]:
        db = await Database.open(database, readonly=True)
        try:
            return await Audit(db).latest()
        finally:
            await db.close()

    return asyncio.run(ask())


def rows(database: Path, sql: str) -> list[tuple[object, ...]]:
    """What the file alone answers."""
    with closing(sqlite3.connect(database)) as file:
        return file.execute(sql).fetchall()
