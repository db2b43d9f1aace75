"""A raid or a nuke decided as one: every Record keeps a decision of its own, and the bot is asked for one undo.

The rules of fairness are those of single Records: whoever has a part in a Record does not judge it, what another holds
stays that person's, a share is drawn for a blind second review. What they leave out is said.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import aiosqlite

from storage.audit import Surface
from storage.database import Database, now_ms
from storage.deciding import Decision, ReviewError, check_decision, decide_items, standing, to_undo
from storage.queue import PARTS_IN, open_items, weight_of, who
from storage.requests import RequestKind, ask
from storage.roles import Permission, Staff, note_staff

DECISIONS = (Decision.UPHOLD, Decision.OVERTURN)
"""What can be decided about a group; what is doubtful is looked at one by one."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a decision about the whole group would be about: ``records`` of ``people``; ``left_out`` says why others are
    not (reason to number of Records). ``blind`` is True where what an earlier reviewer decided must not be shown.
    """

    group_id: int
    kind: str
    records: tuple[int, ...]
    people: int
    left_out: Mapping[str, int]
    blind: bool


@dataclass(frozen=True, slots=True)
class GroupDecided:
    """What came of it: ``reviews`` and ``requests`` are numbers; a group that fell as a whole makes one request."""

    plan: Plan
    reviews: tuple[int, ...]
    requests: tuple[int, ...]


class GroupReviews:
    """Decides groups. Callers have asked the Roster first."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def plan(self, staff: Staff, group_id: int) -> Plan:
        """What this person would decide now.

        Raises:
            ReviewError: there is no such group.
        """
        rows = await self._db.rows(_MEMBERS, _asked(staff, group_id))
        return _sort_out(staff, group_id, rows)[0]

    async def decide(
        self,
        staff: Staff,
        group_id: int,
        decision: Decision,
        reason: str,
        *,
        note: str = "",
        expected: int | None = None,
        surface: Surface,
    ) -> GroupDecided:
        """Decide every Record of a group that this person may, all or none of them.

        ``expected`` is how many Records the person was told it would be. A raid that goes on still grows, so there each
        Record is undone by itself, and never one that nobody has decided.

        Raises:
            ReviewError: no such group, nothing in it for this person, not a decision for groups, or not ``expected``.
        """
        check_decision(decision, reason, note)
        if decision not in DECISIONS:
            raise ReviewError(f"a group is upheld or overturned (got {decision}; decide its Records one by one)")
        async with self._db.transaction() as transaction:
            rows = list(await transaction.execute_fetchall(_MEMBERS, _asked(staff, group_id)))
            plan, free = _sort_out(staff, group_id, rows)
            name = f"{plan.kind} {group_id}"
            if not free:
                raise ReviewError(f"{name}: nothing in it is for {staff.name} to decide ({told_left_out(plan)})")
            if expected is not None and expected != len(free):
                raise ReviewError(f"{name}: {len(free)} Records now, not the {expected} you confirmed (look again)")
            items = await _open(transaction, free)
            decided = await decide_items(transaction, staff, items, decision, reason, note)
            await transaction.executemany(
                "INSERT INTO group_reviews (review_id, group_id) VALUES (?, ?)",
                [(each.review_id, group_id) for each in decided],
            )
            await note_staff(
                transaction,
                staff,
                surface,
                "review decide group",
                f"group {group_id}",
                f"{decision}: {reason}; {len(free)} Records of {plan.people} people; left out: {told_left_out(plan)}",
                channel_id=rows[0]["channel_id"],
            )
            requests = await _ask_undo(transaction, staff, rows, plan.records)
        return GroupDecided(plan, tuple(each.review_id for each in decided), tuple(requests))


def told_left_out(plan: Plan) -> str:
    """Why Records are left out, in words."""
    return ", ".join(f"{count} {why}" for why, count in plan.left_out.items()) or "none"


def _asked(staff: Staff, group_id: int) -> dict[str, Any]:
    return {**who(staff), "group_id": group_id, "now_ms": now_ms()}


