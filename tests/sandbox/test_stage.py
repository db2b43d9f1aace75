from __future__ import annotations

import time

import pytest

from sandbox.stage import Stage
from storage.chatlogs import ChatLine


async def test_lines_arrive_in_order_under_the_chats_own_time(twitch, chat):
    lines = [ChatLine(1_600_000_000 + number, "aurora", "ann", f"line {number}") for number in range(200)]
    played = await Stage(twitch).play(lines, speed=None)
    assert (played.lines, played.delivered, played.muted) == (200, 200, 0)
    messages = [await chat.next("message") for _ in lines]
    assert [each.text for each in messages] == [each.text for each in lines]
    assert [each.timestamp.timestamp() for each in messages] == [each.ts_s for each in lines]


async def test_roles_and_fragments_reach_the_badges(twitch, chat):
    line = ChatLine(1.0, "aurora", "vera", "Kappa", ("vip", "subscriber"), (("emote", "Kappa"),))
    await Stage(twitch).play([line, ChatLine(2.0, "aurora", "mel", "hi", ("moderator",))], speed=None)
    vera, mel = await chat.next("message"), await chat.next("message")
    assert (vera.chatter.vip, vera.chatter.subscriber, mel.chatter.moderator) == (True, True, True)
    assert vera.fragments[0].type == "emote"


async def test_a_timeout_mutes_for_chat_minutes_at_any_speed(twitch, bot, aurora):
    eve = twitch.add_user("eve")
    await twitch.say("aurora", "eve", "rude", ts=1000)
    await aurora.timeout_user(moderator=bot.bot_id, user=eve.id, duration=600)
    lines = [ChatLine(1000.0 + 100 * number, "aurora", "eve", str(number)) for number in range(10)]
    heard: list[tuple[str, bool]] = []
    played = await Stage(twitch).play(lines, None, lambda line, said: heard.append((line.text, said is not None)))
    assert heard == [(str(number), number >= 6) for number in range(10)]
    assert (played.delivered, played.muted) == (4, 6)


async def test_speed_is_chat_seconds_per_second(twitch):
    lines = [ChatLine(float(ts), "aurora", "ann", "x") for ts in (0, 10, 20)]
    began = time.monotonic()
    played = await Stage(twitch).play(lines, speed=100)
    assert played.seconds == pytest.approx(time.monotonic() - began, abs=0.1)
    assert played.seconds >= 0.2
