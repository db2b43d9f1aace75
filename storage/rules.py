"""The numbers reviewing goes by: leases, shares, deadlines. Kept in the database, so that everyone goes by the same."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import aiosqlite

from filters.types import Category
from storage.audit import Surface
from storage.database import Database, DatabaseError
from storage.roles import Staff, note_staff

LIMITS: Mapping[str, tuple[float, float]] = {
    "lease_s": (30, 86_400),
    "second_share": (0, 1),
    "second_seed": (0, 2**53),
    "appeal_minutes": (1, 525_600),
    "exposure_limit": (0, 1_000_000),
    "shift_hours": (1, 24),
    "follow_up_days": (1, 365),
}
"""Least and greatest value of each rule."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One number and what it is."""

    name: str
    value: float
    meaning: str


class Rules:
    """Reads and changes the rules. A change holds for what comes after it: deadlines already set stay."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def list(self) -> list[Rule]:
        """Every rule, by name."""
        return [Rule(*row) for row in await self._db.rows("SELECT name, value, meaning FROM rules ORDER BY name")]

    async def value(self, name: str) -> float:
        """One rule's value."""
        [row] = await self._db.rows("SELECT value FROM rules WHERE name = ?", (name,))
        return float(row[0])

    async def deadlines(self) -> dict[Category, int]:
        """Minutes from a Record to its review, by category."""
        return {Category(row[0]): row[1] for row in await self._db.rows("SELECT category, minutes FROM review_sla")}

    async def set(self, name: str, value: float, *, by: Staff, surface: Surface) -> None:
        """Change a rule.

        Raises:
            DatabaseError: no such rule, or outside its limits.
        """
        if name not in LIMITS:
            raise DatabaseError(f"{name!r} is not a rule (use one of: {', '.join(LIMITS)})")
        least, greatest = LIMITS[name]
        if not least <= value <= greatest:
            raise DatabaseError(f"{name}: {value:g} is outside {least:g} to {greatest:g}")
        async with self._db.transaction() as transaction:
            await transaction.execute("UPDATE rules SET value = ? WHERE name = ?", (value, name))
            await note_staff(transaction, by, surface, "rules set", f"rule {name}", f"{value:g}")

    async def set_deadline(self, category: Category, minutes: int, *, by: Staff, surface: Surface) -> None:
        """Change how soon Records of a category are to be reviewed.

        Raises:
            DatabaseError: not at least a minute.
        """
        if minutes < 1:
            raise DatabaseError(f"{category}: {minutes} minutes is below 1")
        async with self._db.transaction() as transaction:
            await transaction.execute("UPDATE review_sla SET minutes = ? WHERE category = ?", (minutes, str(category)))
            await note_staff(transaction, by, surface, "rules set", f"rule {category}", f"{minutes} minutes")


async def rule(transaction: aiosqlite.Connection, name: str) -> float:
    """One rule's value, inside a transaction."""
    [row] = await transaction.execute_fetchall("SELECT value FROM rules WHERE name = ?", (name,))
    return float(row[0])
