"""Changes of a channel's policy from chat: each is a revision by the one who asked, live from the next line on."""

from __future__ import annotations

import asyncio
import re
from collections import defaultdict
from collections.abc import Callable
from typing import Any

from cogs.call import Call, RefusedError, UsageError
from config.changes import Change, difference
from config.policy import Policy, PolicyError
from filters.masking import masked
from storage.database import Database, now_ms
from storage.policies import PolicyLog, StaleRevisionError

SHOWN_CHANGES = 3


class Amendments:
    """Makes the changes, one after the other in a channel: each is made from the one before."""

    def __init__(self, database: Database) -> None:
        self._revisions = PolicyLog(database)
        self._turns: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def make(
        self, call: Call, change: Callable[[Policy], Policy], *, reason: str = "", done: str = "", hide: str = ""
    ) -> None:
        """Save a changed policy as a revision by the one who asks, judge by it from the next line on, and say so."""
        place = call.place
        async with self._turns[place.id]:
            old, revision = place.policy, place.engine.revision
            new = or_usage(lambda: change(old), hide)
            changes = difference(old, new)
            if not changes:
                raise RefusedError("It is so already.")
            try:
                number = await self._revisions.save(
                    place.id,
                    new.to_toml(),
                    author=call.actor,
                    reason=reason or f"by chat command: {changes_told(changes)}",
                    at_ms=now_ms(),
                    parent=revision,
                    login=place.name,
                )
            except StaleRevisionError as error:
                raise RefusedError("Somebody changed the policy a moment ago; look at it and do it again.") from error
            await call.note(f"revision {number}", ", ".join(each.path for each in changes)[:200])
            await place.adopt(new, number)
        back = f"Revision {number}; take it back with {new.prefix}filter restore {revision}."
        await call.answer(f"{done or changes_told(changes) + '.'} {back}")


def or_usage(work: Callable[[], Any], hide: str = "") -> Any:
    """What the work gives; a PolicyError is told to the one who asks, without a text that nobody should read."""
    try:
        return work()
    except PolicyError as error:
        raise UsageError(f"{without(str(error).splitlines()[0], hide)}.") from error


def without(told_of: str, text: str) -> str:
    """A sentence with a text masked that nobody should read."""
    return re.sub(rf"(?<!\w){re.escape(text)}(?!\w)", masked(text), told_of) if text else told_of


def changes_told(changes: list[Change]) -> str:
    """Changes in a few words. What comes into lists and goes is counted: it may be what nobody should read."""
    told_of = [
        f"{each.path}: {len(each.added)} added, {len(each.removed)} removed"
        if isinstance(each.before, list) or isinstance(each.after, list)
        else str(each)
        for each in changes[:SHOWN_CHANGES]
    ]
    more = len(changes) - SHOWN_CHANGES
    return ", ".join(told_of) + (f" and {more} more" if more > 0 else "")
