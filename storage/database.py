"""One SQLite file: opened with the guarantees the action log needs, migrated, and shared without mixed transactions.

DatabaseError               ``passing`` where it gets better by itself: a full disk, another program's lock
├── CorruptDatabaseError    the bytes are not a sound database of ours
└── WriteError              this write did not happen
    └── UnwritableError     nor would any other: a full disk, a lock held too long, a read-only file
"""

from __future__ import annotations

import asyncio
import os
import re
import sqlite3
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, closing, suppress
from importlib import resources
from itertools import chain
from pathlib import Path
from typing import Any

import aiosqlite
from tenacity import Retrying, retry_if_exception, stop_after_delay, wait_fixed

BUSY_TIMEOUT_MS = 5_000
"""How long a write waits for another process's transaction."""

UNTOUCHED = "ro&immutable=1"
"""The mode in which SQLite keeps no lock and no log beside the file; what stands in a log there is not read."""

Parameters = Sequence[Any] | Mapping[str, Any]


PASSING = {
    sqlite3.SQLITE_FULL: "make room on the disk",
    sqlite3.SQLITE_BUSY: "another program holds it; try again",
    sqlite3.SQLITE_LOCKED: "another program holds it; try again",
    sqlite3.SQLITE_IOERR: "see to the disk",
}
"""What gets better without anybody changing a setting, and what helps."""
MOST_VALUES = 30_000
"""Values bound in one statement; SQLite takes 32,766."""


class DatabaseError(Exception):
    """The database cannot be used as asked; the text says what, where and what to do."""

    passing = False


class CorruptDatabaseError(DatabaseError):
    """The file is damaged, or is no database."""


class WriteError(DatabaseError):
    """A write was refused and nothing of it was kept."""


class UnwritableError(WriteError):
    """The file as a whole takes no writes now."""


def now_ms() -> int:
    """The wall clock in UTC milliseconds."""
    return time.time_ns() // 1_000_000


def migrations() -> list[tuple[int, str, str]]:
    """Number, name and SQL of every migration, in order."""
    return sorted(
        (int(match[1]), match[2], entry.read_text(encoding="utf-8"))
        for entry in resources.files("storage").joinpath("schema").iterdir()
        if (match := re.fullmatch(r"(\d{4})_(\w+)\.sql", entry.name))
    )


