"""Numbers of Records, people, cases as people type them and as addresses hold them."""

from __future__ import annotations

MOST_DIGITS = 15
"""Far more than any log counts up to, and few enough for SQLite, whose numbers end at 19."""


def number(text: str) -> int | None:
    """The number that ``1234`` or ``#1234`` names; None if it is none."""
    digits = text.strip().removeprefix("#")
    return int(digits) if digits.isdecimal() and len(digits) <= MOST_DIGITS else None
