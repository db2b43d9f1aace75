"""How answers say numbers and times."""

from __future__ import annotations

from collections.abc import Sequence

from filters.ladder import format_duration

MOST_NUMBERS = 5
"""Records named one by one."""


def ago(ts_ms: int, now_ms: int) -> str:
    """How long ago, to its greatest unit."""
    seconds = max(0, now_ms - ts_ms) // 1000
    for unit in (86_400, 3_600, 60):
        if seconds >= unit:
            return f"{format_duration(seconds // unit * unit)} ago"
    return f"{seconds}s ago"


def counted(number: int, noun: str) -> str:
    """A number with its noun."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def numbered(record_ids: Sequence[int]) -> str:
    """Records by their numbers, ascending: ``#10-#14``, or ``#10, #12``."""
    first, last = record_ids[0], record_ids[-1]
    if len(record_ids) > 2 and last - first == len(record_ids) - 1:
        return f"#{first}-#{last}"
    more = " and others" if len(record_ids) > MOST_NUMBERS else ""
    return ", ".join(f"#{each}" for each in record_ids[:MOST_NUMBERS]) + more
