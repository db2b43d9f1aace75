"""Times nobody watched are in the log, with what could be recovered."""

from __future__ import annotations

from typing import Any

from sandbox.ordeal import CHAT, BotProcess, discrepancies, until
from sandbox.server import Sandbox
from storage.records import Outcome


async def test_a_time_the_bot_was_down_is_a_gap_and_bans_made_meanwhile_are_recorded(
    twitch: Sandbox, bot: BotProcess, records: Any, gaps: Any
) -> None:
    await bot.start()
    await twitch.say("aurora", "eve", "hello")
    await bot.kill()
    await twitch.mod_ban("aurora", "aurora", "eve", reason="seen enough")
    await twitch.mod_ban("aurora", "aurora", "mallory", duration_s=600)
    await bot.start()
    await bot.stop()
    (gap,) = await gaps()
    assert (gap.why, gap.bans, gap.lines) == ("not running", 2, None)
    assert gap.since_ms < gap.until_ms
    mirrored = {(record.chatter, str(record.action), record.actor, record.outcome) for record in await records()}
    assert mirrored == {
        ("eve", "ban", "aurora", Outcome.APPLIED),
        ("mallory", "timeout 600s", "aurora", Outcome.APPLIED),
    }


async def test_a_lost_socket_a_revoked_and_a_refused_subscription_are_gaps_that_end(
    twitch: Sandbox, bot: BotProcess, gaps: Any
) -> None:
    await bot.start()
    await until(lambda: "watching " in bot.said)
    first = twitch.eventsub.subscriptions.copy()
    await twitch.drop_sessions()
    await until(lambda: first.keys().isdisjoint(twitch.eventsub.subscriptions) and bot.listens(), 20)
    (chat,) = [each for each in twitch.eventsub.subscriptions.values() if each.type == CHAT]
    await twitch.eventsub.revoke(chat, "moderator_removed")
    await until(bot.listens, 20)
    await twitch.say("aurora", "eve", "zugmonger")
    await until(lambda: bool(twitch.enforcements))
    await bot.stop()
    assert [gap.why for gap in await gaps()] == ["socket lost", "revoked: moderator_removed"]
    assert "make the bot a moderator of the channel again" in bot.said
    assert await discrepancies(twitch, bot.database) == []
