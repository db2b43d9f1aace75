"""What a crash left pending, compared with what stands at Twitch: nothing is done twice, nothing stays open.

A call may have reached Twitch although its Record was not closed. Bans and timeouts show in the ban list, which names
the Record in its reason; a deleted line shows when its deletion is refused; a warning shows nowhere, so one that may
have been given is not given again (see Enforcer). The ban list is only shown to the streamer's own token.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import aiohttp
import structlog
from twitchio import HTTPException, PartialUser

from cogs.channel import Channel
from filters.types import ActionKind
from storage.database import now_ms
from storage.records import Outcome, Record, RecordLog
from twitch.client import Client

log = structlog.get_logger(__name__)

TOO_LATE_S = 600
"""A line left for longer than this has been read; acting on it now would only confuse."""
_PAGE = 100
_NUMBER = re.compile(r"[#º] ?(\d+)")


@dataclass(frozen=True, slots=True)
class Standing:
    """A ban, or a timeout where ``until_ms`` (UTC ms) is given; ``record_id`` is the Record its reason names."""

    until_ms: int | None
    record_id: int | None


BanList = Mapping[str, Standing]


async def take_up(bot: Client, channels: Mapping[str, Channel], records: RecordLog) -> None:
    """Close what a crash left pending, or have it carried out now."""
    pending = await records.pending()
    for channel_id in {record.channel_id for record in pending}:
        left = [record for record in pending if record.channel_id == channel_id]
        channel = channels.get(channel_id)
        if channel is None:
            for record in left:
                reason = "left by a crash; the channel is not moderated now"
                await records.settle(record.id, Outcome.FAILED, reason=reason)
            continue
        bans: BanList | None = None
        if channel.id in bot.tokens:  # else TwitchIO would quietly ask with the app's token, and be refused
            broadcaster = bot.create_partialuser(channel.id, channel.name)
            bans = await read_bans(broadcaster, [record.chatter_id for record in left])
        else:
            log.warning("ban_list_not_shown", channel=channel.name, remedy="chatwarden login --streamer")
        for record in left:
            concluded = conclude(record, bans, now_ms())
            if concluded is None:
                log.info("record_taken_up", record=record.id)
                channel.recover(record)
            else:
                await records.settle(record.id, concluded[0], reason=concluded[1])


async def read_bans(broadcaster: PartialUser, chatter_ids: Iterable[str]) -> BanList | None:
    """What stands against these people at Twitch, by their id; None where Twitch does not show it."""
    found: dict[str, Standing] = {}
    ids: list[str | int] = list(dict.fromkeys(each for each in chatter_ids if each))
    try:
        for start in range(0, len(ids), _PAGE):
            asked = ids[start : start + _PAGE]
            async for ban in broadcaster.fetch_banned_user(user_ids=asked, first=_PAGE):
                number = _NUMBER.search(ban.reason or "")
                until_ms = int(ban.expires_at.timestamp() * 1000) if ban.expires_at else None
                found[ban.user.id] = Standing(until_ms, int(number[1]) if number else None)
    except (HTTPException, aiohttp.ClientError, TimeoutError) as error:
        log.warning("ban_list_not_shown", channel=broadcaster.name, error=type(error).__name__)
        return None
    return found


def conclude(record: Record, bans: BanList | None, at_ms: int) -> tuple[Outcome, str] | None:
    """How a pending Record is closed without acting, and why; None where it is to be carried out now."""
    standing = (bans or {}).get(record.chatter_id)
    if record.action.kind in (ActionKind.TIMEOUT, ActionKind.BAN) and standing is not None:
        if standing.record_id == record.id:
            return Outcome.APPLIED, "left by a crash; it stands at Twitch"
        if standing.until_ms is None or (
            record.action.kind is ActionKind.TIMEOUT and standing.until_ms >= _ends_ms(record)
        ):
            return Outcome.SUPERSEDED, "left by a crash; something as strong stands at Twitch"
    if record.action.kind is ActionKind.TIMEOUT and at_ms >= _ends_ms(record):
        return Outcome.SUPERSEDED, "left by a crash; its time would be over"
    age_s = (at_ms - record.received_ms) / 1000
    if age_s > TOO_LATE_S:
        return Outcome.FAILED, f"left by a crash; {age_s:.0f} s old, too late"
    return None


def _ends_ms(record: Record) -> int:
    return record.received_ms + record.action.duration_s * 1000
