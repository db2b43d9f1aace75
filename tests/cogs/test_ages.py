from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from sandbox.faults import Fault
from storage.records import RecordQuery

POLICY = '[filters.newcomers]\nenabled = true\nmin_account_age = "1d"\n'


async def acted_on(bot: Any) -> set[str]:
    return {record.chatter for record in await bot.records.list(RecordQuery(filter="newcomers"))}


async def test_an_account_too_young_is_caught_from_its_second_line_and_nobody_waits(stand: Any) -> None:
    async with stand(POLICY) as bot:
        bot.twitch.add_user("fresh", created_at=datetime.now(UTC) - timedelta(hours=2))
        bot.twitch.add_user("settled", created_at=datetime.now(UTC) - timedelta(days=400))
        bot.twitch.faults.add(Fault(kind="status", status=500, path="users"))
        for user in ("fresh", "settled"):
            await bot.say(user, "hello there")
        assert await acted_on(bot) == set(), "the first line is judged without an age"
        await bot.until(lambda: bot.bot.ages.waiting == 0)
        for user in ("fresh", "settled"):
            await bot.say(user, "hello again")
        assert await acted_on(bot) == {"fresh"}


async def test_where_the_filter_is_off_twitch_is_not_asked(stand: Any) -> None:
    async with stand() as bot:
        await bot.say("fresh", "hello there")
        assert bot.bot.ages.waiting == 0
