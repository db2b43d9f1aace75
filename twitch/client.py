"""TwitchIO's Bot with our sockets, our token store and a Helix session that knows Twitch's limits."""

from __future__ import annotations

import asyncio
from typing import Any, NoReturn

import aiohttp
import structlog
from twitchio import ChatMessage
from twitchio.authentication import ValidateTokenPayload
from twitchio.eventsub import SubscriptionPayload
from twitchio.exceptions import HTTPException, InvalidTokenException
from twitchio.ext import commands
from twitchio.models.eventsub_ import create_event_instance
from twitchio.payloads import TokenRefreshedPayload

from twitch.errors import HaltError
from twitch.http import Http
from twitch.inflow import Inflow
from twitch.limits import Points, insist_on_json, wait_for_budget
from twitch.listening import CHAT, Listening
from twitch.socket import Socket
from twitch.tokens import Token, TokenStore

log = structlog.get_logger(__name__)

HELIX_TIMEOUT_S = 10.0
"""TwitchIO's own default is five minutes, far longer than a chat line matters."""
CLOSING_S = 0.5
"""How long a socket waits for Twitch to answer its goodbye."""


class Client(commands.Bot):
    """One process's connection to Twitch. Its accounts come from ``tokens`` and are kept there when refreshed."""

    def __init__(self, *, client_id: str, client_secret: str, bot_id: str, tokens: TokenStore, **options: Any) -> None:
        self.inflow = Inflow()
        self.listening = Listening(self)
        self._token_store = tokens
        self._halted = asyncio.Event()
        self._why = HaltError("")
        self._hushed = False
        self.points = Points()
        self._own_session = aiohttp.ClientSession(
            # Not of a whole call: waiting until Twitch's limit is reset may take a minute.
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=HELIX_TIMEOUT_S, sock_read=HELIX_TIMEOUT_S),
            middlewares=(wait_for_budget, self.points.watch, insist_on_json),
        )
        super().__init__(
            client_id=client_id, client_secret=client_secret, bot_id=bot_id, session=self._own_session, **options
        )
        self._http = Http(client_id=client_id, client_secret=client_secret, session=self._own_session, client=self)

    def halt(self, why: str) -> None:
        """Say that the bot cannot go on; the first reason counts, and none once it is stopping anyway."""
        if not self._halted.is_set() and not self._hushed:
            self._why = HaltError(why)
            self._halted.set()

    async def until_halted(self) -> NoReturn:
        """Wait until the bot cannot go on, then raise HaltError."""
        await self._halted.wait()
        raise self._why

    @property
    def sockets(self) -> list[Socket]:
        """The open EventSub sockets."""
        return [socket for by_id in self._websockets.values() for socket in by_id.values()]  # type: ignore[misc]

    def hear(self, notification: Any) -> None:
        """Take a chat line as EventSub tells of it, before TwitchIO makes objects of it: they took a tenth of a flood.

        Raises KeyError, TypeError, ValueError or AttributeError for a line that is not what Twitch promises.
        """
        self.dispatch("message", self.chat_message(notification))

    def chat_message(self, notification: Any) -> ChatMessage:
        """TwitchIO's object of a chat line, as its commands take it."""
        made: ChatMessage = create_event_instance(CHAT, notification, http=self._http)
        return made

    async def subscribe_websocket(self, payload: SubscriptionPayload, **options: Any) -> Any:
        """Subscribe, and see to it that it stays so; what the account may not hear is not asked for again."""
        try:
            answer = await super().subscribe_websocket(payload, **options)
        except HTTPException as error:
            if error.status not in (401, 403):
                self.listening.want(payload, options)
            raise
        if answer is None:
            # Twitch has it already; TwitchIO chose the socket with the fewest.
            min(self.sockets, key=lambda socket: socket.subscription_count).adopt(payload)
        self.listening.want(payload, options)
        return answer

    async def hush(self) -> None:
        """Stop listening, for good."""
        self._hushed = True
        await self.listening.stop()
        for socket in self.sockets:
            try:
                await asyncio.wait_for(socket.close(), CLOSING_S)
            except TimeoutError:
                log.info("goodbye_unanswered")

    async def load_tokens(self, path: str | None = None) -> None:
        """Give TwitchIO every stored account; one Twitch no longer accepts is named and left out."""
        for token in self._token_store.load().values():
            try:
                await self.add_token(token.access, token.refresh)
            except InvalidTokenException:
                log.error("token_refused", login=token.login, remedy=f"chatwarden login (as {token.login})")
        self._http._has_loaded = True

    async def save_tokens(self, path: str | None = None) -> None:
        """Do nothing: each token is stored when it changes."""

    async def add_token(self, token: str, refresh: str) -> ValidateTokenPayload:
        """Validate an account's token, use it from now on and store it."""
        valid = await super().add_token(token, refresh)
        if valid.user_id:
            pair = self.tokens[valid.user_id]
            self._token_store.save(
                Token(valid.user_id, valid.login or "", pair["token"], pair["refresh"], tuple(valid.scopes))
            )
        return valid

    async def event_token_refreshed(self, payload: TokenRefreshedPayload) -> None:
        """Store a token the moment Twitch replaced it: the old one may be dead already."""
        known = self._token_store.load().get(payload.user_id)
        login = known.login if known else ""
        self._token_store.save(
            Token(payload.user_id, login, payload.token, payload.refresh_token, tuple(payload.scopes.selected))
        )

    async def close(self, **options: Any) -> None:
        """Close the connections and the session."""
        if not self._hushed:
            await self.hush()
        await super().close(**options)
        await self._own_session.close()
