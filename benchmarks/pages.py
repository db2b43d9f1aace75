"""How long the console takes for its pages over a generated month: `python -m benchmarks.pages month.sqlite3 --write`.

The real application answers real requests over loopback, from the file itself; the clock stands at the month's end, so
that the last day and the last week are full. What the browser does afterwards is not in it. Beside it stands the
longest time that the event loop, which `run` shares with the bot, did nothing else. It signs people in, which the
file's audit shows afterwards. Make the file with benchmarks.month.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from statistics import median
from typing import NamedTuple
from unittest.mock import patch

import httpx

from ops.console.desk import Access
from ops.console.serve import serving
from storage.database import Database
from storage.roles import Role, Roster, Staff

DOCS = Path("docs/console-speed.md")
ASKED = 7
LIMIT_MS = 100
"""What the server may take for a page; what comes after it may take longer."""
STREAMER, MANAGER = "channel1", "demo_manager"
HERE = f"/c/{STREAMER}"


class Page(NamedTuple):
    """What is asked, and by whom; ``part`` for what a page asks for once it is there."""

    title: str
    login: str
    path: str
    part: bool = False


PAGES = (
    Page("overview, 24 hours", STREAMER, HERE),
    Page("overview, 30 days", STREAMER, f"{HERE}?period=30d"),
    Page("log, first page", STREAMER, f"{HERE}/log"),
    Page("log of one filter", STREAMER, f"{HERE}/log?filter=caps"),
    Page("log of a filter that never fired", STREAMER, f"{HERE}/log?filter=zalgo"),
    Page("log, failed only", STREAMER, f"{HERE}/log?outcome=failed"),
    Page("log of one chatter", STREAMER, f"{HERE}/log?chatter=chatter1"),
    Page("Record, channel", STREAMER, HERE + "/records/{record}"),
    Page("chatter with most Records", STREAMER, f"{HERE}/chatters/1"),
    Page("filters", STREAMER, f"{HERE}/filters"),
    Page("words", STREAMER, f"{HERE}/words"),
    Page("history", STREAMER, f"{HERE}/history"),
    Page("places", "demo_mod", "/"),
    Page("queue", MANAGER, "/ops/queue"),
    Page("review of one item", MANAGER, "{review}"),
    Page("Record, staff", MANAGER, "/ops/records/{record}"),
    Page("person with most Records", MANAGER, "/ops/people/1"),
    Page("raid", MANAGER, "/ops/groups/1"),
    Page("appeals", MANAGER, "/ops/appeals"),
    Page("cases", MANAGER, "/ops/cases"),
    Page("figures, 7 days", MANAGER, "/ops/figures"),
    Page("figures, 30 days", MANAGER, "/ops/figures?period=30d"),
    Page("its chart, 30 days, after the page", MANAGER, "/ops/figures?period=30d&part=days", part=True),
    Page("its KPIs, 7 days, after the page", MANAGER, "/ops/figures", part=True),
    Page("its KPIs, 30 days, after the page", MANAGER, "/ops/figures?period=30d", part=True),
    Page("its KPIs, 30 days of one channel", MANAGER, f"/ops/figures?period=30d&channel={STREAMER}", part=True),
    Page("shift", MANAGER, "/ops/shift"),
    Page("rules", MANAGER, "/ops/rules"),
    Page("audit", MANAGER, "/ops/audit"),
)


class Took(NamedTuple):
    """Milliseconds of one page: the first request, the median of those after it, the median stall; and its size."""

    page: Page
    first: float
    median: float
    stall: float
    bytes: int


class Pulse:
    """How long the event loop did not come round: what a chat message would have waited."""

    EVERY_S = 0.001

    def __init__(self) -> None:
        self._longest = 0.0

    @asynccontextmanager
    async def felt(self) -> AsyncIterator[Pulse]:
        """Feel it until the end of the block."""
        task = asyncio.create_task(self._feel())
        try:
            yield self
        finally:
            task.cancel()

    def longest_ms(self) -> float:
        """The longest since this was last asked."""
        found, self._longest = self._longest, 0.0
        return found * 1000

    async def _feel(self) -> None:
        while True:
            begin = time.perf_counter()
            await asyncio.sleep(self.EVERY_S)
            self._longest = max(self._longest, time.perf_counter() - begin - self.EVERY_S)


@asynccontextmanager
async def signed_in(address: str, login: str) -> AsyncIterator[httpx.AsyncClient]:
    """Somebody with a session."""
    async with httpx.AsyncClient(base_url=address, timeout=120) as client:
        await _send(client, "/sign-in", "/sign-in/sandbox", login=login)
        yield client


async def _send(client: httpx.AsyncClient, page: str, path: str, **fields: str) -> httpx.Response:
    found = re.search(r'name="form" value="([^"]+)"', (await client.get(page)).text)
    assert found is not None, page
    answer = await client.post(path, data={"form": found[1], **fields})
    assert answer.status_code == 303, answer.text
    return answer


async def measure(file: Path, only: str) -> list[Took]:
    """Ask for every page."""
    db = await Database.open(file)
    try:
        await Roster(db).add(MANAGER, Role.MANAGER, by=Staff("benchmark", Role.MANAGER, "benchmark"), surface="console")
        [row] = await db.rows("SELECT max(id) FROM records WHERE channel_id = 'c1'")
        taken: list[Took] = []
        async with serving(db, Access(sandbox=True), 0) as address:
            for login in dict.fromkeys(page.login for page in PAGES):
                async with signed_in(address, login) as client:
                    names = {"record": row[0], "review": ""}
                    if login == MANAGER:
                        names["review"] = (await _send(client, "/settings", "/ops/queue/next")).headers["Location"]
                        await _hold(db)
                    asked = [each for each in PAGES if each.login == login and only in each.title]
                    taken += [await _ask(client, page, page.path.format(**names)) for page in asked]
        return taken
    finally:
        await db.close()


async def _hold(db: Database) -> None:
    """Let the claim last: SQL has the real clock, by which a lease of that month is long over."""
    async with db.transaction() as transaction:
        await transaction.execute(_HELD, (2**53,))


_HELD = "UPDATE review_items SET lease_ms = ? WHERE closed_ms IS NULL AND claimed_by IS NOT NULL"


async def _ask(client: httpx.AsyncClient, page: Page, path: str) -> Took:
    times, stalls = [], []
    async with Pulse().felt() as pulse:
        for _ in range(ASKED + 1):
            begin = time.perf_counter()
            answer = await client.get(path, headers={"X-Fragment": "1"} if page.part else {})
            times.append((time.perf_counter() - begin) * 1000)
            await asyncio.sleep(2 * pulse.EVERY_S)
            stalls.append(pulse.longest_ms())
            assert answer.status_code == 200, (path, answer.status_code, answer.text)
    return Took(page, times[0], median(times[1:]), median(stalls[1:]), len(answer.content))


def table(taken: list[Took], records: int) -> str:
    """The page of the documentation."""
    late = ", ".join(each.page.title for each in taken if each.median > LIMIT_MS and not each.page.part)
    kept = f"above it: {late}." if late else "which every page keeps."
    return "\n".join(
        [
            "# How long the console's server takes",
            "",
            f"Written by `python -m benchmarks.pages FILE --write` over {records:,} Records of a generated month, 200",
            f"channels: the median of {ASKED} requests over loopback after the first one, which finds the file cold or",
            f"in the system's cache as it happens. The limit is {LIMIT_MS} ms, {kept}",
            "What the figures ask for once they are there is listed after them and not held to it: a process of its",
            "own adds them up, one question at a time. The loop's stall is how long the event loop, which `chatwarden",
            "run` shares with the bot, did nothing else: the longest of each request, and the median of those; what",
            "the asking client does in the same loop is in it.",
            "",
            "| page | median ms | first ms | loop's stall ms | kB |",
            "|---|---:|---:|---:|---:|",
            *(
                f"| {each.page.title} | {each.median:,.0f} | {each.first:,.0f} | {each.stall:,.1f}"
                f" | {each.bytes / 1000:,.0f} |"
                for each in taken
            ),
            "",
        ]
    )


def main() -> int:
    """Measure and print; 3 if a page is too slow."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("--only", default="", help="pages whose title holds this")
    parser.add_argument("--write", action="store_true", help=f"write {DOCS}")
    arguments = parser.parse_args()
    truth = json.loads(arguments.file.with_suffix(".json").read_text(encoding="utf-8"))
    behind_ns = time.time_ns() - truth["until_ms"] * 1_000_000
    now_ns = time.time_ns
    with patch("time.time_ns", lambda: now_ns() - behind_ns):
        taken = asyncio.run(measure(arguments.file, arguments.only))
    told = table(taken, truth["records"])
    if arguments.write:
        DOCS.write_text(told, encoding="utf-8")
    print(told)
    return 3 if any(each.median > LIMIT_MS for each in taken if not each.page.part) else 0


if __name__ == "__main__":
    sys.exit(main())
