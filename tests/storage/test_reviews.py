from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from storage.audit import Audit
from storage.database import Database, WriteError
from storage.exposure import Exposure
from storage.messages import MessageLog
from storage.queue import ClaimError, Queue
from storage.records import Outcome, RecordLog
from storage.requests import RequestKind, Requests
from storage.reviews import REASONS, Decided, Decision, ReviewError, Reviews, lot
from storage.roles import Staff
from storage.rules import Rules
from storage.sealed import Sealer
from storage.verifying import verify
from tests.storage.conftest import add_ban, make_message

Team = dict[str, Staff]


async def second_share(db: Database, staff: Team, share: float) -> None:
    await Rules(db).set("second_share", share, by=staff["manager"], surface="shell")


async def judge(db: Database, staff: Staff, record: int, decision: Decision, reason: str = "") -> Decided:
    await Queue(db).claim(staff, record, surface="shell")
    return await Reviews(db).decide(staff, record, decision, reason or REASONS[decision][0], surface="shell")


async def standing(db: Database, record: int) -> list[tuple[str, str]]:
    rows = await db.rows("SELECT decision, reviewer FROM v_verdicts WHERE record_id = ?", (record,))
    return [tuple(row) for row in rows]


async def waiting(db: Database, record: int) -> list[str]:
    return [item.why for item in await Queue(db).list() if item.record_id == record]


async def test_an_overturn_asks_the_bot_once_to_undo_what_is_in_force(
    log: RecordLog, db: Database, staff: Team
) -> None:
    await second_share(db, staff, 0)
    number = await add_ban(log)
    decided = await judge(db, staff["analyst"], number, Decision.OVERTURN, "false match")
    [request] = await Requests(db).open()
    assert (request.id, request.kind, request.subject) == (decided.request_id, RequestKind.UNDO_RECORD, str(number))
    assert (request.actor, request.channel_id, request.note) == ("analyst", "id-studio", "overturned by review 1")
    assert await standing(db, number) == [("overturn", "analyst")]

    # What the bot does with it: the Record is undone, and with it the strike.
    assert len(await log.acted_on("id-studio", "id-troll", 0)) == 1
    await log.settle(number, Outcome.UNDONE, actor=request.actor)
    await Requests(db).finish(request.id)
    assert await log.acted_on("id-studio", "id-troll", 0) == []
    assert (await judge(db, staff["senior"], number, Decision.OVERTURN)).request_id is None
    assert (await verify(db)).breaks == []


async def test_what_is_not_in_force_is_not_undone(log: RecordLog, db: Database, staff: Team) -> None:
    number = await add_ban(log)
    await log.settle(number, Outcome.UNDONE, actor="mod_anna")
    assert (await judge(db, staff["analyst"], number, Decision.OVERTURN)).request_id is None
    assert await Requests(db).open() == []


async def test_a_drawn_second_reviewer_is_another_person_and_blind(log: RecordLog, db: Database, staff: Team) -> None:
    await second_share(db, staff, 1)
    number = await add_ban(log)
    first = await judge(db, staff["analyst"], number, Decision.OVERTURN)
    assert first.follows == ""  # nobody is to know which decisions are checked
    [item] = await Queue(db).list()
    assert (item.why, item.round, item.outcome) == ("second", 2, "")
    reviews = Reviews(db)
    assert await reviews.of(number, staff["analyst2"]) == []
    assert [review.reviewer for review in await reviews.of(number, staff["analyst"])] == ["analyst"]
    assert await Queue(db).next(staff["analyst"]) is None
    with pytest.raises(ClaimError, match="was reviewed by analyst before"):
        await Queue(db).claim(staff["analyst"], number, surface="shell")

    await judge(db, staff["analyst2"], number, Decision.OVERTURN)
    assert await waiting(db, number) == []
    assert [review.round for review in await reviews.of(number, staff["senior"])] == [1, 2]
    rows = await db.rows("SELECT blind, probability FROM v_reviews ORDER BY review_id")
    assert [tuple(row) for row in rows] == [(0, None), (1, 1.0)]


@pytest.mark.parametrize(
    ("first", "second", "third"),
    [
        (Decision.UPHOLD, Decision.OVERTURN, Decision.OVERTURN),
        (Decision.OVERTURN, Decision.UPHOLD, Decision.UPHOLD),
        (Decision.UPHOLD, Decision.UNSURE, Decision.UPHOLD),
    ],
)
async def test_disagreement_goes_to_a_third_whose_word_stands(
    log: RecordLog, db: Database, staff: Team, first: Decision, second: Decision, third: Decision
) -> None:
    await second_share(db, staff, 1)
    number = await add_ban(log)
    await judge(db, staff["analyst"], number, first)
    assert (await judge(db, staff["analyst2"], number, second)).follows == "disagreement"
    assert await standing(db, number) == [(str(first), "analyst")]
    assert [each.subject for each in await Requests(db).open()] == [str(number)] * (first is Decision.OVERTURN)
    for earlier in ("analyst", "analyst2"):
        assert await Queue(db).next(staff[earlier]) is None
    await judge(db, staff["senior"], number, third)
    assert await standing(db, number) == [(str(third), "senior")]
    assert await waiting(db, number) == []
    asked = Decision.OVERTURN in (first, third)
    assert len(await Requests(db).open()) == asked


