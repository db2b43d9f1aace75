"""How old accounts are, where a policy asks: fetched beside the judging, known from a chatter's next line on."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from itertools import islice

import aiohttp
import structlog
from twitchio import HTTPException

from cogs.enforce import describe
from twitch.client import Client

log = structlog.get_logger(__name__)

AT_ONCE = 100
"""Accounts Helix tells of in one call."""
EVERY_S = 1.0
"""Between two calls: 60 of the 800 points a minute at most."""
KNOWN, WANTED = 50_000, 5_000
"""Accounts remembered, and accounts waiting to be asked for; beyond, the oldest are forgotten."""


class Ages:
    """When accounts were made, UTC ms. Nobody waits for it: an age not known yet is None."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._known: OrderedDict[str, int | None] = OrderedDict()
        self._wanted: OrderedDict[str, None] = OrderedDict()

    def created_ms(self, chatter_id: str) -> int | None:
        """When the account was made; None, and asked for, where it is not known yet."""
        if chatter_id in self._known:
            return self._known[chatter_id]
        self._wanted[chatter_id] = None
        if len(self._wanted) > WANTED:
            self._wanted.popitem(last=False)
        return None

    @property
    def waiting(self) -> int:
        """Accounts still to be asked for."""
        return len(self._wanted)

    async def run(self) -> None:
        """Ask for what is wanted until cancelled."""
        while True:
            await asyncio.sleep(EVERY_S)
            ids = list(islice(self._wanted, AT_ONCE))
            if not ids:
                continue
            try:
                users = await self._client.fetch_users(ids=[*ids])
            except (HTTPException, aiohttp.ClientError, TimeoutError) as error:
                log.warning("ages_not_fetched", accounts=len(ids), error=describe(error))
                continue
            made = {user.id: int(user.created_at.timestamp() * 1000) for user in users}
            for each in ids:
                self._wanted.pop(each, None)
                self._known[each] = made.get(each)
            while len(self._known) > KNOWN:
                self._known.popitem(last=False)
