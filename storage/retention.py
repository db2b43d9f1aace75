"""Retention: what is past its time is destroyed, each kind and category by its own clock, and the proof still holds.

The chained rows stay: they hold numbers and no words, so what "the log is kept 400 days" means is that a person of whom
no Record is younger is erased (storage.people), after which nobody can be found by that number. Cutting the rows off
would break every chain that later rows, reviews and manifests rest on, for rows that identify nobody.
What a case on legal hold concerns stays whatever its age.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Literal

import aiosqlite

from filters.types import Category
from storage.audit import Surface
from storage.chain import append
from storage.database import Database, DatabaseError, now_ms
from storage.holds import HELD_PEOPLE, HELD_RECORDS
from storage.people import actor_number, erase_within
from storage.roles import Staff, note_staff

Subject = Literal["bodies", "messages", "log", "appeals", "cases", "sealed"]

SUBJECTS: Mapping[Subject, str] = {
    "bodies": "text, evidence and context of Records, from the message's time, by category",
    "messages": "chat stored for back-tests, from the message's time",
    "log": "who people are, from their last Record; Records stay, under a number",
    "appeals": "the words of appeals, from their closing",
    "cases": "the words of case notes, from the case's closing",
    "sealed": "encrypted content, from its sealing, by category",
}
"""What is kept, and from when the days count."""

DAY_MS = 86_400_000

BATCH = 5_000
"""Records whose words are destroyed in one transaction, so that the bot does not wait for long."""

PEOPLE_BATCH = 200
"""People erased in one transaction."""


@dataclass(frozen=True, slots=True)
class RetentionRule:
    """How many days something is kept; ``category`` is empty where it makes no difference, or for all others."""

    subject: str
    category: str
    days: int


@dataclass(frozen=True, slots=True)
class Purge:
    """What is past its time: ``gone`` Records, people, appeals, notes or seals, older than ``before_ms`` (UTC ms)."""

    subject: str
    category: str
    before_ms: int
    gone: int


class Retention:
    """Plans and runs retention, and keeps its rules."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def rules(self) -> list[RetentionRule]:
        """Every rule."""
        rows = await self._db.rows("SELECT subject, category, days FROM retention_rules ORDER BY subject, category")
        return [RetentionRule(*row) for row in rows]

    async def set(
        self, subject: Subject, days: int, category: Category | None = None, *, by: Staff, surface: Surface
    ) -> None:
        """Change a rule, or give a category one of its own. Content sealed already keeps its clock.

        Raises:
            DatabaseError: not at least a day, or categories make no difference to the subject.
        """
        if days < 1:
            raise DatabaseError(f"{subject}: {days} days is below 1")
        if category is not None and subject not in {"bodies", "sealed"}:
            raise DatabaseError(f"{subject}: categories make no difference (leave --category out)")
        async with self._db.transaction() as transaction:
            await transaction.execute(
                "INSERT INTO retention_rules (subject, category, days) VALUES (?, ?, ?)"
                " ON CONFLICT (subject, category) DO UPDATE SET days = excluded.days",
                (subject, str(category or ""), days),
            )
            await note_staff(
                transaction, by, surface, "retention set", " ".join(filter(None, (subject, category))), f"{days} days"
            )

    async def plan(self, at_ms: int | None = None) -> list[Purge]:
        """What ``run`` would destroy, at a time (now unless given), without what there is none of."""
        at_ms = now_ms() if at_ms is None else at_ms
        days = {(rule.subject, rule.category): rule.days for rule in await self.rules()}
        clocks: list[tuple[Subject, str]] = [("bodies", str(category)) for category in Category]
        clocks += [("messages", ""), ("appeals", ""), ("cases", ""), ("sealed", ""), ("log", "")]
        purges = []
        async with self._aside() as reader:
            for subject, category in clocks:
                kept = days.get((subject, category)) or days[subject, ""]
                # A seal bears its own date, set when it was made.
                before_ms = at_ms if subject == "sealed" else at_ms - DAY_MS * kept
                [row] = await reader.rows(
                    f"SELECT count(*) FROM ({_PAST[subject]})",  # noqa: S608 - fixed text
                    {"before": before_ms, "category": category},
                )
                purges += [Purge(subject, category, before_ms, int(row[0]))] if row[0] else []
        return purges

    async def run(self, *, actor: str = "bot", at_ms: int | None = None) -> list[Purge]:
        """Destroy what is past its time, a batch at a time, and return what went. For the bot: once a day.

        That it runs is on the disk before anything is gone, so that the log always accounts for what is missing.
        """
        purges = await self.plan(at_ms)
        if purges:
            async with self._db.transaction() as transaction:
                for purge in purges:
                    await _note_run(transaction, purge, actor)
        for purge in purges:
            batch = PEOPLE_BATCH if purge.subject == "log" else BATCH
            asked = {"before": purge.before_ms, "category": purge.category}
            # Listed once and not after each batch: a scan of ten million Records takes its time.
            async with self._aside() as reader:
                numbers = [row[0] for row in await reader.rows(_PAST[purge.subject], asked)]
            for first in range(0, len(numbers), batch):
                async with self._db.transaction() as transaction:
                    await _destroy(transaction, purge, numbers[first : first + batch], actor)
        if purges:
            await self._db.forget_log()
        return purges

    @asynccontextmanager
    async def _aside(self) -> AsyncIterator[Database]:
        """A connection of its own: the bot's questions about strikes must not wait behind a scan of the whole log."""
        reader = await Database.open(self._db.path, readonly=True)
        try:
            yield reader
        finally:
            await reader.close()


