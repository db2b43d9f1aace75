from __future__ import annotations

import asyncio
import sqlite3
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule

from filters.types import NONE, Action, ActionKind, Category
from storage.database import Database, WriteError
from storage.records import BATCH, Outcome, OutcomeError, RecordLog, RecordQuery
from storage.verifying import verify
from tests.storage.conftest import T0, make_evidence, make_message, make_record

BAN = Action(ActionKind.BAN)
REVIEW = Action(ActionKind.REVIEW)


async def test_a_record_is_on_the_disk_as_pending_before_its_number_is_known(log: RecordLog, path: Path) -> None:
    number = await log.open(make_record())
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as elsewhere:
        seen = elsewhere.execute("SELECT record_id, chatter, action, outcome FROM v_actions").fetchall()
    elsewhere.close()
    assert seen == [(number, "troll", "timeout", "pending")]


async def test_everything_a_record_says_comes_back(log: RecordLog) -> None:
    before = (make_message(7, "regular", "hi"), make_message(8, "other", "hello"))
    number = await log.open(make_record(make_message(9), context=before, strikes=2))
    await log.settle(number, Outcome.APPLIED, sent_ms=T0 + 9_050, done_ms=T0 + 9_090, attempts=2)

    record = await log.get(number)
    details = await log.details(number)

    assert record is not None
    assert (record.id, record.channel_id, record.channel) == (1, "id-studio", "studio")
    assert (record.chatter_id, record.chatter, record.message_id) == ("id-troll", "troll", "message-9")
    assert (record.text, record.action, record.revision) == ("you bad word", Action(ActionKind.TIMEOUT, 600), 3)
    assert (record.filter, record.rule, record.category) == ("blocklist", "badword", Category.PROFANITY)
    assert (record.strikes, record.dry_run, record.exempt, record.actor) == (2, False, "", "bot")
    assert (record.ts_ms, record.received_ms, record.decided_ms) == (T0 + 9_000, T0 + 9_020, T0 + 9_021)
    assert (record.outcome, record.sent_ms, record.done_ms, record.attempts) == ("applied", T0 + 9_050, T0 + 9_090, 2)
    assert details.evidence == (make_evidence(),)
    assert [(line.chatter, line.text) for line in details.context] == [("regular", "hi"), ("other", "hello")]
    assert [(event.outcome, event.actor) for event in details.events] == [(Outcome.APPLIED, "bot")]


@pytest.mark.parametrize(
    ("verdict", "outcome"),
    [
        ({"dry_run": True}, Outcome.DRY_RUN),
        ({"action": REVIEW}, Outcome.REVIEW),
        ({"action": NONE, "exempt": "moderator"}, Outcome.WITHHELD),
        ({}, Outcome.PENDING),
    ],
)
async def test_only_what_is_to_be_enforced_stays_pending(log: RecordLog, verdict: dict, outcome: Outcome) -> None:
    number = await log.open(make_record(**verdict))
    record = await log.get(number)
    assert record is not None
    assert record.outcome is outcome
    assert record.reason == verdict.get("exempt", "")
    assert [each.id for each in await log.pending()] == ([number] if outcome is Outcome.PENDING else [])


async def test_an_outcome_stands(log: RecordLog) -> None:
    number = await log.open(make_record())
    await log.settle(number, Outcome.FAILED, reason="user is a moderator")
    with pytest.raises(OutcomeError, match="#1 is failed; only a record that is pending can become applied"):
        await log.settle(number, Outcome.APPLIED)


async def test_of_two_settling_at_once_one_wins(log: RecordLog) -> None:
    number = await log.open(make_record())
    ends = await asyncio.gather(
        log.settle(number, Outcome.APPLIED), log.settle(number, Outcome.FAILED), return_exceptions=True
    )
    assert [type(end) for end in ends] == [type(None), OutcomeError]
    assert len((await log.details(number)).events) == 1


async def test_only_what_was_applied_is_undone_and_its_times_stay(log: RecordLog) -> None:
    number = await log.open(make_record())
    with pytest.raises(OutcomeError, match="only a record that is applied can become undone"):
        await log.settle(number, Outcome.UNDONE)
    await log.settle(number, Outcome.APPLIED, sent_ms=5, done_ms=9, attempts=1)
    await log.settle(number, Outcome.UNDONE, reason="mistake", actor="mod_anna")
    record = await log.get(number)
    assert record is not None
    assert (record.outcome, record.reason, record.sent_ms, record.done_ms) == (Outcome.UNDONE, "mistake", 5, 9)
    assert (await log.details(number)).events[-1].actor == "mod_anna"


