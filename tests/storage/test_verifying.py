from __future__ import annotations

import json
import sqlite3
from hashlib import sha256
from pathlib import Path

import pytest

from filters.types import Category
from storage.chain import CHAINED, row_hash
from storage.database import Database
from storage.people import erase
from storage.policies import PolicyLog
from storage.records import Outcome, RecordLog
from storage.sealed import Sealer, new_key
from storage.verifying import Break, Head, heads, verify
from tests.storage.conftest import make_evidence, make_message, make_record


@pytest.fixture
async def five(log: RecordLog) -> RecordLog:
    """Five settled Records of one chatter, each with a context line of another."""
    for number in range(1, 6):
        context = (make_message(100 + number, "regular", "hello there"),)
        await log.settle(await log.open(make_record(make_message(number), context=context)), Outcome.APPLIED)
    return log


def tamper(path: Path, statement: str) -> None:
    """Change the file as its owner could: past triggers and foreign keys."""
    with sqlite3.connect(path) as owner:
        for (name,) in owner.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            owner.execute(f"DROP TRIGGER {name}")
        assert owner.execute(statement).rowcount > 0
    owner.close()


async def test_an_untouched_log_is_whole(five: RecordLog, db: Database) -> None:
    seen: list[int] = []
    result = await verify(db, progress=seen.append)
    assert result.breaks == []
    assert result.rows == {**dict.fromkeys(CHAINED, 0), "records": 5, "record_events": 5}
    assert sum(seen) == 5


