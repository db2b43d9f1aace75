"""Calls to Twitch that end: a refused token is refreshed once, and its account stopped if that does not help.

TwitchIO 3.3.2 tries a call again for as long as Twitch answers 401, refreshes the same token in parallel calls, and
lets the hourly validation die of a broken connection.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from datetime import datetime
from typing import Any

import aiohttp
import structlog
from twitchio.authentication import ValidateTokenPayload
from twitchio.authentication.oauth import OAuth
from twitchio.authentication.tokens import ManagedHTTPClient
from twitchio.exceptions import HTTPException
from twitchio.http import Route

log = structlog.get_logger(__name__)

APP = "app"
VALIDATE_EVERY_S = 60.0
"""How often to look for tokens whose hourly validation (Twitch asks for it) is due."""
_REFUSED = {"invalid access token", "invalid oauth token"}


class Http(ManagedHTTPClient):
    """TwitchIO's token-managing HTTP client with an end to every retry."""

    def __init__(self, *, client_id: str, client_secret: str, session: aiohttp.ClientSession, client: Any) -> None:
        super().__init__(client_id=client_id, client_secret=client_secret, session=session, client=client)
        # Token calls go past this class: a refusal there must not ask for yet another token.
        self._oauth = OAuth(client_id=client_id, client_secret=client_secret, session=session)
        self._owner = client
        self._refreshing: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self.stopped: set[str] = set()
        """User ids (or ``app``) whose token Twitch refuses even when fresh; they need a new sign-in."""

    async def request(self, route: Route) -> Any:
        """Send a call; on a refused token refresh it once and send again. HTTPException for any other refusal."""
        used = self._authorize(route)
        try:
            return await OAuth.request(self, route)
        except HTTPException as error:
            if not used or error.status != 401 or not _is_refused_token(error):
                raise
        account, token = used
        fresh = await self._refresh_once(account, token)
        route.update_headers({"Authorization": f"Bearer {fresh}"})
        try:
            return await OAuth.request(self, route)
        except HTTPException as error:
            if error.status == 401 and _is_refused_token(error):
                self._stop(account)
            raise

    async def add_token(self, token: str, refresh: str) -> ValidateTokenPayload:
        """Validate and keep an account's token, and see to its hourly validation from now on."""
        if not self._validate_task:
            self._validate_task = asyncio.create_task(self._keep_valid())
        valid = await super().add_token(token, refresh)
        self.stopped.discard(valid.user_id or APP)
        return valid

    def _authorize(self, route: Route) -> tuple[str, str] | None:
        found = self._find_token(route)
        if not found:
            return None
        account, token = (APP, found) if isinstance(found, str) else (found["user_id"], found["token"])
        route.update_headers({"Authorization": f"Bearer {token}"})
        return account, token

    async def _refresh_once(self, account: str, refused: str) -> str:
        """Return a newer token than the refused one; calls refused together share one refresh."""
        async with self._refreshing[account]:
            if account == APP:
                if self._app_token == refused:
                    self._app_token = (await self._oauth.client_credentials_token()).access_token
                return self._app_token or ""
            pair = self._tokens[account]
            if pair["token"] != refused:
                return pair["token"]
            try:
                fresh = await self._oauth.refresh_token(pair["refresh"])
            except HTTPException as error:
                if error.status in (400, 401):
                    self._stop(account)
                raise
            self._tokens[account] = {
                "user_id": account,
                "token": fresh.access_token,
                "refresh": fresh.refresh_token,
                "last_validated": datetime.now().isoformat(),  # noqa: DTZ005 - TwitchIO compares it with naive local time
            }
            self._dispatch_event(account, fresh)
            return fresh.access_token

    def _stop(self, account: str) -> None:
        if account not in self.stopped:
            self.stopped.add(account)
            log.error("account_stopped", account=account, remedy="sign the account in again: chatwarden login")
            if account == self._owner.bot_id:
                self._owner.halt("Twitch refuses the bot's token, also when fresh (run: chatwarden login)")

    async def _keep_valid(self) -> None:
        while True:
            try:
                await self._revalidate_all()
            except Exception as error:  # noqa: BLE001 - whatever breaks one round, the next hour needs one again
                log.warning("validation_postponed", error=type(error).__name__)
            await asyncio.sleep(VALIDATE_EVERY_S)


def _is_refused_token(error: HTTPException) -> bool:
    message = error.extra.get("message", "") if isinstance(error.extra, dict) else ""
    return str(message).lower() in _REFUSED
