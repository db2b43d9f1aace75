"""One channel's flood neither hides nor delays another channel's line, and costs no line of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
from prometheus_client.parser import text_string_to_metric_families

from sandbox.ordeal import POLICY, BotProcess, free_port, until
from sandbox.server import Sandbox

FLOOD = 4_000


async def read(port: int) -> dict[tuple[str, str], float]:
    async with aiohttp.ClientSession() as session, session.get(f"http://127.0.0.1:{port}/metrics") as answer:
        families = text_string_to_metric_families(await answer.text())
    return {(each.name, each.labels.get("channel", "")): each.value for family in families for each in family.samples}


@asynccontextmanager
async def moderating(
    twitch: Sandbox, folder: Path, policy: str = POLICY, **settings: object
) -> AsyncIterator[BotProcess]:
    """The bot in a busy channel and a calm one."""
    bot = BotProcess(twitch, folder, ("busy", "calm"))
    await bot.prepare(policy, **settings)
    try:
        await bot.start()
        await until(lambda: "watching " in bot.said)
        yield bot
    finally:
        await bot.kill()


async def test_a_line_beside_a_flood_is_judged_while_the_flood_still_waits(twitch: Sandbox, tmp_path: Path) -> None:
    port = free_port()
    async with moderating(twitch, tmp_path, metrics_port=port) as bot:
        for number in range(FLOOD):
            await twitch.say("busy", f"user{number % 500}", f"what a play that was number {number}")
        await twitch.say("calm", "eve", "zugmonger")
        await until(lambda: bool(twitch.enforcements), 20)
        beside = await read(port)
        assert beside["chatwarden_queue_length", "busy"] > 100
        assert beside["chatwarden_queue_length", "calm"] == 0
        while (seen := await read(port)).get(("chatwarden_messages_judged_total", "busy"), 0) < FLOOD:
            assert bot.running
        assert seen["chatwarden_messages_dropped_total", ""] == 0


async def test_an_attacked_channel_leaves_the_others_some_of_the_accounts_rate_limit(tmp_path: Path) -> None:
    unstopped = f"{POLICY}\n[breaker]\nenabled = false\n"
    async with Sandbox(points_per_minute=200) as twitch, moderating(twitch, tmp_path, unstopped) as bot:
        for number in range(300):
            await twitch.say("busy", f"user{number}", "quibbleflax")
        await until(lambda: len(twitch.enforcements) > 180, 40)
        await twitch.say("calm", "eve", "quibbleflax")
        await until(lambda: any(each.channel == "calm" for each in twitch.enforcements), 20)
        assert "rate_limited" not in bot.said
        assert len(twitch.enforcements) < 300
