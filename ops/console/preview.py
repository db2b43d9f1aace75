"""What a draft would have done to the chat the bot has stored, beside the policy in force: seen before it is saved."""

from __future__ import annotations

import asyncio
import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from config.policy import Policy
from ops.command import opened
from ops.trials import Comparison, compare, run_trials
from storage.database import Database, DatabaseError, now_ms
from storage.messages import count_stored, stored

SPANS = {"1h": 3_600_000, "24h": 86_400_000, "7d": 604_800_000}
MOST_LINES = 100_000
"""Lines one preview may try; at about 10,000 a second that is a wait a person accepts."""


async def preview(db: Database, channel_id: str, span: str, saved: Policy, draft: Policy) -> Comparison:
    """Compare two policies over a channel's stored lines, in a process of its own so that pages and bot go on.

    Raises:
        DatabaseError: nothing is stored, or too much for one preview.
    """
    since_ms = now_ms() - SPANS[span]
    count = await count_stored(db, channel_id, since_ms)
    if not count:
        raise DatabaseError(f"no chat is stored of the last {span} (the bot stores it while it runs)")
    if count > MOST_LINES:
        raise DatabaseError(f"{count:,} lines are stored of the last {span}, the limit is {MOST_LINES:,} (try less)")
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        written = [await asyncio.to_thread(policy.to_toml) for policy in (saved, draft)]
        work = pool.submit(_compare, db.path, channel_id, since_ms, *written)
        return await asyncio.wrap_future(work)


def _compare(path: Path, channel_id: str, since_ms: int, saved: str, draft: str) -> Comparison:
    async def work() -> Comparison:
        async with opened(path, readonly=True) as db:
            policies = [Policy.parse(saved), Policy.parse(draft)]
            before, after = await run_trials(policies, stored(db, channel_id, since_ms))
        return compare(before, after)

    return asyncio.run(work())
