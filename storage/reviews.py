"""Reviews: what people decide about Records, and what follows from it.

A first decision may be drawn for a blind second review by another person; if the two disagree, a third decides. An
escalated or unsure one goes to someone who may decide it. What stands is the view v_verdicts; where that is an
overturn of something still in force, the bot is asked to undo it, which also takes the strike away.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import aiosqlite

from storage.audit import Surface
from storage.database import Database, now_ms
from storage.deciding import (
    NOTE_LIMIT,
    REASONS,
    Decided,
    Decision,
    ReviewError,
    append_reviews,
    check_decision,
    decide_items,
    lot,
    to_undo,
)
from storage.queue import ClaimError, check_may_judge
from storage.requests import RequestKind, ask
from storage.roles import Staff, note_staff
from storage.sealed import Outcome, SealedQueue, Sealer, SealError, note_release

__all__ = ["REASONS", "Decided", "Decision", "Review", "ReviewError", "Reviews", "lot"]


@dataclass(frozen=True, slots=True)
class Review:
    """One decision. ``current`` is False once it was revised. Times are UTC milliseconds."""

    review_id: int
    record_id: int
    round: int
    why: str
    reviewer: str
    decision: Decision
    reason: str
    note: str
    unmasked: bool
    revises: int | None
    current: bool
    claimed_ms: int
    at_ms: int


class Reviews:
    """Decides claimed items and reads decisions. Callers have asked the Roster first."""

    def __init__(self, db: Database, sealer: Sealer | None = None) -> None:
        self._db = db
        self._sealer = sealer

    async def decide(
        self, staff: Staff, record_id: int, decision: Decision, reason: str, *, note: str = "", surface: Surface
    ) -> Decided:
        """Decide a Record this person has claimed. A lease that ran out is no matter if nobody else took the item.

        Raises:
            ReviewError: not a reason of this decision, or the note is too long.
            ClaimError: not claimed, or not this person's to judge.
        """
        check_decision(decision, reason, note)
        async with self._db.transaction() as transaction:
            item = await _held_item(transaction, staff, record_id)
            decided = await self._decide(transaction, staff, item, decision, reason, note, surface)
        if decided.sealed:
            await self._db.forget_log()
        return decided

    async def revise(
        self, staff: Staff, review_id: int, decision: Decision, reason: str, *, note: str = "", surface: Surface
    ) -> Decided:
        """Replace an own decision by another; the earlier one stays in the log.

        What the bot undid already is not done again by revising to uphold.

        Raises:
            ReviewError: no such review, another's, revised before, or not uphold or overturn.
        """
        check_decision(decision, reason, note)
        if decision not in {Decision.UPHOLD, Decision.OVERTURN}:
            raise ReviewError(f"a revision is uphold or overturn (got {decision})")
        async with self._db.transaction() as transaction:
            rows = list(await transaction.execute_fetchall("SELECT * FROM v_reviews WHERE review_id = ?", (review_id,)))
            if not rows or rows[0]["reviewer"] != staff.name:
                raise ReviewError(f"review {review_id}: is not one of {staff.name}'s")
            if not rows[0]["current"]:
                raise ReviewError(f"review {review_id}: was revised before (revise the later one)")
            [review] = await append_reviews(
                transaction, staff, [dict(rows[0])], decision, reason, note, revises=review_id
            )
            await note_staff(
                transaction,
                staff,
                surface,
                "review revise",
                f"record {rows[0]['record_id']}",
                f"{decision}: {reason}",
                channel_id=rows[0]["channel_id"],
            )
            request_id = await _ask_undo(transaction, staff, rows[0]["record_id"], review)
        return Decided(review, rows[0]["record_id"], "", request_id)

    async def release_seal(
        self, staff: Staff, sealed_id: int, outcome: Outcome, *, note: str = "", surface: Surface
    ) -> Decided | None:
        """Work off a seal, and with it the review of its Record: nothing there overturns, anything else upholds.

        None if the Record does not wait for a review.

        Raises:
            SealError: no such seal, or worked off before.
            ClaimError: the Record is not this person's to judge.
        """
        if len(note) > NOTE_LIMIT:
            raise SealError(f"the note has {len(note)} characters, the limit is {NOTE_LIMIT}")
        seal = await SealedQueue(self._db).get(sealed_id)
        async with self._db.transaction() as transaction:
            await check_may_judge(transaction, staff, seal.record_id)
            await note_release(transaction, seal, outcome, note, staff=staff, surface=surface)
            rows = list(await transaction.execute_fetchall(_OPEN_ITEM, {"record_id": seal.record_id}))
            decided = None
            if rows:
                nothing = outcome == "no violation"
                decision = Decision.OVERTURN if nothing else Decision.UPHOLD
                reason = "not against the rule" if nothing else "rule broken"
                item = {**dict(rows[0]), "claimed_ms": rows[0]["claimed_ms"] or now_ms()}
                decided = await self._decide(transaction, staff, item, decision, reason, "", surface)
        if outcome == "destroyed":
            await self._db.forget_log()
        return decided

    async def of(self, record_id: int, viewer: Staff) -> list[Review]:
        """Every decision about a Record, oldest first, as far as this person may know: while a blind second review is
        open, only those who decided before see any.
        """
        rows = await self._db.rows("SELECT * FROM v_reviews WHERE record_id = ? ORDER BY review_id", (record_id,))
        blind = await self._db.rows(
            "SELECT 1 FROM review_items WHERE record_id = ? AND why = 'second' AND closed_ms IS NULL", (record_id,)
        )
        if blind and viewer.name not in {row["reviewer"] for row in rows}:
            return []
        return [_review(row) for row in rows]

    async def by(self, staff: Staff, limit: int = 20) -> list[Review]:
        """The person's own latest decisions, newest first."""
        rows = await self._db.rows(
            "SELECT * FROM v_reviews WHERE reviewer = ? ORDER BY review_id DESC LIMIT ?", (staff.name, limit)
        )
        return [_review(row) for row in rows]

    async def _decide(
        self,
        transaction: aiosqlite.Connection,
        staff: Staff,
        item: Mapping[str, Any],
        decision: Decision,
        reason: str,
        note: str,
        surface: Surface,
    ) -> Decided:
        record_id = item["record_id"]
        await check_may_judge(transaction, staff, record_id)
        [decided] = await decide_items(transaction, staff, [item], decision, reason, note, self._sealer)
        await note_staff(
            transaction,
            staff,
            surface,
            "review decide",
            f"record {record_id}",
            f"{decision}: {reason}",
            channel_id=item["channel_id"],
        )
        return replace(decided, request_id=await _ask_undo(transaction, staff, record_id, decided.review_id))