class Database:
    """A connection that writes and one that reads, so that questions do not wait for a commit in progress.

    Build it with ``open``. Writes go through ``transaction``; in read-only mode there is no writer.
    """

    def __init__(self, path: Path, reader: aiosqlite.Connection, writer: aiosqlite.Connection | None) -> None:
        self.path = path
        self._reader = reader
        self._writer = writer
        self._lock = asyncio.Lock()

    @classmethod
    async def open(cls, path: Path, *, readonly: bool = False, untouched: bool = False) -> Database:
        """Open the file, create it if missing, and bring its schema up to date (neither when ``readonly``).

        ``untouched`` reads a file nobody writes to, a backup, and leaves nothing beside it.

        Raises:
            DatabaseError: missing folder or file, not writable, another program's file, or a schema newer than
                this code. The file is left as it was.
            CorruptDatabaseError: not a database, or damaged.
        """
        # Checks and migrations run before aiosqlite's threads exist, so that a refusal leaves nothing running.
        readonly |= untouched
        await asyncio.to_thread(_prepare, path, readonly=readonly, untouched=untouched)
        reader = await _connect(path, UNTOUCHED if untouched else "ro")
        return cls(path, reader, None if readonly else await _connect(path, "rw"))

    async def close(self) -> None:
        """Close both connections."""
        await self._reader.close()
        if self._writer is not None:
            await self._writer.close()

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[aiosqlite.Connection]:
        """A write transaction (BEGIN IMMEDIATE): committed at the end, rolled back if anything is raised.

        Raises:
            UnwritableError: the file takes no writes: a full disk, another writer, a read-only file system.
            WriteError: the database refused this one, or was opened read-only.
        """
        if self._writer is None:
            raise WriteError(f"{self.path}: opened read-only")
        async with self._lock:
            try:
                try:
                    await self._writer.execute("BEGIN IMMEDIATE")
                    yield self._writer
                    await self._writer.execute("COMMIT")
                except BaseException:
                    # Whoever is cancelled while a statement waits for its turn leaves it to run all the same, even a
                    # BEGIN that waits for another process. This one is behind it, and does nothing where none is open.
                    await self._writer.rollback()
                    raise
            except sqlite3.Error as error:
                kind = UnwritableError if isinstance(error, sqlite3.OperationalError) else WriteError
                raised = kind(f"{self.path}: not written: {error}")
                raised.passing = _code(error) in PASSING
                raise raised from error

    async def rows(self, sql: str, parameters: Parameters = ()) -> list[sqlite3.Row]:
        """All rows of a query, as last committed."""
        try:
            return list(await self._reader.execute_fetchall(sql, parameters))
        except sqlite3.Error as error:
            raise _translated(self.path, error) from error

    async def stream(self, sql: str, parameters: Parameters = (), chunk: int = 1_000) -> AsyncIterator[sqlite3.Row]:
        """Rows one after another, ``chunk`` at a time in memory, all from one snapshot."""
        try:
            async with self._reader.execute(sql, parameters) as cursor:
                while rows := await cursor.fetchmany(chunk):
                    for row in rows:
                        yield row
        except sqlite3.Error as error:
            raise _translated(self.path, error) from error

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[None]:
        """Hold what ``rows`` and ``stream`` see at one commit, for a question of several queries."""
        try:
            await self._reader.execute_fetchall("BEGIN")
            yield
        finally:
            await self._reader.rollback()

    async def copy_into(self, target: sqlite3.Connection, pages: int, progress: Callable[[int, int], None]) -> None:
        """Copy everything, as last committed, into another database, ``pages`` at a time.

        ``progress`` hears of pages copied and pages in all, from another thread.
        """
        async with self.snapshot():  # without it a write in between would begin the copy anew
            await self._reader.backup(
                target, pages=pages, progress=lambda _status, left, total: progress(total - left, total)
            )

    async def forget_log(self) -> bool:
        """Move the write-ahead log into the database and empty it, so that erased bytes do not stay behind there.

        False if someone still reads an older state, so that the log had to stay.
        """
        if self._writer is None:
            return False
        async with self._lock:
            [row] = await self._writer.execute_fetchall("PRAGMA wal_checkpoint(TRUNCATE)")
        return int(row["busy"]) == 0


async def write_rows(
    transaction: aiosqlite.Connection, before: str, rows: Sequence[Sequence[Any]], after: str = ""
) -> None:
    """Run ``before VALUES (…), (…) after`` with all rows bound, in as few statements as SQLite takes.

    A statement gives Python's lock up once, ``executemany`` once a row: while chat is judged beside it, each row then
    waits for up to a whole switch interval, and judging stops and starts as often (measured: 360 µs a row against 10).
    """
    step = MOST_VALUES // len(rows[0]) if rows else 1
    for start in range(0, len(rows), step):
        some = rows[start : start + step]
        marks = f"({', '.join('?' * len(some[0]))})"
        values = list(chain.from_iterable(some))
        await transaction.execute(f"{before} VALUES {', '.join([marks] * len(some))} {after}", values)


def make_room(path: Path) -> None:
    """Make a database's folder, as on the first start; where that fails, opening says what is wrong."""
    with suppress(OSError):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)


def missing(path: Path) -> DatabaseError:
    """The error of a database that is to be there and is not."""
    return DatabaseError(f"{path}: no such database (chatwarden demo and run make one; or choose another --database)")


def recognise(path: Path) -> None:
    """Refuse what ``Database.open`` would, except that the schema may be older: opening the file brings it up to date.

    Raises:
        DatabaseError: missing, another program's, or newer than this code.
        CorruptDatabaseError: not a database, or damaged.
    """
    _prepare(path, readonly=True, older=True, untouched=True)


