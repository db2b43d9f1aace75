"""Adding up millions of Records in a process of its own, so that neither the bot nor anybody's page waits for it."""

from __future__ import annotations

import asyncio
import os
import pickle
import sys
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import tzinfo
from functools import partial
from pathlib import Path
from subprocess import CalledProcessError
from typing import Any

from anyio import CapacityLimiter, fail_after, run_process
from starlette.exceptions import HTTPException

from config.targets import Targets
from ops.charts import lines
from ops.measures import Measure, compute
from ops.reports import MOST_LINES
from storage.database import Database
from storage.kpis import Kpis, Period

PATIENCE_S = 60
"""How long somebody waits, for those before and for the answer; then the work is stopped."""

YIELDS = 5
"""The process's niceness: judging chat goes first."""


@dataclass(frozen=True, slots=True)
class Days:
    """The chart of Records a day, of the filters with most, as SVG; empty for a single day."""

    chart: str
    left_out: int


class Reckoner:
    """Works out one question at a time, over the same file, read-only."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._one_at_a_time = CapacityLimiter(1)

    async def measures(self, period: Period, zone: tzinfo) -> list[Measure]:
        """Every KPI of a period. Raises HTTPException if it takes too long, or fails."""
        found: list[Measure] = await self._ask(partial(_measures, period, zone))
        return found

    async def days(self, period: Period) -> Days:
        """How the days of a period went. Raises HTTPException if it takes too long, or fails."""
        found: Days = await self._ask(partial(_days, period))
        return found

    async def _ask(self, question: Callable[[Kpis], Awaitable[Any]]) -> Any:
        # -P: what lies in the folder that the bot was started in is not taken for a module of ours.
        command = [sys.executable, "-P", "-c", "from ops.console.reckoner import answer; answer()"]
        try:
            with fail_after(PATIENCE_S):
                async with self._one_at_a_time:
                    done = await run_process(command, input=pickle.dumps((self._path, question)), stderr=None)
        except TimeoutError:
            told = f"Adding up took longer than {PATIENCE_S} seconds. Ask for fewer days, or for one channel."
            raise HTTPException(503, told) from None
        except CalledProcessError as error:
            told = f"The process that adds up ended with {error.returncode}; the console's own log says why."
            raise HTTPException(500, told) from None
        return pickle.loads(done.stdout)  # noqa: S301 - written by the line above


def answer() -> None:
    """The other process: read a question from standard input, write what it comes to."""
    if hasattr(os, "setpriority"):
        os.setpriority(os.PRIO_PROCESS, 0, YIELDS)
    path, question = pickle.load(sys.stdin.buffer)  # noqa: S301 - written by Reckoner

    async def work() -> Any:
        # By hand: the shell's tools take a tenth of the time that this process has to start in.
        db = await Database.open(path, readonly=True)
        try:
            return await question(Kpis(db))
        finally:
            await db.close()

    sys.stdout.buffer.write(pickle.dumps(asyncio.run(work())))


async def _measures(period: Period, zone: tzinfo, kpis: Kpis) -> list[Measure]:
    return await compute(kpis, period, zone, Targets())


async def _days(period: Period, kpis: Kpis) -> Days:
    daily = await kpis.daily(period)
    totals: Counter[str] = sum(daily.values(), Counter())
    names = [name for name, _ in totals.most_common(MOST_LINES)]
    series = {name: [float(counts[name]) for counts in daily.values()] for name in names}
    chart = lines("Records a day", list(daily), series) if len(daily) > 1 else ""
    return Days(chart, max(0, len(totals) - MOST_LINES))
