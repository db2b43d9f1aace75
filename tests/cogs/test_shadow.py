"""A revision on trial judges the live chat beside the live one, and nobody feels it."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from filters.engine import Engine, Exemptions
from filters.history import History
from filters.ladder import Ladder
from storage.experiments import Experiments
from storage.policies import PolicyLog

POLICY = """
[filters.blocklist]
lists = []
terms = [{ text = "drongle", severity = 0 }]
"""


async def test_both_revisions_judge_every_message_and_only_the_live_one_acts(stand: Any) -> None:
    async with stand(POLICY) as bot:
        channel_id, channel = next(iter(bot.bot.channels.items()))
        database = bot.bot.desk.database
        policies, experiments = PolicyLog(database), Experiments(database)
        tried = await policies.save(
            channel_id, POLICY.replace("drongle", "fribble"), author="ada", reason="", at_ms=1, login="aurora"
        )
        await policies.save(channel_id, POLICY, author="ada", reason="back", at_ms=2)
        await bot.until(lambda: channel.engine.revision == tried + 1)
        now = time.time_ns() // 1_000_000
        number = await experiments.begin(
            channel_id, tried, from_ms=now - 1_000, until_ms=now + 600_000, actor="ada", role="manager",
            surface="shell", why="fribble is new",
        )  # fmt: skip
        await bot.until(lambda: channel.shadow is not None)

        for text in ("hello", "a fribble", "a drongle", "drongle and fribble"):
            await bot.say("eve", text)
            bot.twitch.clock.advance(60)
        assert [verdict.revision for verdict in bot.witness.verdicts] == [tried + 1] * 4
        assert await bot.records.last_id() == 2, "the revision on trial makes no Records"

        async with asyncio.timeout(10):
            while (result := await experiments.result(number)).experiment.messages < 4:
                await asyncio.sleep(0.05)
        spoke = result.spoke
        assert (spoke.both, spoke.only_live, spoke.only_shadow) == (1, 1, 1)
        await experiments.stop(number, actor="ada", role="manager", surface="shell")
        await bot.until(lambda: channel.shadow is None)


def test_a_history_nobody_has_spoken_in_yet_is_shared_all_the_same() -> None:
    history = History()
    assert Engine([], Ladder(), Exemptions(), history=history).history is history
