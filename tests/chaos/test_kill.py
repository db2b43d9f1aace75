"""kill -9 under load: one Record for each act, none open, none done twice, and an unbroken chain."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sandbox.ordeal import BotProcess, discrepancies, kill_again_and_again
from sandbox.server import Sandbox

KILLS = int(os.environ.get("CHATWARDEN_KILLS", "6"))
"""A few in the suite; `make chaos` kills 200 times."""


async def test_a_second_bot_on_one_database_is_refused_until_the_first_is_gone_however_it_goes(
    twitch: Sandbox, bot: BotProcess, tmp_path: Path
) -> None:
    await bot.start()
    second = BotProcess(twitch, tmp_path)
    await second.prepare()
    await second.spawn()
    assert await second.ended() == 2
    assert f" run (pid {bot.pid}, since" in second.said
    assert "works on it already (stop that one, or set CHATWARDEN_DATABASE" in second.said
    await bot.kill()
    await second.start()
    await second.kill()


@pytest.mark.timeout(60 + 8 * KILLS)
async def test_a_bot_killed_at_random_points_neither_forgets_nor_repeats(tmp_path: Path) -> None:
    async with Sandbox(points_per_minute=100_000) as twitch:
        bot = BotProcess(twitch, tmp_path)
        await bot.prepare()
        await kill_again_and_again(twitch, bot, KILLS, seed=KILLS)
        assert len(twitch.enforcements) > 20, f"hardly anything was done; the bot's log:\n{bot.said}"
        assert await discrepancies(twitch, bot.database) == []