async def test_settling_what_does_not_exist_is_refused(log: RecordLog) -> None:
    with pytest.raises(OutcomeError, match="#77 does not exist"):
        await log.settle(77, Outcome.APPLIED)
    number = await log.open(make_record())
    with pytest.raises(OutcomeError, match="pending is not an outcome"):
        await log.settle(number, Outcome.PENDING)


async def test_a_burst_shares_commits_and_numbers_have_no_gaps(log: RecordLog) -> None:
    numbers = await asyncio.gather(*(log.open(make_record(make_message(each))) for each in range(500)))
    assert sorted(numbers) == list(range(1, 501))
    assert log.commits == 500 / BATCH


async def test_commits_are_counted_one_by_one_when_chat_is_quiet(log: RecordLog) -> None:
    assert log.commits == 0
    number = await log.open(make_record())
    assert log.commits == 1
    await log.settle(number, Outcome.APPLIED)
    assert log.commits == 2


async def test_one_impossible_record_does_not_take_its_neighbours_along(log: RecordLog) -> None:
    impossible = replace(make_record(), strikes=2**70)
    results = await asyncio.gather(
        log.open(make_record()), log.open(impossible), log.open(make_record()), return_exceptions=True
    )
    assert results[0] == 1
    assert isinstance(results[1], WriteError)
    assert str(results[1]) == "not recorded: OverflowError"
    assert results[2] == 2

    pair = await asyncio.gather(log.open(make_record()), log.open(impossible), return_exceptions=True)
    assert (pair[0], type(pair[1])) == (3, WriteError)


async def test_a_full_disk_fails_those_waiting_and_later_ones_go_on(log: RecordLog, db: Database) -> None:
    await log.open(make_record())
    async with db.transaction() as transaction:
        [row] = await transaction.execute_fetchall("PRAGMA page_count")
        await transaction.execute_fetchall(f"PRAGMA max_page_count = {row[0]}")
    long = make_record(make_message(2, text="x" * 100_000))
    with pytest.raises(WriteError, match="not written: database or disk is full"):
        await log.open(long)
    async with db.transaction() as transaction:
        await transaction.execute_fetchall("PRAGMA max_page_count = 1000000")
    assert await log.open(long) == 2


async def test_closing_waits_for_what_was_asked_before_and_takes_no_more(log: RecordLog) -> None:
    asked = [asyncio.create_task(log.open(make_record(make_message(number)))) for number in range(3)]
    await asyncio.sleep(0)
    await log.close()
    assert all(task.done() for task in asked)
    assert [task.result() for task in asked] == [1, 2, 3]
    with pytest.raises(WriteError, match=r"^the action log is closed$"):
        await log.open(make_record(make_message(4)))


async def test_a_log_that_nobody_has_written_to_closes_too(db: Database) -> None:
    log = RecordLog(db)
    await asyncio.wait_for(log.close(), 5)
    with pytest.raises(WriteError):
        await log.open(make_record())


async def test_a_caller_that_gives_up_does_not_disturb_the_others(log: RecordLog) -> None:
    waiting = [asyncio.create_task(log.open(make_record(make_message(each)))) for each in range(5)]
    await asyncio.sleep(0)
    waiting[2].cancel()
    results = await asyncio.gather(*waiting, return_exceptions=True)
    assert isinstance(results[2], asyncio.CancelledError)
    assert all(isinstance(result, int) for place, result in enumerate(results) if place != 2)


async def test_a_caller_that_gives_up_while_it_is_written_does_not_disturb_the_others(
    log: RecordLog, db: Database
) -> None:
    async with db.transaction():
        waiting = [asyncio.create_task(log.open(make_record(make_message(each)))) for each in range(3)]
        for _ in range(9):  # by now the writer waits for our transaction
            await asyncio.sleep(0)
        waiting[1].cancel()
    results = await asyncio.gather(*waiting, return_exceptions=True)
    assert (results[0], type(results[1]), results[2]) == (1, asyncio.CancelledError, 3)


async def test_what_nobody_waits_for_any_more_is_not_written(log: RecordLog) -> None:
    waiting = [asyncio.create_task(log.open(make_record(make_message(each)))) for each in range(3)]
    await asyncio.sleep(0)
    for each in waiting:
        each.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    await log.close()
    assert (log.commits, await log.count(RecordQuery())) == (0, 0)


