"""Who did what: every change a person makes, every refusal, every look at what is masked or sealed."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from typing import Any, Literal

import aiosqlite

from storage.chain import append
from storage.database import Database, now_ms
from storage.people import actor_number

Surface = Literal["chat", "shell", "console", "bot"]


@dataclass(frozen=True, slots=True)
class Deed:
    """One thing done, or refused if not ``allowed``; ``at_ms`` is UTC milliseconds."""

    id: int
    at_ms: int
    actor: str
    role: str
    surface: str
    channel_id: str
    verb: str
    subject: str
    detail: str
    allowed: bool


async def note_deed(
    transaction: aiosqlite.Connection,
    *,
    actor: str,
    role: str,
    surface: Surface,
    verb: str,
    subject: str,
    detail: str = "",
    channel_id: str = "",
    allowed: bool = True,
) -> None:
    """Append one deed in the transaction that does it, so that there is never one without the other."""
    await append(
        transaction,
        "audit",
        {
            "at_ms": now_ms(),
            "actor_id": await actor_number(transaction, actor),
            "role": role,
            "surface": surface,
            "channel_id": channel_id,
            "verb": verb,
            "subject": subject,
            "detail": detail,
            "allowed": int(allowed),
        },
    )


class Audit:
    """The audit trail, append-only and chained."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def note(
        self,
        *,
        actor: str,
        role: str,
        surface: Surface,
        verb: str,
        subject: str,
        detail: str = "",
        channel_id: str = "",
        allowed: bool = True,
    ) -> None:
        """Append one deed. ``subject`` and ``detail`` stay for ever: no chatter's name and no chat text in them.

        Raises:
            WriteError: it was not noted, so what it stands for must not happen.
        """
        async with self._db.transaction() as transaction:
            await note_deed(
                transaction,
                actor=actor,
                role=role,
                surface=surface,
                verb=verb,
                subject=subject,
                detail=detail,
                channel_id=channel_id,
                allowed=allowed,
            )

    async def latest(
        self, *, actor: str | None = None, channel_id: str | None = None, since_ms: int = 0, limit: int = 100
    ) -> list[Deed]:
        """The latest deeds, newest first."""
        asked: dict[str, Any] = {"actor": actor, "channel_id": channel_id, "since_ms": since_ms, "limit": limit}
        return [_deed(row) for row in await self._db.rows(_LATEST, asked)]


_LATEST = """
    SELECT audit_id AS id, at_ms, actor, role, surface, channel_id, verb, subject, detail, allowed
    FROM v_audit
    WHERE at_ms >= :since_ms
        AND (:actor IS NULL OR actor = :actor)
        AND (:channel_id IS NULL OR channel_id = :channel_id)
    ORDER BY audit_id DESC
    LIMIT :limit
"""


def _deed(row: sqlite3.Row) -> Deed:
    fields: dict[str, Any] = dict(row)
    return Deed(**{**fields, "allowed": bool(fields["allowed"])})
