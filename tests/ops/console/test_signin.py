from __future__ import annotations

import httpx
import pytest

from ops.console.desk import Access
from ops.console.visitors import SESSION_MS, Visitor
from sandbox.faults import Fault
from storage.database import now_ms
from storage.roles import Role
from tests.ops.console.conftest import MODERATOR, STREAMER, House


async def test_twitch_says_who_moderates_what(house: House) -> None:
    guest = await house.come_in(MODERATOR)
    page = await guest.see("/c/studio")
    assert "moderator" in page


async def test_an_answer_with_another_state_is_refused(house: House) -> None:
    guest = await house.stranger()
    await guest.send("/sign-in/twitch")
    for address in ("/sign-in/callback?code=x&state=forged", "/sign-in/callback?code=x", "/sign-in/callback"):
        assert "does not belong to a sign-in of this browser" in await guest.see(address, 403)


async def test_a_state_serves_once(house: House) -> None:
    guest = await house.stranger()
    answer = await guest.send("/sign-in/twitch")
    state = httpx.URL(answer.headers["Location"]).params["state"]
    first = await guest.client.get("/sign-in/callback", params={"state": state, "code": "made up"})
    assert first.headers["Location"] == "/sign-in"
    await guest.see(f"/sign-in/callback?code=x&state={state}", 403)


async def test_who_does_not_agree_is_told(house: House) -> None:
    guest = await house.stranger()
    answer = await guest.send("/sign-in/twitch")
    state = httpx.URL(answer.headers["Location"]).params["state"]
    await guest.client.get("/sign-in/callback", params={"state": state, "error": "access_denied"})
    assert "you did not agree" in await guest.see("/sign-in")


async def test_a_token_is_given_back_though_the_sign_in_fails(house: House) -> None:
    house.twitch.faults.add(Fault("status", path="moderation/channels"))
    with pytest.raises(AssertionError, match="/sign-in"):
        await house.come_in(MODERATOR)
    assert not house.twitch._tokens._tokens
    assert MODERATOR not in house.guests


@pytest.mark.parametrize("goal", ["https://evil.example", "//evil.example", "/\\evil.example", "javascript:alert(1)"])
async def test_signing_in_leads_to_pages_of_the_console_only(house: House, goal: str) -> None:
    guest = await house.stranger()
    page = (await guest.client.get("/sign-in", params={"next": goal})).text
    assert "evil" not in page
    assert "javascript:" not in page


async def test_signing_out_ends_the_session_for_whoever_has_its_cookie(house: House) -> None:
    guest = await house.come_in(STREAMER)
    stolen = dict(guest.client.cookies)
    await guest.send("/sign-out")
    thief = await house.stranger()
    thief.client.cookies.update(stolen)
    answer = await thief.client.get("/c/studio")
    assert answer.headers["Location"].startswith("/sign-in")


async def test_a_session_is_short(house: House) -> None:
    sessions = house.desk.sessions
    key = sessions.begin(Visitor("1", "late", until_ms=now_ms() - 1))
    assert sessions.find(key) is None
    assert Visitor("1", "new").until_ms <= now_ms() + SESSION_MS


async def test_a_forged_form_is_refused(house: House) -> None:
    guest = await house.come_in(STREAMER)
    for forged in ({}, {"form": "guess"}):
        answer = await guest.client.post("/c/studio/draft", data={"do": "save", "reason": "x", **forged})
        assert answer.status_code == 403
    assert len(await house.desk.revisions.history("501")) == 1


async def test_signing_in_is_limited(house: House) -> None:
    guest = await house.stranger()
    answers = [(await guest.client.get("/sign-in/callback")).status_code for _ in range(30)]
    assert answers[0] == 403
    assert answers[-1] == 429


async def test_the_sandbox_door_is_shut_outside_a_sandbox(house: House) -> None:
    guest = await house.stranger()
    assert (await guest.send("/sign-in/sandbox", login=STREAMER)).status_code == 404


async def test_every_answer_carries_the_headers(house: House) -> None:
    guest = await house.come_in(STREAMER)
    for path in ("/c/studio", "/sign-in", "/static/console.js", "/nowhere"):
        answer = await guest.client.get(path)
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
    cookie = (await (await house.stranger()).client.get("/sign-in")).headers["Set-Cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie


async def test_another_host_name_is_refused(house: House) -> None:
    guest = await house.stranger()
    answer = await guest.client.get("/sign-in", headers={"Host": "rebound.example"})
    assert answer.status_code == 400


def test_https_makes_cookies_secure() -> None:
    assert Access("https://mods.example").secure
    assert not Access().secure


async def test_a_long_sentence_does_not_cost_the_session(house: House) -> None:
    guest = await house.come_in(Role.MANAGER)
    answer = await guest.send("/ops/rules", name="lease_s", value="\u2603" * 1_000)
    [cookie] = answer.headers.get_list("Set-Cookie")
    assert len(cookie) < 4_096
    assert "lease_s: &#39;\u2603" in await guest.see("/ops/rules")


async def test_a_look_that_is_none_is_the_systems(house: House) -> None:
    guest = await house.come_in(STREAMER)
    await guest.send("/settings", zone="UTC", look="\u2603")
    assert 'data-look="auto"' in await guest.see("/settings")
