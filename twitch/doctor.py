"""Is everything Twitch needs in place? One line a check, each fine or with what to do."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
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
LISTED = 5
"""Channels that are fine and have a line each; more share one."""
LOGINS_A_CALL = 100
"""Users Twitch looks up at once, the most it does."""


class NoAnswerError(Exception):
    """Twitch did not say. The text is what it did instead."""


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at; ``remedy`` is empty where it is fine."""

    name: str
    found: str
    remedy: str = ""


class Doctor:
    """Looks at the endpoints, the clock, the application, the channels, and the bot's token, scopes and standing."""

    def __init__(
        self,
        endpoints: Endpoints,
        client_id: str,
        client_secret: str,
        bot_id: str,
        channels: Sequence[str],
        store: TokenStore,
    ) -> None:
        self._endpoints = endpoints
        self._client_id = client_id
        self._client_secret = client_secret
        self._bot_id = bot_id
        self._channels = channels
        self._store = store

    async def checks(self) -> list[Check]:
        """Every check, in the order of what rests on what; asked at once where nothing does."""
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10)) as session:
            helix, ids, (secret, app), (bot, token) = await asyncio.gather(
                self._helix_answers(session), self._id_answers(session), self._application(session), self._bot(session)
            )
            checks = [helix, *ids, *(() if ids[0].remedy else secret), *bot]
            bearer = token.access if token else app
            absent, moderated = await asyncio.gather(self._absent(session, bearer), self._moderated(session, token))
        if not self._channels:
            checks.append(Check("channels", "none to moderate", "set CHATWARDEN_CHANNELS"))
        for channel in self._channels:
            if channel in absent:
                checks.append(Check(channel, "no such Twitch channel", "check CHATWARDEN_CHANNELS"))
            elif token is not None:
                checks.append(_standing(channel, token.login, moderated))
        return checks

    async def _helix_answers(self, session: aiohttp.ClientSession) -> Check:
        url = f"{self._endpoints.helix}users"
        try:
            async with session.get(url) as response:
                return _answered("helix", url, response.status, "CHATWARDEN_HELIX_URL")
        except (aiohttp.ClientError, TimeoutError) as error:
            return _unreachable("helix", url, error)

    async def _id_answers(self, session: aiohttp.ClientSession) -> list[Check]:
        """Whether the id service answers and, by the date of its answer, whether the clock is right."""
        url = f"{self._endpoints.id}oauth2/validate"
        try:
            async with session.get(url) as response:
                check = _answered("id", url, response.status, "CHATWARDEN_ID_URL")
                return [check] if check.remedy else [check, _clock(response.headers.get("Date", ""))]
        except (aiohttp.ClientError, TimeoutError) as error:
            return [_unreachable("id", url, error)]

    async def _application(self, session: aiohttp.ClientSession) -> tuple[list[Check], str]:
        """Whether Twitch takes the client id and secret, and a token of the application's own if it does."""
        if not (self._client_id and self._client_secret):
            return [], ""  # the settings' own check says so
        form = {
            "client_id": self._client_id,
            "client_secret": self._client_secret,
            "grant_type": "client_credentials",
        }
        try:
            status, answer = await _ask(session, f"{self._endpoints.id}oauth2/token", {}, form=form)
        except NoAnswerError as error:
            return [Check("application", f"not checked ({error})", AGAIN)], ""
        if status != 200 or not isinstance(answer.get("access_token"), str):
            why = answer.get("message", status)
            remedy = "check CHATWARDEN_CLIENT_ID and CHATWARDEN_CLIENT_SECRET; Twitch's console makes a new secret"
            return [Check("application", f"Twitch refuses it: {why}", remedy)], ""
        return [Check("application", "Twitch takes the client id and its secret")], answer["access_token"]

    async def _bot(self, session: aiohttp.ClientSession) -> tuple[list[Check], Token | None]:
        """How the bot's token is, and the token if Twitch takes it."""
        try:
            token = self._store.load().get(self._bot_id)
        except TokenError as error:
            return [Check("tokens", "unreadable", str(error))], None
        if token is None:
            whose = self._bot_id or "(CHATWARDEN_BOT_ID not set)"
            return [Check("token", f"none for the bot's account {whose}", "run: chatwarden login")], None
        check = await self._validate(session, token)
        return [check], None if check.remedy else token

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
        if status != 200:
            return Check("token", f"{token.login}: not checked (it answers {status})", AGAIN)
        missing = sorted(set(scopes.BOT) - set(answer.get("scopes", ())))
        if missing:
            return Check("scopes", f"{token.login} has not granted {', '.join(missing)}", "run: chatwarden login")
        return Check("token", f"{token.login}: valid, renewed by itself; all {len(scopes.BOT)} scopes granted")

    async def _absent(self, session: aiohttp.ClientSession, bearer: str) -> set[str]:
        """The channels Twitch does not know; none where it does not say, which other checks tell."""
        some = [self._channels[at : at + LOGINS_A_CALL] for at in range(0, len(self._channels), LOGINS_A_CALL)]
        if not bearer:
            return set()
        asked = [self._helix(session, bearer, "users", [("login", each) for each in logins]) for logins in some]
        try:
            found = {row["login"] for rows in await asyncio.gather(*asked) for row in rows}
        except NoAnswerError:
            return set()
        return set(self._channels) - found

    async def _moderated(self, session: aiohttp.ClientSession, token: Token | None) -> Collection[str] | NoAnswerError:
        """The channels the bot may act in, its own among them."""
        if token is None or not self._channels:
            return ()
        try:
            asked = [("user_id", token.user_id), ("first", "100")]
            rows = await self._helix(session, token.access, "moderation/channels", asked)
        except NoAnswerError as error:
            return error
        return {row["broadcaster_login"] for row in rows} | {token.login}

    async def _helix(
        self, session: aiohttp.ClientSession, bearer: str, path: str, params: Sequence[tuple[str, str]]
    ) -> list[dict[str, Any]]:
        headers = {"Authorization": f"Bearer {bearer}", "Client-ID": self._client_id}
        rows: list[dict[str, Any]] = []
        after: list[tuple[str, str]] = []
        while True:
            status, answer = await _ask(session, f"{self._endpoints.helix}{path}", headers, [*params, *after])
            if status != 200:
                raise NoAnswerError(f"{status} {answer.get('message', '')}")
            rows += answer.get("data", ())
            cursor = answer.get("pagination", {}).get("cursor")
            if not cursor:
                return rows
            after = [("after", cursor)]


