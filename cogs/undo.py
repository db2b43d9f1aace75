"""Take back what was done: lift it at Twitch where it still holds, close the Record as undone; its strike is gone then.

Chat commands, shell and console all undo through here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import aiohttp
from twitchio import HTTPException

from cogs.channel import Channel
from cogs.enforce import describe
from cogs.wording import ago, counted, numbered
from filters.types import ActionKind
from storage.database import now_ms
from storage.groups import Groups
from storage.records import Outcome, OutcomeError, Record, RecordEvent, RecordLog, RecordQuery

LOOKED_THROUGH = 200
"""A person's latest Records among which one that matters more than others is looked for."""


class UndoError(Exception):
    """A Record that cannot be undone. The text says why, as the end of "#12 ..."."""


@dataclass(frozen=True, slots=True)
class GroupUndone:
    """What undoing a group came to: Records undone, bans and timeouts lifted, Records that could not be undone.

    ``withdrawn`` are Records that were not carried out yet, and are not any more.
    """

    undone: int
    lifted: int
    failed: int
    withdrawn: int


class Undo:
    """Undoes Records of the moderated channels, one or a group."""

    def __init__(self, channels: Mapping[str, Channel], records: RecordLog, groups: Groups) -> None:
        self._channels = channels
        self._records = records
        self._groups = groups

    async def record(self, record_id: int, *, actor: str, reason: str = "") -> str:
        """Undo one Record and return what that came to, in words.

        Raises:
            UndoError: nothing to undo, the channel is not moderated here, or Twitch refuses; the Record stands then.
        """
        record, told, lifted = await self._undo(record_id, actor, reason)
        if record.outcome is Outcome.PENDING:
            return told
        rest = await self._rest_of_burst(record)
        if not rest:
            return f"{told} and the strike gone" if lifted else f"the strike is gone; {told}"
        still = "still counts as the strike" if len(rest) == 1 else "still count as one strike"
        return f"{told}; {counted(len(rest), 'more Record')} of the same burst {still} ({numbered(rest)})"

    async def group(self, group_id: int, *, actor: str, reason: str = "") -> GroupUndone:
        """Undo a group's Records, the latest first; what was not sent yet is withdrawn."""
        undone = lifted = failed = withdrawn = 0
        members = await self._groups.members(group_id)
        group = await self._groups.get(group_id)
        if group is not None and group.channel_id in self._channels:
            withdrawn = await self._channels[group.channel_id].enforcer.withdraw(members)
        for record_id in reversed(members):
            try:
                _, _, was_lifted = await self._undo(record_id, actor, reason)
            except NothingToUndoError:
                continue
            except UndoError:
                failed += 1
            else:
                undone += 1
                lifted += was_lifted
        return GroupUndone(undone, lifted, failed, withdrawn)

    async def _undo(self, record_id: int, actor: str, reason: str) -> tuple[Record, str, bool]:
        """The Record as it stood, what undoing it came to, and whether something was lifted at Twitch."""
        record = await self._records.get(record_id)
        if record is None:
            raise NothingToUndoError("does not exist")
        channel = self._channels.get(record.channel_id)
        if channel is None:
            raise UndoError("is of a channel this bot does not moderate")
        if record.outcome is Outcome.PENDING:
            if await channel.enforcer.withdraw([record_id]):
                return record, "taken back before it was carried out", False
            record = await self._records.get(record_id) or record
        if record.outcome is Outcome.PENDING:
            raise UndoError("is under way; ask again in a moment")
        if record.outcome is Outcome.UNDONE:
            raise NothingToUndoError(await self._undone_already(record_id))
        if record.outcome is not Outcome.APPLIED:
            raise NothingToUndoError("did nothing")
        told, lifted = await self._lift(channel, record)
        try:
            await self._records.settle(record_id, Outcome.UNDONE, reason=reason, actor=actor)
        except OutcomeError as error:
            raise NothingToUndoError(await self._undone_already(record_id)) from error
        return record, told, lifted

    async def _undone_already(self, record_id: int) -> str:
        return f"is undone already, {undone_by((await self._records.details(record_id)).events)}"

    async def _rest_of_burst(self, record: Record) -> list[int]:
        """The other Records that make the same strike as an undone one, and still stand."""
        if not record.chatter_id:
            return []
        ladder = self._channels[record.channel_id].engine.ladder
        since_ms = record.ts_ms - ladder.decay * 1000
        acted_on = await self._records.acted_on(record.channel_id, record.chatter_id, since_ms)
        begin_ms, end_ms = ladder.burst((time_ms for time_ms, _ in acted_on), record.ts_ms)
        found = await self._records.list(
            RecordQuery(
                channel=record.channel_id,
                chatter=record.chatter_id,
                since_ms=begin_ms,
                until_ms=end_ms,
                limit=LOOKED_THROUGH,
            )
        )
        counting = (Outcome.APPLIED, Outcome.PENDING)
        return sorted(
            each.id
            for each in found
            if each.chatter_id == record.chatter_id and each.action.enforces and each.outcome in counting
        )

    async def _lift(self, channel: Channel, record: Record) -> tuple[str, bool]:
        kind = record.action.kind
        if kind is ActionKind.WARN:
            line = ", and a deleted line stays deleted" if record.message_id else ""
            return f"the warning they saw cannot be taken back{line}", False
        if kind is ActionKind.DELETE:
            return "a deleted line stays deleted", False
        name = kind.name.lower()
        if not record.chatter_id:
            return f"the person is erased, so the {name} stays", False
        if not holds(record, now_ms()):
            return "the timeout was over", False
        if await self._outweighed(record):
            return "a later Record keeps the person out", False
        try:
            lifted = await channel.enforcer.lift(record.chatter_id)
        except (HTTPException, aiohttp.ClientError, TimeoutError) as error:
            raise UndoError(f"is not undone, Twitch refuses: {describe(error)}") from error
        return f"the {name} is lifted" if lifted else f"no {name} stood", lifted

    async def _outweighed(self, record: Record) -> bool:
        now = now_ms()
        query = RecordQuery(channel=record.channel_id, chatter=record.chatter_id, limit=LOOKED_THROUGH)
        return any(
            each.id > record.id
            and each.outcome is Outcome.APPLIED
            and each.action.kind in (ActionKind.TIMEOUT, ActionKind.BAN)
            and holds(each, now)
            for each in await self._records.list(query)
        )


class NothingToUndoError(UndoError):
    """There is no Record, or nothing of it stands."""


def foremost(records: Sequence[Record]) -> Record:
    """The one of a person's Records, newest first, that matters most: what keeps them out, else the newest."""
    at_ms = now_ms()
    binding = (
        each
        for each in records
        if each.outcome is Outcome.APPLIED
        and each.action.kind in (ActionKind.TIMEOUT, ActionKind.BAN)
        and holds(each, at_ms)
    )
    return max(binding, key=lambda each: each.action.kind, default=records[0])


def holds(record: Record, at_ms: int) -> bool:
    """Whether a ban or timeout is still in force."""
    if record.action.kind is ActionKind.BAN:
        return True
    done_ms = record.done_ms or record.committed_ms
    return done_ms + record.action.duration_s * 1000 > at_ms


def undone_by(events: Sequence[RecordEvent]) -> str:
    """Who undid a Record, and how long ago."""
    last = events[-1]
    return f"by {last.actor} {ago(last.at_ms, now_ms())}"
