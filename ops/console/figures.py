"""The figures page: every KPI with its interval, target and trend, and how the days went."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from ops.console.desk import desk
from ops.console.guard import fragment
from ops.console.reckoner import Days
from ops.console.rendering import Taste, drawing, render
from ops.measures import FORMATS
from storage.database import now_ms
from storage.kpis import DAY_MS, Period

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
    page: dict[str, Any] = {"span": span, "spans": DAYS, "channels": channels, "channel": channel, "formats": FORMATS}
    page["sandbox"] = here.access.sandbox
    part, whole = request.query_params.get("part"), request.query_params.get("whole") == "1"
    if fragment(request) and part == "days":
        return await render(request, "days.html", **_drawn(await here.reckoner.days(period)))
    measures = await here.reckoner.measures(period, taste.zone) if whole or fragment(request) else None
    if fragment(request):
        return await render(request, "kpis.html", measures=measures, **page)
    days = _drawn(await here.reckoner.days(period)) if whole else {"days": None}
    return await render(request, "figures.html", measures=measures, **days, **page)


def _drawn(days: Days) -> dict[str, Any]:
    return {"days": drawing(days.chart) if days.chart else "", "left_out": days.left_out}
