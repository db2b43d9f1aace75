"""What one shift hands over to the next: what happened, what is open and due, and where nobody looked."""

from __future__ import annotations

from dataclasses import dataclass

from storage.database import Database
from storage.kpis import Period

DUE_NEXT = 10
"""How many of the items due next are named."""


@dataclass(frozen=True, slots=True)
class Due:
    """A review item or appeal that waits. ``what`` is "review" or "appeal"; times are UTC ms."""

    what: str
    number: int
    channel: str
    why: str
    due_ms: int
    claimed_by: str


@dataclass(frozen=True, slots=True)
class Raid:
    """A raid or nuke. ``ended_ms`` is None while it goes on; times are UTC ms."""

    number: int
    kind: str
    channel: str
    started_ms: int
    ended_ms: int | None
    records: int
    why: str


@dataclass(frozen=True, slots=True)
class Gap:
    """A time in which chat may have been missed. Times are UTC ms."""

    channel: str
    since_ms: int
    until_ms: int
    why: str


@dataclass(frozen=True, slots=True)
class Note:
    """A moderator's note about a person; the words are personal, and shown as chat text is."""

    at_ms: int
    channel: str
    author: str
    person: int
    text: str


@dataclass(frozen=True, slots=True)
class Deed:
    """What people did in shell, console and chat: how often, and how often it was refused."""

    verb: str
    times: int
    refused: int


@dataclass(frozen=True, slots=True)
class OpenCase:
    """A case that is open."""

    number: int
    title: str
    owner: str
    opened_ms: int


@dataclass(frozen=True, slots=True)
class Shift:
    """The hand-over, apart from counts (storage.kpis)."""

    due: list[Due]
    raids: list[Raid]
    gaps: list[Gap]
    notes: list[Note]
    deeds: list[Deed]
    cases: list[OpenCase]


async def hand_over(db: Database, period: Period) -> Shift:
    """What the shift of this period hands over; what is open is as it stands now."""
    values = period.values
    return Shift(
        [Due(*row) for row in await db.rows(_DUE, {**values, "most": DUE_NEXT})],
        [Raid(*row) for row in await db.rows(_RAIDS, values)],
        [Gap(*row) for row in await db.rows(_GAPS, values)],
        [Note(*row) for row in await db.rows(_NOTES, values)],
        [Deed(*row) for row in await db.rows(_DEEDS, values)],
        [OpenCase(*row) for row in await db.rows(_CASES)],
    )


_DUE = """
    SELECT 'review', q.record_id, q.channel, q.why, q.due_ms, coalesce(q.claimed_by, '')
    FROM v_queue AS q
    WHERE :channel = '' OR q.channel_id = :channel
    UNION ALL
    SELECT 'appeal', p.appeal_id, p.channel, 'unban request', p.due_ms, ''
    FROM v_appeals AS p
    WHERE p.status = 'open' AND (:channel = '' OR p.channel_id = :channel)
    ORDER BY 5
    LIMIT :most
"""

_RAIDS = """
    SELECT g.id, g.kind, coalesce(c.login, c.id), g.started_ms, g.ended_ms,
        (SELECT count(*) FROM record_group_members AS m WHERE m.group_id = g.id), g.why
    FROM record_groups AS g
    JOIN channels AS c ON c.id = g.channel_id
    WHERE g.started_ms < :until
        AND (g.ended_ms IS NULL OR g.ended_ms >= :since)
        AND (:channel = '' OR g.channel_id = :channel)
    ORDER BY g.started_ms
"""

_GAPS = """
    SELECT channel, since_ms, until_ms, why
    FROM v_gaps
    WHERE since_ms < :until AND until_ms > :since AND (:channel = '' OR channel_id = :channel)
    ORDER BY since_ms
"""

_NOTES = """
    SELECT n.at_ms, coalesce(c.login, c.id), a.name, n.chatter_id, n.text
    FROM notes AS n
    JOIN channels AS c ON c.id = n.channel_id
    JOIN actors AS a ON a.id = n.actor_id
    WHERE n.at_ms >= :since AND n.at_ms < :until AND (:channel = '' OR n.channel_id = :channel)
    ORDER BY n.at_ms
"""

_DEEDS = """
    SELECT verb, count(*), sum(NOT allowed)
    FROM audit
    WHERE at_ms >= :since AND at_ms < :until AND (:channel = '' OR channel_id = :channel)
    GROUP BY verb
    ORDER BY verb
"""

_CASES = "SELECT case_id, title, owner, opened_ms FROM v_cases WHERE status = 'open' ORDER BY opened_ms"
