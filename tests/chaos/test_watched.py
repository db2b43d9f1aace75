"""The bot as its operators see it: metrics, health, and a log without tokens and without abuse."""

from __future__ import annotations

import asyncio
import json

import aiohttp
from prometheus_client.parser import text_string_to_metric_families

from sandbox.faults import Fault
from sandbox.ordeal import CHAT, BotProcess, free_port, until
from sandbox.server import Sandbox
from twitch.tokens import TokenStore

SLURS = ("zugmonger", "blorptastic", "z u g m o n g e r")


async def test_metrics_and_health_tell_how_it_is(twitch: Sandbox, bot: BotProcess) -> None:
    port = free_port()
    await bot.prepare(metrics_port=port)
    await bot.start()
    await until(lambda: '"watching"' in bot.said or "watching " in bot.said)
    for number in range(5):
        await twitch.say("aurora", f"user{number}", "zugmonger")
    await until(lambda: len(twitch.enforcements) == 5)
    async with aiohttp.ClientSession(f"http://127.0.0.1:{port}") as session:
        await asyncio.sleep(0.3)
        async with session.get("/metrics") as answer:
            families = {each.name: each for each in text_string_to_metric_families(await answer.text())}
        async with session.get("/healthz") as answer:
            assert (answer.status, await answer.json()) == (200, {"healthy": True, "faults": [], "notices": []})
        (chat,) = [each for each in twitch.eventsub.subscriptions.values() if each.type == CHAT]
        twitch.faults.add(Fault(kind="status", status=500, path="eventsub/subscriptions", times=None))
        await twitch.eventsub.revoke(chat, "moderator_removed")
        await asyncio.sleep(0.3)
        async with session.get("/healthz") as answer:
            assert answer.status == 503
            assert (await answer.json())["faults"] == ["aurora: chat not heard, revoked: moderator_removed"]
    values = {
        sample.name: sample.value
        for family in families.values()
        for sample in family.samples
        if sample.labels in ({}, {"channel": "aurora"}, {"action": "ban"}, {"action": "ban", "outcome": "applied"})
    }
    assert values["chatwarden_messages_judged_total"] == 5
    assert values["chatwarden_settled_total"] == 5
    assert values["chatwarden_action_seconds_count"] == 5
    assert values["chatwarden_queue_length"] == values["chatwarden_queue_lag_seconds"] == 0
    assert values["chatwarden_messages_dropped_total"] == 0
    assert values["chatwarden_log_writable"] == values["chatwarden_healthy"] == 1


async def test_health_is_there_before_the_start_is_over_and_says_what_it_waits_for(
    twitch: Sandbox, bot: BotProcess
) -> None:
    port = free_port()
    await bot.prepare(metrics_port=port)
    twitch.faults.add(Fault(kind="latency", path="eventsub/subscriptions", delay_s=60, times=None))
    await bot.spawn()
    told = ""
    async with aiohttp.ClientSession(f"http://127.0.0.1:{port}") as session, asyncio.timeout(30):
        while "starting: subscribing to the chats" not in told:
            await asyncio.sleep(0.1)
            try:
                async with session.get("/healthz") as answer:
                    told = await answer.text()
                    assert answer.status == 503
                async with session.get("/metrics") as answer:
                    assert "chatwarden_healthy 0.0" in await answer.text()
            except aiohttp.ClientConnectionError:
                assert bot.running, bot.said


async def test_whatever_goes_wrong_the_log_holds_no_token_and_no_abuse(twitch: Sandbox, bot: BotProcess) -> None:
    await bot.prepare(log_format="json")
    await bot.start()
    await until(lambda: '"watching"' in bot.said)
    bad = ("malformed", "truncated", "repeat", "reorder")
    for number in range(24):
        if number % 2:
            twitch.faults.add(Fault(kind=bad[number // 2 % 4], event=CHAT))  # type: ignore[arg-type]
        if number == 8:
            twitch.expire_tokens("chatwarden_bot")
        if number == 10:
            twitch.faults.add(Fault(kind="status", status=503, path="moderation/bans"))
            twitch.faults.add(Fault(kind="empty", path="moderation/bans"))
        await twitch.say("aurora", f"user{number}", SLURS[number % 3])
        await asyncio.sleep(0.02)
    await until(lambda: len(twitch.enforcements) > 10)
    await twitch.drop_sessions()
    await until(bot.listens, 20)
    for status in (400, 403, 500):
        twitch.faults.add(Fault(kind="status", status=status, path="moderation/bans", method="POST"))
        await twitch.say("aurora", f"late{status}", "zugmonger")
    await asyncio.sleep(0.5)
    tokens = TokenStore(bot.database.with_suffix(".tokens.json")).load().values()
    await bot.stop()
    lines = [json.loads(line) for line in bot.said.splitlines()]
    events = {line["event"] for line in lines}
    assert {"notification_malformed", "gap", "recorded", "settled", "stopped"} <= events
    secrets = {twitch.client_secret, *(each.access for each in tokens), *(each.refresh for each in tokens)}
    assert [each for each in (*SLURS, *secrets) if each in bot.said] == []
