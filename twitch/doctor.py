"""Is everything Twitch needs in place? One line a check, each fine or with what to do."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any

import aiohttp

from twitch import scopes
from twitch.endpoints import Endpoints
from twitch.tokens import Token, TokenError, TokenStore

CLOCK_TOLERANCE_S = 5.0
"""Timeouts and latencies are told in this machine's time; more than this misleads people who read the log."""


AGAIN = "try again; if it stays so, check the network and the address setting"


class NoAnswerError(Exception):
    """Twitch did not say. The text is what it did instead."""


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at; ``remedy`` is empty where it is fine."""

    name: str
    found: str
    remedy: str = ""


class Doctor:
    """Looks at the endpoints, the clock, the accounts' tokens and scopes, and the bot's standing in each channel."""

    def __init__(
        self, endpoints: Endpoints, client_id: str, bot_id: str, channels: Sequence[str], store: TokenStore
    ) -> None:
        self._endpoints = endpoints
        self._client_id = client_id
        self._bot_id = bot_id
        self._channels = channels
        self._store = store

    async def checks(self) -> AsyncIterator[Check]:
        """Every check, as it is made."""
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10)) as session:
            yield await self._endpoint(session, "helix", f"{self._endpoints.helix}users")
            for check in await self._id(session):
                yield check
            try:
                tokens = self._store.load()
            except TokenError as error:
                yield Check("tokens", "unreadable", str(error))
                return
            token = tokens.get(self._bot_id)
            if token is None:
                yield Check(
                    "token",
                    f"none for the bot's account {self._bot_id or '(CHATWARDEN_BOT_ID not set)'}",
                    "run: chatwarden login",
                )
                return
            valid = await self._validate(session, token)
            yield valid
            if valid.remedy:
                return
            async for check in self._standing(session, token):
                yield check

    async def _endpoint(self, session: aiohttp.ClientSession, name: str, url: str) -> Check:
        try:
            async with session.get(url) as response:
                return Check(name, f"{url} answers ({response.status})")
        except (aiohttp.ClientError, TimeoutError) as error:
            return _unreachable(name, url, error)

    async def _id(self, session: aiohttp.ClientSession) -> list[Check]:
        """Whether the id service answers and, by the date of its answer, whether the clock is right."""
        url = f"{self._endpoints.id}oauth2/validate"
        try:
            async with session.get(url) as response:
                return [Check("id", f"{url} answers ({response.status})"), _clock(response.headers.get("Date", ""))]
        except (aiohttp.ClientError, TimeoutError) as error:
            return [_unreachable("id", url, error)]

    async def _validate(self, session: aiohttp.ClientSession, token: Token) -> Check:
        headers = {"Authorization": f"OAuth {token.access}"}
        try:
            status, answer = await _ask(session, f"{self._endpoints.id}oauth2/validate", headers)
        except NoAnswerError as error:
            return Check("token", f"{token.login}: not checked ({error})", AGAIN)
        if status == 401:
            return Check(
                "token",
                f"{token.login}: no longer valid; the bot will try to refresh it",
                "if it does not start: chatwarden login",
            )
        missing = sorted(set(scopes.BOT) - set(answer.get("scopes", ())))
        if missing:
            return Check("scopes", f"{token.login} has not granted {', '.join(missing)}", "run: chatwarden login")
        minutes = answer["expires_in"] // 60
        return Check("token", f"{token.login}: valid for {minutes} min, all {len(scopes.BOT)} scopes granted")

    async def _standing(self, session: aiohttp.ClientSession, token: Token) -> AsyncIterator[Check]:
        try:
            asked = {"user_id": token.user_id, "first": "100"}
            moderated = await self._helix(session, token, "moderation/channels", asked)
        except NoAnswerError as error:
            for channel in self._channels:
                yield Check(channel, f"not checked whether {token.login} is a moderator ({error})", AGAIN)
            return
        names = {row["broadcaster_login"] for row in moderated} | {token.login}
        if not self._channels:
            yield Check("channels", "none to moderate", "set CHATWARDEN_CHANNELS")
        for channel in self._channels:
            if channel in names:
                yield Check(channel, f"{token.login} is a moderator")
            else:
                yield Check(channel, f"{token.login} is not a moderator", f"in {channel}'s chat: /mod {token.login}")

    async def _helix(
        self, session: aiohttp.ClientSession, token: Token, path: str, params: Mapping[str, str]
    ) -> list[dict[str, Any]]:
        headers = {"Authorization": f"Bearer {token.access}", "Client-ID": self._client_id}
        rows: list[dict[str, Any]] = []
        query = dict(params)
        while True:
            status, answer = await _ask(session, f"{self._endpoints.helix}{path}", headers, query)
            if status != 200:
                raise NoAnswerError(f"{status} {answer.get('message', '')}")
            rows += answer.get("data", ())
            cursor = answer.get("pagination", {}).get("cursor")
            if not cursor:
                return rows
            query["after"] = cursor


async def _ask(
    session: aiohttp.ClientSession, url: str, headers: Mapping[str, str], params: Mapping[str, str] | None = None
) -> tuple[int, dict[str, Any]]:
    """Status and body of an answer. Raises NoAnswerError."""
    try:
        async with session.get(url, headers=headers, params=params) as response:
            answer = await response.json(content_type=None)
    except (aiohttp.ClientError, TimeoutError, ValueError) as error:
        raise NoAnswerError(str(error) or type(error).__name__) from error
    if response.status >= 500 or not isinstance(answer, dict):
        raise NoAnswerError(f"it answers {response.status}" + ("" if answer else " without a word"))
    return response.status, answer


def _clock(stamp: str) -> Check:
    if not stamp:
        return Check("clock", "not compared: Twitch's answer had no date")
    off_s = time.time() - parsedate_to_datetime(stamp).timestamp()
    if abs(off_s) > CLOCK_TOLERANCE_S:
        return Check("clock", f"{off_s:+.0f} s from Twitch's", "set this machine's clock (NTP)")
    return Check("clock", "within a few seconds of Twitch's")


def _unreachable(name: str, url: str, error: Exception) -> Check:
    return Check(name, f"{url}: {error or type(error).__name__}", "check the network and the address setting")