async def _held_item(transaction: aiosqlite.Connection, staff: Staff, record_id: int) -> dict[str, Any]:
    rows = list(await transaction.execute_fetchall(_OPEN_ITEM, {"record_id": record_id}))
    if not rows or rows[0]["holder"] != staff.name:
        raise ClaimError(f"record #{record_id}: {staff.name} does not hold it (take it with: review next)")
    return dict(rows[0])


async def _ask_undo(transaction: aiosqlite.Connection, staff: Staff, record_id: int, review: int) -> int | None:
    """Ask the bot to undo what was overturned, if it is in force and nobody asked before."""
    if not await to_undo(transaction, [record_id]):
        return None
    [row] = await transaction.execute_fetchall("SELECT channel_id FROM records WHERE id = ?", (record_id,))
    note = f"overturned by review {review}"
    return await ask(transaction, RequestKind.UNDO_RECORD, record_id, row["channel_id"], actor=staff.name, note=note)


def _review(row: sqlite3.Row) -> Review:
    fields: dict[str, Any] = {name: row[name] for name in Review.__slots__}
    return Review(
        **{
            **fields,
            "decision": Decision(fields["decision"]),
            "unmasked": bool(fields["unmasked"]),
            "current": bool(fields["current"]),
        }
    )


_OPEN_ITEM = """
    SELECT i.*, a.name AS holder, r.channel_id
    FROM review_items AS i
    JOIN records AS r ON r.id = i.record_id
    LEFT JOIN actors AS a ON a.id = i.claimed_by
    WHERE i.record_id = :record_id AND i.closed_ms IS NULL
"""
