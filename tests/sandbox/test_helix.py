from __future__ import annotations

import asyncio
import time
from typing import Any

import aiohttp
import pytest
from twitchio import HTTPException

from sandbox.faults import Fault
from sandbox.server import ENDPOINTS, Sandbox

BAN = "moderation/bans"


class Caller:
    """Calls Helix without a library between."""

    def __init__(self, twitch: Sandbox, http: aiohttp.ClientSession, access: str) -> None:
        self.twitch = twitch
        self.headers = {"Authorization": f"Bearer {access}", "Client-Id": twitch.client_id}
        self._http = http

    async def __call__(self, method: str, path: str, **options: Any) -> tuple[int, Any, Any]:
        options.setdefault("headers", self.headers)
        async with self._http.request(method, self.twitch.helix_url + path, **options) as answer:
            body = await answer.json() if answer.status != 204 else None
            return answer.status, body, answer.headers

    async def ban(self, user: str, moderator: str = "warden") -> tuple[int, Any, Any]:
        params = {
            "broadcaster_id": self.twitch.add_user("aurora").id,
            "moderator_id": self.twitch.add_user(moderator).id,
        }
        body = {"data": {"user_id": self.twitch.add_user(user).id}}
        return await self("POST", BAN, params=params, json=body)


@pytest.fixture
async def call(twitch):
    twitch.add_moderator("aurora", "warden")
    access, _ = twitch.grant("warden", ["moderator:manage:banned_users"])
    async with aiohttp.ClientSession() as http:
        yield Caller(twitch, http, access)


async def test_who_may_not_call_is_told_as_twitch_tells_it(twitch, call):
    client, good = call.headers["Client-Id"], call.headers["Authorization"]
    for headers, message in [
        ({}, "OAuth token is missing"),
        ({"Authorization": "Bearer made-up", "Client-Id": client}, "Invalid OAuth token"),
        ({"Authorization": good}, "Client ID is missing"),
        ({"Authorization": good, "Client-Id": "other"}, "Client ID and OAuth token do not match"),
    ]:
        status, body, _ = await call("GET", "users", headers=headers)
        assert (status, body) == (401, {"error": "Unauthorized", "status": 401, "message": message})


async def test_a_missing_scope_is_refused(twitch, signed_in):
    bot = await signed_in("warden", ["user:read:chat"])
    twitch.add_moderator("aurora", "warden")
    with pytest.raises(HTTPException) as caught:
        await bot.create_partialuser(twitch.add_user("aurora").id).ban_user(moderator=bot.bot_id, user="1")
    assert caught.value.status == 401
    assert caught.value.extra["message"] == "Missing scope: moderator:manage:banned_users"


async def test_only_moderators_moderate_and_only_for_themselves(twitch, call):
    assert (await call.ban("eve", moderator="mel"))[0] == 401
    twitch.world.channel("aurora").moderators.clear()
    status, body, _ = await call.ban("eve")
    assert (status, body["error"]) == (403, "Forbidden")
    assert twitch.enforcements == []


async def test_an_app_token_acts_for_whom_has_granted_the_scope(twitch, bot, aurora):
    said = await twitch.say("aurora", "eve", "spam")
    await aurora.delete_chat_messages(moderator=bot.bot_id, message_id=said, token_for=None)
    assert twitch.deleted("aurora") == {said}
    with pytest.raises(HTTPException, match="401"):
        await aurora.ban_user(moderator=bot.bot_id, user=twitch.add_user("eve").id, token_for=None)
    assert twitch.bans("aurora") == {}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"data": b"{not json"}, "not a valid JSON object"),
        ({"json": []}, "not a valid JSON object"),
        ({"json": {"data": {}}}, '"user_id"'),
        ({"json": {"data": {"user_id": "1", "duration": "long"}}}, "duration"),
        ({"json": {"data": {"user_id": "1", "duration": True}}}, "duration"),
    ],
)
async def test_a_malformed_call_is_a_400_that_names_the_fault(twitch, call, options, message):
    params = {"broadcaster_id": twitch.add_user("aurora").id, "moderator_id": twitch.add_user("warden").id}
    status, body, _ = await call("POST", BAN, params=params, **options)
    assert status == 400
    assert message in body["message"]


async def test_an_unknown_path_is_404(call):
    assert (await call("GET", "no/such/call"))[0] == 404


async def test_every_answer_shows_the_budget(twitch, call):
    _, _, first = await call.ban("eve")
    _, _, second = await call.ban("ann")
    assert first["Ratelimit-Limit"] == "800"
    assert (int(first["Ratelimit-Remaining"]), int(second["Ratelimit-Remaining"])) == (799, 798)
    assert 0 <= int(second["Ratelimit-Reset"]) - time.time() < 61


