from __future__ import annotations

import asyncio
from typing import Any

import aiohttp
import pytest
import twitchio
from twitchio import HTTPException, eventsub
from twitchio.ext import commands

from sandbox.faults import Fault
from sandbox.server import Sandbox


def status_of(error: pytest.ExceptionInfo[HTTPException]) -> tuple[int, str]:
    return error.value.status, error.value.extra["message"]


@pytest.mark.parametrize(
    ("kind", "missing"),
    [
        (eventsub.ChatMessageSubscription, "user:read:chat"),
        (eventsub.ChannelModerateV2Subscription, "moderator:manage:warnings"),
        (eventsub.ChannelModerateV2Subscription, "moderator:read:vips"),
        (eventsub.ShieldModeBeginSubscription, "moderator:manage:shield_mode"),
        (eventsub.AutomodMessageHoldV2Subscription, "moderator:manage:automod"),
    ],
)
async def test_a_scope_that_is_missing_is_refused(twitch, signed_in, bot, kind, missing):
    scopes = [each for each in twitch.granted("warden") if each != missing]
    twitch.add_moderator("aurora", "half")
    half = await signed_in("half", scopes)
    who = "user_id" if kind is eventsub.ChatMessageSubscription else "moderator_user_id"
    condition = {"broadcaster_user_id": twitch.add_user("aurora").id}
    with pytest.raises(HTTPException) as caught:
        await half.listen(kind, **condition, **{who: half.bot_id})
    assert status_of(caught) == (403, "subscription missing proper authorization")
    await bot.listen(kind, **condition, **{who: bot.bot_id})


async def test_who_does_not_moderate_hears_no_moderation(twitch, signed_in, bot):
    guest = await signed_in("guest", list(twitch.granted("warden")))
    with pytest.raises(HTTPException) as caught:
        await guest.listen(
            eventsub.ChannelModerateV2Subscription,
            broadcaster_user_id=twitch.add_user("aurora").id,
            moderator_user_id=guest.bot_id,
        )
    assert caught.value.status == 403


async def test_nobody_subscribes_in_anothers_name(twitch, bot, aurora):
    with pytest.raises(HTTPException) as caught:
        await bot.listen(
            eventsub.ChatMessageSubscription, broadcaster_user_id=aurora.id, user_id=twitch.add_user("mel").id
        )
    assert caught.value.status == 403


async def test_a_banned_bot_cannot_read_chat(twitch, signed_in):
    guest = await signed_in("guest", ["user:read:chat"])
    await twitch.mod_ban("aurora", "aurora", "guest")
    with pytest.raises(HTTPException, match="403"):
        await guest.listen(
            eventsub.ChatMessageSubscription, broadcaster_user_id=twitch.add_user("aurora").id, user_id=guest.bot_id
        )


@pytest.mark.parametrize(
    ("deed", "left"),
    [("ban", set()), ("unmod", {"channel.chat.message"}), ("timeout", {"channel.chat.message", "channel.moderate"})],
)
async def test_who_is_banned_or_no_moderator_any_more_hears_no_more(twitch, signed_in, bot, deed, left):
    twitch.add_moderator("borea", "warden2")
    listener = await signed_in("warden2", list(twitch.granted("warden")))
    condition = {"broadcaster_user_id": twitch.add_user("borea").id}
    await listener.listen(eventsub.ChatMessageSubscription, **condition, user_id=listener.bot_id)
    await listener.listen(eventsub.ChannelModerateV2Subscription, **condition, moderator_user_id=listener.bot_id)
    if deed == "unmod":
        await twitch.unmod("borea", "warden2")
    else:
        await twitch.mod_ban("borea", "borea", "warden2", duration_s=60 if deed == "timeout" else None)
    here = [each for each in twitch.eventsub.subscriptions.values() if each.condition.items() >= condition.items()]
    assert {each.type for each in here} == left
    assert twitch.world.channel("borea").moderates(listener.bot_id) is (deed == "timeout")