async def test_a_process_that_ends_leaves_nobody_waiting(log: RecordLog, db: Database) -> None:
    async with db.transaction():
        waiting = [asyncio.create_task(log.open(make_record(make_message(each)))) for each in range(3)]
        for _ in range(9):
            await asyncio.sleep(0)
        [writer] = [task for task in asyncio.all_tasks() if task.get_name() == "action-log"]
        writer.cancel()  # as asyncio.run does with what still runs
        results = await asyncio.wait_for(asyncio.gather(*waiting, return_exceptions=True), 5)
    assert [type(each) for each in results] == [asyncio.CancelledError] * 3
    assert await log.count(RecordQuery()) == 0
    assert await log.open(make_record()) == 1, "the next one is written by a new writer"


@pytest.mark.parametrize("name", ["'; drop table records; --", 'a"b', "%", "\x00", "名前", "\ud800"])
async def test_hostile_text_is_only_text(log: RecordLog, db: Database, name: str) -> None:
    login = name.replace("\ud800", "lone").replace("\x00", "nul")  # Twitch's logins can carry neither
    number = await log.open(make_record(make_message(chatter=login, text=f"{name} bad word")))
    record = await log.get(number)
    assert record is not None
    assert record.text == f"{name} bad word".replace("\ud800", "\ufffd")
    assert [each.id for each in await log.list(RecordQuery(chatter=login))] == [number]
    assert await log.list(RecordQuery(chatter="' OR 1=1 --")) == []
    assert (await verify(db)).breaks == []


async def test_child_safety_text_is_never_kept_in_plain(log: RecordLog, db: Database, path: Path) -> None:
    secret = "the unspeakable line"
    grave = make_message(1, text=secret)
    found = make_evidence(Category.CHILD_SAFETY, folded="unspeakable", detail="says unspeakable")
    number = await log.open(make_record(grave, evidence=(found,)))
    later = await log.open(make_record(make_message(2, "other"), context=(grave,)))

    sealed = await log.get(number)
    assert sealed is not None
    assert sealed.text is None
    assert [line.text for line in (await log.details(later)).context] == [None]
    assert (await verify(db)).breaks == []
    stored = path.read_bytes() + path.with_name(path.name + "-wal").read_bytes()
    assert b"unspeakable" not in stored


async def test_questions_find_what_they_name(log: RecordLog) -> None:
    await log.open(make_record(make_message(1, "anna", channel="studio")))
    await log.open(make_record(make_message(2, "bert", channel="arena"), action=BAN))
    await log.open(make_record(make_message(3, "anna", channel="arena"), dry_run=True))
    await log.settle(2, Outcome.APPLIED)

    async def found(**query: object) -> list[int]:
        records = await log.list(RecordQuery(**query))
        assert await log.count(RecordQuery(**query)) == len(records)
        return [record.id for record in records]

    assert await found() == [3, 2, 1]
    assert await found(channel="#Arena") == [3, 2]
    assert await found(channel="id-studio") == [1]
    assert await found(chatter="@Anna") == [3, 1]
    assert await found(chatter="id-bert") == [2]
    assert await found(actor="bot") == [3, 2, 1]
    assert await found(actor="mod_anna") == []
    assert await found(filter="blocklist", category=Category.PROFANITY) == [3, 2, 1]
    assert await found(action=ActionKind.BAN) == [2]
    assert await found(outcome=Outcome.DRY_RUN) == [3]
    assert await found(since_ms=T0 + 2000, until_ms=T0 + 3000) == [2]
    assert await found(after_id=1) == [2, 3]
    assert [record.id for record in await log.list(RecordQuery(limit=1))] == [3]


async def test_only_standing_actions_in_the_window_and_channel_count_against_a_chatter(log: RecordLog) -> None:
    outcomes = [Outcome.APPLIED, Outcome.FAILED, Outcome.SUPERSEDED, None]
    for number, outcome in enumerate(outcomes, start=1):
        await log.open(make_record(make_message(number)))
        if outcome:
            await log.settle(number, outcome)
    undone = await log.open(make_record(make_message(5)))
    await log.settle(undone, Outcome.APPLIED)
    await log.settle(undone, Outcome.UNDONE)
    await log.open(make_record(make_message(6), dry_run=True))
    await log.open(make_record(make_message(7, channel="arena")))
    await log.open(make_record(make_message(8, "other")))

    timeout = Action(ActionKind.TIMEOUT, 600)
    assert await log.acted_on("id-studio", "id-troll", 0) == [(T0 + 1000, timeout), (T0 + 4000, timeout)]
    assert await log.acted_on("id-studio", "id-troll", T0 + 1001) == [(T0 + 4000, timeout)]
    assert await log.acted_on("id-studio", "nobody", 0) == []


