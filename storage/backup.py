"""Copies of the database: taken while the bot writes to it, checked, and put back."""

from __future__ import annotations

import asyncio
import os
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from storage.database import UNTOUCHED, CorruptDatabaseError, Database, DatabaseError, recognise
from storage.verifying import verify

PAGES = 2_000
"""Pages copied at a time (4 kB each), so that writers have their turn and progress can be shown."""


async def back_up(db: Database, target: Path, progress: Callable[[int, int], None] = lambda _done, _all: None) -> None:
    """Copy the whole database as of one commit into a new file readable by its owner alone, and check the copy.

    ``progress`` hears of pages copied and pages in all.

    Raises:
        DatabaseError: the target exists or cannot be written, or the copy is not sound; no file is left then.
    """
    part = target.with_name(target.name + ".part")
    try:
        _begin(target, part)
        with closing(sqlite3.connect(part, check_same_thread=False)) as copy:
            await db.copy_into(copy, PAGES, progress)
        _check(part)
        part.rename(target)
    except (OSError, sqlite3.Error) as error:
        raise DatabaseError(f"{target}: no backup was made: {error}") from error
    finally:
        part.unlink(missing_ok=True)


async def restore(backup: Path, path: Path) -> Path | None:
    """Put a backup in the place of the database and return where the former one is kept, or None if there was none.

    Raises:
        DatabaseError: the backup is not sound, or the database is in use. The database is as it was then.
    """
    await look_over(backup)
    return await asyncio.to_thread(_put_back, backup, path)


async def look_over(backup: Path) -> None:
    """Raise DatabaseError if this is no sound backup, of this version or one before it."""
    await asyncio.to_thread(recognise, backup)
    await asyncio.to_thread(_check, backup)


@dataclass(frozen=True, slots=True)
class Contents:
    """What a database file holds; ``sound`` is None where only an upgrade would tell."""

    schema: int
    records: int
    newest_ms: int | None
    sound: bool | None


async def contents(path: Path, *, live: bool = False) -> Contents:
    """What a backup, or the ``live`` database, holds; whether its chains are as written is looked at in a backup only.

    Raises:
        DatabaseError: it cannot be read.
    """
    found = await asyncio.to_thread(_count, path, live=live)
    try:
        db = None if live else await Database.open(path, untouched=True)
    except DatabaseError:
        db = None  # of an older version
    if db is None:
        return found
    try:
        return replace(found, sound=not (await verify(db)).breaks)
    finally:
        await db.close()


def _count(path: Path, *, live: bool) -> Contents:
    mode = "ro" if live else UNTOUCHED
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode={mode}", uri=True)) as file:
            [schema] = file.execute("SELECT max(version) FROM schema_migrations").fetchone()
            [records, newest_ms] = file.execute("SELECT count(*), max(received_ms) FROM records").fetchone()
    except sqlite3.Error as error:
        raise DatabaseError(f"{path}: {error}") from error
    return Contents(schema, records, newest_ms, None)


def _begin(target: Path, part: Path) -> None:
    if target.exists():
        raise DatabaseError(f"{target}: exists already (choose another name; a backup is never overwritten)")
    if not target.parent.is_dir():
        folder = target.parent
        raise DatabaseError(f"{target}: folder {folder} does not exist (create it: install -d -m 700 {folder})")
    part.touch(mode=0o600)


def _put_back(backup: Path, path: Path) -> Path | None:
    part = path.with_name(path.name + ".part")
    try:
        shutil.copyfile(backup, part)
        part.chmod(0o600)
        with part.open("rb") as copied:
            os.fsync(copied.fileno())
        former = _set_aside(path) if path.exists() else None
        part.rename(path)
    except OSError as error:
        raise DatabaseError(f"{path}: not restored: {error}") from error
    finally:
        part.unlink(missing_ok=True)
    return former


def _check(path: Path) -> None:
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode={UNTOUCHED}", uri=True)) as file:
            [found] = file.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.Error as error:
        found = str(error)
    if found != "ok":
        raise CorruptDatabaseError(
            f"{path}: the copy is damaged: {found} (take an older backup; if this one is"
            " new, the database itself may be damaged: chatwarden log verify)"
        )


def _set_aside(path: Path) -> Path:
    """Rename the database, with all that stands in its write-ahead log, which only works while nobody has it open."""
    try:
        with closing(sqlite3.connect(path, timeout=0)) as file:
            file.execute("PRAGMA journal_mode = DELETE")
    except sqlite3.Error as error:
        raise DatabaseError(f"{path}: in use ({error}); stop the bot and the console first") from error
    former = path.with_name(f"{path.name}.before-{datetime.now(UTC):%Y%m%dT%H%M%SZ}")
    path.rename(former)
    former.chmod(0o600)
    return former
