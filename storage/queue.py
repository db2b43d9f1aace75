"""The review queue: what people are to look at, in which order, and who has taken what."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import aiosqlite

from filters.types import MAX_TIMEOUT_S, Action, ActionKind, Category, Severity
from storage.audit import Surface
from storage.database import Database, DatabaseError, now_ms
from storage.people import actor_number
from storage.roles import Permission, Staff, note_staff
from storage.rules import rule

SEVERITY_POINTS, CONFIDENCE_POINTS, REACH_POINTS = 30, 20, 20
"""Most points of the parts of a weight; age adds 30 at the deadline and 60 at twice its time (v_queue)."""

CROWD = 10
"""People around a line from which its reach counts in full."""

CANDIDATES = 20
"""Most urgent items among which a free one is looked for at a time."""


class ClaimError(DatabaseError):
    """An item cannot be taken or decided by this person now; the text says why."""


@dataclass(frozen=True, slots=True)
class Item:
    """One Record that waits for a review. ``priority`` is 0 to 130; ``outcome`` is empty where it would tell what
    another reviewer decided; ``claimed_by`` is empty if nobody holds it. Times are UTC milliseconds.
    """

    record_id: int
    round: int
    why: str
    priority: float
    opened_ms: int
    due_ms: int
    overdue: bool
    claimed_by: str
    lease_ms: int | None
    channel_id: str
    channel: str
    action: str
    outcome: str
    filter: str
    category: Category
    severity: Severity


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the queue: an item, or a group by its most urgent item. ``waiting`` is how many Records of the group
    wait; ``group_id`` is None and ``kind`` empty where a Record waits alone.
    """

    item: Item
    group_id: int | None
    kind: str
    waiting: int


Entries = list[Entry]


def weight(action: Action, severity: Severity, score: float, people: int) -> float:
    """How urgent a Record is apart from its age, 0 to 70: severity, confidence, reach.

    ``score`` is the surest Evidence. Where nothing was done yet, what is surely a violation goes first, and its reach
    are the ``people`` around it; where something was done, the doubtful and the hard go first.
    """
    if action.enforces:
        doubt = 1 - score
        reach = _STRENGTH.get(action.kind, action.duration_s / MAX_TIMEOUT_S)
    else:
        doubt, reach = score, min(1.0, people / CROWD)
    return SEVERITY_POINTS * severity / Severity.EXTREME + CONFIDENCE_POINTS * doubt + REACH_POINTS * reach


_STRENGTH = {ActionKind.DELETE: 0.1, ActionKind.WARN: 0.2, ActionKind.BAN: 1.0}


def reason_to_review(action: Action, severity: Severity, sealed: bool) -> str:
    """Why a fresh Record of the bot goes to people, empty if it need not."""
    if sealed:
        return "escalated"
    if action.kind is ActionKind.REVIEW:
        return "asked"
    if action.kind is ActionKind.BAN:
        return "ban"
    return "extreme" if action.enforces and severity is Severity.EXTREME else ""


async def open_items(transaction: aiosqlite.Connection, items: Iterable[dict[str, Any]]) -> None:
    """Put Records into the queue; each ``{record_id, round, why, weight, sealed, probability, opened_ms}``."""
    await transaction.executemany(_OPEN, items)


