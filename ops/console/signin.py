"""Signing in: with Twitch by OAuth's authorization code flow, or in a sandbox as anybody."""

from __future__ import annotations

import hmac
import secrets
from urllib.parse import urlencode, urlsplit

import aiohttp
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from ops.console.command import CALLBACK
from ops.console.desk import Access, desk
from ops.console.rendering import LOOKS, back, render
from ops.console.safety import Limit
from ops.console.visitors import Visitor
from ops.when import WhenError, zone
from storage.database import Database
from storage.roles import Role, Roster, Staff

SCOPE = "user:read:moderated_channels"
"""All the console asks of a person's account: which channels they moderate."""

YEAR_S = 31_536_000
CAST = {
    "demo_manager": Role.MANAGER,
    "demo_analyst": Role.ANALYST,
    "demo_legal": Role.LEGAL,
    "demo_auditor": Role.AUDITOR,
}
"""The staff of a sandbox; the manager, first, lets the others in."""


class SignInError(Exception):
    """Nobody was signed in; the text says why and what to do."""


async def sign_in(request: Request) -> Response:
    """The door."""
    access = desk(request).access
    goal = _local(request.query_params.get("next", "/"))
    channels = await desk(request).overview.channels() if access.sandbox else []
    return await render(request, "sign_in.html", access=access, channels=channels, goal=goal, cast=CAST)


async def to_twitch(request: Request) -> Response:
    """Send the browser to Twitch, with a state that only this session knows. Twitch knows no PKCE."""
    _limit(request)
    access = desk(request).access
    if not access.client_id:
        raise HTTPException(404, "Signing in with Twitch is not set up (set CHATWARDEN_CLIENT_ID and _CLIENT_SECRET).")
    state = secrets.token_urlsafe(32)
    request.session["state"] = state
    request.session["goal"] = _local(str((await request.form()).get("goal", "/")))
    query = {
        "client_id": access.client_id,
        "redirect_uri": _callback_address(access),
        "response_type": "code",
        "scope": SCOPE,
        "state": state,
    }
    return RedirectResponse(f"{access.id_url}oauth2/authorize?{urlencode(query)}", 303)


async def from_twitch(request: Request) -> Response:
    """Take the browser back from Twitch: check the state, ask Twitch who it is, begin a session."""
    _limit(request)
    expected = request.session.pop("state", "")
    goal = request.session.pop("goal", "/")
    given = request.query_params.get("state", "")
    if not expected or not hmac.compare_digest(given.encode(), expected.encode()):
        raise HTTPException(403, "This answer does not belong to a sign-in of this browser. Sign in again.")
    code = request.query_params.get("code")
    if code is None:
        return back(request, "/sign-in", "Twitch says that you did not agree.", wrong=True)
    try:
        visitor = await _ask_twitch(desk(request).access, code)
    except SignInError as error:
        return back(request, "/sign-in", str(error), wrong=True)
    return await _begin(request, visitor, goal)


async def to_sandbox(request: Request) -> Response:
    """In a sandbox: come in as somebody at a click."""
    _limit(request)
    if not desk(request).access.sandbox:
        raise HTTPException(404, "There is no such page.")
    form = await request.form()
    login, channels = str(form.get("login", "")), await desk(request).overview.channels()
    if login == "demo_mod":
        visitor = Visitor("sandbox-mod", login, frozenset(channel.id for channel in channels))
    elif login in CAST:
        visitor = Visitor(f"sandbox-{login}", login)
    else:
        channel = next((channel for channel in channels if channel.name == login), None)
        if channel is None:
            raise HTTPException(404, "There is nobody of that name in this sandbox.")
        visitor = Visitor(channel.id, login)
    return await _begin(request, visitor, _local(str(form.get("goal", "/"))))


async def sign_out(request: Request) -> Response:
    """End the session, here and for whoever else has its cookie."""
    desk(request).sessions.end(request.session.get("key"))
    request.session.clear()
    return back(request, "/sign-in", "You are signed out.")


async def settle(request: Request) -> Response:
    """Keep how a person wants pages."""
    if request.method == "GET":
        return await render(request, "taste.html", looks=LOOKS)
    form = await request.form()
    name = str(form.get("zone", "UTC")).strip() or "UTC"
    try:
        zone(name)
    except WhenError as error:
        return back(request, "/settings", str(error), wrong=True)
    answer = back(request, "/settings", "Kept in this browser.")
    look = str(form.get("look"))
    chosen = {
        "zone": name,
        "look": look if look in LOOKS else "auto",
        "grey": "10"["grey" not in form],
        "keys": "10"["keys" not in form],
    }
    for key, value in chosen.items():
        _keep(request, answer, key, value)
    return answer


