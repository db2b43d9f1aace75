from __future__ import annotations

import asyncio
import json
from typing import Any

import aiohttp
import pytest
from twitchio import HTTPException, eventsub

from sandbox.eventsub import Timing
from sandbox.faults import Fault
from sandbox.server import Sandbox


async def heard(ws: aiohttp.ClientWebSocketResponse) -> dict[str, Any]:
    async with asyncio.timeout(5):
        message = await ws.receive()
    assert message.type is aiohttp.WSMsgType.TEXT, message
    return json.loads(message.data)


async def test_a_line_arrives_with_everything_a_filter_reads(twitch, chat):
    twitch.add_vip("aurora", "vera")
    twitch.add_subscriber("aurora", "vera")
    pieces = [("text", "hi "), ("mention", "@aurora"), ("text", " "), ("emote", "Kappa")]
    said = await twitch.say("aurora", "Vera", "hi @aurora Kappa", fragments=pieces, ts=1_600_000_000.5)
    message = await chat.next("message")
    assert (message.id, message.text, message.chatter.name) == (said, "hi @aurora Kappa", "vera")
    assert (message.chatter.vip, message.chatter.subscriber, message.chatter.moderator) == (True, True, False)
    assert [(each.type, each.text) for each in message.fragments] == pieces
    assert [each.name for each in message.mentions] == ["aurora"]
    assert message.timestamp.timestamp() == 1_600_000_000.5


async def test_mentions_are_found_and_unknown_names_stay_text(twitch, chat):
    await twitch.say("aurora", "ann", "@aurora look, @nobody_here")
    message = await chat.next("message")
    assert [(each.type, each.text) for each in message.fragments] == [
        ("mention", "@aurora"),
        ("text", " look, @nobody_here"),
    ]


async def test_a_reply_names_its_parent(twitch, chat):
    parent = await twitch.say("aurora", "ann", "first")
    await twitch.say("aurora", "ben", "second", reply_to=parent)
    await chat.next("message")
    reply = (await chat.next("message")).reply
    assert (reply.parent_message_id, reply.parent_message_body, reply.parent_user.name) == (parent, "first", "ann")


async def test_only_the_subscribed_channel_is_heard(twitch, chat):
    await twitch.say("elsewhere", "ann", "not for you")
    await twitch.say("aurora", "ann", "for you")
    assert await chat.texts(1) == ["for you"]


async def test_nothing_is_lost_or_repeated_by_a_reconnect_in_silence(twitch, chat):
    old = set(twitch.eventsub.sessions)
    await twitch.say("aurora", "ann", "before")
    assert await chat.texts(1) == ["before"]
    await twitch.reconnect_sessions()
    assert old.isdisjoint(twitch.eventsub.sessions)
    await twitch.say("aurora", "ann", "after")
    assert await chat.texts(1) == ["after"]


async def test_the_old_socket_delivers_until_the_new_one_is_welcomed(twitch):
    async with aiohttp.ClientSession() as http, http.ws_connect(twitch.eventsub_url) as old:
        session = (await heard(old))["payload"]["session"]
        await subscribe_chat(twitch, http, session["id"])
        handing_over = asyncio.create_task(twitch.reconnect_sessions())
        url = (await heard(old))["payload"]["session"]["reconnect_url"]
        await twitch.say("aurora", "ann", "on the old one")
        assert (await heard(old))["payload"]["event"]["message"]["text"] == "on the old one"
        async with http.ws_connect(url) as new:
            welcomed = (await heard(new))["payload"]["session"]
            assert welcomed["status"] == "connected"
            assert (await old.receive()).type is aiohttp.WSMsgType.CLOSE
            assert old.close_code == 4004
            await handing_over
            await twitch.say("aurora", "ann", "on the new one")
            notification = (await heard(new))["payload"]
            assert notification["event"]["message"]["text"] == "on the new one"
            assert notification["subscription"]["transport"]["session_id"] == welcomed["id"]