class Queue:
    """Takes items for people: never one for two, never one's own.

    Claims are made inside BEGIN IMMEDIATE, so they hold between processes on one file.
    """

    def __init__(self, db: Database) -> None:
        self._db = db

    async def list(self, limit: int = 50) -> list[Item]:
        """What waits, most urgent first."""
        return [_item(row) for row in await self._db.rows(f"{_LIST} LIMIT ?", (limit,))]

    async def entries(self, limit: int = 50) -> Entries:
        """The same with the Records of one raid or nuke as one entry, where more than one of them waits."""
        rows = await self._db.rows(_ENTRIES, {"limit": limit})
        return [
            Entry(_item(row), row["group_id"], row["kind"] or "", row["waiting"])
            if row["waiting"] > 1
            else Entry(_item(row), None, "", 1)
            for row in rows
        ]

    async def get(self, record_id: int) -> Item | None:
        """What waits under this Record's number, or None."""
        rows = await self._db.rows(f"{_LIST_FROM} WHERE q.record_id = ?", (record_id,))
        return _item(rows[0]) if rows else None

    async def backlog(self) -> tuple[int, int]:
        """How many items wait, and how many of them are overdue."""
        [row] = await self._db.rows("SELECT count(*), coalesce(sum(overdue), 0) FROM v_queue")
        return int(row[0]), int(row[1])

    async def next(self, staff: Staff) -> Item | None:
        """Take the most urgent item this person may review, or the one still held; None if there is none.

        The queue is sorted outside of the transaction, so that the bot's writes never wait for that; inside, the first
        of those that is still free is taken.
        """
        while found := await self._db.rows(f"{_FREE} ORDER BY {_URGENCY} LIMIT {CANDIDATES}", who(staff)):
            async with self._db.transaction() as transaction:
                for row in found:
                    asked = {**who(staff), "record_id": row["record_id"]}
                    for free in await transaction.execute_fetchall(f"{_FREE} AND q.record_id = :record_id", asked):
                        return await self._take(transaction, staff, free)
        return None

    async def claim(self, staff: Staff, record_id: int, *, surface: Surface, refer: bool = True) -> Item:
        """Take a certain Record; one that does not wait for a review is referred to the queue first, if ``refer``.

        Raises:
            ClaimError: no such Record, sealed, held by another, not this person's to review, or not waiting any more.
        """
        async with self._db.transaction() as transaction:
            await check_may_judge(transaction, staff, record_id)
            rows = list(await transaction.execute_fetchall(f"{_LIST_FROM} WHERE q.record_id = ?", (record_id,)))
            if not rows and not refer:
                raise ClaimError(f"record #{record_id} does not wait any more (another person was faster)")
            if not rows:
                await self._refer(transaction, staff, record_id, surface)
                rows = list(await transaction.execute_fetchall(f"{_LIST_FROM} WHERE q.record_id = ?", (record_id,)))
            item = _item(rows[0])
            if item.claimed_by not in {"", staff.name}:
                raise ClaimError(f"record #{record_id} is held by {item.claimed_by} (wait, or take another)")
            if item.why == "escalated" and not staff.may(Permission.REVIEW_ESCALATED):
                raise ClaimError(f"record #{record_id} was escalated; {staff.role} may not decide it")
            return await self._take(transaction, staff, rows[0])

    async def release(self, staff: Staff, record_id: int) -> None:
        """Give an item back undecided.

        Raises:
            ClaimError: this person does not hold it.
        """
        async with self._db.transaction() as transaction:
            gone = await transaction.execute_fetchall(
                "UPDATE review_items SET claimed_by = NULL, claimed_ms = NULL, lease_ms = NULL"
                " WHERE record_id = ? AND closed_ms IS NULL"
                " AND claimed_by = (SELECT id FROM actors WHERE name = ?) RETURNING round",
                (record_id, staff.name),
            )
            if not gone:
                raise ClaimError(f"record #{record_id}: {staff.name} does not hold it")

    async def _take(self, transaction: aiosqlite.Connection, staff: Staff, row: sqlite3.Row) -> Item:
        # Whoever still holds an item keeps the time it was taken, or handling times would shrink with every look.
        at_ms = now_ms()
        await transaction.execute(
            "UPDATE review_items SET claimed_ms = CASE WHEN claimed_by = :actor AND lease_ms > :at_ms"
            " THEN claimed_ms ELSE :at_ms END, claimed_by = :actor, lease_ms = :until"
            " WHERE record_id = :record_id AND round = :round",
            {
                "actor": await actor_number(transaction, staff.name),
                "at_ms": at_ms,
                "until": at_ms + round(1000 * await rule(transaction, "lease_s")),
                "record_id": row["record_id"],
                "round": row["round"],
            },
        )
        [taken] = await transaction.execute_fetchall(f"{_LIST_FROM} WHERE q.record_id = ?", (row["record_id"],))
        return _item(taken)

    async def _refer(self, transaction: aiosqlite.Connection, staff: Staff, record_id: int, surface: Surface) -> None:
        [row] = await transaction.execute_fetchall(_STANDING, {"record_id": record_id})
        if row["sealed"]:
            raise ClaimError(f"record #{record_id} is sealed (see: chatwarden sealed list)")
        item = {
            "record_id": record_id,
            "round": row["rounds"] + 1,
            "why": "referred",
            "weight": await weight_of(transaction, record_id),
            "sealed": 0,
            "probability": None,
            "opened_ms": now_ms(),
        }
        await open_items(transaction, [item])
        await note_staff(
            transaction, staff, surface, "review refer", f"record {record_id}", channel_id=row["channel_id"]
        )


async def weight_of(transaction: aiosqlite.Connection, record_id: int) -> float:
    """The weight of a Record in the log."""
    [row] = await transaction.execute_fetchall(_WEIGHED, (record_id,))
    action = Action(ActionKind[row["action"].upper()], row["duration_s"])
    return weight(action, Severity(row["severity"]), row["score"], row["people"])