async def test_the_unsure_goes_to_who_may_decide_it(log: RecordLog, db: Database, staff: Team) -> None:
    number = await add_ban(log)
    assert (await judge(db, staff["analyst"], number, Decision.UNSURE)).follows == "escalated"
    assert await standing(db, number) == []
    assert await Queue(db).next(staff["analyst2"]) is None
    with pytest.raises(ClaimError, match="was escalated; analyst may not decide it"):
        await Queue(db).claim(staff["analyst2"], number, surface="shell")
    await judge(db, staff["senior"], number, Decision.UPHOLD)
    assert await standing(db, number) == [("uphold", "senior")]


async def test_a_revision_stands_and_the_earlier_decision_stays(log: RecordLog, db: Database, staff: Team) -> None:
    await second_share(db, staff, 0)
    number = await add_ban(log)
    reviews = Reviews(db)
    first = await judge(db, staff["analyst"], number, Decision.UPHOLD)
    again = await reviews.revise(
        staff["analyst"], first.review_id, Decision.OVERTURN, "quoted or reported", note="read again", surface="shell"
    )
    assert again.request_id is not None
    assert [(each.decision, each.current) for each in await reviews.of(number, staff["senior"])] == [
        (Decision.UPHOLD, False),
        (Decision.OVERTURN, True),
    ]
    assert await standing(db, number) == [("overturn", "analyst")]
    assert [each.review_id for each in await reviews.by(staff["analyst"])] == [again.review_id, first.review_id]
    for who, review, told in (
        ("analyst", first.review_id, "was revised before"),
        ("senior", again.review_id, "is not one of senior's"),
        ("analyst", 99, "is not one of analyst's"),
    ):
        with pytest.raises(ReviewError, match=told):
            await reviews.revise(staff[who], review, Decision.UPHOLD, "rule broken", surface="shell")
    with pytest.raises(ReviewError, match="a revision is uphold or overturn"):
        await reviews.revise(staff["analyst"], again.review_id, Decision.UNSURE, "rule unclear", surface="shell")
    with pytest.raises(WriteError, match="append-only"):
        async with db.transaction() as transaction:
            await transaction.execute("UPDATE reviews SET decision = 'uphold'")
    assert (await verify(db)).breaks == []


async def test_a_decision_needs_a_claim_and_a_reason_of_its_own(log: RecordLog, db: Database, staff: Team) -> None:
    number = await add_ban(log)
    reviews = Reviews(db)
    with pytest.raises(ClaimError, match="take it with: review next"):
        await reviews.decide(staff["analyst"], number, Decision.UPHOLD, "rule broken", surface="shell")
    await Queue(db).next(staff["analyst"])
    with pytest.raises(ReviewError, match="'false match' is not a reason to uphold"):
        await reviews.decide(staff["analyst"], number, Decision.UPHOLD, "false match", surface="shell")
    with pytest.raises(ReviewError, match="the note has 501 characters, the limit is 500"):
        await reviews.decide(staff["analyst"], number, Decision.UPHOLD, "rule broken", note="x" * 501, surface="shell")
    assert await db.rows("SELECT 1 FROM reviews") == []


async def test_a_review_says_whether_the_text_was_seen_and_audit_says_all(
    log: RecordLog, db: Database, staff: Team
) -> None:
    await second_share(db, staff, 1)
    number = await add_ban(log)
    await Queue(db).claim(staff["analyst"], number, surface="shell")
    await Exposure(db).unmask(staff["analyst"], number, surface="shell")
    await judge(db, staff["analyst"], number, Decision.UPHOLD)
    await judge(db, staff["analyst2"], number, Decision.UPHOLD)
    assert [each.unmasked for each in await Reviews(db).of(number, staff["senior"])] == [True, False]
    deeds = [(deed.verb, deed.subject, deed.detail) for deed in await Audit(db).latest(actor="analyst")]
    assert deeds == [
        ("review decide", f"record {number}", "uphold: rule broken"),
        ("unmask", f"record {number}", "review"),
    ]


async def test_escalating_child_safety_seals_the_text_wherever_it_is_quoted(
    log: RecordLog, db: Database, staff: Team, path: Path
) -> None:
    line = make_message(1, text="a telltale line")
    number = await add_ban(log, 1, text="a telltale line")
    quoting = await add_ban(log, 2, "other", text="harmless", context=(line,))
    stored = MessageLog(db)
    stored.keep(line)
    stored.keep(make_message(2, "other", "harmless"))
    await stored.close()
    sealer = Sealer([Fernet.generate_key().decode()])
    await Queue(db).claim(staff["analyst"], number, surface="shell")
    assert b"telltale" in b"".join(file.read_bytes() for file in path.parent.iterdir())
    decided = await Reviews(db, sealer).decide(
        staff["analyst"], number, Decision.ESCALATE, "child safety", surface="shell"
    )
    assert decided.sealed
    assert b"telltale" not in b"".join(file.read_bytes() for file in path.parent.iterdir())
    record = await log.get(number)
    assert record is not None
    assert record.text is None
    assert [each.text for each in (await log.details(quoting)).context] == [None]
    assert (await verify(db)).breaks == []
    assert [item.record_id for item in await Queue(db).list()] == [quoting]
    assert [row["text"] for row in await db.rows("SELECT text FROM messages")] == ["harmless"]


def test_lots_are_even_and_the_same_every_time() -> None:
    drawn = [number for number in range(10_000) if lot(7, number) < 0.1]
    assert drawn == [number for number in range(10_000) if lot(7, number) < 0.1]
    assert 900 < len(drawn) < 1100
    assert drawn != [number for number in range(10_000) if lot(8, number) < 0.1]