async def subscribe_chat(twitch: Sandbox, http: aiohttp.ClientSession, session_id: str) -> None:
    access, _ = twitch.grant("warden", ["user:read:chat"])
    body = {
        "type": "channel.chat.message",
        "version": "1",
        "condition": {
            "broadcaster_user_id": twitch.add_user("aurora").id,
            "user_id": twitch.add_user("warden").id,
        },
        "transport": {"method": "websocket", "session_id": session_id},
    }
    headers = {"Authorization": f"Bearer {access}", "Client-Id": twitch.client_id}
    async with http.post(f"{twitch.helix_url}eventsub/subscriptions", json=body, headers=headers) as answer:
        assert answer.status == 202, await answer.text()


@pytest.mark.parametrize("timing", [Timing(grace_s=0.05)])
async def test_who_does_not_move_in_time_is_cut_off(twitch):
    async with aiohttp.ClientSession() as http, http.ws_connect(twitch.eventsub_url) as ws:
        await heard(ws)
        moving = asyncio.create_task(twitch.reconnect_sessions())
        assert (await heard(ws))["metadata"]["message_type"] == "session_reconnect"
        assert (await ws.receive()).type is aiohttp.WSMsgType.CLOSE
        assert ws.close_code == 4004
        await moving


@pytest.mark.parametrize("timing", [Timing(unused_s=0.05)])
async def test_an_unused_socket_is_closed(twitch):
    async with aiohttp.ClientSession() as http, http.ws_connect(twitch.eventsub_url) as ws:
        await heard(ws)
        assert (await ws.receive()).type is aiohttp.WSMsgType.CLOSE
        assert ws.close_code == 4003


async def test_whoever_talks_to_twitch_is_closed(twitch):
    async with aiohttp.ClientSession() as http, http.ws_connect(twitch.eventsub_url) as ws:
        await heard(ws)
        await ws.send_str("hello?")
        assert (await ws.receive()).type is aiohttp.WSMsgType.CLOSE
        assert ws.close_code == 4001


async def test_a_reconnect_address_works_only_when_given(twitch):
    async with aiohttp.ClientSession() as http, http.ws_connect(f"{twitch.eventsub_url}?challenge=made-up") as ws:
        assert (await ws.receive()).type is aiohttp.WSMsgType.CLOSE
        assert ws.close_code == 4007


@pytest.mark.parametrize(("asked", "granted"), [("30", 30), ("3", 10), ("9999", 600), ("soon", 10)])
async def test_keepalive_is_what_was_asked_within_twitchs_bounds(twitch, asked, granted):
    url = f"{twitch.eventsub_url}?keepalive_timeout_seconds={asked}"
    async with aiohttp.ClientSession() as http, http.ws_connect(url) as ws:
        assert (await heard(ws))["payload"]["session"]["keepalive_timeout_seconds"] == granted


@pytest.mark.parametrize("timing", [Timing(keepalive_s=0.05)])
async def test_a_quiet_socket_is_kept_alive(twitch):
    async with aiohttp.ClientSession() as http, http.ws_connect(twitch.eventsub_url) as ws:
        kinds = [(await heard(ws))["metadata"]["message_type"] for _ in range(3)]
    assert kinds == ["session_welcome", "session_keepalive", "session_keepalive"]


async def test_taking_back_consent_revokes_subscriptions_and_tokens(twitch, bot, chat, aurora):
    await twitch.revoke("warden")
    revoked = await chat.next("subscription_revoked")
    assert (revoked.type, revoked.reason.value) == ("channel.chat.message", "authorization_revoked")
    with pytest.raises(HTTPException):
        await aurora.warn_user(moderator=bot.bot_id, user_id=twitch.add_user("eve").id, reason="spam")
    assert twitch.eventsub.subscriptions == {}