@pytest.mark.parametrize("table", ["records", "record_events", "policy_revisions", "erasures"])
@pytest.mark.parametrize(
    "statement",
    ["UPDATE {t} SET id = id + 1", "DELETE FROM {t}", "INSERT OR REPLACE INTO {t} SELECT * FROM {t}"],
)
async def test_append_only_tables_refuse_change(log: RecordLog, db: Database, table: str, statement: str) -> None:
    await log.open(make_record(dry_run=True))
    async with db.transaction() as transaction:
        await transaction.execute("INSERT INTO policy_revisions VALUES (1, 'id-studio', 1, NULL, '', 1, '', 0, x'00')")
        await transaction.execute("INSERT INTO erasures VALUES (1, 1, 0, 1, '', x'00')")
    with pytest.raises(WriteError, match=f"{table} is append-only"):
        async with db.transaction() as transaction:
            await transaction.execute(statement.format(t=table))


async def test_two_writers_on_one_file_share_one_chain(log: RecordLog, path: Path) -> None:
    elsewhere = await Database.open(path)
    other = RecordLog(elsewhere)
    numbers = await asyncio.gather(
        *(writer.open(make_record(make_message(each, f"u{each % 3}"))) for each in range(40) for writer in (log, other))
    )
    result = await verify(elsewhere)
    await other.close()
    await elsewhere.close()
    assert sorted(numbers) == list(range(1, 81))
    assert (result.rows["records"], result.breaks) == (80, [])


class Crashes(RuleBasedStateMachine):
    """The log against a plain list, through settlements and sudden ends of the process."""

    numbers = Bundle("numbers")

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.folder = tempfile.TemporaryDirectory()
        self.abandoned: list[Database] = []
        self.model: dict[int, Outcome] = {}

    @initialize()
    def start(self) -> None:
        self.runner.run(self.reopen())

    async def reopen(self) -> None:
        self.db = await Database.open(Path(self.folder.name) / "log.sqlite3")
        self.log = RecordLog(self.db)

    @rule(target=numbers, chatter=st.sampled_from("abc"), text=st.text(max_size=20), dry_run=st.booleans())
    def open(self, chatter: str, text: str, dry_run: bool) -> int:
        message = make_message(len(self.model) + 1, chatter, text)
        number = self.runner.run(self.log.open(make_record(message, dry_run=dry_run, context=(message,))))
        assert number == len(self.model) + 1
        self.model[number] = Outcome.DRY_RUN if dry_run else Outcome.PENDING
        return number

    @rule(number=numbers, outcome=st.sampled_from([Outcome.APPLIED, Outcome.FAILED, Outcome.UNDONE]))
    def settle(self, number: int, outcome: Outcome) -> None:
        allowed = self.model[number] is (Outcome.APPLIED if outcome is Outcome.UNDONE else Outcome.PENDING)
        try:
            self.runner.run(self.log.settle(number, outcome))
        except OutcomeError:
            assert not allowed
        else:
            assert allowed
            self.model[number] = outcome

    @rule()
    def crash(self) -> None:
        self.abandoned.append(self.db)
        self.runner.run(self.reopen())

    @invariant()
    def nothing_is_lost_and_the_chain_holds(self) -> None:
        if not hasattr(self, "log"):
            return
        records = self.runner.run(self.log.list(RecordQuery(limit=None)))
        assert {record.id: record.outcome for record in records} == self.model
        pending = [record.id for record in self.runner.run(self.log.pending())]
        assert pending == [number for number, outcome in self.model.items() if outcome is Outcome.PENDING]
        assert self.runner.run(verify(self.db)).breaks == []

    def teardown(self) -> None:
        for db in (*self.abandoned, self.db):
            self.runner.run(db.close())
        self.runner.close()
        self.folder.cleanup()


TestCrashes = Crashes.TestCase
TestCrashes.settings = settings(max_examples=15, stateful_step_count=12, deadline=None)


async def test_what_was_never_sent_was_tried_no_times(log: RecordLog, db: Database) -> None:
    number = await log.open(make_record())
    await log.settle(number, Outcome.WITHHELD)
    [row] = await db.rows("SELECT attempts, reason, sent_ms, done_ms FROM record_events WHERE outcome = 'withheld'")
    assert tuple(row) == (0, "", None, None)
