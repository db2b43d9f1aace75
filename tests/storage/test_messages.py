from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from filters.types import Fragment, FragmentKind, Message, Role
from storage.database import Database, now_ms
from storage.messages import MessageLog, count_stored, first_seen, stored
from storage.people import erase, find_people, plan_erasure
from storage.policies import PolicyLog
from storage.retention import DAY_MS, Retention
from tests.storage.conftest import T0, make_message


async def keep(db: Database, *messages: Message) -> MessageLog:
    await PolicyLog(db).save("id-studio", "", author="bot", reason="", at_ms=1, login="studio")
    log = MessageLog(db)
    for message in messages:
        log.keep(message)
    await log.close()
    return log


async def test_lines_come_back_as_they_were_said(db: Database) -> None:
    said = [
        make_message(1, text="hello"),
        Message(
            "message-2",
            T0 + 2_000,
            "id-studio",
            "studio",
            "id-ann",
            "ann",
            "hi Kappa @bob",
            roles=frozenset({Role.VIP, Role.SUBSCRIBER}),
            fragments=(
                Fragment(FragmentKind.TEXT, "hi "),
                Fragment(FragmentKind.EMOTE, "Kappa"),
                Fragment(FragmentKind.TEXT, " "),
                Fragment(FragmentKind.MENTION, "@bob"),
            ),
        ),
    ]
    await keep(db, *said)
    back = [message async for message in stored(db, "id-studio")]
    assert back == said
    assert back[1].opaque == said[1].opaque
    assert await count_stored(db, "id-studio", T0 + 2_000) == 1
    assert [message.id async for message in stored(db, "id-elsewhere")] == []


async def test_a_stop_while_lines_are_being_written_loses_none(
    db: Database, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("storage.messages.EVERY_S", 0.01)
    await keep(db)
    log = MessageLog(db)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        log.keep(make_message(1))
        await asyncio.sleep(0.2)  # by now the line waits for the other's transaction to end
        stopping = asyncio.create_task(log.close())
        await asyncio.sleep(0.1)
        other.execute("ROLLBACK")
        await stopping
    assert [message.id async for message in stored(db, "id-studio")] == ["message-1"]
    assert log.lost == 0


async def test_whoever_is_erased_leaves_no_line(db: Database) -> None:
    await keep(db, make_message(1, "troll"), make_message(2, "ann"))
    [person] = await find_people(db, "troll")
    assert (await plan_erasure(db, person)).lines == 1
    await erase(db, person, actor="ada", reason="request 12")
    assert [message.chatter async for message in stored(db, "id-studio")] == ["ann"]


async def test_lines_go_when_their_time_is_over(db: Database) -> None:
    now = now_ms()
    old, new = make_message(1, "troll"), make_message(2, "ann")
    await keep(db, old, Message(new.id, now, new.channel_id, new.channel, new.chatter_id, new.chatter, new.text))
    [purge] = [each for each in await Retention(db).run(at_ms=now) if each.subject == "messages"]
    assert (purge.gone, purge.before_ms) == (1, now - 14 * DAY_MS)
    assert [message.chatter async for message in stored(db, "id-studio")] == ["ann"]


async def test_who_was_here_before_is_known_after_a_restart(db: Database) -> None:
    await keep(db, make_message(1, "ann"), make_message(2, "bob"), make_message(3, "ann"))
    assert await first_seen(db, "id-studio", 10) == [("id-bob", T0 + 2_000), ("id-ann", T0 + 1_000)]
    assert await first_seen(db, "id-studio", 1) == [("id-ann", T0 + 1_000)]


async def test_what_cannot_be_written_is_counted_and_nothing_is_raised(db: Database) -> None:
    async with db.transaction() as transaction:
        await transaction.execute("DROP TABLE messages")
    log = await keep(db, make_message(1))
    assert log.lost == 1


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(texts=st.lists(st.text(min_size=1, max_size=200), max_size=20))
async def test_any_text_is_stored(tmp_path_factory: pytest.TempPathFactory, texts: list[str]) -> None:
    db = await Database.open(tmp_path_factory.mktemp("any") / "log.sqlite3")
    await keep(db, *(make_message(number, text=text) for number, text in enumerate(texts)))
    back = [message.text async for message in stored(db, "id-studio")]
    await db.close()
    assert back == [text.encode("utf-8", "replace").decode() for text in texts]


async def test_lines_stay_counted_by_day_when_their_text_goes(db: Database) -> None:
    await keep(db, *(make_message(number, f"user{number % 3}") for number in range(5)))
    await keep(db, make_message(86_400, "late"))
    counted = [tuple(row) for row in await db.rows("SELECT * FROM daily_lines ORDER BY day")]
    assert counted == [("2026-01-01", "id-studio", 5), ("2026-01-02", "id-studio", 1)]
    await Retention(db).run(at_ms=now_ms() + 60 * DAY_MS)
    assert await db.rows("SELECT 1 FROM messages") == []
    assert [tuple(row) for row in await db.rows("SELECT * FROM daily_lines ORDER BY day")] == counted
