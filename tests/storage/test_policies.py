from __future__ import annotations

import asyncio

from storage.database import Database
from storage.policies import PolicyLog, Revision


async def test_revisions_count_per_channel_and_name_their_parent(db: Database) -> None:
    policies = PolicyLog(db)
    assert await policies.save("1", "a = 1", author="anna", reason="start", at_ms=10) == 1
    assert await policies.save("2", "a = 9", author="bert", reason="start", at_ms=11) == 1
    assert await policies.save("1", "a = 2", author="bert", reason="stricter", at_ms=12) == 2

    second = Revision("1", 2, 1, "a = 2", "bert", "stricter", 12)
    assert await policies.current("1") == second
    assert await policies.get("1", 2) == second
    assert await policies.history("1") == [second, Revision("1", 1, None, "a = 1", "anna", "start", 10)]


async def test_an_unknown_channel_or_number_has_none(db: Database) -> None:
    policies = PolicyLog(db)
    assert await policies.current("1") is None
    assert await policies.get("1", 1) is None
    assert await policies.history("1") == []


async def test_saving_at_once_never_gives_one_number_twice(db: Database) -> None:
    policies = PolicyLog(db)
    numbers = await asyncio.gather(
        *(policies.save("1", "", author="anna", reason="", at_ms=each) for each in range(20))
    )
    assert sorted(numbers) == list(range(1, 21))
