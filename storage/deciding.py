"""What a decision does, for one Record or many: the log, the item, further reviews, the seal, what is to be undone.

Who may decide what, and what the bot is asked, is with ``storage.reviews`` and ``storage.group_reviews``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from typing import Any

import aiosqlite

from filters.types import Category
from storage.chain import Chain, insert
from storage.database import DatabaseError, now_ms
from storage.people import actor_number
from storage.queue import open_items
from storage.roles import Staff
from storage.rules import rule
from storage.sealed import Sealer, seal_kept

NOTE_LIMIT = 500
"""Characters of a note."""


class Decision(StrEnum):
    """What a reviewer can decide."""

    UPHOLD = "uphold"
    OVERTURN = "overturn"
    ESCALATE = "escalate"
    UNSURE = "unsure"


REASONS: Mapping[Decision, tuple[str, ...]] = {
    Decision.UPHOLD: ("rule broken", "evasion", "coordinated", "repeat offence"),
    Decision.OVERTURN: (
        "false match",
        "quoted or reported",
        "friendly or reclaimed",
        "not against the rule",
        "too hard",
    ),
    Decision.ESCALATE: ("child safety", "illegal content", "threat to life", "legal question", "policy gap"),
    Decision.UNSURE: ("context missing", "language unknown", "rule unclear"),
}
"""Reason codes of each decision."""

SEALING = {"child safety": Category.CHILD_SAFETY, "illegal content": Category.ILLEGAL_GOODS}
"""Reasons to escalate that seal the Record's text."""


class ReviewError(DatabaseError):
    """A decision that cannot be made so; the text says why."""


@dataclass(frozen=True, slots=True)
class Decided:
    """What a decision led to: ``follows`` is why a further review was opened (never said of a blind second review,
    which nobody is to expect), ``request_id`` what the bot was asked. Empty and None where there is nothing.
    """

    review_id: int
    record_id: int
    follows: str
    request_id: int | None
    sealed: bool = False


async def decide_items(
    transaction: aiosqlite.Connection,
    staff: Staff,
    items: Sequence[Mapping[str, Any]],
    decision: Decision,
    reason: str,
    note: str = "",
    sealer: Sealer | None = None,
) -> list[Decided]:
    """Write the same decision about each of some open items, and open what further reviews it calls for.

    Whether this person may judge them, audit, and what is to be undone are the caller's.
    """
    records = [item["record_id"] for item in items]
    firsts = await standing(transaction, [item["record_id"] for item in items if item["why"] == "second"])
    reviews = await append_reviews(transaction, staff, items, decision, reason, note)
    at_ms = now_ms()
    await transaction.executemany(
        "UPDATE review_items SET closed_ms = ?, claimed_by = NULL, lease_ms = NULL WHERE record_id = ? AND round = ?",
        [(at_ms, item["record_id"], item["round"]) for item in items],
    )
    sealed = {item["record_id"] for item in items if reason in SEALING and not item["sealed"]}
    for record_id in sorted(sealed):
        await seal_kept(transaction, sealer, record_id, SEALING[reason], actor=staff.name)
    share, seed = await rule(transaction, "second_share"), int(await rule(transaction, "second_seed"))
    further: dict[int, dict[str, Any]] = {}
    for item in items:
        record_id, why = item["record_id"], item["why"]
        follows = _follows(why, decision, firsts.get(record_id))
        if not follows and why not in {"second", "disagreement", "escalated"} and lot(seed, record_id) < share:
            follows = "second"
        if follows:
            further[record_id] = {
                "record_id": record_id,
                "round": item["round"] + 1,
                "why": follows,
                "weight": item["weight"],
                "sealed": int(item["sealed"] or record_id in sealed),
                "probability": share if follows == "second" else None,
                "opened_ms": at_ms,
            }
    await open_items(transaction, further.values())
    told = {number: each["why"] for number, each in further.items() if each["why"] != "second"}
    return [
        Decided(review, number, told.get(number, ""), None, number in sealed)
        for review, number in zip(reviews, records, strict=True)
    ]


