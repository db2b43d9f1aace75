"""What the bot listens to, in the order of its worth: every channel's chat, then kind by kind what helps beside it.

Twitch gives one account 900 subscriptions, and a call for each costs what moderation lives on. What is not heard is
told in one line for each reason, and asked for again where that may help.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime

import structlog
from twitchio import HTTPException, User
from twitchio.eventsub import ChatMessageSubscription, SubscriptionPayload

from cogs.appeals import Appeals
from cogs.automod import AutoMod
from cogs.channel import Channel
from cogs.enforce import describe
from cogs.mirror import Mirror
from cogs.raids import Raids
from cogs.sword import NOT_MODERATOR, Sword
from config.policy import PolicyError
from storage.database import DatabaseError
from twitch.client import NO_ANSWER, Client
from twitch.limits import LimitError

log = structlog.get_logger(__name__)

LOGINS_A_CALL = 100
"""Accounts Helix tells of in one call."""
AT_ONCE = 8
"""Subscriptions asked for at once."""
AGAIN_S = 180.0
"""How often what is missing for want of a right, or of the channel itself, is tried again."""
NAMED = 3
"""Channels named in a line that speaks of many."""
UNKNOWN = "Twitch knows no such channel"
MODERATE = "channel.moderate"
ORDER = (
    MODERATE,
    "channel.raid",
    "automod.message.hold",
    "automod.message.update",
    "channel.unban_request.create",
    "channel.unban_request.resolve",
)
"""The kinds in the order of their worth; then come the rest."""

Missing = Mapping[tuple[str, str], Mapping[str, int]]


class Hearing:
    """Sees to it that the channels are heard."""

    def __init__(self, client: Client, channels: Mapping[str, Channel], sword: Sword) -> None:
        self.absent: dict[str, str] = {}
        """Channels that cannot be found, by name, and why."""
        self.complete = asyncio.Event()
        """Set once everything has been asked for."""
        self.progress = ""
        """How far a start has come with the chats."""
        self._client = client
        self._channels = channels
        self._sword = sword
        self._refused: dict[str, Exception] = {}
        self._asked: set[str] = set()
        self._missing: defaultdict[tuple[str, str], defaultdict[str, set[str]]] = defaultdict(lambda: defaultdict(set))

    @property
    def missing(self) -> Missing:
        """What is not heard beside the chats: by reason and remedy, in how many channels which kind."""
        return {why: {kind: len(ids) for kind, ids in kinds.items()} for why, kinds in self._missing.items() if kinds}

    @property
    def notices(self) -> tuple[str, ...]:
        """The same in a line for each reason."""
        return tuple(f"{_listed(kinds)}: not heard, {why} ({remedy})" for (why, remedy), kinds in self.missing.items())

    async def find(self, names: Iterable[str]) -> list[User]:
        """The channels of these names; those Twitch does not know are told of, and absent from now on."""
        wanted = list(names)
        found: dict[str, User] = {}
        for start in range(0, len(wanted), LOGINS_A_CALL):
            users = await self._client.fetch_users(logins=wanted[start : start + LOGINS_A_CALL])
            found |= {user.name or "": user for user in users}
        new = [name for name in wanted if name not in found and name not in self.absent]
        if new:
            remedy = "check CHATWARDEN_CHANNELS; renamed, suspended or misspelt; tried again every few minutes"
            log.error("channel_not_found", channels=some(new), why=UNKNOWN, remedy=remedy)
        self.absent |= dict.fromkeys(new, UNKNOWN)
        return [found[name] for name in wanted if name in found]

    async def chats(self, channels: Sequence[Channel]) -> list[Exception]:
        """Subscribe to the chats of these channels; why some are not heard, told of once for each reason."""
        before, done = set(self._refused), 0

        async def ask(channel: Channel) -> None:
            nonlocal done
            await self._ask_for_chat(channel)
            done += 1
            self.progress = f"{done} of {len(channels)} chats subscribed"

        await _some_at_once(channels, ask)
        self.progress = ""
        new = [each for each in channels if each.id in self._refused and each.id not in before]
        for why, group in _grouped(new, lambda each: describe(self._refused[each.id])).items():
            bot = self._client.user.name if self._client.user else "the bot"
            error = self._refused[group[0].id]
            remedy = error.remedy if isinstance(error, LimitError) else "tried again; if it stays: chatwarden doctor"
            if isinstance(error, HTTPException) and error.status in (401, 403):
                remedy = f"in its chat: /unban {bot}, then /mod {bot}; tried again every few minutes"
            log.error("chat_not_heard", channels=some([each.name for each in group]), why=why, remedy=remedy)
        return [self._refused[each.id] for each in channels if each.id in self._refused]

    async def run(
        self, take_in: Callable[[User], Awaitable[Channel]], begin: Callable[[Channel], Awaitable[None]]
    ) -> None:
        """Ask for what helps beside the chats, then try again what is missing, until cancelled.

        ``take_in`` makes a Channel of one that is found late; ``begin`` hears of each that may be acted in.
        """
        while True:
            try:
                if self.complete.is_set():
                    await self._find_again(take_in)
                    await self._ask_for_chats_again()
                await self._sword.look()
                await self._complete(begin)
            except (*NO_ANSWER, DatabaseError, PolicyError) as error:
                log.warning("channels_not_tried_again", error=describe(error))
            if not self.complete.is_set():
                self.complete.set()
                heard = len(self._channels) - len(self._client.listening.deaf)
                log.info("listening", chats=heard, room=self._client.room)
            await asyncio.sleep(AGAIN_S)

    async def _find_again(self, take_in: Callable[[User], Awaitable[Channel]]) -> None:
        names = list(self.absent)
        for user in await self.find(names) if names else ():
            channel = await take_in(user)
            await self.chats([channel])
            del self.absent[channel.name]
            log.info("channel_found", channel=channel.name)

    async def _ask_for_chats_again(self) -> None:
        deaf = self._client.listening.deaf
        self._refused = {each: error for each, error in self._refused.items() if each in deaf}
        left = [each for each in self._channels.values() if each.id in self._refused]
        await self.chats([each for each in left if not self._client.listening.wants(self._chat_of(each))])

    def _chat_of(self, channel: Channel) -> ChatMessageSubscription:
        chat: ChatMessageSubscription = ChatMessageSubscription(
            broadcaster_user_id=channel.id, user_id=self._client.bot_id
        )
        return chat

    async def _ask_for_chat(self, channel: Channel) -> None:
        chat = self._chat_of(channel)
        try:
            await self._client.subscribe_websocket(chat, as_bot=True)
            self._refused.pop(channel.id, None)
        except (*NO_ANSWER, LimitError) as error:
            self._refused[channel.id] = error
            asked = {"type": chat.type, "condition": chat.condition}
            self._client.listening.lost([asked], datetime.now(UTC), f"refused: {describe(error)}")

    async def _complete(self, begin: Callable[[Channel], Awaitable[None]]) -> None:
        """Ask for the other kinds, over all channels kind by kind, where that has not been done."""
        self._asked -= self._sword.disarmed.keys()
        deaf = self._client.listening.deaf
        new = [each for each in self._channels.values() if each.id not in self._asked and each.id not in deaf]
        ids, before = {each.id for each in new}, self.notices
        for kinds in self._missing.values():
            for kind in list(kinds):
                kinds[kind] -= ids
                if not kinds[kind]:
                    del kinds[kind]
        for kind in sorted({each.type for each in _beside("", "")}, key=_worth):

            async def ask(channel: Channel, kind: str = kind) -> None:
                await self._ask_for(channel, kind)

            await _some_at_once(new, ask)
        for told in self.notices:
            if told not in before:
                log.warning("not_heard", it=told)
        armed = [each for each in new if each.id not in self._sword.disarmed]
        self._asked |= {each.id for each in armed}
        await _some_at_once(armed, begin)

    async def _ask_for(self, channel: Channel, kind: str) -> None:
        [wanted] = [each for each in _beside(channel.id, str(self._client.bot_id)) if each.type == kind]
        if self._client.listening.wants(wanted):
            return
        if channel.id in self._sword.disarmed and "moderator_user_id" in wanted.condition:
            return  # told of already
        try:
            chats = len(self.absent) + len(self._refused)
            await self._client.subscribe_websocket(wanted, as_bot=True, leaving=chats)
        except LimitError as error:
            self._missing[str(error), error.remedy][kind].add(channel.id)
        except NO_ANSWER as error:
            status = error.status if isinstance(error, HTTPException) else 0
            if status == 403 and kind == MODERATE:
                self._sword.disarm(channel, NOT_MODERATOR)
            elif status in (401, 403):
                self._missing[f"refused: {describe(error)}", "chatwarden doctor says why"][kind].add(channel.id)
            else:
                log.warning("not_heard", kind=kind, channel=channel.name, error=describe(error), then="asked for again")


def _beside(channel_id: str, bot_id: str) -> list[SubscriptionPayload]:
    """What the bot listens to in a channel beside its chat."""
    ids = channel_id or "0", bot_id or "0"
    parts = (Mirror, AutoMod, Appeals)
    return [*(each for part in parts for each in part.subscriptions(*ids)), *Raids.subscriptions(ids[0])]


def _worth(kind: str) -> tuple[int, str]:
    return (ORDER.index(kind) if kind in ORDER else len(ORDER), kind)


async def _some_at_once(channels: Iterable[Channel], work: Callable[[Channel], Awaitable[None]]) -> None:
    left = iter(list(channels))

    async def go_on() -> None:
        for each in left:
            await work(each)

    async with asyncio.TaskGroup() as group:
        for _ in range(AT_ONCE):
            group.create_task(go_on())


def _grouped(channels: Iterable[Channel], key: Callable[[Channel], str]) -> dict[str, list[Channel]]:
    groups: dict[str, list[Channel]] = {}
    for each in channels:
        groups.setdefault(key(each), []).append(each)
    return groups


def _listed(kinds: Mapping[str, int]) -> str:
    return ", ".join(f"{kind} in {count} channel{'s' * (count > 1)}" for kind, count in kinds.items())


def some(names: Sequence[str]) -> str:
    """The names, or the first of them and how many more there are."""
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more
