"""What a channel's reviewers have taught: the lines they judged, and plain ones nobody minded."""

from __future__ import annotations

from dataclasses import dataclass

from storage.database import Database

BY_WORDS = ("blocklist", "regex", "learned", "moderator", "automod")
"""Filters, and people, who act on what a line says; what a flood or a raid says tells nothing."""
LATEST = 20_000
"""Judged lines, and plain ones, taken at most; the latest count."""


@dataclass(frozen=True, slots=True)
class Lessons:
    """Lines reviewers upheld an action on, lines they overturned one on, and lines nothing was done about."""

    upheld: list[str]
    overturned: list[str]
    plain: list[str]


async def lessons(db: Database, channel_id: str) -> Lessons:
    """A channel's lessons, latest first. What is sealed, erased or still contested is left out."""
    marks = ", ".join("?" * len(BY_WORDS))
    judged = await db.rows(_JUDGED.format(filters=marks), (channel_id, *BY_WORDS, LATEST))
    plain = await db.rows(_PLAIN, (channel_id, LATEST))
    return Lessons(
        upheld=[row["text"] for row in judged if row["decision"] == "uphold"],
        overturned=[row["text"] for row in judged if row["decision"] == "overturn"],
        plain=[row["text"] for row in plain],
    )


_JUDGED = """
    SELECT c.text, v.decision
    FROM v_verdicts AS v
    JOIN records AS r ON r.id = v.record_id
    JOIN context_messages AS c ON c.record_id = r.id AND c.position = 0
    WHERE r.channel_id = ? AND r.filter IN ({filters}) AND NOT v.contested AND c.text <> '' AND NOT c.sealed
    ORDER BY r.id DESC
    LIMIT ?
"""

_PLAIN = """
    SELECT m.text
    FROM messages AS m
    WHERE m.channel_id = ? AND NOT EXISTS (
        SELECT 1 FROM records AS r
        WHERE r.chatter_id = m.chatter_id AND r.ts_ms = m.ts_ms AND r.message_id = m.message_id
    )
    ORDER BY m.id DESC
    LIMIT ?
"""