async def test_the_chain_is_what_its_documentation_says(five: RecordLog, path: Path) -> None:
    """Recomputed here from the file alone, as an auditor without our code would."""
    file = sqlite3.connect(path)
    file.row_factory = sqlite3.Row
    link = sha256(b"chatwarden:records").digest()
    for row in file.execute("SELECT * FROM records ORDER BY id"):
        columns = {
            name: row[name].hex() if isinstance(row[name], bytes) else row[name]
            for name in row.keys()  # noqa: SIM118
            if name != "row_hash" and row[name] is not None
        }
        plain = json.dumps(columns, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        link = sha256(link + plain.encode()).digest()
        assert row["row_hash"] == link
    file.close()


@pytest.mark.parametrize(
    ("statement", "table", "row"),
    [
        ("UPDATE records SET duration_s = 601 WHERE id = 3", "records", 3),
        ("UPDATE records SET rule = 'badwore' WHERE id = 5", "records", 5),
        ("UPDATE records SET chatter_id = 1 WHERE id = 1", "records", 1),
        ("UPDATE records SET row_hash = zeroblob(32) WHERE id = 2", "records", 2),
        ("DELETE FROM records WHERE id = 2", "records", 2),
        ("UPDATE record_events SET outcome = 'failed' WHERE id = 4", "record_events", 4),
        ("UPDATE record_events SET done_ms = 1 WHERE id = 1", "record_events", 1),
        (
            "UPDATE context_messages SET text = 'you sad word' WHERE record_id = 4 AND position = 0",
            "context_messages",
            4,
        ),
        ("UPDATE context_messages SET text = NULL WHERE record_id = 2 AND position = -1", "context_messages", 2),
        ("UPDATE context_messages SET sealed = 1, text = NULL WHERE record_id = 2", "context_messages", 2),
        ("UPDATE evidence SET score = 0.8 WHERE record_id = 3", "evidence", 3),
        ("DELETE FROM evidence WHERE record_id = 3", "evidence", 3),
        ("DELETE FROM context_messages WHERE record_id = 5 AND position = -1", "evidence", 5),
        ("UPDATE chatters SET twitch_id = 'id-other' WHERE login = 'troll'", "context_messages", 1),
        ("DELETE FROM person_keys", "evidence", 1),
        ("UPDATE record_states SET outcome = 'failed' WHERE record_id = 4", "record_states", 4),
        ("DELETE FROM record_states WHERE record_id = 2", "record_states", 2),
        ("UPDATE daily_counts SET records = records + 1", "daily_counts", 20260101),
        ("DELETE FROM daily_counts", "daily_counts", 20260101),
    ],
)
async def test_the_first_changed_row_is_named(
    five: RecordLog, db: Database, path: Path, statement: str, table: str, row: int
) -> None:
    tamper(path, statement)
    named = [(each.table, each.id) for each in (await verify(db)).breaks]
    assert (table, row) in named


async def test_a_changed_row_whose_own_hash_was_redone_breaks_the_next(
    five: RecordLog, db: Database, path: Path
) -> None:
    rows = await db.rows("SELECT * FROM records WHERE id IN (1, 2) ORDER BY id")
    columns = {name: rows[1][name] for name in rows[1].keys() if name != "row_hash"} | {"severity": 0}  # noqa: SIM118
    forged = row_hash(rows[0]["row_hash"], columns).hex()
    tamper(path, f"UPDATE records SET severity = 0, row_hash = x'{forged}' WHERE id = 2")
    assert (await verify(db)).breaks[0] == Break("records", 3, "its columns or the row before were changed")


async def test_a_log_cut_short_is_seen_only_against_a_head_kept_outside(
    five: RecordLog, db: Database, path: Path
) -> None:
    anchors = await heads(db)
    outcome = "(SELECT outcome FROM record_states WHERE record_id = 5)"
    tamper(path, f"UPDATE daily_counts SET records = records - 1 WHERE outcome = {outcome}")
    for table in ("record_events", "record_states", "evidence", "context_messages", "records"):
        column = "id" if table == "records" else "record_id"
        tamper(path, f"DELETE FROM {table} WHERE {column} = 5")
    assert (await verify(db)).breaks == []
    assert Break("records", 5, "missing; the manifest anchors row 5") in (await verify(db, anchors)).breaks


async def test_an_anchor_of_another_history_is_refused(five: RecordLog, db: Database) -> None:
    result = await verify(db, {"records": Head(3, "00" * 32)})
    assert result.breaks == [Break("records", 3, "is not the row the manifest anchors; the chain was rebuilt")]


async def test_policy_revisions_are_chained_too(db: Database, path: Path) -> None:
    policies = PolicyLog(db)
    for each in range(3):
        await policies.save("id-studio", f"strictness = {each}", author="anna", reason="tuning", at_ms=each)
    assert (await verify(db)).breaks == []
    tamper(path, "UPDATE policy_revisions SET reason = 'none' WHERE id = 2")
    assert [(each.table, each.id) for each in (await verify(db)).breaks] == [("policy_revisions", 2)]


@pytest.mark.parametrize(
    ("statement", "table", "row"),
    [
        ("UPDATE context_messages SET text = 'boo' WHERE record_id = 1", "context_messages", 1),
        ("UPDATE evidence SET folded = 'boo' WHERE record_id = 1", "evidence", 1),
        ("UPDATE evidence SET detail = 'boo' WHERE record_id = 1", "evidence", 1),
        ("UPDATE chatters SET login = 'troll' WHERE erased_ms > 0", "chatters", 1),
        ("UPDATE chatters SET erased_ms = NULL", "chatters", 1),
        ("INSERT INTO person_keys (chatter_id, key) VALUES (1, zeroblob(32))", "chatters", 1),
        ("UPDATE evidence SET detail = 'boo' WHERE record_id = 2", "evidence", 2),
        ("DELETE FROM sealed_content", "sealed_content", 1),
    ],
)
async def test_what_was_destroyed_does_not_come_back_and_what_is_sealed_does_not_go(
    db: Database, path: Path, statement: str, table: str, row: int
) -> None:
    log = RecordLog(db, Sealer([new_key()]))
    await log.settle(await log.open(make_record()), Outcome.APPLIED)
    grave = (make_evidence(Category.CHILD_SAFETY),)
    await log.settle(await log.open(make_record(make_message(2, "other"), evidence=grave)), Outcome.APPLIED)
    await log.close()
    await erase(db, 1, actor="ada", reason="request 12")
    assert (await verify(db)).breaks == []
    tamper(path, statement)
    assert (table, row) in [(each.table, each.id) for each in (await verify(db)).breaks]


async def test_what_belongs_to_no_record_is_named(five: RecordLog, db: Database, path: Path) -> None:
    tamper(path, "DELETE FROM records WHERE id = 5")
    named = {(each.table, each.id) for each in (await verify(db)).breaks}
    assert {("evidence", 5), ("record_states", 5)} <= named
    tamper(path, "DELETE FROM evidence WHERE record_id = 5")
    assert ("context_messages", 5) in {(each.table, each.id) for each in (await verify(db)).breaks}
