from __future__ import annotations

import pytest

from storage.audit import Audit
from storage.database import Database, WriteError
from storage.verifying import verify


async def test_deeds_are_listed_newest_first_and_stay_as_written(db: Database) -> None:
    audit = Audit(db)
    await audit.note(actor="ada", role="moderator", surface="chat", verb="undo", subject="record 7", channel_id="1")
    await audit.note(
        actor="bob", role="chatter", surface="chat", verb="nuke", subject="", channel_id="1", allowed=False
    )

    assert [(deed.actor, deed.verb, deed.allowed) for deed in await audit.latest(channel_id="1")] == [
        ("bob", "nuke", False),
        ("ada", "undo", True),
    ]
    assert [deed.subject for deed in await audit.latest(actor="ada")] == ["record 7"]
    assert await audit.latest(channel_id="2") == []
    with pytest.raises(WriteError, match="append-only"):
        async with db.transaction() as transaction:
            await transaction.execute("UPDATE audit SET allowed = 1")


async def test_verify_names_a_changed_deed(db: Database) -> None:
    await Audit(db).note(actor="ada", role="analyst", surface="console", verb="unmask", subject="record 7")
    async with db.transaction() as transaction:
        await transaction.execute("DROP TRIGGER audit_no_update")
        await transaction.execute("UPDATE audit SET subject = 'record 8'")
    [broken] = (await verify(db)).breaks
    assert str(broken).startswith("audit row 1: its columns")