async def _ask(
    session: aiohttp.ClientSession,
    url: str,
    headers: Mapping[str, str],
    params: Sequence[tuple[str, str]] = (),
    form: Mapping[str, str] | None = None,
) -> tuple[int, dict[str, Any]]:
    """Status and body of an answer. Raises NoAnswerError."""
    method = "GET" if form is None else "POST"
    try:
        async with session.request(method, url, headers=headers, params=params, data=form) as response:
            answer = await response.json(content_type=None)
    except (aiohttp.ClientError, TimeoutError, ValueError) as error:
        raise NoAnswerError(str(error) or type(error).__name__) from error
    if response.status >= 500 or not isinstance(answer, dict):
        raise NoAnswerError(f"it answers {response.status}" + ("" if answer else " without a word"))
    return response.status, answer


def _answered(name: str, url: str, status: int, setting: str) -> Check:
    """Twitch refuses a call without a token; whatever answers otherwise is not what the bot will ask."""
    if status in (200, 401):
        return Check(name, f"{url} answers")
    if status >= 500:
        return Check(name, f"{url} is out of order ({status})", AGAIN)
    return Check(name, f"{url} answers {status}, as Twitch would not", f"check {setting}")


def _standing(channel: str, login: str, moderated: Collection[str] | NoAnswerError) -> Check:
    if isinstance(moderated, NoAnswerError):
        return Check(channel, f"not checked whether {login} is a moderator ({moderated})", AGAIN)
    if channel in moderated:
        return Check(channel, f"{login} is a moderator")
    return Check(channel, f"{login} is not a moderator", f"in {channel}'s chat: /mod {login}")


def _clock(stamp: str) -> Check:
    if not stamp:
        return Check("clock", "not compared: Twitch's answer had no date")
    off_s = time.time() - parsedate_to_datetime(stamp).timestamp()
    if abs(off_s) > CLOCK_TOLERANCE_S:
        return Check("clock", f"{off_s:+.0f} s from Twitch's", "set this machine's clock (NTP)")
    return Check("clock", "within a few seconds of Twitch's")


def _unreachable(name: str, url: str, error: Exception) -> Check:
    return Check(name, f"{url}: {error or type(error).__name__}", "check the network and the address setting")


def summed(checks: Sequence[Check], name: str = "{} channels") -> list[Check]:
    """The checks, with the many that are fine in the same way in one line after the others."""
    alike = Counter(each.found for each in checks if not each.remedy)
    many = {found: count for found, count in alike.items() if count > LISTED}
    rest = [each for each in checks if each.remedy or each.found not in many]
    return [*rest, *(Check(name.format(count), found) for found, count in many.items())]
