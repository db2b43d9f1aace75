"""id.twitch.tv: who may act for whom. Tokens live on the wall clock, not on the chat's."""

from __future__ import annotations

import html
import secrets
import time
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlencode

from aiohttp import web

from sandbox.state import User, World

USER_TOKEN_S = 14_400
APP_TOKEN_S = 5_000_000


@dataclass(slots=True)
class Token:
    """An access token; ``user`` is None for an app's own. ``expires_at`` is seconds of the wall clock."""

    access: str
    user: User | None
    scopes: frozenset[str]
    expires_at: float
    refresh: str = ""

    @property
    def expires_in(self) -> int:
        """Whole seconds left."""
        return max(0, int(self.expires_at - time.time()))


class OAuthError(Exception):
    """A refusal, with the status and message the token endpoint answers."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


class Tokens:
    """The tokens and codes in circulation for one client."""

    def __init__(self, client_id: str, client_secret: str) -> None:
        self.client_id = client_id
        self.client_secret = client_secret
        self._tokens: dict[str, Token] = {}
        self._refreshes: dict[str, tuple[User, frozenset[str]]] = {}
        self._codes: dict[str, tuple[User, frozenset[str], str]] = {}

    def grant(self, user: User, scopes: Iterable[str]) -> Token:
        """A new user token with its refresh token."""
        refresh = secrets.token_hex(25)
        wanted = frozenset(scopes)
        self._refreshes[refresh] = (user, wanted)
        return self._issue(user, wanted, USER_TOKEN_S, refresh)

    def grant_app(self) -> Token:
        """A new app token."""
        return self._issue(None, frozenset(), APP_TOKEN_S, "")

    def code(self, user: User, scopes: Iterable[str], redirect_uri: str) -> str:
        """The one-time code that goes back to the redirect address."""
        code = secrets.token_hex(15)
        self._codes[code] = (user, frozenset(scopes), redirect_uri)
        return code

    def exchange(self, code: str, redirect_uri: str) -> Token:
        """Trade a code for a token, once. Raises OAuthError."""
        user, scopes, expected = self._codes.pop(code, (None, frozenset[str](), ""))
        if user is None:
            raise OAuthError(400, "Invalid authorization code")
        if redirect_uri != expected:
            raise OAuthError(400, "Parameter redirect_uri does not match registered URI")
        return self.grant(user, scopes)

    def refresh(self, refresh: str) -> Token:
        """A fresh access token under the same refresh token. Raises OAuthError."""
        if refresh not in self._refreshes:
            raise OAuthError(400, "Invalid refresh token")
        user, scopes = self._refreshes[refresh]
        return self._issue(user, scopes, USER_TOKEN_S, refresh)

    def find(self, access: str) -> Token | None:
        """The live token, if it is one."""
        token = self._tokens.get(access)
        return token if token is not None and token.expires_at > time.time() else None

    def granted(self, user_id: str) -> frozenset[str]:
        """Every scope the user has given this client and not taken back."""
        scopes = (wanted for user, wanted in self._refreshes.values() if user.id == user_id)
        return frozenset().union(*scopes)

    def has_authorised(self, user_id: str) -> bool:
        """Whether the user has let this client in at all."""
        return any(user.id == user_id for user, _ in self._refreshes.values())

    def drop(self, access: str) -> bool:
        """Forget one access token."""
        return self._tokens.pop(access, None) is not None

    def expire(self, user_id: str) -> None:
        """Let the user's access tokens run out now; their refresh tokens still work."""
        for token in self._tokens.values():
            if token.user is not None and token.user.id == user_id:
                token.expires_at = 0.0

    def revoke(self, user_id: str) -> None:
        """The user takes back everything."""
        self._tokens = {key: each for key, each in self._tokens.items() if each.user is None or each.user.id != user_id}
        self._refreshes = {key: each for key, each in self._refreshes.items() if each[0].id != user_id}

    def _issue(self, user: User | None, scopes: frozenset[str], lifetime_s: int, refresh: str) -> Token:
        token = Token(secrets.token_hex(15), user, scopes, time.time() + lifetime_s, refresh)
        self._tokens[token.access] = token
        return token