async def staff_sandbox(db: Database) -> None:
    """Put the sandbox's cast on the staff of a database that has none."""
    roster = Roster(db)
    if await roster.list():
        return
    manager: Staff | None = None
    for name, role in CAST.items():
        await roster.add(name, role, by=manager, surface="console")
        manager = manager or Staff(name, role, name)


async def _begin(request: Request, visitor: Visitor, goal: str) -> Response:
    # A new session, so that a cookie planted before signing in is worth nothing.
    desk(request).sessions.end(request.session.get("key"))
    request.session.clear()
    request.session["key"] = desk(request).sessions.begin(visitor)
    staff = await desk(request).roster.find(visitor.login)
    await desk(request).audit.note(
        actor=visitor.login,
        role=staff.role if staff else "",
        surface="console",
        verb="sign in",
        subject="session",
    )
    answer = RedirectResponse(goal, 303)
    asked = str((await request.form()).get("zone", "")) if request.method == "POST" else ""
    if asked and "zone" not in request.cookies:
        try:
            zone(asked)
        except WhenError:
            return answer
        _keep(request, answer, "zone", asked)
    return answer


async def _ask_twitch(access: Access, code: str) -> Visitor:
    """Who the code is for and which channels they moderate. The token is given back whatever comes: nobody needs it."""
    form = {
        "client_id": access.client_id,
        "client_secret": access.client_secret,
        "code": code,
        "grant_type": "authorization_code",
        "redirect_uri": _callback_address(access),
    }
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=20)) as session:
        try:
            async with session.post(f"{access.id_url}oauth2/token", data=form) as response:
                pair = await response.json()
                if response.status != 200:
                    raise SignInError(f"Twitch refuses the sign-in: {pair.get('message', response.status)}")
            token = pair["access_token"]
            try:
                return await _visitor(session, access, token)
            finally:
                given_back = {"client_id": access.client_id, "token": token}
                async with session.post(f"{access.id_url}oauth2/revoke", data=given_back):
                    pass
        except (aiohttp.ClientError, TimeoutError, ValueError, KeyError):
            raise SignInError("Twitch cannot be reached, or answers oddly. Try again in a minute.") from None


async def _visitor(session: aiohttp.ClientSession, access: Access, token: str) -> Visitor:
    headers = {"Authorization": f"OAuth {token}"}
    async with session.get(f"{access.id_url}oauth2/validate", headers=headers) as response:
        who = await response.json()
        if response.status != 200 or who.get("client_id") != access.client_id:
            raise SignInError("Twitch does not vouch for this sign-in. Try again.")
    return Visitor(who["user_id"], who["login"], await _moderated(session, access, token, who["user_id"]))


async def _moderated(session: aiohttp.ClientSession, access: Access, token: str, user_id: str) -> frozenset[str]:
    headers = {"Authorization": f"Bearer {token}", "Client-Id": access.client_id}
    found: set[str] = set()
    query = {"user_id": user_id, "first": "100"}
    while True:
        async with session.get(f"{access.helix_url}moderation/channels", params=query, headers=headers) as response:
            answer = await response.json()
            if response.status != 200:
                raise SignInError("Twitch does not say which channels you moderate. Sign in again and agree to that.")
        found.update(each["broadcaster_id"] for each in answer["data"])
        cursor = answer.get("pagination", {}).get("cursor")
        if not cursor:
            return frozenset(found)
        query["after"] = cursor


def _callback_address(access: Access) -> str:
    return f"{access.url.rstrip('/')}{CALLBACK}"


def _local(path: str) -> str:
    """A page of this console and nothing else, however it is written."""
    parts = urlsplit(path)
    fine = path.startswith("/") and not path.startswith(("//", "/\\")) and not parts.scheme and not parts.netloc
    return path if fine and path.isprintable() else "/"


def _limit(request: Request) -> None:
    limit: Limit = request.app.state.sign_ins
    limit.take(request.client.host if request.client else "")


def _keep(request: Request, answer: Response, key: str, value: str) -> None:
    secure = desk(request).access.secure
    answer.set_cookie(key, value, max_age=YEAR_S, httponly=True, samesite="lax", secure=secure)
