"""A Twitch on this machine: identity, Helix and EventSub on one loopback port, and hands to work its world."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import datetime
from types import TracebackType
from typing import Self

from aiohttp import web

from sandbox import chat, moderation, payloads, people, subscriptions
from sandbox.clock import Clock, iso
from sandbox.eventsub import EventSub, Timing
from sandbox.faults import Faults
from sandbox.helix import Helix, failure
from sandbox.oauth import OAuth, Tokens
from sandbox.payloads import Event, Fragment
from sandbox.state import Ban, Channel, ChatWarning, Enforcement, Held, Line, UnbanRequest, User, World

ENDPOINTS = [*people.ENDPOINTS, *moderation.ENDPOINTS, *chat.ENDPOINTS, *subscriptions.ENDPOINTS]
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Sandbox:
    """Use it as ``async with``; the URLs are known inside. Port 0 takes a free one; a taken port raises OSError.

    ``points_per_minute`` is Helix's budget per token, ``ban_budget`` (calls, seconds) that of bans per channel.
    """

    def __init__(
        self,
        host: str = "127.0.0.1",
        port: int = 0,
        client_id: str = "demo-client",
        client_secret: str = "demo-secret",  # noqa: S107 - it opens nothing but this sandbox
        *,
        points_per_minute: int = 800,
        ban_budget: tuple[int, float] | None = None,
        timing: Timing | None = None,
    ) -> None:
        self.client_id = client_id
        self.client_secret = client_secret
        self.world = World()
        self.faults = Faults()
        self.eventsub = EventSub(self.world, self.faults, timing or Timing())
        self._tokens = Tokens(client_id, client_secret)
        self._helix = Helix(
            self.world, self.eventsub, self._tokens, self.faults, ENDPOINTS,
            points_per_minute=points_per_minute, ban_budget=ban_budget,
        )  # fmt: skip
        self._acts = self._helix.acts
        self._address = (host, port)
        self._runner: web.AppRunner | None = None

    async def __aenter__(self) -> Self:
        app = web.Application(middlewares=[self._fail_identity])
        app.add_routes(OAuth(self.world, self._tokens).routes())
        app.add_routes([web.get("/ws", self.eventsub.connect), web.route("*", "/helix/{path:.*}", self._helix.handle)])
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        host, port = self._address
        await web.TCPSite(self._runner, host, port).start()
        self._address = (host, self._runner.addresses[0][1])
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.eventsub.close()
        if self._runner is not None:
            await self._runner.cleanup()

    @property
    def id_url(self) -> str:
        """Base of ``oauth2/…``."""
        return f"http://{self._address[0]}:{self._address[1]}/"

    @property
    def helix_url(self) -> str:
        """Base of the Helix calls."""
        return f"{self.id_url}helix/"

    @property
    def eventsub_url(self) -> str:
        """Where EventSub websockets connect."""
        return f"ws://{self._address[0]}:{self._address[1]}/ws"

    @property
    def clock(self) -> Clock:
        """The sandbox's time."""
        return self.world.clock

    @property
    def enforcements(self) -> list[Enforcement]:
        """Every ban, timeout, unban, deletion, clearing and warning accepted so far, oldest first."""
        return self.world.enforcements

    def add_user(
        self, login: str, *, display_name: str | None = None, id: str | None = None, created_at: datetime | None = None  # noqa: A002
    ) -> User:  # fmt: skip
        """The account with this login, made on first use. Raises ValueError on a clash of ids."""
        created_ms = None if created_at is None else round(created_at.timestamp() * 1000)
        return self.world.add_user(login, display_name=display_name, user_id=id, created_ms=created_ms)

    def rename(self, login: str, new: str) -> User:
        """A chatter takes another login; the account stays the same."""
        return self.world.rename(login, new)

    def add_moderator(self, channel: str, user: str) -> None:
        """Give the user a moderator's sword in the channel."""
        self.world.channel(channel).moderators.add(self.world.add_user(user).id)

    def add_vip(self, channel: str, user: str) -> None:
        """Make the user a VIP of the channel."""
        self.world.channel(channel).vips.add(self.world.add_user(user).id)

    def add_subscriber(self, channel: str, user: str) -> None:
        """Make the user a subscriber of the channel."""
        self.world.channel(channel).subscribers.add(self.world.add_user(user).id)

    def give_role(self, channel: str, user: str, role: str) -> None:
        """Make the user ``moderator``, ``vip`` or ``subscriber``; a broadcaster is one already."""
        give = {"moderator": self.add_moderator, "vip": self.add_vip, "subscriber": self.add_subscriber}.get(role)
        if give is not None:
            give(channel, user)

    def grant(self, user: str, scopes: Iterable[str]) -> tuple[str, str]:
        """An access and a refresh token, as the user would have given them through OAuth."""
        token = self._tokens.grant(self.world.add_user(user), scopes)
        return token.access, token.refresh

    def granted(self, user: str) -> frozenset[str]:
        """Every scope the user has granted the client."""
        return self._tokens.granted(self.world.add_user(user).id)

    def expire_tokens(self, user: str) -> None:
        """Let the user's access tokens run out; refreshing works."""
        self._tokens.expire(self.world.add_user(user).id)

    def bans(self, channel: str) -> dict[str, Ban]:
        """Bans and timeouts in force, by user id."""
        return {each.user_id: each for each in self.world.live_bans(self.world.channel(channel))}

    def deleted(self, channel: str) -> set[str]:
        """Ids of deleted messages."""
        return set(self.world.channel(channel).deleted)

    def warnings(self, channel: str) -> list[ChatWarning]:
        """Warnings given, oldest first."""
        return list(self.world.channel(channel).warnings)

    def sent(self, channel: str) -> list[Line]:
        """What was said through Helix, oldest first."""
        return list(self.world.channel(channel).sent)

    async def say(
        self, channel: str, user: str, text: str, fragments: Sequence[Fragment] | None = None, ts: float | None = None,
        message_id: str | None = None, reply_to: str | None = None, shared_from: str | None = None,
    ) -> str | None:  # fmt: skip
        """A chatter says a line; returns its id, or None if they are banned or timed out.

        ``fragments`` are (kind, text) pairs whose texts joined are ``text``; ``ts`` (UTC seconds) moves the sandbox's
        clock there; ``shared_from`` is the channel of a shared chat it was said in. Waits until every subscribed
        socket has taken it.
        """
        if ts is not None:
            self.clock.follow(round(ts * 1000))
        line, events = self._acts.speak(
            self.world.channel(channel), self.world.add_user(user), text,
            fragments=fragments, message_id=message_id, reply_to=reply_to,
            source=None if shared_from is None else self.world.channel(shared_from),
        )  # fmt: skip
        await self.eventsub.emit(events)
        return line.id if line is not None else None

    async def mod_ban(
        self, channel: str, moderator: str, user: str, *, duration_s: int | None = None, reason: str = ""
    ) -> None:
        """A person bans a chatter, or times them out, on Twitch's own page. Raises RefusedError."""
        cast = self._cast(channel, moderator, user)
        _, events = self._acts.ban(*cast, duration_s=duration_s, reason=reason, source="page")
        await self.eventsub.emit(events)

    async def unmod(self, channel: str, user: str) -> None:
        """The streamer takes a moderator's sword back; what only moderators hear is revoked with it."""
        where, account = self.world.channel(channel), self.world.add_user(user)
        where.moderators.discard(account.id)
        await self.eventsub.emit(
            [
                payloads.about_user("channel.moderator.remove", where, account),
                payloads.moderate(where, where.user, "unmod", payloads.named(account)),
            ]
        )

    async def mod_unban(self, channel: str, moderator: str, user: str) -> None:
        """A person lifts a ban or timeout. Raises RefusedError."""
        cast = self._cast(channel, moderator, user)
        await self.eventsub.emit(self._acts.unban(*cast, source="page"))

    async def mod_delete(self, channel: str, moderator: str, message_id: str) -> None:
        """A person deletes a message. Raises RefusedError."""
        where, who = self.world.channel(channel), self.world.add_user(moderator)
        await self.eventsub.emit(self._acts.delete(where, who, message_id, source="page"))

    async def mod_warn(self, channel: str, moderator: str, user: str, reason: str) -> None:
        """A person warns a chatter. Raises RefusedError."""
        cast = self._cast(channel, moderator, user)
        await self.eventsub.emit(self._acts.warn(*cast, reason, source="page"))

    async def mod_shield(self, channel: str, moderator: str, *, active: bool) -> None:
        """A person switches shield mode."""
        where, who = self.world.channel(channel), self.world.add_user(moderator)
        await self.eventsub.emit(self._acts.shield(where, who, active=active))

    async def acknowledge_warning(self, channel: str, user: str) -> None:
        """The chatter acknowledges their warning."""
        await self.eventsub.emit(self._acts.acknowledge(self.world.channel(channel), self.world.add_user(user)))

    async def request_unban(self, channel: str, user: str, text: str) -> str:
        """A banned chatter asks to be let back in; returns the request's id."""
        where = self.world.channel(channel)
        request = UnbanRequest(str(uuid.uuid4()), self.world.add_user(user), text, self.clock.now_ms())
        where.unban_requests[request.id] = request
        await self.eventsub.emit([payloads.unban_request(where, request)])
        return request.id

    async def hold(self, channel: str, user: str, text: str, *, category: str = "swearing", level: int = 3) -> str:
        """AutoMod keeps a line back; returns its id."""
        where = self.world.channel(channel)
        held = Held(str(uuid.uuid4()), self.world.add_user(user), text, category, level, self.clock.now_ms())
        where.held[held.id] = held
        await self.eventsub.emit([payloads.automod(self.world, where, held)])
        return held.id

    async def mod_settle(self, channel: str, moderator: str, message_id: str, *, allow: bool) -> None:
        """A person lets a held line through, or denies it. Raises RefusedError."""
        where, who = self.world.channel(channel), self.world.add_user(moderator)
        await self.eventsub.emit(self._acts.settle_held(where, who, message_id, allow=allow, source="page"))

    async def mod_resolve(self, channel: str, moderator: str, request_id: str, status: str) -> None:
        """A person answers an unban request, ``approved`` or ``denied``. Raises RefusedError."""
        where, who = self.world.channel(channel), self.world.add_user(moderator)
        await self.eventsub.emit(self._acts.resolve(where, who, request_id, status, "")[1])

    async def raid(self, source: str, target: str, viewers: int) -> None:
        """One channel raids another."""
        await self.eventsub.emit([payloads.raid(self.world.add_user(source), self.world.add_user(target), viewers)])

    async def go_live(self, channel: str) -> None:
        """The stream starts."""
        where = self.world.channel(channel)
        where.live_since_ms = self.clock.now_ms()
        about = {"id": f"4{where.user.id}", "type": "live", "started_at": iso(where.live_since_ms)}
        await self.eventsub.emit([payloads.about_channel("stream.online", where, **about)])

    async def go_offline(self, channel: str) -> None:
        """The stream ends."""
        where = self.world.channel(channel)
        where.live_since_ms = None
        await self.eventsub.emit([payloads.about_channel("stream.offline", where, id=f"4{where.user.id}")])

    async def follow(self, channel: str, user: str) -> None:
        """A viewer follows the channel."""
        where, now = self.world.channel(channel), iso(self.clock.now_ms())
        account = self.world.add_user(user)
        await self.eventsub.emit([payloads.about_user("channel.follow", where, account, followed_at=now)])

    async def suspect(self, channel: str, moderator: str, user: str, status: str = "ACTIVE_MONITORING") -> None:
        """A person has a chatter watched (or ``RESTRICTED``, or left alone: ``NO_TREATMENT``)."""
        cast = self._cast(channel, moderator, user)
        await self.eventsub.emit(self._acts.suspect(*cast, status)[1])

    async def reconnect_sessions(self) -> None:
        """Twitch asks every client to reconnect; returns when all have moved or were given up."""
        await self.eventsub.reconnect()

    async def drop_sessions(self) -> None:
        """The network breaks every EventSub socket."""
        self.eventsub.drop()

    async def revoke(self, user: str) -> None:
        """The user disconnects the application: tokens die, subscriptions are revoked."""
        account = self.world.add_user(user)
        self._tokens.revoke(account.id)
        for each in list(self.eventsub.subscriptions.values()):
            actors = (each.user_id, each.condition.get("user_id"), each.condition.get("moderator_user_id"))
            if account.id in actors:
                await self.eventsub.revoke(each, "authorization_revoked")
        body = {"client_id": self.client_id, **payloads.named(account)}
        await self.eventsub.emit([Event("user.authorization.revoke", "client", body)])

    def _cast(self, channel: str, moderator: str, user: str) -> tuple[Channel, User, User]:
        return self.world.channel(channel), self.world.add_user(moderator), self.world.add_user(user)

    @web.middleware
    async def _fail_identity(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if not request.path.startswith("/oauth2/"):
            return await handler(request)
        met = self.faults.for_call(request.method, request.path.strip("/"))
        for fault in met:
            if fault.kind != "latency":
                return failure(fault)
            await asyncio.sleep(fault.delay_s)
        return await handler(request)
