"""Twitch's own blocked terms of a channel, over Helix: what stands there, and adding to it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING

import aiohttp
from aiolimiter import AsyncLimiter
from twitchio import HTTPException, PartialUser

from twitch.client import Client
from twitch.errors import TermsError
from twitch.tokens import TokenStore

if TYPE_CHECKING:
    from collections.abc import Iterator

PACE = (30, 60.0)
"""Terms added in so many seconds. Twitch is seen to allow 60 calls a minute: all at once and what follows in the same
minute stay within that, and a refused call would wait longer than a call may take."""
PAGE = 100
"""Terms Twitch tells at a time, the most it does."""


class BlockedTerms:
    """One channel's list. The account that reads or adds must moderate the channel and have granted the scope."""

    def __init__(self, broadcaster: PartialUser, moderator_id: str) -> None:
        self._broadcaster = broadcaster
        self._moderator_id = moderator_id
        self._pace = AsyncLimiter(*PACE)

    async def texts(self) -> list[str]:
        """Every term that stays; one AutoMod holds only for a while (``expires_at``) is left out. Raises TermsError."""
        with _explained("read"):
            pages = self._broadcaster.fetch_blocked_terms(moderator=self._moderator_id, first=PAGE)
            return [each.text async for each in pages if each.expires_at is None]

    async def add(self, text: str) -> str:
        """Add a term of 2 to 500 characters; return why Twitch refuses it, or an empty text. Raises TermsError."""
        await self._pace.acquire()
        with _explained("manage"):
            try:
                await self._broadcaster.add_blocked_term(moderator=self._moderator_id, text=text)
            except HTTPException as error:
                if error.status != 400:
                    raise
                return _message(error)
        return ""


@asynccontextmanager
async def blocked_terms(
    channel_id: str, client_id: str, client_secret: str, bot_id: str, tokens: TokenStore
) -> AsyncIterator[BlockedTerms]:
    """A channel's list for somebody beside the running bot, as the bot's account. Raises TermsError."""
    client = Client(
        client_id=client_id, client_secret=client_secret, bot_id=bot_id, tokens=tokens, prefix="!", adapter=None
    )
    try:
        with _explained(""):
            await client.login()
        if bot_id not in client.tokens:
            raise TermsError("no token of the bot's account (run: chatwarden login)")
        yield BlockedTerms(client.create_partialuser(channel_id), bot_id)
    finally:
        await client.close()


@contextmanager
def _explained(right: str) -> Iterator[None]:
    try:
        yield
    except HTTPException as error:
        raise TermsError(f"Twitch refuses: {error.status} {_message(error)} ({_remedy(error, right)})") from error
    except (aiohttp.ClientError, TimeoutError) as error:
        raise TermsError("Twitch does not answer (try again; what was added stays)") from error


def _remedy(error: HTTPException, right: str) -> str:
    if not right:
        return "run: chatwarden doctor"
    if error.status == 401:
        return f"it takes the scope moderator:{right}:blocked_terms; sign the bot in again: chatwarden login"
    if error.status == 403:
        return "make the bot a moderator of the channel: /mod in its chat"
    return "try again; what was added stays"


def _message(error: HTTPException) -> str:
    extra = error.extra if isinstance(error.extra, dict) else {}
    return str(extra.get("message") or "no reason given")