async def test_listing_and_ending_subscriptions(twitch, bot, aurora, chat):
    await bot.listen(eventsub.StreamOnlineSubscription, broadcaster_user_id=aurora.id)
    listed = await bot.fetch_eventsub_subscriptions(token_for=bot.bot_id)
    rows = {each.type: each async for each in listed.subscriptions}
    assert {each.type: each.cost for each in rows.values()} == {"channel.chat.message": 0, "stream.online": 1}
    assert (listed.total, listed.total_cost, listed.max_total_cost) == (2, 1, 10)
    await bot.delete_eventsub_subscription(rows["channel.chat.message"].id, token_for=bot.bot_id)
    await twitch.say("aurora", "ann", "unheard")
    await twitch.go_live("aurora")
    await chat.next("stream_online")
    assert chat.waiting("message") == 0


async def test_a_subscription_that_fails_can_be_asked_for_again(twitch, bot, aurora):
    twitch.faults.add(Fault(kind="status", status=429, path="eventsub/subscriptions", method="POST"))
    condition = {"broadcaster_user_id": aurora.id, "user_id": bot.bot_id}
    with pytest.raises(HTTPException, match="429"):
        await bot.listen(eventsub.ChatMessageSubscription, **condition)
    await bot.listen(eventsub.ChatMessageSubscription, **condition)
    await twitch.say("aurora", "ann", "heard")
    assert await bot.hearing.texts(1) == ["heard"]


async def subscribe(twitch: Sandbox, access: str, **body: Any) -> tuple[int, str]:
    headers = {"Authorization": f"Bearer {access}", "Client-Id": twitch.client_id}
    url = f"{twitch.helix_url}eventsub/subscriptions"
    async with aiohttp.ClientSession() as http, http.post(url, json=body, headers=headers) as answer:
        return answer.status, (await answer.json()).get("message", "")


async def test_limits_and_malformed_requests(twitch):
    access, _ = twitch.grant("warden", ["user:read:chat"])
    async with aiohttp.ClientSession() as http, http.ws_connect(twitch.eventsub_url) as ws:
        session_id = (await ws.receive_json())["payload"]["session"]["id"]
        transport = {"method": "websocket", "session_id": session_id}

        async def online(name: str, **other: Any) -> tuple[int, str]:
            condition = {"broadcaster_user_id": twitch.add_user(name).id}
            body = {"type": "stream.online", "version": "1", "condition": condition, "transport": transport}
            return await subscribe(twitch, access, **{**body, **other})

        assert await online("c0", version="7") == (400, "invalid subscription type and version")
        assert await online("c0", condition={}) == (400, "missing or invalid condition: broadcaster_user_id")
        assert await online("c0", transport={"method": "pigeon"}) == (400, "unsupported transport method: pigeon")
        gone = {"method": "websocket", "session_id": "gone"}
        assert (await online("c0", transport=gone))[1].startswith("websocket transport session does not exist")
        assert [(await online(f"c{number}"))[0] for number in range(11)] == [202] * 10 + [429]
        assert await online("c0") == (409, "subscription already exists")
        other, _ = twitch.grant("mel", [])
        condition = {"broadcaster_user_id": twitch.add_user("c0").id}
        body = {"type": "stream.online", "version": "1", "condition": condition, "transport": transport}
        assert (await subscribe(twitch, other, **body))[0] == 400


class AutoBot(commands.AutoBot):
    """TwitchIO's conduit bot; counts what it hears."""

    def __init__(self, twitch: Sandbox, bot_id: str, subscriptions: list[eventsub.SubscriptionPayload]) -> None:
        super().__init__(
            client_id=twitch.client_id,
            client_secret=twitch.client_secret,
            bot_id=bot_id,
            prefix="!",
            subscriptions=subscriptions,
            force_subscribe=True,
        )
        self.heard: asyncio.Queue[twitchio.ChatMessage] = asyncio.Queue()

    async def event_message(self, payload: twitchio.ChatMessage) -> None:
        self.heard.put_nowait(payload)


