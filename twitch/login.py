"""Sign an account in: OAuth's authorization code flow with a checked ``state``, on a page served for one visit."""

from __future__ import annotations

import asyncio
import hmac
import secrets
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import urlencode, urlsplit

import aiohttp
from aiohttp import web

from twitch.endpoints import Endpoints
from twitch.errors import LoginError
from twitch.tokens import Token, TokenStore

PATIENCE_S = 300.0


class Login:
    """Signs one account in and keeps its token in ``store``."""

    def __init__(
        self, endpoints: Endpoints, client_id: str, client_secret: str, redirect_uri: str, store: TokenStore
    ) -> None:
        self._endpoints = endpoints
        self._client_id = client_id
        self._client_secret = client_secret
        self._redirect_uri = redirect_uri
        self._store = store

    async def run(self, scopes: Sequence[str], show: Callable[[str], None], patience_s: float = PATIENCE_S) -> Token:
        """Give ``show`` the address to visit, wait for the visitor to come back and store the token.

        Raises LoginError when the port is taken, nobody comes, the visitor refuses or Twitch does.
        """
        state = secrets.token_urlsafe(32)
        query = {
            "client_id": self._client_id,
            "redirect_uri": self._redirect_uri,
            "response_type": "code",
            "scope": " ".join(scopes),
            "state": state,
            "force_verify": "true",
        }
        back: asyncio.Future[str] = asyncio.get_running_loop().create_future()

        async def callback(request: web.Request) -> web.Response:
            if not hmac.compare_digest(request.query.get("state", "").encode(), state.encode()):
                return web.Response(status=400, text="This answer does not belong to the sign-in under way.")
            if not back.done():
                if "code" in request.query:
                    back.set_result(request.query["code"])
                else:
                    back.set_exception(LoginError("the sign-in was refused at Twitch (run the command again)"))
            return web.Response(text="Twitch has answered. You can close this page; the terminal says how it went.")

        runner = await self._serve(callback)
        try:
            show(f"{self._endpoints.id}oauth2/authorize?{urlencode(query)}")
            code = await asyncio.wait_for(back, patience_s)
        except TimeoutError:
            raise LoginError(f"nobody signed in within {patience_s:.0f} s (run the command again)") from None
        finally:
            await runner.cleanup()
        return await self._exchange(code, scopes)

    async def _serve(self, callback: Callable[[web.Request], object]) -> web.AppRunner:
        address = urlsplit(self._redirect_uri)
        app = web.Application()
        app.router.add_get(address.path or "/", callback)  # type: ignore[arg-type]
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        try:
            await web.TCPSite(runner, address.hostname, address.port or 80).start()
        except OSError as error:
            await runner.cleanup()
            raise LoginError(
                f"port {address.port} of the redirect address is taken ({error.strerror}); free it, or set "
                "CHATWARDEN_REDIRECT_URI to another port and register that address with the Twitch application"
            ) from None
        return runner

    async def _exchange(self, code: str, scopes: Sequence[str]) -> Token:
        form = {
            "client_id": self._client_id,
            "client_secret": self._client_secret,
            "code": code,
            "grant_type": "authorization_code",
            "redirect_uri": self._redirect_uri,
        }
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=20)) as session:
            try:
                async with session.post(f"{self._endpoints.id}oauth2/token", data=form) as response:
                    pair = await _answer(response, "the code")
                headers = {"Authorization": f"OAuth {pair['access_token']}"}
                async with session.get(f"{self._endpoints.id}oauth2/validate", headers=headers) as response:
                    who = await _answer(response, "the new token")
            except (aiohttp.ClientError, TimeoutError, ValueError) as error:
                raise LoginError(f"{self._endpoints.id} cannot be reached ({error})") from None
        missing = set(scopes) - set(who["scopes"])
        if missing:
            raise LoginError(f"not granted: {', '.join(sorted(missing))} (sign in again and accept all)")
        token = Token(who["user_id"], who["login"], pair["access_token"], pair["refresh_token"], tuple(who["scopes"]))
        self._store.save(token)
        return token


async def _answer(response: aiohttp.ClientResponse, what: str) -> Any:
    answer = await response.json()
    if not isinstance(answer, dict):
        raise LoginError(f"Twitch answers {response.status} without a word (run the command again)")
    if response.status != 200:
        why = str(answer.get("message", response.status))
        remedy = "run the command again"
        if "client secret" in why:
            remedy = "check CHATWARDEN_CLIENT_SECRET; Twitch's developer console makes a new one"
        raise LoginError(f"Twitch refuses {what}: {why} ({remedy})")
    return answer
