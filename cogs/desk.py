"""What chat commands share: may somebody use them and how often, and whom or which Record their words mean."""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Mapping
from typing import TYPE_CHECKING

import aiohttp
import structlog
from aiolimiter import AsyncLimiter
from twitchio import HTTPException

from cogs.amendments import Amendments
from cogs.answers import Answers
from cogs.call import Call, RefusedError, Target, UsageError, number_of
from cogs.channel import Channel
from cogs.permissions import Rank
from cogs.raids import RaidWatch
from cogs.undo import LOOKED_THROUGH, Undo, foremost
from storage.audit import Audit
from storage.database import Database
from storage.groups import Groups
from storage.notes import Notes
from storage.people import person_number
from storage.records import Record, RecordLog, RecordQuery

if TYPE_CHECKING:
    from cogs.modbot import ModBot
    from cogs.nuke import Running

log = structlog.get_logger(__name__)

PACE = (8, 10.0)
"""Commands one person may give in so many seconds; the rest is not done."""
TOLD = (1, 10.0)
"""How often that is told to one person, in so many seconds."""
REFUSAL = (1, 60.0)
"""Refused commands of one person that are audited: the trail is for ever, so nobody may fill it from chat."""
REFUSALS = (30, 60.0)
"""The same for a whole channel, as many accounts may be one person's."""
REMEMBERED = 1_000
"""People whose pace is remembered; the one silent longest is forgotten first."""

_LOGIN = re.compile(r"[a-z0-9_]{1,25}", re.ASCII)


class Desk:
    """What commands work with, one per bot."""

    def __init__(self, bot: ModBot, channels: Mapping[str, Channel], records: RecordLog, database: Database) -> None:
        self.bot = bot
        self.channels = channels
        self.records = records
        self.database = database
        self.audit = Audit(database)
        self.notes = Notes(database)
        self.groups = Groups(database)
        self.answers = Answers(bot)
        self.raids: dict[str, RaidWatch] = {}
        self.nukes: dict[str, Running] = {}
        self.undo = Undo(channels, records, self.groups)
        self.amendments = Amendments(database)
        self._paces: OrderedDict[tuple[str, str, str], AsyncLimiter] = OrderedDict()

    async def admit(self, call: Call) -> bool:
        """Whether the command may run: enough rank, and not too many in a row. A refusal is silent, and audited."""
        needed = call.command.extras["rank"] if call.command else Rank.STREAMER
        name = call.command.qualified_name if call.command else ""
        where, who = call.place.id, call.line.chatter_id
        if call.rank < needed:
            if await self._in_pace(("refused", where, who), REFUSAL) and await self._in_pace(
                ("refused", where, ""), REFUSALS
            ):
                await self._audit_refusal(call, name, needed)
            return False
        if not await self._in_pace(("asked", where, who), PACE):
            limit = f"{PACE[0]} commands in {PACE[1]:.0f} s"
            log.warning("command_passed_over", command=name, channel=call.place.name, limit=limit)
            if await self._in_pace(("told", where, who), TOLD):
                await call.answer(f"Not done, and nothing more for a moment: {limit} are taken from one person.")
            return False
        return True

    async def _audit_refusal(self, call: Call, name: str, needed: Rank) -> None:
        # A chatter's login would stay in the trail for ever; the number goes with the person when erased.
        person = await person_number(self.database, call.line.chatter_id, call.line.chatter)
        await self.audit.note(
            actor="chatter" if call.rank is Rank.CHATTER else call.actor,
            role=str(call.rank),
            surface="chat",
            verb=name,
            subject=f"person {person}",
            detail=f"needs {needed}",
            channel_id=call.place.id,
            allowed=False,
        )

    async def _in_pace(self, key: tuple[str, str, str], pace: tuple[int, float]) -> bool:
        limiter = self._paces.setdefault(key, AsyncLimiter(*pace))
        self._paces.move_to_end(key)
        if len(self._paces) > REMEMBERED:
            self._paces.popitem(last=False)
        if not limiter.has_capacity():
            return False
        await limiter.acquire()
        return True

    async def find_target(self, call: Call, word: str) -> Target:
        """The person a word means, whatever they were called before. Raises UsageError.

        Who is mentioned is told by Twitch, also where the display name is no login. A login is looked up at Twitch,
        then among recent chatters, then in the log: somebody renamed is found there by the old name.
        """
        name = word.removeprefix("@").rstrip(",:").lower()
        for mention in call.mentioned:
            if name in ((mention.name or "").lower(), (mention.display_name or "").lower()):
                return Target(mention.id, mention.name or "")
        if not _LOGIN.fullmatch(name):
            raise UsageError(
                "That is no login name: those have a-z, 0-9 and _ only."
                " Who is called otherwise is picked from Twitch's list of names."
            )
        try:
            users = await self.bot.fetch_users(logins=[name])
        except (HTTPException, aiohttp.ClientError, TimeoutError) as error:
            log.warning("user_not_looked_up", error=type(error).__name__)
            users = []
        if users:
            return Target(users[0].id, users[0].name or name)
        for line in call.place.engine.history.since(0):
            if line.chatter == name:
                return Target(line.chatter_id, name)
        for record in await self.records.list(RecordQuery(channel=call.place.id, chatter=name, limit=1)):
            return Target(record.chatter_id, record.chatter)
        raise RefusedError("There is nobody of that name at Twitch or in the log.")

    async def find_record(self, call: Call, word: str = "") -> Record:
        """The Record a word means: a number's, a person's foremost, or the channel's latest. Raises RefusedError."""
        number = number_of(word)
        if number is not None:
            record = await self.records.get(number)
            if record is None or record.channel_id != call.place.id:
                raise RefusedError("There is no Record of that number in this channel.")
            return record
        if word.startswith("#"):
            raise UsageError("A Record is named by its number.")
        target = await self.find_target(call, word) if word else None
        records = await self.records_of(call.place, target, LOOKED_THROUGH if target else 1)
        if not records:
            raise RefusedError("There is no Record of that person here." if word else "There is no Record here yet.")
        return foremost(records)

    async def records_of(self, place: Channel, target: Target | None, limit: int, since_ms: int = 0) -> list[Record]:
        """The channel's latest Records, newest first, of one person or of all."""
        who = target.id if target else None
        found = await self.records.list(RecordQuery(channel=place.id, chatter=who, since_ms=since_ms, limit=limit))
        return [each for each in found if target is None or each.chatter_id == target.id]
