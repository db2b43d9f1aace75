from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from filters.types import Category
from storage.appeals import Appeals
from storage.audit import Audit
from storage.cases import CaseBook
from storage.database import Database, DatabaseError
from storage.people import erase, find_people, plan_erasure
from storage.records import RecordLog, RecordQuery
from storage.retention import DAY_MS, Purge, Retention, RetentionRule
from storage.roles import Staff
from storage.sealed import Sealer, new_key
from storage.verifying import verify
from tests.storage.conftest import T0, add_ban, make_evidence, make_message

Team = dict[str, Staff]
SECRET = "handwriting of a chatter"


@pytest.fixture
async def log(db: Database) -> AsyncIterator[RecordLog]:
    records = RecordLog(db, Sealer([new_key()]))
    yield records
    await records.close()


async def ban(log: RecordLog, number: int, chatter: str = "troll", category: Category = Category.HARASSMENT) -> int:
    found = make_evidence(category, folded="handwriting", detail="quotes handwriting")
    context = (make_message(100 + number, "regular", f"{SECRET} in context"),)
    return await add_ban(log, number, chatter, text=f"{SECRET} {number}", evidence=(found,), context=context)


async def texts(log: RecordLog) -> list[str | None]:
    return [record.text for record in await log.list(RecordQuery())]


def gone(purges: list[Purge]) -> dict[str, int]:
    return {purge.subject: purge.gone for purge in purges}


async def test_words_go_after_thirty_days_and_verify_accounts_for_them(
    log: RecordLog, db: Database, path: Path
) -> None:
    await ban(log, 1)
    await ban(log, 2, category=Category.HATE)
    retention = Retention(db)
    assert await retention.plan(T0 + 29 * DAY_MS) == []
    plan = await retention.plan(T0 + 31 * DAY_MS)
    assert [(purge.subject, purge.category, purge.gone) for purge in plan] == [
        ("bodies", "hate", 1),
        ("bodies", "harassment", 1),
    ]
    assert None not in await texts(log)

    assert await retention.run(at_ms=T0 + 31 * DAY_MS) == plan
    assert await texts(log) == [None, None]
    details = await log.details(1)
    assert (details.evidence[0].folded, details.evidence[0].detail, details.context[0].text) == ("", "", None)
    assert b"handwriting" not in b"".join(file.read_bytes() for file in path.parent.iterdir())
    assert (await verify(db)).breaks == []
    assert await retention.run(at_ms=T0 + 31 * DAY_MS) == []
    assert len(await find_people(db, "troll")) == 1


async def test_a_text_that_no_run_accounts_for_is_a_break(log: RecordLog, db: Database) -> None:
    await ban(log, 1)
    await Retention(db).run(at_ms=T0 + 31 * DAY_MS)
    late = 60 * 24 * 3600
    await ban(log, late)
    async with db.transaction() as transaction:
        await transaction.execute("UPDATE context_messages SET text = NULL WHERE record_id = 2 AND position = 0")
    [broken] = (await verify(db)).breaks
    assert str(broken) == "context_messages row 2: position 0: is not as written"


async def test_each_category_has_its_own_clock(log: RecordLog, db: Database, staff: Team) -> None:
    retention, manager = Retention(db), staff["manager"]
    await retention.set("bodies", 5, Category.PRIVACY, by=manager, surface="shell")
    assert RetentionRule("bodies", "personal information", 5) in await retention.rules()
    await ban(log, 1, category=Category.PRIVACY)
    await ban(log, 2)
    await retention.run(at_ms=T0 + 6 * DAY_MS)
    assert await texts(log) == [f"{SECRET} 2", None]
    with pytest.raises(DatabaseError, match="log: categories make no difference"):
        await retention.set("log", 5, Category.HATE, by=manager, surface="shell")
    with pytest.raises(DatabaseError, match="bodies: 0 days is below 1"):
        await retention.set("bodies", 0, by=manager, surface="shell")
    assert (await Audit(db).latest(actor="manager", limit=1))[0].subject == "bodies personal information"


async def test_after_the_logs_time_nobody_can_be_found_and_the_chain_stands(log: RecordLog, db: Database) -> None:
    await ban(log, 1)
    await ban(log, 2, "spammer")
    await ban(log, 100 * 24 * 3600, "spammer")  # a hundred days later
    purges = await Retention(db).run(at_ms=T0 + 401 * DAY_MS)
    assert gone(purges)["log"] == 1  # the troll; spammer and the one in the late context were seen since
    assert await find_people(db, "troll") == []
    assert len(await find_people(db, "spammer")) == 1
    record = await log.get(1)
    assert record is not None
    assert (record.chatter, record.chatter_id, record.person) == ("", "", 2)
    assert len(await db.rows("SELECT 1 FROM records")) == 3
    assert (await verify(db)).breaks == []