async def _destroy(transaction: aiosqlite.Connection, purge: Purge, numbers: Sequence[int], actor: str) -> None:
    # Since they were listed a case may have been put on hold, and somebody have come back or been erased.
    still = await transaction.execute_fetchall(
        f"{_PAST[purge.subject]} AND {_NUMBER[purge.subject]} IN (SELECT value FROM json_each(:some))",  # noqa: S608
        {"before": purge.before_ms, "category": purge.category, "some": json.dumps(numbers)},
    )
    numbers = [row[0] for row in still]
    if purge.subject == "log":
        for person in numbers:
            await erase_within(transaction, person, actor=actor, reason="retention: no Record within its time")
        return
    for statement in _DESTROY[purge.subject]:
        await transaction.executemany(statement, [(number,) for number in numbers])


async def _note_run(transaction: aiosqlite.Connection, purge: Purge, actor: str) -> None:
    await append(
        transaction,
        "retention_runs",
        {
            "at_ms": now_ms(),
            "actor_id": await actor_number(transaction, actor),
            "subject": purge.subject,
            "category": purge.category,
            "before_ms": purge.before_ms,
            "gone": purge.gone,
        },
    )


_HELD = f"SELECT subject FROM ({HELD_PEOPLE})"  # noqa: S608 - fixed text

_PAST = {
    "bodies": f"""
        SELECT r.id
        FROM records AS r
        WHERE r.ts_ms < :before
            AND r.category = :category
            AND (
                EXISTS (
                    SELECT 1
                    FROM context_messages AS m
                    WHERE m.record_id = r.id AND m.text IS NOT NULL AND m.chatter_id NOT IN ({_HELD})
                )
                OR EXISTS (SELECT 1 FROM evidence AS e WHERE e.record_id = r.id AND e.folded IS NOT NULL)
            )
            AND r.id NOT IN ({HELD_RECORDS})
    """,  # noqa: S608 - fixed text
    "messages": f"SELECT id FROM messages WHERE ts_ms < :before AND chatter_id NOT IN ({_HELD})",  # noqa: S608 - fixed
    "log": f"""
        SELECT p.id
        FROM chatters AS p
        WHERE p.erased_ms IS NULL
            AND NOT EXISTS (SELECT 1 FROM records AS r WHERE r.chatter_id = p.id AND r.ts_ms >= :before)
            AND NOT EXISTS (SELECT 1 FROM context_messages AS m WHERE m.chatter_id = p.id AND m.ts_ms >= :before)
            AND NOT EXISTS (SELECT 1 FROM notes AS n WHERE n.chatter_id = p.id AND n.at_ms >= :before)
            AND NOT EXISTS (SELECT 1 FROM messages AS w WHERE w.chatter_id = p.id AND w.ts_ms >= :before)
            AND NOT EXISTS (
                SELECT 1
                FROM appeals AS a
                WHERE a.chatter_id = p.id AND (a.status = 'open' OR a.closed_ms >= :before)
            )
            AND p.id NOT IN ({_HELD})
    """,  # noqa: S608 - fixed text
    "appeals": f"""
        SELECT id FROM appeals WHERE closed_ms < :before AND text IS NOT NULL AND chatter_id NOT IN ({_HELD})
    """,  # noqa: S608 - fixed text
    "cases": """
        SELECT t.note_id
        FROM case_note_texts AS t
        JOIN case_notes AS n ON n.id = t.note_id
        JOIN cases AS k ON k.id = n.case_id
        WHERE k.closed_ms < :before AND k.legal_hold = 0
    """,
    "sealed": f"""
        SELECT n.sealed_id
        FROM sealed_content AS n
        JOIN sealed AS e ON e.id = n.sealed_id
        WHERE n.expires_ms <= :before AND e.record_id NOT IN ({HELD_RECORDS})
    """,  # noqa: S608 - fixed text
}
"""The numbers of what is past its time."""

_NUMBER = {
    "bodies": "r.id",
    "messages": "id",
    "log": "p.id",
    "appeals": "id",
    "cases": "t.note_id",
    "sealed": "n.sealed_id",
}
"""The column of those numbers, to ask for some alone."""

_DESTROY = {
    "bodies": (
        f"UPDATE context_messages SET text = NULL WHERE record_id = ? AND chatter_id NOT IN ({_HELD})",  # noqa: S608
        "UPDATE evidence SET folded = NULL, detail = NULL WHERE record_id = ?",
    ),
    "messages": ("DELETE FROM messages WHERE id = ?",),
    "appeals": ("UPDATE appeals SET text = NULL WHERE id = ?",),
    "cases": ("DELETE FROM case_note_texts WHERE note_id = ?",),
    "sealed": ("DELETE FROM sealed_content WHERE sealed_id = ?",),
}
