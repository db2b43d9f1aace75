from __future__ import annotations

from typing import Any

import pytest

from storage.appeals import AppealError, Appeals
from storage.audit import Audit
from storage.database import Database, WriteError
from storage.people import erase, find_people
from storage.queue import ClaimError, Queue
from storage.records import RecordLog
from storage.requests import RequestKind, Requests
from storage.reviews import Decision, Reviews
from storage.roles import Role, Roster, Staff
from storage.verifying import verify
from tests.storage.conftest import T0, add_ban

Team = dict[str, Staff]
WORDS = "i am really very sorry"


async def receive(db: Database, **changes: Any) -> int:
    fields = {
        "twitch_id": "unban-1",
        "channel_id": "id-studio",
        "channel": "studio",
        "chatter_id": "id-troll",
        "chatter": "troll",
        "text": WORDS,
        "received_ms": T0 + 60_000,
    }
    return await Appeals(db).receive(**{**fields, **changes})


async def test_an_appeal_is_linked_to_the_ban_and_comes_once(log: RecordLog, db: Database) -> None:
    await add_ban(log, 1)
    latest = await add_ban(log, 2)
    await add_ban(log, 3, channel="arena")
    number = await receive(db)
    assert await receive(db, text="again") == number
    appeal = await Appeals(db).get(number)
    assert (appeal.record_id, appeal.text, appeal.status, appeal.chatter) == (latest, WORDS, "open", "troll")
    assert appeal.due_ms - appeal.received_ms == 2 * 24 * 3_600_000
    stranger = await receive(db, twitch_id="unban-2", chatter_id="id-new", chatter="new", received_ms=T0)
    assert (await Appeals(db).get(stranger)).record_id is None
    assert [each.appeal_id for each in await Appeals(db).list()] == [stranger, number]


@pytest.mark.parametrize(
    ("answer", "reason", "kind", "status"),
    [
        ("approve", "wrong decision", RequestKind.APPROVE_APPEAL, "approved"),
        ("deny", "rule broken", RequestKind.DENY_APPEAL, "denied"),
    ],
)
async def test_an_answer_goes_to_twitch_through_the_bot_and_stays(
    log: RecordLog, db: Database, staff: Team, answer: Any, reason: str, kind: RequestKind, status: str
) -> None:
    await add_ban(log)
    number = await receive(db)
    appeals = Appeals(db)
    request_id = await appeals.decide(staff["analyst"], number, answer, reason, to_chatter="read", surface="shell")
    [request] = await Requests(db).open()
    assert (request.id, request.kind, request.subject, request.note) == (request_id, kind, "unban-1", "read")
    appeal = await appeals.get(number)
    assert (appeal.status, appeal.decision, appeal.reason, appeal.decided_by) == (status, answer, reason, "analyst")
    assert appeal.failure is None
    with pytest.raises(AppealError, match="was answered or withdrawn before"):
        await appeals.decide(staff["senior"], number, answer, reason, surface="shell")
    with pytest.raises(WriteError, match="append-only"):
        async with db.transaction() as transaction:
            await transaction.execute("DELETE FROM appeal_decisions")
    # Twitch tells the bot what the bot just told Twitch: nothing new.
    await appeals.resolved("unban-1", status="approved", moderator="chatwarden_bot", at_ms=T0)
    assert len(await db.rows("SELECT 1 FROM appeal_decisions")) == 1
    assert (await Audit(db).latest(actor="analyst"))[0].subject == f"appeal {number}"
    assert (await verify(db)).breaks == []


async def test_what_twitch_would_not_take_can_be_decided_again(log: RecordLog, db: Database, staff: Team) -> None:
    number = await receive(db)
    appeals = Appeals(db)
    first = await appeals.decide(staff["analyst"], number, "deny", "rule broken", surface="shell")
    await Requests(db).finish(first, "503 unavailable")
    assert (await appeals.get(number)).failure == "503 unavailable"
    second = await appeals.decide(staff["senior"], number, "approve", "too hard", surface="shell")
    await Requests(db).finish(second)
    appeal = await appeals.get(number)
    assert (appeal.status, appeal.failure, appeal.decided_by) == ("approved", "", "senior")


