"""Whether people who were acted on are acted on again: the ground for recidivism."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import Any

from storage.database import Database

DAY_MS = 86_400_000
SAME_INCIDENT_MS = 600_000
"""Further acts so soon after the first belong to the same incident: several lines of one outburst."""
MOST_ACTS = 15_000
"""About how many Records are looked at: whole people are drawn, so that nobody is followed half."""


@dataclass(frozen=True, slots=True)
class Followed:
    """One person in one channel: the first act of the cohort's time, and whether another followed in time."""

    action: str
    again: bool


async def followed(db: Database, since_ms: int, until_ms: int, channel_id: str) -> tuple[list[Followed], float]:
    """People whose follow-up ended in the period, and its length in days (rule follow_up_days).

    They were acted on first, as far as the cohort's time shows, in the period moved back by the follow-up; so each was
    followed to its end. Acts are the applied deletions, warnings, timeouts and bans, by bot and people; what was undone
    counts as neither. Of many people a hash of their numbers draws some, the same each time.
    """
    [row] = await db.rows("SELECT value FROM rules WHERE name = 'follow_up_days'")
    days = float(row[0])
    span_ms = round(days * DAY_MS)
    values: dict[str, Any] = {"since": since_ms - span_ms, "until": until_ms, "channel": channel_id}
    [row] = await db.rows(_HOW_MANY, values)
    values["below"] = round(min(1.0, MOST_ACTS / max(1, row[0])) * 2**32)
    acts = await db.rows(_OF_CHANNEL if channel_id else _OF_ALL, values)
    found = []
    for _, group in groupby(acts, key=lambda act: (act["chatter_id"], act["channel_id"])):
        first, *later = group
        begin = first["ts_ms"]
        if begin < until_ms - span_ms:
            again = any(begin + SAME_INCIDENT_MS < act["ts_ms"] <= begin + span_ms for act in later)
            found.append(Followed(first["action"], again))
    return found, days


_HOW_MANY = """
    SELECT coalesce(sum(records), 0)
    FROM daily_counts
    WHERE day >= date(:since / 1000, 'unixepoch')
        AND day <= date((:until - 1) / 1000, 'unixepoch')
        AND (:channel = '' OR channel_id = :channel)
        AND outcome = 'applied'
"""

_ACTS = """
    SELECT r.chatter_id, r.channel_id, r.ts_ms, r.action
    FROM records AS r
    JOIN record_states AS s ON s.record_id = r.id
    WHERE r.ts_ms >= :since AND r.ts_ms < :until
        AND r.action IN ('delete', 'warn', 'timeout', 'ban')
        AND s.outcome = 'applied'
"""
_DRAWN = "({} * 2654435761) & 4294967295 < :below"
_SOME = f"SELECT p.id FROM chatters AS p WHERE {_DRAWN.format('p.id')}"  # noqa: S608 - fixed text
_ORDER = "ORDER BY r.chatter_id, r.channel_id, r.ts_ms, r.id"
_OF_ALL = f"{_ACTS} AND r.chatter_id IN ({_SOME}) {_ORDER}"
_OF_CHANNEL = f"{_ACTS} AND r.channel_id = :channel AND {_DRAWN.format('r.chatter_id')} {_ORDER}"
