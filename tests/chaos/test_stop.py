"""The bot as a process: stopped by a signal, or by what Twitch does to it."""

from __future__ import annotations

import signal
from typing import Any

import pytest

from sandbox.faults import Fault
from sandbox.ordeal import BotProcess, discrepancies, until
from sandbox.server import Sandbox


async def outcomes(records: Any) -> list[str]:
    return [str(each.outcome) for each in await records()]


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_ends_it_within_five_seconds_with_everything_done(
    twitch: Sandbox, bot: BotProcess, records: Any, how: signal.Signals
) -> None:
    await bot.start()
    for number in range(60):
        await twitch.say("aurora", f"user{number}", "zugmonger")
    code, seconds = await bot.stop(how)
    assert code == 0
    assert seconds < 5
    assert await outcomes(records) == ["applied"] * 60
    assert await discrepancies(twitch, bot.database) == []


async def test_what_cannot_be_done_in_time_stays_pending_and_is_done_at_the_next_start(
    twitch: Sandbox, bot: BotProcess, records: Any
) -> None:
    await bot.start()
    slow = Fault(kind="latency", path="moderation/bans", method="POST", delay_s=30, times=None)
    twitch.faults.add(slow)
    for number in range(20):
        await twitch.say("aurora", f"user{number}", "zugmonger")
    code, seconds = await bot.stop()
    assert code == 0
    assert seconds < 5
    assert await outcomes(records) == ["pending"] * 20
    twitch.faults.clear()
    await bot.start()
    await until(lambda: len(twitch.enforcements) == 20)
    await bot.stop()
    assert await discrepancies(twitch, bot.database) == []


async def test_a_token_refused_for_good_ends_it_with_the_remedy(twitch: Sandbox, bot: BotProcess) -> None:
    await bot.start()
    twitch.faults.add(Fault(kind="status", status=401, path="moderation/bans", method="POST", times=None))
    await twitch.say("aurora", "eve", "zugmonger")
    assert await bot.ended() == 1
    assert " login)" in bot.said


async def test_twitch_out_of_reach_is_exit_code_1_with_the_reason(twitch: Sandbox, bot: BotProcess) -> None:
    await bot.spawn({"CHATWARDEN_ID_URL": "http://127.0.0.1:9/"})
    assert await bot.ended() == 1
    assert "Twitch cannot be reached" in bot.said
    assert "Traceback" not in bot.said


async def test_a_wrong_client_secret_is_exit_code_2(twitch: Sandbox, bot: BotProcess) -> None:
    await bot.spawn({"CHATWARDEN_CLIENT_SECRET": "not-it"})
    assert await bot.ended() == 2
    assert "Twitch refuses to let the bot in" in bot.said
    assert "not-it" not in bot.said


async def test_a_signal_during_the_start_ends_it_too(twitch: Sandbox, bot: BotProcess) -> None:
    twitch.faults.add(Fault(kind="latency", path="users", delay_s=60, times=None))
    await bot.spawn()
    await until(lambda: bot.database.exists(), 20)
    code, seconds = await bot.stop()
    assert code == 0
    assert seconds < 5


async def test_a_twitch_that_is_out_of_order_at_the_start_is_exit_code_1(twitch: Sandbox, bot: BotProcess) -> None:
    twitch.faults.add(Fault(kind="status", status=500, path="eventsub/subscriptions", method="POST", times=None))
    await bot.spawn()
    assert await bot.ended() == 1
    assert "Twitch is out of order" in bot.said


async def test_an_eventsub_that_does_not_welcome_is_exit_code_1_with_the_reason(
    twitch: Sandbox, bot: BotProcess
) -> None:
    twitch.faults.add(Fault(kind="late_welcome", delay_s=12, times=None))
    await bot.spawn()
    assert await bot.ended(40) == 1
    assert "Twitch cannot be reached" in bot.said
    assert "Traceback" not in bot.said