def _prepare(path: Path, *, readonly: bool, older: bool = False, untouched: bool = False) -> None:
    """Refuse what cannot be used; otherwise create the file and bring its schema up to date, unless ``readonly``."""
    if readonly and not path.exists():
        raise missing(path)
    if not path.parent.is_dir():
        raise DatabaseError(f"{path}: folder {path.parent} does not exist (create it, or choose another --database)")
    if not readonly:
        _be_private(path)
    mode = UNTOUCHED if untouched else "ro" if readonly else "rwc"
    try:
        with closing(sqlite3.connect(_uri(path, mode), uri=True, isolation_level=None)) as file:
            file.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
            version, newest = _version(path, file), migrations()[-1][0]
            if version > newest:
                raise DatabaseError(
                    f"{path}: schema {version} is newer than this version's {newest} (update chatwarden)"
                )
            if not readonly:
                _wait_while_locked(lambda: file.execute("PRAGMA journal_mode = WAL"))
                # A file that cannot be written shows it here, not at the first Record; to begin alone does not show it.
                file.execute("BEGIN IMMEDIATE")
                file.execute("PRAGMA user_version = 0")
                file.execute("ROLLBACK")
                _migrate(path, file, version)
            elif version < newest and not older:
                raise DatabaseError(
                    f"{path}: schema {version} is older than {newest} (start the bot once to update it)"
                )
    except sqlite3.Error as error:
        raise _translated(path, error) from error


def _be_private(path: Path) -> None:
    """Create a missing file for its owner alone, whatever the umask; what SQLite puts beside it is as private."""
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except OSError:
        return  # it is there, or opening it says what is wrong


def _wait_while_locked(work: Callable[[], object]) -> None:
    """SQLite's own waiting does not cover the change to WAL, which needs the file to itself."""
    Retrying(
        retry=retry_if_exception(lambda error: _code(error) == sqlite3.SQLITE_BUSY),
        stop=stop_after_delay(BUSY_TIMEOUT_MS / 1000),
        wait=wait_fixed(0.02),
        reraise=True,
    )(work)


def _version(path: Path, file: sqlite3.Connection) -> int:
    """The number of the last migration a file has had, 0 for an empty file."""
    tables = {row[0] for row in file.execute("SELECT name FROM sqlite_master")}
    if tables and "schema_migrations" not in tables:
        raise DatabaseError(f"{path}: is a database of another program (choose another --database)")
    return int(file.execute("SELECT max(version) FROM schema_migrations").fetchone()[0]) if tables else 0


def _migrate(path: Path, file: sqlite3.Connection, version: int) -> None:
    for number, name, sql in migrations():
        if number <= version:
            continue
        # The number goes in first: if another process migrates at the same time, the later one stumbles over it.
        script = f"""
            BEGIN IMMEDIATE;
            CREATE TABLE IF NOT EXISTS schema_migrations (
                -- Which numbered migrations this file has had.
                version INTEGER NOT NULL PRIMARY KEY, -- Number of the migration.
                name TEXT NOT NULL, -- Its name.
                applied_ms INTEGER NOT NULL -- When it was applied, UTC ms.
            ) STRICT;
            INSERT INTO schema_migrations VALUES ({number}, '{name}', {now_ms()});
            {sql}
            COMMIT;
        """  # noqa: S608 - all three values are our own
        try:
            file.executescript(script)
        except sqlite3.Error as error:
            if file.in_transaction:
                file.execute("ROLLBACK")
            if isinstance(error, sqlite3.IntegrityError) and _version(path, file) >= number:
                continue
            raise


def _uri(path: Path, mode: str) -> str:
    return f"{path.absolute().as_uri()}?mode={mode}"


async def _connect(path: Path, mode: str) -> aiosqlite.Connection:
    connection = await aiosqlite.connect(_uri(path, mode), uri=True, isolation_level=None)
    connection.row_factory = sqlite3.Row
    # recursive_triggers: without it INSERT OR REPLACE deletes a row past the append-only trigger.
    # secure_delete: erased text must not linger in free pages.
    for pragma in (
        f"busy_timeout = {BUSY_TIMEOUT_MS}",
        "foreign_keys = ON",
        "recursive_triggers = ON",
        "secure_delete = ON",
        "synchronous = FULL",
    ):
        await connection.execute_fetchall(f"PRAGMA {pragma}")
    return connection


def _translated(path: Path, error: sqlite3.Error) -> DatabaseError:
    code = _code(error)
    if code in {sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT}:
        return CorruptDatabaseError(f"{path}: {error} (restore a backup, or choose another --database)")
    if code in {sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM}:
        return DatabaseError(f"{path}: {error} (check its permissions, or choose another --database)")
    if code in PASSING:
        passing = DatabaseError(f"{path}: {error} ({PASSING[code]})")
        passing.passing = True
        return passing
    return DatabaseError(f"{path}: {error}")


def _code(error: BaseException) -> int:
    """SQLite's primary code of an error, 0 where it has none."""
    return int(getattr(error, "sqlite_errorcode", 0)) & 0xFF