async def test_a_repeat_has_the_same_id(twitch, chat):
    twitch.faults.add(Fault(kind="repeat", event="channel.chat.message"))
    await twitch.say("aurora", "ann", "twice")
    await twitch.say("aurora", "ann", "once")
    first, second, third = [await chat.next("message") for _ in range(3)]
    assert [first.text, second.text, third.text] == ["twice", "twice", "once"]
    assert first.metadata.message_id == second.metadata.message_id != third.metadata.message_id


async def test_reordered_lines_swap(twitch, chat):
    twitch.faults.add(Fault(kind="reorder"))
    await twitch.say("aurora", "ann", "one")
    await twitch.say("aurora", "ann", "two")
    assert await chat.texts(2) == ["two", "one"]


@pytest.mark.parametrize("kind", ["malformed", "truncated"])
async def test_a_broken_notification_is_one_lost_line(twitch, chat, kind):
    twitch.faults.add(Fault(kind=kind))
    await twitch.say("aurora", "ann", "broken")
    await twitch.say("aurora", "ann", "whole")
    assert await chat.texts(1) == ["whole"]


async def test_a_cut_socket_is_opened_and_subscribed_again(twitch, chat):
    old = set(twitch.eventsub.sessions)
    twitch.faults.add(Fault(kind="drop"))
    await twitch.say("aurora", "ann", "lost")
    async with asyncio.timeout(5):
        while old & set(twitch.eventsub.sessions) or not twitch.eventsub.subscriptions:
            await asyncio.sleep(0.01)
    await twitch.say("aurora", "ann", "back")
    assert await chat.texts(1) == ["back"]


async def test_every_socket_can_be_cut_at_once(twitch):
    async with aiohttp.ClientSession() as http, http.ws_connect(twitch.eventsub_url) as ws:
        await heard(ws)
        moving = asyncio.create_task(twitch.reconnect_sessions())
        await heard(ws)
        await twitch.drop_sessions()
        assert (await ws.receive()).type in (aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.ERROR)
        assert ws.close_code == 1006
        async with asyncio.timeout(1):
            await moving
        assert twitch.eventsub.sessions == {}


def test_an_unknown_fault_is_refused():
    with pytest.raises(ValueError, match="'explode' is unknown"):
        Fault(kind="explode")


async def test_a_late_welcome_is_late(twitch):
    twitch.faults.add(Fault(kind="late_welcome", delay_s=0.2))
    async with aiohttp.ClientSession() as http, http.ws_connect(twitch.eventsub_url) as ws:
        with pytest.raises(TimeoutError):
            await ws.receive(timeout=0.05)
    async with aiohttp.ClientSession() as http, http.ws_connect(twitch.eventsub_url) as ws:
        assert (await heard(ws))["metadata"]["message_type"] == "session_welcome"


async def test_a_client_that_stops_reading_holds_the_chat_back(twitch):
    async with aiohttp.ClientSession() as http, http.ws_connect(twitch.eventsub_url, max_msg_size=0) as ws:
        await subscribe_chat(twitch, http, (await heard(ws))["payload"]["session"]["id"])
        lines = 400
        said = 0

        async def talk() -> None:
            nonlocal said
            for _ in range(lines):
                await twitch.say("aurora", "ann", "x" * 100_000)
                said += 1

        talking = asyncio.create_task(talk())
        before = -1
        while said > before:
            before = said
            await asyncio.sleep(0.1)
        assert 0 < said < lines
        for _ in range(lines):
            await heard(ws)
        await talking
        assert said == lines


async def test_a_ban_is_answered_though_nobody_reads_the_socket(twitch, bot, aurora):
    await bot.listen(
        eventsub.ChannelModerateV2Subscription, broadcaster_user_id=aurora.id, moderator_user_id=bot.bot_id
    )
    await aurora.ban_user(moderator=bot.bot_id, user=twitch.add_user("eve").id)
    assert (await bot.hearing.next("mod_action")).ban.user.name == "eve"
