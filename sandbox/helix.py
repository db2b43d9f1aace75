"""Helix's front door: who calls, may they, is there budget; then the endpoint, then Twitch's answer."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from aiohttp import web
from multidict import MultiMapping

from sandbox.acts import Acts, RefusedError
from sandbox.budget import Bucket
from sandbox.eventsub import EventSub
from sandbox.faults import Fault, Faults
from sandbox.oauth import Token, Tokens
from sandbox.payloads import Event
from sandbox.state import Channel, User, World

Json = dict[str, Any]
MAX_PAGE = 100


@dataclass
class Call:
    """One authorised request to Helix."""

    world: World
    acts: Acts
    eventsub: EventSub
    tokens: Tokens
    token: Token
    query: MultiMapping[str]
    body: Json
    ban_budget: Callable[[Channel], Bucket | None]
    events: list[Event] = field(default_factory=list)

    def need(self, name: str) -> str:
        """A required parameter, from the query or else the body (or its ``data``). Raises RefusedError."""
        inner = self.body.get("data")
        value = self.query.get(name) or self.body.get(name) or (inner.get(name) if isinstance(inner, dict) else None)
        if not isinstance(value, (str, int)) or value == "":
            raise RefusedError(400, f'Missing required parameter "{name}"')
        return str(value)

    def user(self, user_id: str) -> User:
        """An account by id. Raises RefusedError."""
        try:
            return self.world.users[user_id]
        except KeyError:
            raise RefusedError(400, f"The user ID {user_id} is not valid.") from None

    @property
    def channel(self) -> Channel:
        """The channel of ``broadcaster_id``. Raises RefusedError."""
        return self.world.channel_of(self.user(self.need("broadcaster_id")))

    @property
    def moderator(self) -> User:
        """The account of ``moderator_id``. Raises RefusedError."""
        return self.user(self.need("moderator_id"))

    def page(self, rows: Sequence[Json]) -> Json:
        """``first`` rows after the cursor, with the next cursor where there is more. Raises RefusedError."""
        first, after = self.query.get("first", "20"), self.query.get("after", "") or "0"
        if not first.isdecimal() or not 1 <= int(first) <= MAX_PAGE:
            raise RefusedError(400, f'The parameter "first" was malformed: the value must be between 1 and {MAX_PAGE}')
        if not after.isdecimal():
            raise RefusedError(400, "The cursor specified in the after query parameter is not valid.")
        end = int(after) + int(first)
        return {"data": list(rows[int(after) : end]), "pagination": {"cursor": str(end)} if end < len(rows) else {}}


Handler = Callable[[Call], Json | None]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One call of Helix.

    ``scopes`` are alternatives, of which the token needs one. ``acting`` names the parameter that must be the token's
    own user; with ``moderating`` that user must also moderate the channel. ``app`` lets an app token in.
    """

    method: str
    path: str
    handler: Handler
    scopes: tuple[str, ...] = ()
    acting: str = ""
    moderating: bool = False
    app: bool = False
    status: int = 200


