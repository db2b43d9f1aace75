"""The figures page: every KPI with its interval, target and trend, and how the days went."""

from __future__ import annotations

from collections import Counter
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from config.targets import Targets
from ops.charts import lines
from ops.console.desk import desk
from ops.console.rendering import DAY_MS, Taste, drawing, fragment, render
from ops.measures import FORMATS, compute
from ops.reports import MOST_LINES
from storage.database import now_ms
from storage.kpis import Kpis, Period

DAYS = {"7d": 7, "30d": 30, "90d": 90}


async def figures(request: Request) -> Response:
    """The KPIs of whole days up to now, of all channels or one.

    Of millions of Records they take a second, so the page asks for its parts once it is there; ``whole`` is for who
    has no JavaScript.
    """
    here, taste = desk(request), Taste.of(request)
    span = request.query_params.get("period", "7d")
    span = span if span in DAYS else "7d"
    channels = await here.overview.channels()
    asked = request.query_params.get("channel", "")
    channel = next((each for each in channels if each.name == asked), None)
    until_ms = (now_ms() // DAY_MS + 1) * DAY_MS
    period = Period(until_ms - DAYS[span] * DAY_MS, until_ms, channel.id if channel else "")
    kpis = Kpis(here.db)
    page: dict[str, Any] = {"span": span, "spans": DAYS, "channels": channels, "channel": channel, "formats": FORMATS}
    part, whole = request.query_params.get("part"), request.query_params.get("whole") == "1"
    if fragment(request) and part == "days":
        return await render(request, "days.html", **await _days(kpis, period))
    measures = await compute(kpis, period, taste.zone, Targets()) if whole or fragment(request) else None
    if fragment(request):
        return await render(request, "kpis.html", measures=measures, **page)
    days = await _days(kpis, period) if whole else {"days": None}
    return await render(request, "figures.html", measures=measures, **days, **page)


async def _days(kpis: Kpis, period: Period) -> dict[str, Any]:
    """The chart of Records a day, of the filters with most; empty for a single day."""
    daily = await kpis.daily(period)
    totals: Counter[str] = sum(daily.values(), Counter())
    names = [name for name, _ in totals.most_common(MOST_LINES)]
    series = {name: [float(counts[name]) for counts in daily.values()] for name in names}
    chart = drawing(lines("Records a day", list(daily), series)) if len(daily) > 1 else ""
    return {"days": chart, "left_out": max(0, len(totals) - MOST_LINES)}
