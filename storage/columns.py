"""The action log as Arrow batches: the way to move millions of Records, where one Python object a value is too slow.

Read through ADBC, which brings an SQLite of its own. Two SQLites in one process drop each other's locks on a file they
share, so whoever reads this way has no other connection to the file open (https://sqlite.org/howtocorrupt.html, 2.2.1).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import adbc_driver_sqlite.dbapi as adbc
import pyarrow as pa
from adbc_driver_manager import Error

from storage.chain import CHAINED, genesis
from storage.database import BUSY_TIMEOUT_MS, CorruptDatabaseError
from storage.reading import RecordQuery
from storage.verifying import Head

BATCH = 50_000
"""Records read at once."""

READERS = 2
"""Connections that read at the same time, each in a thread: they and who writes keep two cores busy."""

DENSE = 8
"""Where at least one Record in so many is wanted, reading them all in their order is faster than by an index."""

CACHE_KIB = 65_536
"""What a connection keeps of the file, so that looking people up does not read their pages again and again."""

Heads = dict[str, Head]


@contextmanager
def record_batches(path: Path, query: RecordQuery) -> Iterator[tuple[Iterator[pa.RecordBatch], Heads]]:
    """The Records a query names, and the end of every chain at that moment.

    By their numbers, oldest first; if the query has a limit, the newest messages, newest first. ``sent_ms`` and
    ``done_ms`` are -1 where nothing was sent; ``gone`` is 1 where there is no text. A file nobody has checked with
    ``Database.open`` gives errors nobody can read.

    Raises:
        CorruptDatabaseError: the file cannot be read, perhaps only on the way.
    """
    with ExitStack() as stack:
        with _told(path):
            readers = [stack.enter_context(_connected(path)) for _ in range(READERS)]
            heads = _same_moment(readers)
        yield _batches(path, readers, query), heads


class _Connection:
    """One connection in a read transaction."""

    def __init__(self, path: Path) -> None:
        self._connection = adbc.connect(f"{path.absolute().as_uri()}?mode=ro")
        self._cursor = self._connection.cursor()
        self._cursor.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
        self._cursor.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
        self._cursor.adbc_statement.set_options(**{"adbc.sqlite.query.batch_rows": BATCH})

    def row(self, sql: str, parameters: tuple[Any, ...] = ()) -> tuple[Any, ...] | None:
        self._cursor.execute(sql, parameters or None)
        found: tuple[Any, ...] | None = self._cursor.fetchone()
        return found

    def batches(self, sql: str, parameters: tuple[Any, ...]) -> Iterator[pa.RecordBatch]:
        self._cursor.execute(sql, parameters or None)
        yield from self._cursor.fetch_record_batch()

    def heads(self) -> Heads:
        """The end of every chain, as of now and of all that is read until the next ``heads``."""
        self._connection.rollback()
        found = {}
        for table in CHAINED:
            row = self.row(f"SELECT id, row_hash FROM {table} ORDER BY id DESC LIMIT 1")  # noqa: S608 - our names
            found[table] = Head(row[0], row[1].hex()) if row else Head(0, genesis(table).hex())
        return found

    def close(self) -> None:
        self._cursor.close()
        self._connection.close()


def _connected(path: Path) -> Any:
    return closing(_Connection(path))


def _same_moment(readers: list[_Connection]) -> Heads:
    """Let all see the same state: whatever changes a Record also adds to a chain."""
    while True:
        first, *others = [each.heads() for each in readers]
        if all(each == first for each in others):
            return first


def _batches(path: Path, readers: list[_Connection], query: RecordQuery) -> Iterator[pa.RecordBatch]:
    where, values = query.conditions()
    # Named parameters are numbered as they first appear, which is the order of the mapping.
    plain = tuple(str(value) if isinstance(value, str) else value for value in values.values())
    if query.limit is not None:
        newest = f"{_RECORDS}{where} ORDER BY v.ts_ms DESC, v.record_id DESC LIMIT {query.limit:d}"
        return _told_on_the_way(path, readers[0].batches(newest, plain))
    with _told(path):
        first, last, count = readers[0].row(f"{_EXTENT}{where}" if where else _ALL, plain) or (0, 0, 0)
    if last - first >= DENSE * count:
        # The plus keeps SQLite from reading all Records only to have the few in order.
        few = f"{_RECORDS}{where} ORDER BY +v.record_id"
        return _told_on_the_way(path, readers[0].batches(few, plain))
    part = f"{_RECORDS}{f'{where} AND' if where else ' WHERE'} v.record_id BETWEEN %d AND %d ORDER BY v.record_id"
    parts = (part % (begin, min(begin + BATCH - 1, last)) for begin in range(first, last + 1, BATCH))
    return _told_on_the_way(path, _at_once(readers, parts, plain))


def _at_once(readers: list[_Connection], parts: Iterator[str], values: tuple[Any, ...]) -> Iterator[pa.RecordBatch]:
    """What all the queries give, in their order, as many being read at a time as there are readers."""
    free: SimpleQueue[_Connection] = SimpleQueue()
    for each in readers:
        free.put(each)

    def read(sql: str) -> list[pa.RecordBatch]:
        reader = free.get()
        try:
            return list(reader.batches(sql, values))
        finally:
            free.put(reader)

    with ThreadPoolExecutor(len(readers)) as pool:
        coming: deque[Future[list[pa.RecordBatch]]] = deque()
        for sql in parts:
            coming.append(pool.submit(read, sql))
            if len(coming) > len(readers):
                yield from coming.popleft().result()
        while coming:
            yield from coming.popleft().result()


def _told_on_the_way(path: Path, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    with _told(path):
        yield from batches


@contextmanager
def _told(path: Path) -> Iterator[None]:
    try:
        yield
    except (Error, pa.ArrowException, OSError) as error:
        raise CorruptDatabaseError(f"{path}: {error} (restore a backup, or choose another --database)") from error


_EXTENT = "SELECT coalesce(min(v.record_id), 0), coalesce(max(v.record_id), 0), count(*) FROM v_counts AS v"
# One aggregate a query, so that an index answers. As many as the last number are as good as all.
_ALL = """
    SELECT coalesce((SELECT min(id) FROM records), 0), last, last
    FROM (SELECT coalesce(max(id), 0) AS last FROM records)
"""

# No value may be NULL: the driver takes a column's type from the first rows it sees.
_RECORDS = """
    SELECT v.record_id, coalesce(v.channel, '') AS channel, v.channel_id, coalesce(v.chatter, '') AS chatter,
        coalesce(v.chatter_id, '') AS chatter_id, v.person, v.message_id, v.action, v.duration_s, v.outcome, v.reason,
        v.filter, v.rule, v.category, v.severity, v.revision, v.strikes, v.dry_run, v.exempt, v.actor, v.attempts,
        v.ts_ms, v.received_ms, v.decided_ms, v.committed_ms, coalesce(v.sent_ms, -1) AS sent_ms,
        coalesce(v.done_ms, -1) AS done_ms, coalesce(m.text, '') AS text, m.text IS NULL AS gone
    FROM v_actions AS v
    LEFT JOIN context_messages AS m ON m.record_id = v.record_id AND m.position = 0
"""