def _sort_out(staff: Staff, group_id: int, rows: list[sqlite3.Row]) -> tuple[Plan, list[sqlite3.Row]]:
    """What is for this person, and the plan that says so."""
    if not rows:
        raise ReviewError(f"there is no group {group_id} with Records (see: review queue)")
    left_out: Counter[str] = Counter()
    free = []
    for row in rows:
        why = _why_not(staff, row)
        if why:
            left_out[why] += 1
        else:
            free.append(row)
    plan = Plan(
        group_id,
        rows[0]["kind"],
        tuple(row["record_id"] for row in free),
        len({row["chatter_id"] for row in free}),
        dict(left_out),
        any(row["why"] == "second" for row in free),
    )
    return plan, free


def _why_not(staff: Staff, row: sqlite3.Row) -> str:
    """Why a Record is not decided with the rest; empty if it is.

    Whoever reviewed it is told the same whether or not a second review was drawn, which nobody is to expect.
    """
    if row["sealed"]:
        return "sealed"
    if row["reviewed"] or (row["round"] is None and row["rounds"]):
        return "decided already"
    if row["acted"] or row["channel"] or row["chatter"]:
        return f"{staff.name}'s own"
    if row["holder"]:
        return f"held by {row['holder']}"
    if row["why"] == "escalated" and not staff.may(Permission.REVIEW_ESCALATED):
        return f"escalated, not for {staff.role}"
    return ""


async def _open(transaction: aiosqlite.Connection, free: list[sqlite3.Row]) -> list[dict[str, Any]]:
    """The items of these Records; who did not wait for a review is referred to it."""
    at_ms = now_ms()
    items = []
    fresh = []
    for row in free:
        item = {name: row[name] for name in ("record_id", "round", "why", "weight", "claimed_ms")}
        if row["round"] is None:
            item |= {"round": 1, "why": "referred", "weight": await weight_of(transaction, row["record_id"])}
            fresh.append({**item, "sealed": 0, "probability": None, "opened_ms": at_ms})
        items.append({**item, "sealed": 0, "claimed_ms": row["claimed_ms"] or at_ms})
    await open_items(transaction, fresh)
    return items


async def _ask_undo(
    transaction: aiosqlite.Connection, staff: Staff, rows: list[sqlite3.Row], decided: tuple[int, ...]
) -> list[int]:
    """Ask the bot to undo what fell: the group at once if it fell as a whole, else Record by Record."""
    fallen = await to_undo(transaction, decided)
    if not fallen:
        return []
    group_id, channel_id, note = rows[0]["group_id"], rows[0]["channel_id"], f"overturned as {rows[0]['kind']}"
    in_force = [row["record_id"] for row in rows if row["outcome"] in {"pending", "applied"}]
    verdicts = await standing(transaction, in_force)
    if rows[0]["ended_ms"] is not None and all(verdicts.get(number) == "overturn" for number in in_force):
        return [await ask(transaction, RequestKind.UNDO_GROUP, group_id, channel_id, actor=staff.name, note=note)]
    return [
        await ask(transaction, RequestKind.UNDO_RECORD, number, channel_id, actor=staff.name, note=note)
        for number in fallen
    ]


_MEMBERS = f"""
    SELECT g.id AS group_id, g.kind, g.ended_ms, g.channel_id, r.id AS record_id, r.chatter_id, s.outcome,
        i.round, i.why, i.weight, i.claimed_ms,
        CASE WHEN i.lease_ms > :now_ms AND a.name <> :name THEN a.name END AS holder,
        EXISTS (SELECT 1 FROM sealed AS e WHERE e.record_id = r.id) AS sealed,
        EXISTS (SELECT 1 FROM review_items AS c WHERE c.record_id = r.id) AS rounds,
        {PARTS_IN}
    FROM record_group_members AS m
    JOIN record_groups AS g ON g.id = m.group_id
    JOIN records AS r ON r.id = m.record_id
    JOIN record_states AS s ON s.record_id = r.id
    LEFT JOIN review_items AS i ON i.record_id = r.id AND i.closed_ms IS NULL
    LEFT JOIN actors AS a ON a.id = i.claimed_by
    WHERE m.group_id = :group_id
    ORDER BY r.id
"""  # noqa: S608 - fixed text
