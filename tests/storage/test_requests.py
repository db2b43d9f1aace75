from __future__ import annotations

from storage.database import Database
from storage.records import RecordLog
from storage.requests import RequestKind, Requests
from tests.storage.conftest import make_record


async def test_a_request_is_open_until_the_bot_is_through_with_it(db: Database, log: RecordLog) -> None:
    number = await log.open(make_record())
    requests = Requests(db)
    first = await requests.ask(RequestKind.UNDO_RECORD, number, "id-studio", actor="ada", note="was a quote")
    second = await requests.ask(RequestKind.DENY_APPEAL, "abc-1", "id-studio", actor="bob", note="the ban stands")
    assert [(each.kind, each.subject, each.actor) for each in await requests.open()] == [
        (RequestKind.UNDO_RECORD, str(number), "ada"),
        (RequestKind.DENY_APPEAL, "abc-1", "bob"),
    ]
    await requests.finish(first)
    await requests.finish(second, "404 no such request")
    assert await requests.open() == []
    done, failed = await requests.get(first), await requests.get(second)
    assert done is not None
    assert failed is not None
    assert (done.failure, failed.failure) == ("", "404 no such request")
    assert done.done_ms is not None
    assert await requests.get(99) is None
    again = await requests.ask(RequestKind.UNDO_RECORD, number, "id-studio", actor="bob")
    latest = await requests.latest(RequestKind.UNDO_RECORD, number)
    assert latest is not None
    assert (latest.id, latest.done_ms) == (again, None)
    assert await requests.latest(RequestKind.UNDO_GROUP, number) is None
