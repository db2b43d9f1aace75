"""Who looks at the log: anybody with the file while text is masked, the staff where it is shown in plain."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from ops.command import at_desk, opened, run
from ops.shown import View
from storage.appeals import Appeal
from storage.audit import Audit, Surface
from storage.database import Database
from storage.exposure import Exposure
from storage.reading import Reader, RecordQuery
from storage.roles import Permission, Staff


@asynccontextmanager
async def reading(database: Path) -> AsyncIterator[tuple[Reader, Database]]:
    """The log, closed at the end, without a right to write."""
    async with opened(database, readonly=True) as db:
        yield Reader(db), db


@asynccontextmanager
async def looking(
    database: Path, query: RecordQuery, view: View, who: str, verb: str
) -> AsyncIterator[tuple[Reader, Database, RecordQuery]]:
    """The log for a query; with text in plain only for who may see it, each Record counted before it is shown."""
    if not view.plain:
        async with reading(database) as (reader, db):
            yield reader, db, query
        return
    async with at_desk(database, who, Permission.UNMASK, verb) as (db, staff):
        yield Reader(db), db, await Exposure(db).unmask_all(staff, query, surface="shell", purpose=verb)


async def look_at_appeal(db: Database, staff: Staff, appeal: Appeal, *, surface: Surface) -> None:
    """Note that this person is about to see a chatter's words: as a look at the banned line, if the log has one.

    Raises:
        ExposureError: the limit of the shift is reached, or that line is sealed.
    """
    subject = f"appeal {appeal.appeal_id}"
    if appeal.record_id is not None:
        await Exposure(db).unmask(staff, appeal.record_id, surface=surface, purpose=subject)
    else:
        await Audit(db).note(actor=staff.name, role=staff.role, surface=surface, verb="unmask", subject=subject)


def looked(database: Path, query: RecordQuery, view: View, who: str, verb: str) -> RecordQuery:
    """The query as far as this person may see it, for who reads the file by another way afterwards."""

    async def work() -> RecordQuery:
        async with looking(database, query, view, who, verb) as (_, _, asked):
            return asked

    asked: RecordQuery = run(work())
    return asked