class Helix:
    """Serves endpoints under ``/helix/``."""

    def __init__(
        self, world: World, eventsub: EventSub, tokens: Tokens, faults: Faults, endpoints: Sequence[Endpoint], *,
        points_per_minute: int, ban_budget: tuple[int, float] | None,
    ) -> None:  # fmt: skip
        self.acts = Acts(world)
        self._world = world
        self._eventsub = eventsub
        self._tokens = tokens
        self._faults = faults
        self._endpoints = {(each.method, each.path): each for each in endpoints}
        self._points = points_per_minute
        self._buckets: dict[str, Bucket] = {}
        self._ban_budget = ban_budget
        self._ban_buckets: dict[str, Bucket] = {}

    async def handle(self, request: web.Request) -> web.Response:
        """Answer one request."""
        path = request.match_info["path"].strip("/")
        met = self._faults.for_call(request.method, path)
        for fault in met:
            if fault.kind == "latency":
                await asyncio.sleep(fault.delay_s)
        broken = next((fault for fault in met if fault.kind != "latency"), None)
        if broken is not None and not broken.after:
            return failure(broken)
        answer = await self._answer(request, path)
        return failure(broken) if broken is not None else answer

    async def _answer(self, request: web.Request, path: str) -> web.Response:
        headers: dict[str, str] = {}
        try:
            token = self._authenticate(request)
            bucket = self._bucket(token)
            affordable = bucket.take()
            headers = bucket.headers()
            if not affordable:
                raise RefusedError(429, "Too Many Requests")
            endpoint = self._endpoints.get((request.method, path))
            if endpoint is None:
                raise RefusedError(404, "Not Found")
            call = self._call(token, request, await _body(request))
            self._authorise(endpoint, call)
            result = endpoint.handler(call)
        except RefusedError as refusal:
            return error(refusal.status, refusal.message, headers)
        if call.events:
            self._eventsub.soon(self._eventsub.emit(call.events))
        if result is None:
            return web.Response(status=204, headers=headers)
        return web.json_response(result, status=endpoint.status, headers=headers)

    def _call(self, token: Token, request: web.Request, body: Json) -> Call:
        return Call(
            self._world, self.acts, self._eventsub, self._tokens, token, request.query, body, self._budget_for_bans
        )

    def _authenticate(self, request: web.Request) -> Token:
        scheme, _, access = request.headers.get("Authorization", "").partition(" ")
        if not access:
            raise RefusedError(401, "OAuth token is missing")
        token = self._tokens.find(access) if scheme in ("Bearer", "OAuth") else None
        if token is None:
            raise RefusedError(401, "Invalid OAuth token")
        client = request.headers.get("Client-Id", "")
        if not client:
            raise RefusedError(401, "Client ID is missing")
        if client != self._tokens.client_id:
            raise RefusedError(401, "Client ID and OAuth token do not match")
        return token

    def _authorise(self, endpoint: Endpoint, call: Call) -> None:
        user = call.token.user
        if user is None:
            if not endpoint.app:
                raise RefusedError(401, "Missing User OAUTH Token")
            if not endpoint.acting:
                return
            user = call.user(call.need(endpoint.acting))
        granted = call.token.scopes if call.token.user is not None else call.tokens.granted(user.id)
        if endpoint.scopes and granted.isdisjoint(endpoint.scopes):
            raise RefusedError(401, f"Missing scope: {' or '.join(endpoint.scopes)}")
        if endpoint.acting and call.need(endpoint.acting) != user.id:
            whose = "must match the user ID found in the request's OAuth token."
            raise RefusedError(401, f"The ID in {endpoint.acting} {whose}")
        if endpoint.moderating and not call.channel.moderates(user.id):
            raise RefusedError(403, f"The user in {endpoint.acting} is not one of the broadcaster's moderators.")

    def _bucket(self, token: Token) -> Bucket:
        key = token.user.id if token.user is not None else ""
        return self._buckets.setdefault(key, Bucket(self._points, 60))

    def _budget_for_bans(self, channel: Channel) -> Bucket | None:
        if self._ban_budget is None:
            return None
        return self._ban_buckets.setdefault(channel.user.id, Bucket(*self._ban_budget))


async def _body(request: web.Request) -> Json:
    if not request.can_read_body:
        return {}
    try:
        body = json.loads(await request.text())
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise RefusedError(400, "The request body is not a valid JSON object.")
    return body


def error(status: int, message: str, headers: dict[str, str] | None = None) -> web.Response:
    """Twitch's error body."""
    body = {"error": HTTPStatus(status).phrase, "status": status, "message": message}
    return web.json_response(body, status=status, headers=headers)


def failure(fault: Fault) -> web.Response:
    """What a faulty Twitch answers."""
    if fault.kind == "empty":
        return web.Response(text="", content_type="application/json")
    if fault.status == HTTPStatus.UNAUTHORIZED:
        return error(401, "Invalid OAuth token")
    if fault.status == HTTPStatus.TOO_MANY_REQUESTS:
        return error(429, "Too Many Requests", Bucket.empty(fault.delay_s))
    return error(fault.status, HTTPStatus(fault.status).phrase)
