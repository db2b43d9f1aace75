"""Who looks at the log: anybody with the file while text is masked, the staff where it is shown in plain."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from ops.command import at_desk, opened, run
from ops.shown import View
from storage.database import Database
from storage.exposure import Exposure
from storage.reading import Reader, RecordQuery
from storage.roles import Permission


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


def looked(database: Path, query: RecordQuery, view: View, who: str, verb: str) -> RecordQuery:
    """The query as far as this person may see it, for who reads the file by another way afterwards."""

    async def work() -> RecordQuery:
        async with looking(database, query, view, who, verb) as (_, _, asked):
            return asked

    asked: RecordQuery = run(work())
    return asked
