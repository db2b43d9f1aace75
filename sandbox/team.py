"""The demo's staff: what reviewers did before a newcomer looks, so that no page of the console is empty.

Everything goes the way it goes in earnest: chatters appeal at the sandbox, people decide, the bot obeys.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

from ops.console.signin import staff_sandbox
from sandbox.server import Sandbox
from storage.appeals import Appeal, Appeals
from storage.cases import CaseBook
from storage.database import Database
from storage.deciding import Decision
from storage.exposure import Exposure
from storage.links import Links
from storage.queue import Queue
from storage.requests import Requests
from storage.reviews import Reviews
from storage.roles import Role, Roster, Staff
from storage.sampling import Sampling

SAMPLE = 24
REVIEWED = 14
"""Records the analyst decided; the others wait in the queue."""
PATIENCE_S = 10


class Team:
    """A manager and an analyst at work on a demo's database."""

    def __init__(self, db: Database, manager: Staff, analyst: Staff) -> None:
        self._db = db
        self._manager, self._analyst = manager, analyst
        self._appeals = Appeals(db)
        self._reviews = Reviews(db)

    @classmethod
    async def shift(cls, database: Path, twitch: Sandbox, channels: tuple[str, ...]) -> None:
        """Hire the demo's staff and let it work, so that the console has reviews, appeals and a case to look at."""
        db = await Database.open(database)
        try:
            await staff_sandbox(db)
            people = {each.role: each for each in await Roster(db).list()}
            await cls(db, people[Role.MANAGER], people[Role.ANALYST]).work(twitch, channels)
        finally:
            await db.close()

    async def work(self, twitch: Sandbox, channels: tuple[str, ...]) -> None:
        """Let people appeal, review, and open a case; returns when the bot has done what was asked of it."""
        appeals = await self._receive(twitch, channels)
        await self._review()
        await self._answer(appeals[1:])
        await self._investigate(appeals[:1])
        await _until(self._nothing_asked)

    async def _receive(self, twitch: Sandbox, channels: tuple[str, ...]) -> list[Appeal]:
        asked = 0
        for channel in channels:
            for ban in twitch.bans(channel).values():
                if ban.until_ms is None:
                    login = twitch.world.users[ban.user_id].login
                    await twitch.request_unban(channel, login, "that was my brother on my account, sorry")
                    asked += 1

        async def received() -> bool:
            return len(await self._appeals.list()) >= asked

        await _until(received)
        return await self._appeals.list()

    async def _review(self) -> None:
        queue, exposure = Queue(self._db), Exposure(self._db)
        await Sampling(self._db).draw(self._manager, size=SAMPLE, seed=1, surface="console")
        for number in range(REVIEWED):
            item = await queue.next(self._analyst)
            if item is None:
                return
            await queue.claim(self._analyst, item.record_id, surface="console")
            if number % 4 == 0:
                await exposure.unmask(self._analyst, item.record_id, surface="console")
            await self._reviews.decide(self._analyst, item.record_id, *_judge(number), surface="console")

    async def _answer(self, appeals: list[Appeal]) -> None:
        for appeal in appeals:
            await self._appeals.decide(
                self._manager,
                appeal.appeal_id,
                "deny",
                "rule broken",
                to_chatter="What was written is against this channel's rules.",
                surface="console",
            )

    async def _investigate(self, appeals: list[Appeal]) -> None:
        book = CaseBook(self._db)
        case = await book.open(self._manager, "Threats by an account that claims to be shared", surface="console")
        for appeal in appeals:
            await book.add(self._manager, case, "person", appeal.person, why="asks for an unban", surface="console")
            await book.add(self._manager, case, "appeal", appeal.appeal_id, why="the claim", surface="console")
            if appeal.record_id is not None:
                await book.add(self._manager, case, "record", appeal.record_id, why="what was said", surface="console")
        await book.note(self._manager, case, "Ask for the times the brother was at the keyboard.", surface="console")
        await Links(self._db).find(self._manager, case, surface="console")

    async def _nothing_asked(self) -> bool:
        return not await Requests(self._db).open()


def _judge(number: int) -> tuple[Decision, str]:
    """What the analyst says of the next Record: mostly that the bot was right."""
    doubts = {
        5: (Decision.UNSURE, "context missing"),
        7: (Decision.OVERTURN, "too hard"),
        9: (Decision.ESCALATE, "policy gap"),
    }
    return doubts.get(number, (Decision.UPHOLD, "rule broken"))


async def _until(done: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not await done():  # noqa: ASYNC110 - what another connection commits is no event here
            await asyncio.sleep(0.05)