def lot(seed: int, record_id: int) -> float:
    """The number in [0, 1) a seed gives to a Record: the same in every run, and independent between Records."""
    return int.from_bytes(sha256(f"{seed}:{record_id}".encode()).digest()[:8]) / 2**64


def _follows(why: str, decision: Decision, first: str | None) -> str:
    """The further review a decision calls for, a drawn second one aside."""
    if why == "second":
        return "" if decision == first else "disagreement"
    return "escalated" if decision in {Decision.ESCALATE, Decision.UNSURE} else ""


def check_decision(decision: Decision, reason: str, note: str) -> None:
    """Refuse a reason that is none of the decision, or a note that is too long. Raises ReviewError."""
    if reason not in REASONS[decision]:
        raise ReviewError(f"{reason!r} is not a reason to {decision} (use one of: {', '.join(REASONS[decision])})")
    if len(note) > NOTE_LIMIT:
        raise ReviewError(f"the note has {len(note)} characters, the limit is {NOTE_LIMIT}")


async def standing(transaction: aiosqlite.Connection, records: Sequence[int]) -> dict[int, str]:
    """What stands about each of these Records; those about which nothing does are left out."""
    rows = await transaction.execute_fetchall(
        "SELECT record_id, decision FROM v_verdicts WHERE record_id IN (SELECT value FROM json_each(?))",
        (json.dumps(records),),
    )
    return {row["record_id"]: str(row["decision"]) for row in rows}


async def to_undo(transaction: aiosqlite.Connection, records: Sequence[int]) -> list[int]:
    """Which of these Records were overturned, are in force, and nobody has asked the bot to undo."""
    rows = await transaction.execute_fetchall(_TO_UNDO, (json.dumps(records),))
    return [int(row["id"]) for row in rows]


async def append_reviews(
    transaction: aiosqlite.Connection,
    staff: Staff,
    items: Sequence[Mapping[str, Any]],
    decision: Decision,
    reason: str,
    note: str,
    revises: int | None = None,
) -> list[int]:
    """Append the same decision about each of these items to the log, and return the numbers."""
    actor = await actor_number(transaction, staff.name)
    seen = {
        row["record_id"]
        for row in await transaction.execute_fetchall(
            "SELECT DISTINCT record_id FROM exposures"
            " WHERE actor_id = ? AND record_id IN (SELECT value FROM json_each(?))",
            (actor, json.dumps([item["record_id"] for item in items])),
        )
    }
    head = await transaction.execute_fetchall("SELECT id, row_hash FROM reviews ORDER BY id DESC LIMIT 1")
    chain = Chain("reviews", *next(iter(head), (None, None)))
    numbers = [
        chain.append(
            {
                "record_id": item["record_id"],
                "round": item["round"],
                "at_ms": now_ms(),
                "claimed_ms": item["claimed_ms"],
                "actor_id": actor,
                "decision": str(decision),
                "reason": reason,
                "note": note,
                "unmasked": int(item["record_id"] in seen),
                "revises": revises,
            }
        )
        for item in items
    ]
    await transaction.executemany(insert("reviews", chain.rows[0]), chain.rows)
    return numbers


_TO_UNDO = """
    SELECT r.id
    FROM records AS r
    JOIN record_states AS s ON s.record_id = r.id
    JOIN v_verdicts AS w ON w.record_id = r.id
    WHERE r.id IN (SELECT value FROM json_each(?))
        AND w.decision = 'overturn'
        AND s.outcome IN ('pending', 'applied')
        AND NOT EXISTS (
            SELECT 1
            FROM requests AS q
            WHERE q.kind = 'undo record'
                AND q.subject = CAST(r.id AS TEXT)
                AND (q.done_ms IS NULL OR q.failure = '')
        )
        AND NOT EXISTS (
            SELECT 1
            FROM record_group_members AS m
            JOIN requests AS q ON q.kind = 'undo group' AND q.subject = CAST(m.group_id AS TEXT)
            WHERE m.record_id = r.id AND (q.done_ms IS NULL OR q.failure = '')
        )
    ORDER BY r.id
"""
