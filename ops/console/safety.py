"""What keeps a page from being abused: headers, the check of forms, a limit on signing in."""

from __future__ import annotations

import hmac
import secrets
import time
from collections import deque

from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LARGEST_FORM = 5_000_000
"""Bytes; a list of 100,000 words is about 2 MB."""

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self';"
    " base-uri 'none'; frame-ancestors 'none'; form-action 'self' {sign_in}"
)
"""Nothing from elsewhere, nothing inline. ``form-action`` also holds for where a form's answer sends the browser."""


class Headers:
    """Adds the headers that every answer carries."""

    def __init__(self, app: ASGIApp, sign_in: str) -> None:
        self._app = app
        self._policy = POLICY.format(sign_in=sign_in)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass everything on, with the headers."""

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.setdefault("Content-Security-Policy", self._policy)
                headers["X-Content-Type-Options"] = "nosniff"
                headers["Referrer-Policy"] = "same-origin"
                headers["Cross-Origin-Opener-Policy"] = "same-origin"
                headers["Permissions-Policy"] = "camera=(), geolocation=(), microphone=()"
                headers.setdefault("Cache-Control", "no-cache" if scope["path"].startswith("/static/") else "no-store")
            await send(message)

        await self._app(scope, receive, sending)


def form_token(request: Request) -> str:
    """What a form of this session must bring back."""
    token: str = request.session.setdefault("form", secrets.token_urlsafe(24))
    return token


async def check_form(request: Request) -> None:
    """Refuse a form that did not come from one of this session's pages, or is too large.

    Raises:
        HTTPException: 403, 411 or 413.
    """
    length = request.headers.get("Content-Length", "")
    if not length.isdigit():
        raise HTTPException(411, "A form without a length was refused.")
    if int(length) > LARGEST_FORM:
        raise HTTPException(413, f"The form has {int(length):,} bytes, the limit is {LARGEST_FORM:,}.")
    given = (await request.form()).get("form", "")
    expected = request.session.get("form", "")
    if not expected or not hmac.compare_digest(str(given).encode(), str(expected).encode()):
        raise HTTPException(403, "This form is from an earlier session. Go back, load the page again and repeat.")


class Limit:
    """At most ``most`` tries in ``window_s`` seconds from one address."""

    def __init__(self, most: int, window_s: float, addresses: int = 10_000) -> None:
        self._most = most
        self._window_s = window_s
        self._addresses = addresses
        self._tries: dict[str, deque[float]] = {}

    def take(self, address: str) -> None:
        """Count one try. Raises HTTPException 429 when there were too many."""
        now = time.monotonic()
        tries = self._tries.setdefault(address, deque(maxlen=self._most))
        if len(tries) == self._most and now - tries[0] < self._window_s:
            raise HTTPException(
                429, f"Too many tries to sign in: {self._most} in {self._window_s:.0f} seconds. Wait a minute."
            )
        tries.append(now)
        if len(self._tries) > self._addresses:
            self._tries.pop(next(iter(self._tries)))