async def test_a_conduit_spreads_chat_over_its_shards(twitch):
    aurora, warden = twitch.add_user("aurora"), twitch.add_user("warden")
    twitch.add_moderator("aurora", "warden")
    twitch.grant("warden", ["user:read:chat", "user:bot"])
    wanted = eventsub.ChatMessageSubscription(broadcaster_user_id=aurora.id, user_id=warden.id)
    bot = AutoBot(twitch, warden.id, [wanted])
    await bot.login(load_tokens=False)
    try:
        assert bot.conduit_info.shard_count == len(twitch.eventsub.sessions) == 2
        for number in range(10):
            await twitch.say("aurora", "ann", str(number))
        async with asyncio.timeout(5):
            heard = {(await bot.heard.get()).text for _ in range(10)}
        assert heard == {str(number) for number in range(10)}
        (conduit,) = await bot.fetch_conduits()
        first, second = [shard async for shard in conduit.fetch_shards()]
        assert {first.status, second.status} == {"enabled"}
        assert first.session_id != second.session_id
        await conduit.update(1)
        assert [shard.id async for shard in conduit.fetch_shards()] == ["0"]
        await conduit.delete()
        assert await bot.fetch_conduits() == []
        assert twitch.eventsub.subscriptions == {}
    finally:
        await bot.close(save_tokens=False)


@pytest.fixture
async def app(twitch):
    """Calls Helix with the application's own token."""
    form = {"client_id": twitch.client_id, "client_secret": twitch.client_secret, "grant_type": "client_credentials"}
    async with aiohttp.ClientSession() as http:
        async with http.post(f"{twitch.id_url}oauth2/token", data=form) as answer:
            access = (await answer.json())["access_token"]

        async def call(method: str, path: str, **options: Any) -> Any:
            headers = {"Authorization": f"Bearer {access}", "Client-Id": twitch.client_id}
            url = f"{twitch.helix_url}eventsub/{path}"
            async with http.request(method, url, headers=headers, **options) as answer:
                return await answer.json()

        yield call


async def test_a_shard_moves_with_its_socket_and_is_disabled_without(twitch, app):
    conduit = (await app("POST", "conduits", params={"shard_count": 2}))["data"][0]["id"]
    transport = {"method": "conduit", "conduit_id": conduit}
    condition = {"client_id": twitch.client_id}
    body = {"type": "conduit.shard.disabled", "version": "1", "condition": condition, "transport": transport}
    assert (await app("POST", "subscriptions", json=body))["total"] == 1

    async def place(shard: str, session_id: str) -> Any:
        shards = [{"id": shard, "transport": {"method": "websocket", "session_id": session_id}}]
        return await app("PATCH", "conduits/shards", params={"conduit_id": conduit}, json={"shards": shards})

    async with aiohttp.ClientSession() as http, http.ws_connect(twitch.eventsub_url) as watcher:
        kept = (await watcher.receive_json())["payload"]["session"]["id"]
        assert (await place("7", kept))["errors"][0]["id"] == "7"
        assert "does not exist" in (await place("0", "gone"))["errors"][0]["message"]
        assert (await place("0", kept))["data"][0]["status"] == "enabled"
        moving = asyncio.create_task(twitch.reconnect_sessions())
        url = (await watcher.receive_json())["payload"]["session"]["reconnect_url"]
        async with http.ws_connect(url) as moved:
            new = (await moved.receive_json())["payload"]["session"]["id"]
            await watcher.close()
            await moving
            shards = (await app("GET", "conduits/shards", params={"conduit_id": conduit}))["data"]
            assert [each["transport"]["session_id"] for each in shards] == [new, None]
            async with http.ws_connect(twitch.eventsub_url) as other:
                await place("1", (await other.receive_json())["payload"]["session"]["id"])
            told = (await moved.receive_json())["payload"]["event"]
            assert (told["conduit_id"], told["shard_id"], told["status"]) == (conduit, "1", "websocket_disconnected")


async def test_a_conduit_needs_the_channels_consent(twitch, app):
    twitch.grant("warden", ["user:read:chat", "user:bot"])
    condition = {"broadcaster_user_id": twitch.add_user("aurora").id, "user_id": twitch.add_user("warden").id}
    conduit = (await app("POST", "conduits", params={"shard_count": 1}))["data"][0]["id"]
    transport = {"method": "conduit", "conduit_id": conduit}
    body = {"type": "channel.chat.message", "version": "1", "condition": condition, "transport": transport}
    refused = await app("POST", "subscriptions", json=body)
    assert (refused["status"], refused["message"]) == (403, "subscription missing proper authorization")
    twitch.grant("aurora", ["channel:bot"])
    assert (await app("POST", "subscriptions", json=body))["total"] == 1
    shut = {**body, "transport": {"method": "websocket", "session_id": "any"}}
    assert (await app("POST", "subscriptions", json=shut))["message"] == "invalid transport and auth combination"
