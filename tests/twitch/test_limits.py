"""Answers of Twitch that ask for patience, or are none."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from email.utils import formatdate

import aiohttp
import pytest
from aiohttp import web

from twitch import limits


@pytest.fixture
async def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    slept: list[float] = []
    real = asyncio.sleep

    async def sleep(seconds: float) -> None:
        slept.append(seconds)
        await real(0)

    monkeypatch.setattr(limits.asyncio, "sleep", sleep)
    return slept


@pytest.fixture
async def answers() -> AsyncIterator[tuple[list[web.Response], str]]:
    prepared: list[web.Response] = []

    async def answer(_request: web.Request) -> web.Response:
        return prepared.pop(0)

    app = web.Application()
    app.router.add_get("/{path:.*}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    yield prepared, f"http://127.0.0.1:{runner.addresses[0][1]}/"
    await runner.cleanup()


async def get(url: str) -> str:
    middlewares = (limits.wait_for_budget, limits.insist_on_json)
    async with aiohttp.ClientSession(middlewares=middlewares) as session, session.get(url) as answer:
        return await answer.text()


@pytest.mark.parametrize("wrong_by_s", [0, 7_200, -7_200])
async def test_the_wait_is_told_by_twitchs_clock_however_wrong_ours_is(
    answers: tuple[list[web.Response], str], waits: list[float], wrong_by_s: int
) -> None:
    prepared, url = answers
    theirs = int(time.time()) + wrong_by_s
    headers = {"Ratelimit-Reset": str(theirs + 7), "Date": formatdate(theirs, usegmt=True)}
    prepared += [web.Response(status=429, headers=headers), web.json_response({"data": []})]
    assert await get(url) == '{"data": []}'
    assert [each for each in waits if each > 1] == [7.0]


@pytest.mark.parametrize("body", ["", '{"data": [', "<html>"])
async def test_an_answer_without_its_json_is_a_broken_connection(
    answers: tuple[list[web.Response], str], body: str
) -> None:
    prepared, url = answers
    prepared.append(web.Response(text=body, content_type="application/json"))
    with pytest.raises(aiohttp.ClientConnectionError, match="without its JSON"):
        await get(url)


async def test_one_subscription_too_many_is_not_waited_for(
    answers: tuple[list[web.Response], str], waits: list[float]
) -> None:
    prepared, url = answers
    headers = {"Ratelimit-Remaining": "700", "Ratelimit-Reset": str(int(time.time()) + 60)}
    prepared.append(web.Response(status=429, headers=headers, text="too many"))
    assert await get(f"{url}helix/eventsub/subscriptions") == "too many"
    assert [each for each in waits if each > 0.1] == []