class OAuth:
    """The pages and endpoints under ``/oauth2/``."""

    def __init__(self, world: World, tokens: Tokens) -> None:
        self._world = world
        self._tokens = tokens

    def routes(self) -> list[web.AbstractRouteDef]:
        """What to mount."""
        return [
            web.get("/oauth2/authorize", self.page),
            web.post("/oauth2/authorize", self.decide),
            web.post("/oauth2/token", self.token),
            web.get("/oauth2/validate", self.validate),
            web.post("/oauth2/revoke", self.revoke),
        ]

    async def page(self, request: web.Request) -> web.Response:
        """Ask which account lets the application in, and with what."""
        query = request.query
        if query.get("client_id") != self._tokens.client_id:
            return _error(400, "Invalid client_id")
        if query.get("response_type") != "code" or not query.get("redirect_uri"):
            return _error(400, "Parameter response_type must be code and redirect_uri must be given")
        scopes = "".join(f"<li><code>{html.escape(each)}</code>" for each in query.get("scope", "").split())
        accounts = "".join(f'<option value="{html.escape(user.login)}">' for user in self._world.users.values())
        body = (
            "<!doctype html><meta charset=utf-8><title>Sandbox Twitch: authorise</title>"
            f"<h1>Authorise {html.escape(self._tokens.client_id)}</h1><p>It asks for:<ul>{scopes}</ul>"
            f'<form method=post action="?{html.escape(request.query_string)}">'
            f"<label>Account <input name=login list=accounts required></label>"
            f"<datalist id=accounts>{accounts}</datalist>"
            "<button name=decision value=allow>Authorise</button>"
            "<button name=decision value=deny formnovalidate>Cancel</button></form>"
        )
        return web.Response(text=body, content_type="text/html")

    async def decide(self, request: web.Request) -> web.Response:
        """Send the person back to the application with a code, or with their refusal."""
        form = await request.post()
        query = request.query
        redirect, state = query.get("redirect_uri", ""), query.get("state", "")
        if query.get("client_id") != self._tokens.client_id or not redirect:
            return _error(400, "Invalid client_id or redirect_uri")
        if form.get("decision") == "allow":
            user = self._world.add_user(str(form["login"]))
            scope = query.get("scope", "")
            answer = {"code": self._tokens.code(user, scope.split(), redirect), "scope": scope, "state": state}
        else:
            refusal = "The user denied you access"
            answer = {"error": "access_denied", "error_description": refusal, "state": state}
        separator = "&" if "?" in redirect else "?"
        return web.Response(status=302, headers={"Location": f"{redirect}{separator}{urlencode(answer)}"})

    async def token(self, request: web.Request) -> web.Response:
        """``authorization_code``, ``refresh_token`` and ``client_credentials``."""
        given = {**request.query, **{key: str(value) for key, value in (await request.post()).items()}}
        try:
            token = self._token_for(given)
        except OAuthError as error:
            return _error(error.status, error.message)
        body: dict[str, object] = {"access_token": token.access, "expires_in": token.expires_in, "token_type": "bearer"}
        if token.user is not None:
            body |= {"refresh_token": token.refresh, "scope": sorted(token.scopes)}
        return web.json_response(body)

    def _token_for(self, given: dict[str, str]) -> Token:
        if given.get("client_id") != self._tokens.client_id:
            raise OAuthError(400, "invalid client")
        if not secrets.compare_digest(given.get("client_secret", ""), self._tokens.client_secret):
            raise OAuthError(403, "invalid client secret")
        match given.get("grant_type"):
            case "authorization_code":
                return self._tokens.exchange(given.get("code", ""), given.get("redirect_uri", ""))
            case "refresh_token":
                return self._tokens.refresh(given.get("refresh_token", ""))
            case "client_credentials":
                return self._tokens.grant_app()
            case None:
                raise OAuthError(400, "missing grant type")
            case _:
                raise OAuthError(400, "unsupported grant type")

    async def validate(self, request: web.Request) -> web.Response:
        """Who a token belongs to and how long it lasts."""
        token = self._tokens.find(request.headers.get("Authorization", "").partition(" ")[2])
        if token is None:
            return _error(401, "invalid access token")
        body = {"client_id": self._tokens.client_id, "scopes": sorted(token.scopes), "expires_in": token.expires_in}
        if token.user is not None:
            body |= {"login": token.user.login, "user_id": token.user.id}
        return web.json_response(body)

    async def revoke(self, request: web.Request) -> web.Response:
        """Forget one access token."""
        given = {**request.query, **{key: str(value) for key, value in (await request.post()).items()}}
        if given.get("client_id") != self._tokens.client_id:
            return _error(404, "client does not exist")
        if not self._tokens.drop(given.get("token", "")):
            return _error(400, "Invalid token")
        return web.Response()


def _error(status: int, message: str) -> web.Response:
    return web.json_response({"status": status, "message": message}, status=status)