async def test_an_answer_under_way_when_the_person_is_erased_is_forgotten_once_given(
    log: RecordLog, db: Database, staff: Team
) -> None:
    await add_ban(log)
    number = await receive(db)
    request_id = await Appeals(db).decide(
        staff["analyst"], number, "deny", "rule broken", to_chatter="dear troll", surface="shell"
    )
    [person] = await find_people(db, "troll")
    await erase(db, person, actor="officer", reason="request 12")
    [request] = await Requests(db).open()
    assert (request.subject, request.note) == ("unban-1", "dear troll")  # or the bot could not answer
    await Requests(db).finish(request_id)
    done = await Requests(db).get(request_id)
    assert done is not None
    assert (done.subject, done.note) == ("", "")


async def test_nobody_answers_who_had_a_part(log: RecordLog, db: Database, staff: Team) -> None:
    record = await add_ban(log)
    number = await receive(db)
    await Queue(db).claim(staff["analyst"], record, surface="shell")
    await Reviews(db).decide(staff["analyst"], record, Decision.UPHOLD, "rule broken", surface="shell")
    for login in ("troll", "studio"):
        await Roster(db).add(f"staff_{login}", Role.SENIOR, login=login, by=staff["manager"], surface="shell")
        own = await Roster(db).find(login)
        assert own is not None
        with pytest.raises(ClaimError, match="own"):
            await Appeals(db).decide(own, number, "approve", "too hard", surface="shell")
    with pytest.raises(ClaimError, match="was reviewed by analyst before"):
        await Appeals(db).decide(staff["analyst"], number, "deny", "rule broken", surface="shell")
    assert (await Appeals(db).get(number)).status == "open"
    await Appeals(db).decide(staff["analyst2"], number, "deny", "rule broken", surface="shell")


async def test_reasons_and_lengths_are_checked(db: Database, staff: Team) -> None:
    number = await receive(db)
    for changes, told in (
        ({"reason": "rule broken"}, "'rule broken' is not a reason to approve"),
        ({"to_chatter": "x" * 501}, "the answer has 501 characters, the limit is 500"),
        ({"appeal_id": 99}, "there is no appeal 99"),
    ):
        fields: dict[str, Any] = {"appeal_id": number, "answer": "approve", "reason": "too hard", "surface": "shell"}
        with pytest.raises(AppealError, match=told):
            await Appeals(db).decide(staff["analyst"], **{**fields, **changes})


@pytest.mark.parametrize(
    ("status", "ours", "decisions"),
    [("approved", "approved", 1), ("denied", "denied", 1), ("canceled", "withdrawn", 0)],
)
async def test_what_moderators_answer_at_twitch_is_noted(db: Database, status: Any, ours: str, decisions: int) -> None:
    number = await receive(db)
    await Appeals(db).resolved("unban-1", status=status, moderator="mod_anna", at_ms=T0 + 90_000)
    await Appeals(db).resolved("unknown", status=status, moderator="mod_anna", at_ms=T0)
    appeal = await Appeals(db).get(number)
    assert (appeal.status, appeal.closed_ms) == (ours, T0 + 90_000)
    assert appeal.decided_by == "mod_anna" * decisions
    assert await Appeals(db).list() == []
    assert len(await Appeals(db).list(closed=True)) == 1


async def test_erasing_the_person_takes_the_words_and_the_request(log: RecordLog, db: Database, staff: Team) -> None:
    await add_ban(log)
    number = await receive(db)
    request = await Appeals(db).decide(
        staff["analyst"], number, "deny", "rule broken", to_chatter="no, troll", surface="shell"
    )
    await Requests(db).finish(request)
    [person] = await find_people(db, "troll")
    assert (await erase(db, person, actor="officer", reason="request 17")).appeals == 1
    appeal = await Appeals(db).get(number)
    assert (appeal.text, appeal.chatter, appeal.status) == (None, "", "denied")
    stored = b"".join(file.read_bytes() for file in db.path.parent.iterdir())
    for trace in (WORDS.encode(), b"unban-1", b"no, troll"):
        assert trace not in stored
    assert (await verify(db)).breaks == []