async def test_appeals_case_notes_and_seals_go_by_their_own_clocks(log: RecordLog, db: Database, staff: Team) -> None:
    await ban(log, 1, category=Category.CHILD_SAFETY)
    appeals, book = Appeals(db), CaseBook(db)
    number = await appeals.receive(
        twitch_id="unban-1",
        channel_id="id-studio",
        channel="studio",
        chatter_id="id-troll",
        chatter="troll",
        text="sorry",
        received_ms=T0,
    )
    await appeals.resolved("unban-1", status="denied", moderator="mod_anna", at_ms=T0)
    case = await book.open(staff["senior"], "spam", surface="shell")
    await book.note(staff["senior"], case, "about troll", surface="shell")
    await book.close(staff["senior"], case, "done", surface="shell")
    [row] = await db.rows("SELECT closed_ms, (SELECT expires_ms FROM sealed_content) FROM cases")
    retention = Retention(db)

    assert "appeals" not in gone(await retention.run(at_ms=T0 + 179 * DAY_MS))
    assert gone(await retention.run(at_ms=T0 + 181 * DAY_MS))["appeals"] == 1
    assert (await appeals.get(number)).text is None

    assert "sealed" not in gone(await retention.plan(row[1] - 1))
    assert gone(await retention.run(at_ms=row[1]))["sealed"] == 1
    assert await db.rows("SELECT 1 FROM sealed_content") == []

    assert "cases" not in gone(await retention.plan(row[0] + 400 * DAY_MS))
    assert gone(await retention.run(at_ms=row[0] + 400 * DAY_MS + 1))["cases"] == 1
    assert [note.text for note in await book.notes(case)] == [None]
    assert (await verify(db)).breaks == []


@pytest.mark.parametrize("held", ["person", "record", "appeal"])
async def test_a_legal_hold_wins_over_retention_and_erasure(
    log: RecordLog, db: Database, staff: Team, held: str
) -> None:
    record = await ban(log, 1)
    await ban(log, 2, "other")
    [troll] = await find_people(db, "troll")
    appeal = await Appeals(db).receive(
        twitch_id="unban-1",
        channel_id="id-studio",
        channel="studio",
        chatter_id="id-troll",
        chatter="troll",
        text="sorry",
        received_ms=T0,
    )
    await Appeals(db).resolved("unban-1", status="denied", moderator="mod_anna", at_ms=T0)
    book = CaseBook(db)
    case = await book.open(staff["senior"], "court order", surface="shell")
    subject = {"person": troll, "record": record, "appeal": appeal}[held]
    await book.add(staff["senior"], case, held, subject, surface="shell")
    await book.hold(staff["legal"], case, on=True, surface="shell")
    await book.close(staff["senior"], case, "handed over", surface="shell")

    assert (await plan_erasure(db, troll)).held_by == case
    with pytest.raises(DatabaseError, match=f"person {troll}: case {case} is on legal hold"):
        await erase(db, troll, actor="officer", reason="request 17")
    retention, later = Retention(db), T0 + 1000 * DAY_MS
    await retention.run(at_ms=later)
    assert len(await find_people(db, "troll")) == 1
    assert await find_people(db, "other") == []
    kept = await log.get(record)
    assert kept is not None
    assert kept.text == f"{SECRET} 1"
    assert (await log.details(record)).evidence[0].folded == "handwriting"
    assert (await Appeals(db).get(appeal)).text == "sorry"
    assert (await verify(db)).breaks == []

    await book.hold(staff["legal"], case, on=False, surface="shell")
    await retention.run(at_ms=later)
    assert await find_people(db, "troll") == []
    assert (await verify(db)).breaks == []


async def test_what_comes_between_listing_and_destroying_is_minded(
    log: RecordLog, db: Database, staff: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a million Records a run takes minutes: a hold put on meanwhile holds, and who is back is not erased."""
    await ban(log, 1)
    await ban(log, 2, "spammer")
    await ban(log, 3, "erased")
    book = CaseBook(db)
    [troll], [erased] = await find_people(db, "troll"), await find_people(db, "erased")
    case = await book.open(staff["senior"], "court order", surface="shell")
    await book.add(staff["senior"], case, "person", troll, surface="shell")
    later = T0 + 500 * DAY_MS
    listed = 0
    aside = Retention._aside

    @asynccontextmanager
    async def slow(self: Retention) -> AsyncIterator[Database]:
        nonlocal listed
        async with aside(self) as reader:
            yield reader
        listed += 1
        if listed == 2:  # the plan came first
            await book.hold(staff["legal"], case, on=True, surface="shell")
            await erase(db, erased, actor="officer", reason="request 3")
            await ban(log, 500 * 24 * 3600, "spammer")

    monkeypatch.setattr(Retention, "_aside", slow)
    await Retention(db).run(at_ms=later)
    held = await log.get(1)
    assert held is not None
    assert held.text == f"{SECRET} 1"
    assert (await log.details(1)).evidence[0].folded == "handwriting"
    assert len(await find_people(db, "troll")) == len(await find_people(db, "spammer")) == 1
    assert (await verify(db)).breaks == []


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("ban"), st.sampled_from("abc"), st.sampled_from([Category.HATE, Category.CHILD_SAFETY])),
            st.tuples(st.just("erase"), st.sampled_from("abc"), st.none()),
            st.tuples(st.just("retain"), st.sampled_from([31, 100, 500]), st.none()),
        ),
        max_size=10,
    )
)
async def test_whatever_is_erased_in_whatever_order_the_chains_stand(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, object, Category | None]]
) -> None:
    db = await Database.open(tmp_path_factory.mktemp("log") / "log.sqlite3")
    log = RecordLog(db, Sealer([new_key()]))
    for number, (step, what, category) in enumerate(steps):
        if step == "ban":
            assert category is not None
            await ban(log, number, str(what), category)
        elif step == "retain":
            await Retention(db).run(at_ms=T0 + int(str(what)) * DAY_MS)
        else:
            for person in await find_people(db, str(what)):
                await erase(db, person, actor="officer", reason="request")
        assert (await verify(db)).breaks == []
    assert len(await db.rows("SELECT 1 FROM records")) == sum(step == "ban" for step, _, _ in steps)
    await log.close()
    await db.close()
