from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from filters.types import Action, ActionKind, Category, Evidence, Message, Severity, Verdict
from storage.database import Database
from storage.records import NewRecord, Outcome, RecordLog
from storage.roles import Role, Roster, Staff

T0 = 1_767_225_600_000  # 2026-01-01T00:00:00Z


def make_message(
    number: int = 1, chatter: str = "troll", text: str = "you bad word", channel: str = "studio"
) -> Message:
    return Message(
        id=f"message-{number}",
        ts_ms=T0 + number * 1000,
        channel_id=f"id-{channel}",
        channel=channel,
        chatter_id=f"id-{chatter}",
        chatter=chatter,
        text=text,
    )


def make_evidence(category: Category = Category.PROFANITY, **changes: Any) -> Evidence:
    fields: dict[str, Any] = {
        "filter": "blocklist",
        "rule": "badword",
        "category": category,
        "severity": Severity.HIGH,
        "span": (4, 12),
        "folded": "badword",
        "score": 0.9,
        "distance": 1,
        "technique": "spacing",
        "detail": "listed word, letters spaced",
        "related": ("message-0",),
    }
    return Evidence(**{**fields, **changes})


def make_record(
    message: Message | None = None,
    action: Action = Action(ActionKind.TIMEOUT, 600),  # noqa: B008 - frozen
    context: tuple[Message, ...] = (),
    evidence: tuple[Evidence, ...] | None = None,
    **verdict: Any,
) -> NewRecord:
    message = message or make_message()
    found = Verdict(message, evidence or (make_evidence(),), action, revision=3, **verdict)
    return NewRecord.from_verdict(found, context, message.ts_ms + 20, decided_ms=message.ts_ms + 21)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "log.sqlite3"


@pytest.fixture
async def db(path: Path) -> AsyncIterator[Database]:
    database = await Database.open(path)
    yield database
    await database.close()


@pytest.fixture
async def log(db: Database) -> AsyncIterator[RecordLog]:
    records = RecordLog(db)
    yield records
    await records.close()


@pytest.fixture
async def staff(db: Database) -> dict[str, Staff]:
    """One member of the staff per role, named by it, and a second analyst."""
    roster = Roster(db)
    await roster.add("manager", Role.MANAGER, by=None, surface="shell")
    manager = await roster.find("manager")
    for role in (role for role in Role if role is not Role.MANAGER):
        await roster.add(str(role), role, by=manager, surface="shell")
    await roster.add("analyst2", Role.ANALYST, by=manager, surface="shell")
    return {each.name: each for each in await roster.list()}


async def add_ban(log: RecordLog, number: int = 1, chatter: str = "troll", **changes: Any) -> int:
    """A ban by the bot that Twitch applied, and so a Record that waits for a review."""
    message = make_message(number, chatter, **{key: changes.pop(key) for key in ("text", "channel") if key in changes})
    record = await log.open(make_record(message, Action(ActionKind.BAN), **changes))
    await log.settle(record, Outcome.APPLIED)
    return record
