"""The hash chain of append-only tables: how a row is sealed, and the proof that none was changed since.

``row_hash = SHA-256(previous row_hash || canonical JSON of every other column)``. Canonical JSON has sorted keys, no
spaces, UTF-8, blobs as hex, and leaves NULL columns out, so a column added later does not break old rows. The first
row of a table follows ``SHA-256("chatwarden:" + table)``, so rows cannot be moved between tables. The owner of the
file can still rebuild or cut a whole chain; a head kept outside (an export's manifest) shows that too.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import Any

import aiosqlite

CHAINED = (
    "records",
    "record_events",
    "policy_revisions",
    "erasures",
    "audit",
    "reviews",
    "appeal_decisions",
    "case_notes",
    "sealed",
    "retention_runs",
    "gaps",
)
"""The append-only tables, each with its own chain."""

_encode = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode


def genesis(table: str) -> bytes:
    """What the first row of a table follows."""
    return sha256(f"chatwarden:{table}".encode()).digest()


def canonical(columns: Mapping[str, Any]) -> bytes:
    """The one byte form of a row's columns."""
    plain = {
        name: value.hex() if isinstance(value, bytes) else value for name, value in columns.items() if value is not None
    }
    return _encode(plain).encode()


def row_hash(previous: bytes, columns: Mapping[str, Any]) -> bytes:
    """The link of a row; ``columns`` are all its columns but ``row_hash``."""
    return sha256(previous + canonical(columns)).digest()


class Chain:
    """The growing end of one append-only table."""

    def __init__(self, table: str, last: int | None, head: bytes | None) -> None:
        self._last = last or 0
        self._head = head or genesis(table)
        self.rows: list[dict[str, Any]] = []

    def append(self, columns: Mapping[str, Any]) -> int:
        """Link a row to the end and return its number."""
        self._last += 1
        row = {"id": self._last, **columns}
        self._head = row_hash(self._head, row)
        self.rows.append({**row, "row_hash": self._head})
        return self._last


def insert(table: str, columns: Iterable[str]) -> str:
    """The INSERT of a row given as a mapping; both names are our own, never input."""
    names = list(columns)
    return f"INSERT INTO {table} ({', '.join(names)}) VALUES ({', '.join(f':{name}' for name in names)})"  # noqa: S608


async def append(transaction: aiosqlite.Connection, table: str, columns: Mapping[str, Any]) -> int:
    """Append one row to a chained table inside a transaction and return its number."""
    head = await transaction.execute_fetchall(f"SELECT id, row_hash FROM {table} ORDER BY id DESC LIMIT 1")  # noqa: S608
    chain = Chain(table, *next(iter(head), (None, None)))
    number = chain.append(columns)
    await transaction.execute(insert(table, chain.rows[0]), chain.rows[0])
    return number
