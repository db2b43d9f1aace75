from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import textwrap
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filters.types import MAX_TIMEOUT_S, Action, ActionKind, Category, Severity
from storage.audit import Audit
from storage.database import Database, now_ms
from storage.queue import ClaimError, Queue, reason_to_review, weight
from storage.records import RecordLog
from storage.reviews import Decision, Reviews
from storage.roles import Role, Roster, Staff
from tests.storage.conftest import add_ban, make_evidence, make_message, make_record

ROOT = Path(__file__).parents[2]

ACTIONS = st.one_of(
    st.sampled_from([Action(kind) for kind in ActionKind if kind is not ActionKind.TIMEOUT]),
    st.integers(1, MAX_TIMEOUT_S).map(lambda seconds: Action(ActionKind.TIMEOUT, seconds)),
)


@given(ACTIONS, st.sampled_from(Severity), st.floats(0, 1), st.integers(1, 500))
def test_a_weight_is_bounded_and_grows_with_severity(
    action: Action, severity: Severity, score: float, people: int
) -> None:
    assert 0 <= weight(action, severity, score, people) <= 70
    assert weight(action, severity, score, people) <= weight(action, Severity.EXTREME, score, people)


@given(st.sampled_from(Severity), st.integers(1, 500))
def test_the_surest_waits_least_where_nothing_was_done_and_the_doubtful_where_it_was(
    severity: Severity, people: int
) -> None:
    asked, ban = Action(ActionKind.REVIEW), Action(ActionKind.BAN)
    assert weight(asked, severity, 0.9, people) > weight(asked, severity, 0.5, people)
    assert weight(ban, severity, 0.9, people) < weight(ban, severity, 0.5, people)


def test_reach_is_people_around_a_line_or_the_strength_of_what_was_done() -> None:
    asked = Action(ActionKind.REVIEW)
    assert weight(asked, Severity.LOW, 0, 10) - weight(asked, Severity.LOW, 0, 5) == pytest.approx(10)
    delete, ban = Action(ActionKind.DELETE), Action(ActionKind.BAN)
    assert weight(delete, Severity.LOW, 1, 10) < weight(ban, Severity.LOW, 1, 1)


@pytest.mark.parametrize(
    ("action", "severity", "sealed", "why"),
    [
        (ActionKind.REVIEW, Severity.LOW, False, "asked"),
        (ActionKind.BAN, Severity.LOW, False, "ban"),
        (ActionKind.DELETE, Severity.EXTREME, False, "extreme"),
        (ActionKind.DELETE, Severity.HIGH, False, ""),
        (ActionKind.NONE, Severity.EXTREME, False, ""),
        (ActionKind.DELETE, Severity.LOW, True, "escalated"),
    ],
)
def test_what_goes_to_people(action: ActionKind, severity: Severity, sealed: bool, why: str) -> None:
    assert reason_to_review(Action(action), severity, sealed) == why


async def test_dry_runs_and_what_people_did_stay_out(log: RecordLog, db: Database) -> None:
    ban = make_record(make_message(1), Action(ActionKind.BAN))
    await log.open(replace(ban, dry_run=True))
    await log.open(replace(ban, actor="mod_anna"))
    await log.open(replace(ban, exempt="moderator"))
    await log.open(make_record(make_message(2)))
    assert await Queue(db).list() == []


async def test_the_most_urgent_is_taken_first_and_kept(log: RecordLog, db: Database, staff: dict[str, Staff]) -> None:
    mild = await add_ban(log, 1, evidence=(make_evidence(severity=Severity.LOW),))
    grave = await add_ban(log, 2, evidence=(make_evidence(severity=Severity.EXTREME),))
    queue = Queue(db)
    assert [item.record_id for item in await queue.list()] == [grave, mild]
    first = await queue.next(staff["analyst"])
    again = await queue.next(staff["analyst"])
    assert first is not None
    assert again is not None
    assert (first.record_id, first.claimed_by) == (again.record_id, again.claimed_by) == (grave, "analyst")
    other = await queue.next(staff["analyst2"])
    assert other is not None
    assert other.record_id == mild
    assert await queue.next(staff["senior"]) is None
    with pytest.raises(ClaimError, match="is held by analyst"):
        await queue.claim(staff["senior"], grave, surface="shell")


async def test_age_against_the_deadline_moves_a_record_up(log: RecordLog, db: Database) -> None:
    old = await add_ban(log, 1, evidence=(make_evidence(severity=Severity.LOW),))
    new = await add_ban(log, 2, evidence=(make_evidence(severity=Severity.HIGH),))
    assert [item.record_id for item in await Queue(db).list()] == [new, old]
    async with db.transaction() as transaction:
        await transaction.execute(
            "UPDATE review_items SET opened_ms = ?, due_ms = ? WHERE record_id = ?",
            (now_ms() - 7_200_000, now_ms() - 3_600_000, old),
        )
    first, second = await Queue(db).list()
    assert (first.record_id, first.overdue, second.overdue) == (old, True, False)
    assert first.priority == pytest.approx(60 + 0 + 2 + 20, abs=0.1)  # twice its time, doubt 0.1, a ban
    assert await Queue(db).backlog() == (2, 1)


