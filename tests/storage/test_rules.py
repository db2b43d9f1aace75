from __future__ import annotations

import pytest

from filters.types import Category
from storage.audit import Audit
from storage.database import Database, DatabaseError
from storage.roles import Staff
from storage.rules import LIMITS, Rules


async def test_rules_change_within_their_limits_and_audit_says_who(db: Database, staff: dict[str, Staff]) -> None:
    rules = Rules(db)
    assert {each.name for each in await rules.list()} == set(LIMITS)
    await rules.set("lease_s", 60, by=staff["manager"], surface="shell")
    assert await rules.value("lease_s") == 60
    for name, value, message in (
        ("lease_s", 5, "lease_s: 5 is outside 30 to 86400"),
        ("second_share", 1.1, "outside 0 to 1"),
        ("speed", 1, "'speed' is not a rule"),
    ):
        with pytest.raises(DatabaseError, match=message):
            await rules.set(name, value, by=staff["manager"], surface="shell")
    [deed] = await Audit(db).latest(actor="manager", limit=1)
    assert (deed.verb, deed.subject, deed.detail) == ("rules set", "rule lease_s", "60")


async def test_every_category_has_a_deadline(db: Database, staff: dict[str, Staff]) -> None:
    rules = Rules(db)
    assert set(await rules.deadlines()) == set(Category)
    await rules.set_deadline(Category.HATE, 30, by=staff["manager"], surface="shell")
    assert (await rules.deadlines())[Category.HATE] == 30
    with pytest.raises(DatabaseError, match="hate: 0 minutes is below 1"):
        await rules.set_deadline(Category.HATE, 0, by=staff["manager"], surface="shell")
