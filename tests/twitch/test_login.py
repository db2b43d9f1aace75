"""Signing in: the real flow against the sandbox's authorize page, and the ways it goes wrong."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import aiohttp
import pytest

from sandbox.faults import Fault
from sandbox.server import Sandbox
from twitch import scopes
from twitch.doctor import Doctor
from twitch.endpoints import Endpoints
from twitch.errors import LoginError
from twitch.login import Login
from twitch.tokens import Token, TokenStore


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def login(twitch: Sandbox, store: TokenStore, port: int) -> Login:
    endpoints = Endpoints(twitch.helix_url, twitch.id_url, twitch.eventsub_url)
    redirect = f"http://127.0.0.1:{port}/callback"
    return Login(endpoints, twitch.client_id, twitch.client_secret, redirect, store)


async def visit(address: str, **form: str) -> str:
    async with aiohttp.ClientSession() as browser, browser.post(address, data=form) as page:
        return await page.text()


async def signed_in(flow: Login, wanted: tuple[str, ...], **form: str) -> Token:
    visits: list[asyncio.Task[str]] = []
    token = await flow.run(wanted, lambda address: visits.append(asyncio.create_task(visit(address, **form))), 10)
    await asyncio.gather(*visits)
    return token


async def test_an_account_signs_in_and_its_token_is_kept(tmp_path: Path) -> None:
    store = TokenStore(tmp_path / "tokens.json")
    async with Sandbox() as twitch:
        token = await signed_in(login(twitch, store, free_port()), scopes.BOT, login="warden", decision="allow")
    assert token.login == "warden"
    assert set(token.scopes) == set(scopes.BOT)
    assert store.load() == {token.user_id: token}


async def test_a_refusal_is_told_and_nothing_is_kept(tmp_path: Path) -> None:
    store = TokenStore(tmp_path / "tokens.json")
    async with Sandbox() as twitch:
        with pytest.raises(LoginError, match="refused"):
            await signed_in(login(twitch, store, free_port()), scopes.BOT, decision="deny")
    assert store.load() == {}


@pytest.mark.parametrize("path", ["oauth2/token", "oauth2/validate"])
@pytest.mark.parametrize(("kind", "told"), [("empty", "without a word"), ("status", "Twitch refuses")])
async def test_a_twitch_out_of_order_is_told_and_nothing_is_kept(
    tmp_path: Path, path: str, kind: Any, told: str
) -> None:
    store = TokenStore(tmp_path / "tokens.json")
    async with Sandbox() as twitch:
        twitch.faults.add(Fault(kind=kind, path=path))
        with pytest.raises(LoginError, match=f"{told}.*run the command again"):
            await signed_in(login(twitch, store, free_port()), scopes.BOT, login="warden", decision="allow")
    assert store.load() == {}


async def test_an_answer_with_a_foreign_state_is_not_taken(tmp_path: Path) -> None:
    store = TokenStore(tmp_path / "tokens.json")
    port = free_port()
    answers: list[int] = []

    async def forge(address: str) -> None:
        async with aiohttp.ClientSession() as browser:
            for state in ("forged", ""):
                async with browser.get(f"http://127.0.0.1:{port}/callback?code=stolen&state={state}") as answer:
                    answers.append(answer.status)
        assert parse_qs(urlsplit(address).query)["state"][0] not in ("forged", "")

    forgeries: list[asyncio.Task[None]] = []
    async with Sandbox() as twitch:
        with pytest.raises(LoginError, match="nobody signed in within 1 s"):
            await login(twitch, store, port).run(
                scopes.BOT, lambda address: forgeries.append(asyncio.create_task(forge(address))), 1
            )
    await asyncio.gather(*forgeries)
    assert answers == [400, 400]
    assert store.load() == {}


async def test_a_taken_port_is_told_with_the_remedy(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        async with Sandbox() as twitch:
            flow = login(twitch, TokenStore(tmp_path / "t.json"), taken.getsockname()[1])
            with pytest.raises(LoginError, match=r"is taken.*CHATWARDEN_REDIRECT_URI"):
                await flow.run(scopes.BOT, lambda address: None, 1)


async def found(twitch: Sandbox, store: TokenStore, bot_id: str, *channels: str) -> dict[str, str]:
    endpoints = Endpoints(twitch.helix_url, twitch.id_url, twitch.eventsub_url)
    doctor = Doctor(endpoints, twitch.client_id, twitch.client_secret, bot_id, channels, store)
    return {check.name: check.remedy for check in await doctor.checks()}


async def test_the_doctor_finds_all_in_order_and_names_the_channel_where_the_bot_is_no_mod(tmp_path: Path) -> None:
    store = TokenStore(tmp_path / "tokens.json")
    async with Sandbox() as twitch:
        twitch.add_user("aurora")
        twitch.add_user("night_kiln")
        token = await signed_in(login(twitch, store, free_port()), scopes.BOT, login="warden", decision="allow")
        twitch.add_moderator("aurora", "warden")
        remedies = await found(twitch, store, token.user_id, "aurora", "night_kiln")
    assert {name for name, remedy in remedies.items() if remedy} == {"night_kiln"}
    assert "/mod warden" in remedies["night_kiln"]


async def test_the_doctor_says_once_that_twitch_cannot_be_reached(tmp_path: Path) -> None:
    nowhere = f"http://127.0.0.1:{free_port()}/"
    store = TokenStore(tmp_path / "none.json")
    doctor = Doctor(Endpoints(nowhere, nowhere, nowhere), "client", "secret", "1", ["aurora"], store)
    checks = await doctor.checks()
    assert [check.name for check in checks] == ["helix", "id", "token"]
    assert all("check the network" in check.remedy for check in checks[:2])


async def test_the_doctor_names_scopes_that_were_not_granted(tmp_path: Path) -> None:
    store = TokenStore(tmp_path / "tokens.json")
    async with Sandbox() as twitch:
        access, refresh = twitch.grant("warden", ["user:read:chat"])
        bot = twitch.add_user("warden")
        store.save(Token(bot.id, "warden", access, refresh, ("user:read:chat",)))
        remedies = await found(twitch, store, bot.id)
    assert remedies["scopes"] == "run: chatwarden login"


@pytest.mark.parametrize(("path", "asked"), [("moderation/channels", "aurora"), ("oauth2/validate", "token")])
@pytest.mark.parametrize("kind", ["status", "empty"])
async def test_the_doctor_tells_a_twitch_out_of_order_from_a_missing_right(
    tmp_path: Path, path: str, asked: str, kind: Any
) -> None:
    store = TokenStore(tmp_path / "tokens.json")
    async with Sandbox() as twitch:
        access, refresh = twitch.grant("warden", scopes.BOT)
        bot = twitch.add_user("warden")
        store.save(Token(bot.id, "warden", access, refresh, scopes.BOT))
        twitch.add_moderator("aurora", "warden")
        times = 2 if path == "oauth2/validate" else 1  # the first only asks whether it answers
        twitch.faults.add(Fault(kind=kind, path=path, times=times))
        remedies = await found(twitch, store, bot.id, "aurora")
    assert remedies[asked].startswith("try again")
    assert "/mod" not in remedies[asked]


async def test_the_doctor_names_channels_that_do_not_exist_also_before_the_bot_has_a_token(tmp_path: Path) -> None:
    store = TokenStore(tmp_path / "tokens.json")
    async with Sandbox() as twitch:
        many = [f"channel_{number}" for number in range(150)]
        for name in many:
            twitch.add_user(name)
        remedies = await found(twitch, store, "1", *many, "your_chanel")
        assert {name for name, remedy in remedies.items() if remedy} == {"token", "your_chanel"}
        assert remedies["your_chanel"] == "check CHATWARDEN_CHANNELS"
        access, refresh = twitch.grant("warden", scopes.BOT)
        store.save(Token(twitch.add_user("warden").id, "warden", access, refresh, scopes.BOT))
        remedies = await found(twitch, store, twitch.add_user("warden").id, *many, "your_chanel")
    assert remedies["your_chanel"] == "check CHATWARDEN_CHANNELS"
    assert remedies["channel_149"] == "in channel_149's chat: /mod warden"


async def test_the_doctor_tries_the_secret(tmp_path: Path) -> None:
    async with Sandbox() as twitch:
        endpoints = Endpoints(twitch.helix_url, twitch.id_url, twitch.eventsub_url)
        doctor = Doctor(endpoints, twitch.client_id, "old", "1", [], TokenStore(tmp_path / "tokens.json"))
        [check] = [each for each in await doctor.checks() if each.name == "application"]
    assert check.found == "Twitch refuses it: invalid client secret"
    assert "CHATWARDEN_CLIENT_SECRET" in check.remedy


@pytest.mark.parametrize("wrong", ["oauth2/", "oauth2/authorize/"])
async def test_an_address_that_answers_and_is_not_twitchs_is_no_tick(tmp_path: Path, wrong: str) -> None:
    async with Sandbox() as twitch:
        endpoints = Endpoints(f"{twitch.id_url}{wrong}", f"{twitch.id_url}{wrong}", twitch.eventsub_url)
        doctor = Doctor(endpoints, "client", "secret", "1", [], TokenStore(tmp_path / "tokens.json"))
        checks = {each.name: each for each in await doctor.checks()}
    assert checks["id"].remedy == "check CHATWARDEN_ID_URL"
    assert checks["helix"].remedy == "check CHATWARDEN_HELIX_URL"
    assert "clock" not in checks


async def test_a_wrong_secret_at_the_sign_in_is_named(tmp_path: Path) -> None:
    store = TokenStore(tmp_path / "tokens.json")
    async with Sandbox() as twitch:
        endpoints = Endpoints(twitch.helix_url, twitch.id_url, twitch.eventsub_url)
        flow = Login(endpoints, twitch.client_id, "old", f"http://127.0.0.1:{free_port()}/callback", store)
        with pytest.raises(LoginError, match="check CHATWARDEN_CLIENT_SECRET"):
            await signed_in(flow, scopes.BOT, login="warden", decision="allow")