async def test_a_lease_that_ran_out_frees_the_record_and_the_former_holder_cannot_decide(
    log: RecordLog, db: Database, staff: dict[str, Staff]
) -> None:
    number = await add_ban(log)
    queue, reviews = Queue(db), Reviews(db)
    await queue.next(staff["analyst"])
    async with db.transaction() as transaction:
        await transaction.execute("UPDATE review_items SET lease_ms = ?", (now_ms() - 1,))
    taken = await queue.next(staff["analyst2"])
    assert taken is not None
    assert (taken.record_id, taken.claimed_by) == (number, "analyst2")
    with pytest.raises(ClaimError, match="analyst does not hold it"):
        await reviews.decide(staff["analyst"], number, Decision.UPHOLD, "rule broken", surface="shell")
    await queue.release(staff["analyst2"], number)
    with pytest.raises(ClaimError, match="does not hold it"):
        await queue.release(staff["analyst2"], number)
    assert (await queue.list())[0].claimed_by == ""


async def test_nobody_gets_what_he_has_a_part_in(log: RecordLog, db: Database, staff: dict[str, Staff]) -> None:
    roster = Roster(db)
    await roster.add("ada", Role.ANALYST, login="mod_ada", by=staff["manager"], surface="shell")
    ada = await roster.find("ada")
    assert ada is not None
    own_channel = await add_ban(log, 1, channel="mod_ada")
    about_her = await add_ban(log, 2, chatter="mod_ada")
    message = make_message(3)
    own_action = await log.open(make_record(message, Action(ActionKind.BAN)))
    async with db.transaction() as transaction:
        await transaction.execute("DROP TRIGGER records_no_update")
        await transaction.execute("INSERT INTO actors (name) VALUES ('mod_ada')")
        await transaction.execute(
            "UPDATE records SET actor_id = (SELECT id FROM actors WHERE name = 'mod_ada') WHERE id = ?", (own_action,)
        )
    queue = Queue(db)
    assert await queue.next(ada) is None
    for record, part in ((own_channel, "own channel"), (about_her, "is about ada"), (own_action, "own action")):
        with pytest.raises(ClaimError, match=part):
            await queue.claim(ada, record, surface="shell")
    assert len({(await _take(queue, db, staff["analyst"])) for _ in range(3)}) == 3


async def _take(queue: Queue, db: Database, staff: Staff) -> int:
    item = await queue.next(staff)
    assert item is not None
    await Reviews(db).decide(staff, item.record_id, Decision.UPHOLD, "rule broken", surface="shell")
    return item.record_id


async def test_a_record_that_does_not_wait_can_be_referred_and_a_sealed_one_cannot(
    log: RecordLog, db: Database, staff: dict[str, Staff]
) -> None:
    quiet = await log.open(make_record(make_message(1)))
    item = await Queue(db).claim(staff["analyst"], quiet, surface="shell")
    assert (item.why, item.round, item.claimed_by) == ("referred", 1, "analyst")
    assert (await Audit(db).latest(actor="analyst"))[0].verb == "review refer"
    sealed = await log.open(make_record(make_message(2), evidence=(make_evidence(Category.CHILD_SAFETY),)))
    for nothing, told in ((sealed, "is sealed"), (99, "there is no Record #99")):
        with pytest.raises(ClaimError, match=told):
            await Queue(db).claim(staff["analyst"], nothing, surface="shell")
    assert sealed not in {each.record_id for each in await Queue(db).list()}


async def test_several_processes_never_take_the_same_record(
    log: RecordLog, db: Database, staff: dict[str, Staff]
) -> None:
    """Four real processes work off one file as fast as they can; every Record is decided by exactly one of them."""
    for number in range(40):
        await add_ban(log, number)
    script = textwrap.dedent(
        """
        import asyncio, json, sys
        from pathlib import Path
        from storage.database import Database
        from storage.queue import Queue
        from storage.reviews import Decision, Reviews
        from storage.roles import Roster

        async def work(path, name):
            db = await Database.open(Path(path))
            staff = await Roster(db).find(name)
            taken = []
            while (item := await Queue(db).next(staff)) is not None:
                taken.append([item.record_id, item.round])
                await Reviews(db).decide(staff, item.record_id, Decision.UPHOLD, "rule broken", surface="shell")
            await db.close()
            print(json.dumps(taken))

        asyncio.run(work(*sys.argv[1:]))
        """
    )
    names = ("analyst", "analyst2", "senior", "manager")
    processes = [
        await asyncio.create_subprocess_exec(
            sys.executable, "-c", script, str(db.path), name, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        for name in names
    ]
    results = await asyncio.gather(*(process.communicate() for process in processes))
    assert [process.returncode for process in processes] == [0] * 4, [err.decode() for _, err in results]
    taken = Counter(tuple(pair) for out, _ in results for pair in json.loads(out))
    assert max(taken.values()) == 1
    decided = await db.rows("SELECT record_id, round, count(*) FROM reviews GROUP BY record_id, round")
    assert {(row[0], row[1]) for row in decided} == set(taken)
    assert {row[2] for row in decided} == {1}
    assert {pair for pair in taken if pair[1] == 1} == {(number, 1) for number in range(1, 41)}
    assert await db.rows("SELECT 1 FROM review_items WHERE closed_ms IS NULL") == []