async def check_may_judge(transaction: aiosqlite.Connection, staff: Staff, record_id: int) -> None:
    """Refuse a Record the person has a part in: as actor, channel, chatter, or earlier reviewer.

    Raises:
        ClaimError: that is so, or there is no such Record.
    """
    rows = list(
        await transaction.execute_fetchall(
            f"SELECT {PARTS_IN} FROM records AS r WHERE r.id = :record_id",  # noqa: S608 - fixed text
            {**who(staff), "record_id": record_id},
        )
    )
    if not rows:
        raise ClaimError(f"there is no Record #{record_id}")
    for part, told in (
        ("acted", "is {name}'s own action"),
        ("channel", "happened in {name}'s own channel"),
        ("chatter", "is about {name}"),
        ("reviewed", "was reviewed by {name} before; another person must decide (to change one's mind: review revise)"),
    ):
        if rows[0][part]:
            raise ClaimError(f"record #{record_id} {told.format(name=staff.name)}")


def who(staff: Staff) -> dict[str, Any]:
    """Parameters that say to SQL who asks."""
    return {"name": staff.name, "login": staff.login, "escalated": staff.may(Permission.REVIEW_ESCALATED)}


def _item(row: sqlite3.Row) -> Item:
    fields: dict[str, Any] = {name: row[name] for name in Item.__slots__}
    return Item(
        **{
            **fields,
            "overdue": bool(fields["overdue"]),
            "claimed_by": fields["claimed_by"] or "",
            "channel": fields["channel"] or "",
            "outcome": fields["outcome"] or "",
            "category": Category(fields["category"]),
            "severity": Severity(fields["severity"]),
        }
    )


_OPEN = """
    INSERT INTO review_items (record_id, round, why, weight, sealed, probability, opened_ms, due_ms)
    SELECT :record_id, :round, :why, :weight, :sealed, :probability, :opened_ms, :opened_ms + 60000 * l.minutes
    FROM records AS r
    JOIN review_sla AS l ON l.category = r.category
    WHERE r.id = :record_id
"""

_LIST_FROM = "SELECT q.* FROM v_queue AS q"
_LIST = f"{_LIST_FROM} ORDER BY q.priority DESC, q.record_id"

_ENTRIES = """
    SELECT q.*, g.id AS group_id, g.kind, q.waiting
    FROM (
        SELECT q.*, m.group_id AS member_of,
            count(*) OVER one AS waiting,
            row_number() OVER (one ORDER BY q.priority DESC, q.record_id) AS place
        FROM v_queue AS q
        LEFT JOIN record_group_members AS m ON m.record_id = q.record_id
        WINDOW one AS (PARTITION BY coalesce(m.group_id, -q.record_id))
    ) AS q
    LEFT JOIN record_groups AS g ON g.id = q.member_of
    WHERE q.place = 1
    ORDER BY q.priority DESC, q.record_id
    LIMIT :limit
"""

_PARTS = {
    "acted": "r.actor_id IN (SELECT id FROM actors WHERE name IN (:name, :login))",
    "channel": "EXISTS (SELECT 1 FROM channels AS c WHERE c.id = r.channel_id AND c.login IN (:name, :login))",
    "chatter": "EXISTS (SELECT 1 FROM chatters AS p WHERE p.id = r.chatter_id AND p.login IN (:name, :login))",
    "reviewed": "EXISTS (SELECT 1 FROM reviews AS v JOIN actors AS a ON a.id = v.actor_id"
    " WHERE v.record_id = r.id AND a.name = :name)",
}
"""The parts a person may have in a Record r."""

_FREE = f"""
    SELECT q.*
    FROM v_queue AS q
    JOIN records AS r ON r.id = q.record_id
    WHERE (q.claimed_by IS NULL OR q.claimed_by = :name)
        AND (q.why <> 'escalated' OR :escalated)
        AND NOT ({" OR ".join(_PARTS.values())})
"""  # noqa: S608 - fixed text

PARTS_IN = ", ".join(f"{sql} AS {part}" for part, sql in _PARTS.items())
"""Columns that say which of them ``who`` has."""

_URGENCY = "q.claimed_by IS NULL, q.priority DESC, q.record_id"

_STANDING = """
    SELECT r.channel_id,
        EXISTS (SELECT 1 FROM sealed AS s WHERE s.record_id = r.id) AS sealed,
        (SELECT coalesce(max(round), 0) FROM review_items AS i WHERE i.record_id = r.id) AS rounds
    FROM records AS r
    WHERE r.id = :record_id
"""

_WEIGHED = """
    SELECT r.action, r.duration_s, r.severity,
        (SELECT coalesce(max(score), 1) FROM evidence AS e WHERE e.record_id = r.id) AS score,
        (SELECT count(DISTINCT chatter_id) FROM context_messages AS m WHERE m.record_id = r.id) AS people
    FROM records AS r
    WHERE r.id = ?
"""
