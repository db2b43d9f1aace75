from __future__ import annotations

from pathlib import Path

import pytest

from storage.database import Database, WriteError
from storage.notes import Notes
from storage.people import erase, person_number
from storage.records import RecordLog
from tests.storage.conftest import make_message, make_record


async def test_notes_are_about_a_person_in_a_channel_whatever_the_login(db: Database, log: RecordLog) -> None:
    await log.open(make_record(make_message(1, "troll")))
    notes = Notes(db)
    person = await notes.add("id-studio", "id-troll", "troll", "came with a raid", author="maud")
    assert await notes.add("id-studio", "id-troll", "renamed_troll", "said sorry", author="mike") == person
    await notes.add("id-other", "id-troll", "renamed_troll", "another channel's", author="mike")

    written = await notes.about("id-studio", "id-troll")
    assert [(each.author, each.text) for each in written] == [("mike", "said sorry"), ("maud", "came with a raid")]
    assert await person_number(db, "id-troll", "renamed_troll") == person
    assert (await log.get(1)).chatter == "renamed_troll"  # type: ignore[union-attr]


async def test_a_note_is_not_changed(db: Database) -> None:
    await Notes(db).add("id-studio", "id-troll", "troll", "as written", author="maud")
    with pytest.raises(WriteError, match="a note is not changed"):
        async with db.transaction() as transaction:
            await transaction.execute("UPDATE notes SET text = 'other'")


async def test_an_erased_person_takes_the_notes_along(db: Database, path: Path) -> None:
    notes = Notes(db)
    person = await notes.add("id-studio", "id-troll", "troll", "telltale handwriting", author="maud")
    await notes.add("id-studio", "id-other", "other", "stays", author="maud")
    await erase(db, person, actor="officer", reason="request 17")
    assert await notes.about("id-studio", "id-troll") == []
    assert [each.text for each in await notes.about("id-studio", "id-other")] == ["stays"]
    assert b"handwriting" not in b"".join(file.read_bytes() for file in path.parent.iterdir())