async def test_an_empty_budget_is_429_until_it_refills():
    async with Sandbox(points_per_minute=60) as twitch, aiohttp.ClientSession() as http:
        call = Caller(twitch, http, twitch.grant("warden", [])[0])
        statuses = [(await call("GET", "users"))[0] for _ in range(61)]
        assert statuses == [200] * 60 + [429]
        _, body, headers = await call("GET", "users")
        assert body == {"error": "Too Many Requests", "status": 429, "message": "Too Many Requests"}
        assert headers["Ratelimit-Remaining"] == "0"
        await asyncio.sleep(1.1)
        assert (await call("GET", "users"))[0] == 200


async def test_bans_can_have_their_own_budget():
    async with Sandbox(ban_budget=(2, 30)) as twitch, aiohttp.ClientSession() as http:
        twitch.add_moderator("aurora", "warden")
        call = Caller(twitch, http, twitch.grant("warden", ["moderator:manage:banned_users"])[0])
        assert [(await call.ban(name))[0] for name in ("ann", "ben", "eve")] == [200, 200, 429]
        assert len(twitch.bans("aurora")) == 2


async def test_faults_come_as_often_as_asked_and_where_asked(twitch, call):
    twitch.faults.add(Fault(kind="status", status=500, path=BAN, method="POST", times=2))
    assert (await call("GET", "users"))[0] == 200
    assert [(await call.ban("eve"))[0] for _ in range(3)] == [500, 500, 200]
    assert [each.login for each in twitch.enforcements] == ["eve"]


async def test_a_fault_can_come_after_the_effect(twitch, call):
    twitch.faults.add(Fault(kind="status", status=502, path=BAN, after=True))
    assert (await call.ban("eve"))[0] == 502
    assert [each.login for each in twitch.bans("aurora").values()] == ["eve"]


async def test_latency_and_status_add_up(twitch, call):
    twitch.faults.add(Fault(kind="latency", delay_s=0.1))
    twitch.faults.add(Fault(kind="status", status=429, delay_s=7))
    began = time.monotonic()
    status, _, headers = await call.ban("eve")
    assert status == 429
    assert time.monotonic() - began >= 0.1
    assert 6 <= int(headers["Ratelimit-Reset"]) - time.time() <= 8


async def test_an_empty_body_claims_to_be_json(twitch, call):
    twitch.faults.add(Fault(kind="empty", path="users"))
    async with aiohttp.ClientSession() as http, http.get(f"{twitch.helix_url}users", headers=call.headers) as answer:
        assert (answer.status, answer.content_type, await answer.text()) == (200, "application/json", "")


async def test_an_expired_token_is_refreshed_by_the_client(twitch, bot, aurora):
    twitch.expire_tokens("warden")
    await aurora.ban_user(moderator=bot.bot_id, user=twitch.add_user("eve").id)
    assert len(twitch.bans("aurora")) == 1
    assert (await bot.hearing.next("token_refreshed")).user_id == bot.bot_id


async def test_a_fault_at_the_token_endpoint(twitch, bot):
    twitch.faults.add(Fault(kind="status", status=503, path="oauth2/validate", times=None))
    twitch.expire_tokens("warden")
    async with aiohttp.ClientSession() as http, http.get(f"{twitch.id_url}oauth2/validate") as answer:
        assert answer.status == 503
    twitch.faults.clear()
    async with aiohttp.ClientSession() as http, http.get(f"{twitch.id_url}oauth2/validate") as answer:
        assert answer.status == 401


NASTY: list[Any] = [
    None,
    {},
    {"data": []},
    {"data": {"user_id": {}}, "user_id": [], "sender_id": {}, "message": {}, "text": {}, "status": []},
    {"type": {}, "version": [], "condition": 7, "transport": "x", "shards": [7, {"id": {}}, {"id": 1, "transport": 0}]},
    {"type": "stream.online", "version": "1", "condition": {"broadcaster_user_id": {}}, "transport": {"method": {}}},
]


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda each: f"{each.method} {each.path}")
async def test_no_request_breaks_the_server(twitch, endpoint):
    warden, aurora = twitch.add_user("warden").id, twitch.add_user("aurora").id
    twitch.add_moderator("aurora", "warden")
    everything = {scope for each in ENDPOINTS for scope in each.scopes}
    async with aiohttp.ClientSession() as http:
        call = Caller(twitch, http, twitch.grant("warden", everything)[0])
        for query in ({}, dict.fromkeys(("first", "after", "id", "user_id", "message_id", "shard_count"), "\u0661x")):
            ids = {"broadcaster_id": aurora, "moderator_id": warden, "status": "?"}
            for body in NASTY:
                status, _, _ = await call(endpoint.method, endpoint.path, params={**query, **ids}, json=body)
                assert status < 500, (query, body)
