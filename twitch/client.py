"""TwitchIO's Bot with our sockets, our token store and a Helix session that knows Twitch's limits."""

from __future__ import annotations

import asyncio
import time
from typing import Any, NoReturn

import aiohttp
import structlog
from aiolimiter import AsyncLimiter
from twitchio import ChatMessage
from twitchio.authentication import ValidateTokenPayload
from twitchio.eventsub import SubscriptionPayload
from twitchio.exceptions import HTTPException, InvalidTokenException, WebsocketConnectionException
from twitchio.ext import commands
from twitchio.models.eventsub_ import create_event_instance
from twitchio.payloads import TokenRefreshedPayload

from twitch.errors import HaltError
from twitch.http import Http
from twitch.inflow import Inflow
from twitch.limits import SUBSCRIBING, LimitError, Points, insist_on_json, wait_for_budget
from twitch.listening import CHAT, Listening
from twitch.socket import MOST, Socket
from twitch.tokens import Token, TokenStore

log = structlog.get_logger(__name__)

HELIX_TIMEOUT_S = 10.0
"""TwitchIO's own default is five minutes, far longer than a chat line matters."""
CLOSING_S = 0.5
"""How long a socket waits for Twitch to answer its goodbye."""
MOST_SOCKETS = 3
"""Sockets Twitch lets one account have."""
NO_SOCKET_S = 60.0
"""How long after Twitch refused another socket none is asked for: those of a process that died go by then."""
NO_ANSWER = (HTTPException, aiohttp.ClientError, TimeoutError, WebsocketConnectionException)
"""What a subscription that may work later fails with."""


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
        self.subscribing = AsyncLimiter(*SUBSCRIBING)
        self._opening = asyncio.Lock()
        self._no_socket_until = 0.0
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

    @property
    def room(self) -> int:
        """How many more subscriptions Twitch grants the bot's account."""
        sockets = self._present
        return sum(MOST - each.load for each in sockets) + MOST * (MOST_SOCKETS - len(sockets))

    async def subscribe_websocket(self, payload: SubscriptionPayload, *, leaving: int = 0, **options: Any) -> Any:
        """Subscribe on a socket with room, and see to it that it stays so; what is refused is not asked for again.

        ``leaving`` is how many subscriptions must still find room afterwards.

        Raises:
            LimitError: Twitch grants the account no more of this.
        """
        await self.subscribing.acquire()
        try:
            socket = await self._expecting(leaving)
            try:
                answer = await super().subscribe_websocket(payload, **options, socket_id=self._name_of(socket))
            finally:
                socket.expected -= 1
        except HTTPException as error:
            if (limit := _limit(error)) is not None:
                await self._take_note(limit)
                raise limit from error
            if error.status not in (401, 403):
                self.listening.want(payload, options)
            raise
        except NO_ANSWER:
            self.listening.want(payload, options)
            raise
        if answer is None:
            # Twitch has it already.
            socket.adopt(payload)
        self.listening.want(payload, options)
        self.listening.heard({"type": payload.type, "condition": payload.condition})
        return answer

    @property
    def _present(self) -> list[Socket]:
        """The sockets that stay: one that was handed over is only read for what is still under way."""
        return [each for each in self.sockets if not each.handed_over]

    async def _expecting(self, leaving: int) -> Socket:
        """A socket with room, which now expects one subscription more; opened where there is none."""
        async with self._opening:
            if self.room <= leaving:
                raise no_room()
            sockets = self._present
            free = [each for each in sockets if each.load < MOST]
            if free:
                socket = max(free, key=lambda each: (each.connected, each.load))
            elif time.monotonic() < self._no_socket_until:
                raise no_room()
            else:
                socket = Socket(client=self, token_for=self.bot_id, http=self._http)
                await socket.connect(fail_once=True)
                self._websockets[str(self.bot_id)][str(socket.session_id)] = socket
            socket.expected += 1
            return socket

    def _name_of(self, socket: Socket) -> str:
        """What the socket is kept under, which may be the id of a session before."""
        kept = self._websockets[str(self.bot_id)]
        return next((name for name, each in kept.items() if each is socket), str(socket.session_id))

    async def _take_note(self, limit: LimitError) -> None:
        """Close the socket Twitch has just refused, if it is one socket too many."""
        for each in self._present:
            if not each.load and len(self._present) > 1:
                self._no_socket_until = time.monotonic() + NO_SOCKET_S
                await each.close()

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


def _limit(error: HTTPException) -> LimitError | None:
    """What of Twitch's is used up, where it is not the rate of calls."""
    said = str(error.extra.get("message", "")) if isinstance(error.extra, dict) else ""
    if error.status != 429 or not ("limit" in said or "cost" in said):
        return None
    if "cost" in said:
        return LimitError(
            "Twitch lets an account hear this in 10 channels whose streamers have not signed in",
            "more streamers sign in: chatwarden login --streamer",
        )
    return no_room()


def no_room() -> LimitError:
    """The error of an account whose subscriptions are used up."""
    return LimitError(
        f"no room: Twitch gives one account {MOST_SOCKETS * MOST} subscriptions",
        "see the limits in docs/hosting.md",
    )
