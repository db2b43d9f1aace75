"""What Twitch does on a bad day: the bot loses nothing, repeats nothing and stops where it must."""

from __future__ import annotations

import asyncio
import json
import random
import time
from collections.abc import Callable
from functools import reduce
from typing import Any

import pytest

from filters.types import Message
from sandbox.faults import Fault
from storage.gaps import Gaps
from storage.records import Outcome, RecordQuery
from twitch import client
from twitch.listening import LOOK_EVERY_S

POLICY = """
[filters.blocklist]
lists = []
terms = [{ text = "zugmonger", severity = 3 }, { text = "snarfwad", severity = 0 }]
"""


def texts(bot: Any) -> list[str]:
    messages: list[Message] = [verdict.message for verdict in bot.witness.verdicts]
    return [message.text for message in messages]


async def test_a_notification_sent_twice_is_judged_once(stand: Any) -> None:
    async with stand(POLICY) as bot:
        bot.twitch.faults.add(Fault(kind="repeat", event="channel.chat.message", times=3))
        for number in range(3):
            await bot.say("eve", f"snarfwad {number}")
        await bot.say("ann", "the end")
        assert texts(bot) == ["snarfwad 0", "snarfwad 1", "snarfwad 2", "the end"]
        assert bot.bot.inflow.repeats == 3
        assert await bot.records.count(RecordQuery()) == 3


async def test_a_notification_that_makes_no_sense_costs_only_itself(stand: Any) -> None:
    async with stand(POLICY) as bot:
        bot.twitch.faults.add(Fault(kind="malformed", event="channel.chat.message"))
        await bot.twitch.say("aurora", "ann", "this one breaks")
        await bot.say("ann", "this one is fine")
        assert texts(bot) == ["this one is fine"]
        assert bot.bot.inflow.malformed == 1


@pytest.mark.parametrize("seed", range(3))
async def test_whatever_stands_in_a_notification_the_next_one_is_judged(stand: Any, seed: int) -> None:
    rng = random.Random(seed)
    async with stand(POLICY) as bot:
        (session,) = bot.twitch.eventsub.sessions.values()
        sent: list[str] = []
        real = session.ws.send_str
        session.ws.send_str = lambda line: asyncio.sleep(0, sent.append(line))
        await bot.twitch.say("aurora", "ann", "as a model")
        session.ws.send_str = real
        for number in range(150):
            frame = json.loads(sent[0])
            frame["metadata"]["message_id"] = f"odd-{number}"
            *parents, last = rng.choice([path for path in paths(frame) if path])
            place = reduce(lambda inner, key: inner[key], parents, frame)
            place[last] = rng.choice([None, True, -1, 1e300, "", "\ud800\u202e", [], {}, [[]], {"id": None}])
            if rng.random() < 0.3:
                del place[last]
            await session.ws.send_str(json.dumps(frame))
        await bot.twitch.say("aurora", "eve", "zugmonger")
        await bot.until(lambda: "zugmonger" in texts(bot))
        await bot.bot.drain()
        assert [each.login for each in bot.twitch.enforcements if each.kind == "ban"] == ["eve"]


