"""Take back what was done: lift it at Twitch where it still holds, close the Record as undone; its strike is gone then.

Chat commands, shell and console all undo through here.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass

import aiohttp
from twitchio import HTTPException

from cogs.channel import Channel
from cogs.enforce import describe
from filters.types import ActionKind
from storage.groups import Groups
from storage.records import Outcome, OutcomeError, Record, RecordLog, RecordQuery

LOOKED_THROUGH = 200
"""A person's latest Records among which one that outweighs the undone one is looked for."""


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
        told, _ = await self._undo(record_id, actor, reason)
        return told

    async def group(self, group_id: int, *, actor: str, reason: str = "") -> GroupUndone:
        """Undo a group's Records, the latest first; what was not sent yet is withdrawn."""
        undone = lifted = failed = withdrawn = 0
        members = await self._groups.members(group_id)
        group = await self._groups.get(group_id)
        if group is not None and group.channel_id in self._channels:
            withdrawn = await self._channels[group.channel_id].enforcer.withdraw(members)
        for record_id in reversed(members):
            try:
                _, was_lifted = await self._undo(record_id, actor, reason)
            except NothingToUndoError:
                continue
            except UndoError:
                failed += 1
            else:
                undone += 1
                lifted += was_lifted
        return GroupUndone(undone, lifted, failed, withdrawn)

    async def _undo(self, record_id: int, actor: str, reason: str) -> tuple[str, bool]:
        record = await self._records.get(record_id)
        if record is None:
            raise NothingToUndoError("does not exist")
        channel = self._channels.get(record.channel_id)
        if channel is None:
            raise UndoError("is of a channel this bot does not moderate")
        if record.outcome is Outcome.PENDING:
            if await channel.enforcer.withdraw([record_id]):
                return "taken back before it was carried out", False
            record = await self._records.get(record_id) or record
        if record.outcome is Outcome.PENDING:
            raise UndoError("is under way; ask again in a moment")
        if record.outcome is not Outcome.APPLIED:
            raise NothingToUndoError("is undone already" if record.outcome is Outcome.UNDONE else "did nothing")
        told, lifted = await self._lift(channel, record)
        try:
            await self._records.settle(record_id, Outcome.UNDONE, reason=reason, actor=actor)
        except OutcomeError as error:
            raise NothingToUndoError("is undone already") from error
        return told, lifted

    async def _lift(self, channel: Channel, record: Record) -> tuple[str, bool]:
        kind = record.action.kind
        if kind not in (ActionKind.TIMEOUT, ActionKind.BAN):
            return "the strike is gone; a deleted line stays deleted", False
        name = kind.name.lower()
        if not record.chatter_id:
            return f"the strike is gone; the person is erased, so the {name} stays", False
        if not _holds(record, time.time_ns() // 1_000_000):
            return "the strike is gone; the timeout was over", False
        if await self._outweighed(record):
            return "the strike is gone; a later Record keeps the person out", False
        try:
            lifted = await channel.enforcer.lift(record.chatter_id)
        except (HTTPException, aiohttp.ClientError, TimeoutError) as error:
            raise UndoError(f"is not undone, Twitch refuses: {describe(error)}") from error
        return f"the {name} is lifted and the strike gone" if lifted else f"the strike is gone; no {name} stood", lifted

    async def _outweighed(self, record: Record) -> bool:
        now = time.time_ns() // 1_000_000
        query = RecordQuery(channel=record.channel_id, chatter=record.chatter_id, limit=LOOKED_THROUGH)
        return any(
            each.id > record.id
            and each.outcome is Outcome.APPLIED
            and each.action.kind in (ActionKind.TIMEOUT, ActionKind.BAN)
            and _holds(each, now)
            for each in await self._records.list(query)
        )


class NothingToUndoError(UndoError):
    """There is no Record, or nothing of it stands."""


def _holds(record: Record, now_ms: int) -> bool:
    """Whether a ban or timeout is still in force."""
    if record.action.kind is ActionKind.BAN:
        return True
    done_ms = record.done_ms or record.committed_ms
    return done_ms + record.action.duration_s * 1000 > now_ms
