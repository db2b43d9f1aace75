"""Twitch's rate limit, honoured: a refused call waits for the moment Twitch names and is tried again."""

from __future__ import annotations

import asyncio
import json
import time
from email.utils import parsedate_to_datetime

import aiohttp
import structlog
from aiohttp import ClientHandlerType, ClientRequest, ClientResponse

log = structlog.get_logger(__name__)

LONGEST_WAIT_S = 60.0
"""Twitch's buckets refill within a minute; a later reset is a wrong clock."""
TRIES = 3
RESERVE = 0.25
"""The share of the account's points that one busy channel leaves to the others."""
SUBSCRIBING = (600, 60.0)
"""Subscriptions asked for at once, and the seconds in which as many more may follow: three quarters of the account's
800 points a minute, so that moderation always finds some left."""
_MODERATION = ("/moderation/bans", "/moderation/chat", "/moderation/warnings")


class BrokenAnswerError(aiohttp.ClientConnectionError):
    """Twitch's answer ended before it was whole."""


class LimitError(Exception):
    """Twitch grants the account no more of this; waiting does not help. The text says what, ``remedy`` what does."""

    def __init__(self, why: str, remedy: str) -> None:
        super().__init__(why)
        self.remedy = remedy


class Points:
    """What Twitch's answers tell of the rate limit of the bot's account, which all of its channels share."""

    def __init__(self) -> None:
        self.scarce = False

    async def watch(self, request: ClientRequest, handler: ClientHandlerType) -> ClientResponse:
        """Aiohttp middleware: see in the answers to moderation, which the bot's account does, what is left."""
        response = await handler(request)
        if request.url.path.endswith(_MODERATION):
            left, limit = (response.headers.get(f"Ratelimit-{name}", "") for name in ("Remaining", "Limit"))
            if left.isdecimal() and limit.isdecimal():
                self.scarce = int(left) < int(limit) * RESERVE
        return response


async def insist_on_json(request: ClientRequest, handler: ClientHandlerType) -> ClientResponse:
    """Aiohttp middleware: an answer that is not the JSON it says it is counts as a broken connection."""
    response = await handler(request)
    if response.content_type == "application/json" and response.status < 300:
        try:
            json.loads(await response.read())
        except ValueError:
            raise BrokenAnswerError(f"{request.url.path}: an answer without its JSON") from None
    return response


async def wait_for_budget(request: ClientRequest, handler: ClientHandlerType) -> ClientResponse:
    """Aiohttp middleware: on 429 wait until ``Ratelimit-Reset`` (UTC s) and send again, a few times at most."""
    for _ in range(TRIES - 1):
        response = await handler(request)
        if response.status != 429 or _full(request, response):
            return response
        wait_s = _wait_s(response.headers.get("Ratelimit-Reset"), response.headers.get("Date"))
        log.warning("rate_limited", path=request.url.path, wait_s=round(wait_s, 1))
        response.release()
        await asyncio.sleep(wait_s)
    return await handler(request)


def _full(request: ClientRequest, response: ClientResponse) -> bool:
    """Whether it is not the rate that is refused but one subscription too many: that does not get better by waiting."""
    left = response.headers.get("Ratelimit-Remaining", "")
    return request.url.path.endswith("/eventsub/subscriptions") and left.isdecimal() and int(left) > 0


def _wait_s(reset: str | None, sent: str | None) -> float:
    """Seconds until the reset by Twitch's own clock: ours may be wrong."""
    try:
        now = parsedate_to_datetime(sent).timestamp() if sent else time.time()
        until = float(reset or "")
    except ValueError:
        return 1.0
    return min(max(until - now, 0.1), LONGEST_WAIT_S)