def paths(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The way to every value inside."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [at, *(path for key, each in inner for path in paths(each, (*at, key)))]


async def test_a_cut_socket_is_opened_again_and_the_chat_goes_on(stand: Any) -> None:
    async with stand(POLICY) as bot:
        await bot.say("ann", "before")
        (socket,) = bot.bot._websockets[bot.bot.bot_id].values()
        session, subscriptions = socket.session_id, socket.subscription_count
        await bot.twitch.drop_sessions()
        # Not by the socket's own count: for a moment after the welcome it still has the old session's.
        await bot.until(lambda: heard_on(bot, socket.session_id) == subscriptions and socket.session_id != session)
        await bot.say("ann", "after")
        assert texts(bot) == ["before", "after"]


@pytest.mark.parametrize("moves", [[], ["reconnect"], ["drop"], ["reconnect", "drop", "reconnect"]])
async def test_a_chat_lost_after_the_sockets_moved_is_heard_again(stand: Any, moves: list[str]) -> None:
    async with stand(POLICY) as bot:
        [socket] = bot.bot.sockets
        wanted = socket.subscription_count
        for move in moves:
            was = set(bot.twitch.eventsub.sessions)
            await (bot.twitch.reconnect_sessions if move == "reconnect" else bot.twitch.drop_sessions)()
            await bot.until(lambda was=was: len(set(bot.twitch.eventsub.sessions) - was) == 1)
            await bot.until(
                lambda: bot.twitch.eventsub.sessions.keys() == {each.session_id for each in bot.bot.sockets}
            )
            await bot.until(lambda: heard_on(bot, bot.bot.sockets[0].session_id) == wanted)
        [chat] = chats(bot)
        await bot.twitch.eventsub.revoke(chat, "moderator_removed")
        await bot.until(lambda: bool(chats(bot)))
        await bot.say("eve", "zugmonger")
        assert (await bot.record()).outcome is Outcome.APPLIED


def heard_on(bot: Any, session_id: str) -> int:
    """How many subscriptions Twitch has for a session."""
    return len(bot.twitch.eventsub.on(session_id))


def chats(bot: Any) -> list[Any]:
    return [each for each in bot.twitch.eventsub.subscriptions.values() if each.type == "channel.chat.message"]


@pytest.fixture
def set_clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Move the wall clock by so many seconds, as an administrator or a bad NTP server does."""
    real, real_ns = time.time, time.time_ns

    def move(seconds: float) -> None:
        monkeypatch.setattr(time, "time", lambda: real() + seconds)
        monkeypatch.setattr(time, "time_ns", lambda: real_ns() + round(seconds * 1e9))

    return move


@pytest.mark.parametrize("seconds", [-3_600, 3_600])
async def test_a_clock_that_jumps_is_told_and_stops_nothing(
    stand: Any, set_clock: Any, monkeypatch: pytest.MonkeyPatch, seconds: float
) -> None:
    monkeypatch.setattr("cogs.health.BEAT_S", 0.05)
    async with stand(POLICY) as bot:
        await bot.say("ann", "before")
        set_clock(seconds)
        await bot.until(lambda: bot.bot.health.clock_jumps == 1)
        await bot.say("eve", "zugmonger")
        assert (await bot.record()).outcome is Outcome.APPLIED
        assert bot.bot.listening.deaf == {}


async def test_a_silent_socket_is_noticed_also_when_the_clock_was_set_back(
    stand: Any, set_clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with stand(POLICY) as bot:
        (socket,) = bot.bot.sockets
        session = socket.session_id
        set_clock(-3_600)
        # Twitch's next word is due ten seconds after its last: one second is waited for instead.
        monkeypatch.setattr("twitch.socket.LATE_S", -9.0)
        socket._keep_alive_task.cancel()
        socket._keep_alive_task = asyncio.create_task(socket._process_keepalive())
        await bot.until(lambda: socket.session_id not in (None, session))
        monkeypatch.setattr("twitch.socket.LATE_S", 5.0)
        await bot.until(lambda: bot.bot.listening.deaf == {} and socket.subscription_count > 0)
        await bot.say("eve", "zugmonger")
        assert (await bot.record()).outcome is Outcome.APPLIED


async def test_an_expired_token_is_refreshed_once_and_the_ban_lands(stand: Any) -> None:
    async with stand(POLICY) as bot:
        bot.twitch.expire_tokens("chatwarden_bot")
        await bot.say("eve", "zugmonger")
        assert (await bot.record()).outcome is Outcome.APPLIED
        assert [ban.login for ban in bot.twitch.bans("aurora").values()] == ["eve"]


async def test_a_token_refused_for_good_ends_in_a_failed_record_not_in_a_loop(stand: Any) -> None:
    async with stand(POLICY) as bot:
        bot.twitch.faults.add(Fault(kind="status", status=401, path="moderation/bans", method="POST", times=None))
        await bot.say("eve", "zugmonger")
        record = await bot.record()
        assert record.outcome is Outcome.FAILED
        assert "401" in record.reason


async def test_a_rate_limit_is_waited_out(stand: Any) -> None:
    async with stand(POLICY) as bot:
        bot.twitch.faults.add(
            Fault(kind="status", status=429, path="moderation/bans", method="POST", delay_s=1.0, times=1)
        )
        await bot.say("eve", "zugmonger")
        assert (await bot.record()).outcome is Outcome.APPLIED


async def test_a_rate_limit_is_waited_out_for_longer_than_twitch_may_take_to_answer(
    stand: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "HELIX_TIMEOUT_S", 0.5)
    async with stand(POLICY) as bot:
        bot.twitch.faults.add(
            Fault(kind="status", status=429, path="moderation/bans", method="POST", delay_s=3.0, times=1)
        )
        await bot.say("eve", "zugmonger")
        record = await bot.record()
        assert record.outcome is Outcome.APPLIED
        assert bot.twitch.enforcements[0].wall_ms - record.sent_ms >= 2_500


async def test_a_ban_twitch_made_but_did_not_confirm_is_not_made_twice(stand: Any) -> None:
    async with stand(POLICY) as bot:
        bot.twitch.faults.add(
            Fault(kind="status", status=500, path="moderation/bans", method="POST", times=1, after=True)
        )
        await bot.say("eve", "zugmonger")
        assert len([each for each in bot.twitch.enforcements if each.kind == "ban"]) == 1
        assert (await bot.record()).outcome in (Outcome.APPLIED, Outcome.SUPERSEDED)


async def test_somebody_already_banned_is_recorded_as_superseded(stand: Any) -> None:
    async with stand(POLICY) as bot:
        bot.twitch.faults.add(Fault(kind="latency", path="moderation/bans", method="POST", delay_s=0.3, times=1))
        await bot.twitch.say("aurora", "eve", "zugmonger")
        await bot.until(lambda: bool(bot.witness.verdicts))
        await bot.twitch.mod_ban("aurora", "aurora", "eve")
        await bot.bot.drain()
        assert (await bot.record()).outcome is Outcome.SUPERSEDED


async def test_judging_does_not_wait_until_the_mods_are_told_that_a_filter_ran_away(stand: Any) -> None:
    async with stand("[breaker]\nactions_per_minute = 1\n" + POLICY) as bot:
        bot.twitch.faults.add(Fault(kind="latency", path="chat/messages", delay_s=60, times=None))
        for number in range(12):
            await bot.twitch.say("aurora", f"eve_{number}", "snarfwad")
        await bot.until(lambda: len(bot.witness.verdicts) == 12)
        assert bot.witness.verdicts[-1].dry_run


async def test_a_subscription_twitch_made_but_did_not_confirm_is_one_gap_and_stands(stand: Any) -> None:
    async with stand(POLICY) as bot:
        for _ in range(2):
            before = len(await Gaps(bot.bot.desk.database).list())
            fault = Fault(kind="status", status=500, path="eventsub/subscriptions", method="POST", after=True)
            bot.twitch.faults.add(fault)
            [chat] = chats(bot)
            await bot.twitch.eventsub.revoke(chat, "moderator_removed")
            await bot.until(lambda: bool(chats(bot)) and not bot.twitch.faults)
            await bot.until(lambda: bot.bot.listening.deaf == {})
            await asyncio.sleep(3 * LOOK_EVERY_S)
            assert len(await Gaps(bot.bot.desk.database).list()) == before + 1
            assert bot.bot.listening.deaf == {}
