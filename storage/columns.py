"""The action log as Arrow batches: the way to move millions of Records, where one Python object a value is too slow.

Read through ADBC, which brings an SQLite of its own. Two SQLites in one process drop each other's locks on a file they
share, so whoever reads this way has no other connection to the file open (https://sqlite.org/howtocorrupt.html, 2.2.1).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import adbc_driver_sqlite.dbapi as adbc
import pyarrow as pa
from adbc_driver_manager import Error

from storage.chain import CHAINED, genesis
from storage.database import CorruptDatabaseError
from storage.reading import RecordQuery
from storage.verifying import Head

BATCH = 50_000
"""Records read at once."""

MAPPED = 2**36
"""Bytes of the file read in place instead of copied page by page: 64 GiB, a fifth less time."""


@contextmanager
def record_batches(path: Path, query: RecordQuery) -> Iterator[tuple[Iterator[pa.RecordBatch], dict[str, Head]]]:
    """The Records a query names, newest message first, and the end of every chain at that moment.

    ``sent_ms`` and ``done_ms`` are -1 where nothing was sent; ``gone`` is 1 where there is no text. A file nobody has
    checked with ``Database.open`` gives errors nobody can read.

    Raises:
        CorruptDatabaseError: the file cannot be read, perhaps only on the way.
    """
    where, values = query.conditions()
    limit = -1 if query.limit is None else query.limit
    sql = f"{_RECORDS}{where} ORDER BY v.ts_ms DESC, v.record_id DESC LIMIT {limit:d}"
    # Named parameters are numbered as they first appear, which is the order of the mapping.
    plain = tuple(str(value) if isinstance(value, str) else value for value in values.values())
    with closing(adbc.connect(f"{path.absolute().as_uri()}?mode=ro")) as connection, connection.cursor() as cursor:
        with _told(path):
            cursor.execute(f"PRAGMA mmap_size = {MAPPED}")
            chain_heads = {table: _head(cursor, table) for table in CHAINED}
            cursor.adbc_statement.set_options(**{"adbc.sqlite.query.batch_rows": BATCH})
            cursor.execute(sql, plain or None)
            reader = cursor.fetch_record_batch()
        yield _batches(path, reader), chain_heads


def _batches(path: Path, reader: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    while True:
        with _told(path):
            batch = next(reader, None)
        if batch is None:
            return
        yield batch


@contextmanager
def _told(path: Path) -> Iterator[None]:
    try:
        yield
    except (Error, pa.ArrowException, OSError) as error:
        raise CorruptDatabaseError(f"{path}: {error} (restore a backup, or choose another --database)") from error


def _head(cursor: Any, table: str) -> Head:
    cursor.execute(f"SELECT id, row_hash FROM {table} ORDER BY id DESC LIMIT 1")  # noqa: S608 - our names
    row = cursor.fetchone()
    return Head(row[0], row[1].hex()) if row else Head(0, genesis(table).hex())


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
