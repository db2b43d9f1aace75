"""Times as people type and read them; inside they are UTC milliseconds."""

from __future__ import annotations

import re
from datetime import datetime, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}


class WhenError(ValueError):
    """A time or zone that cannot be read; the text says what would be."""


def zone(name: str) -> ZoneInfo:
    """A time zone by its IANA name, such as Europe/Berlin."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise WhenError(f"{name!r} is not a time zone (use an IANA name, e.g. Europe/Berlin or UTC)") from None


def parse(text: str, zone: tzinfo, now_ms: int) -> int:
    """A moment: a span back from now (``90s 30m 2h 7d 1w``), or ISO-8601, in ``zone`` unless it names one."""
    if match := re.fullmatch(r"(\d{1,6})([smhdw])", text.strip()):
        return now_ms - int(match[1]) * SECONDS[match[2]] * 1000
    try:
        moment = datetime.fromisoformat(text.strip())
        return round((moment if moment.tzinfo else moment.replace(tzinfo=zone)).timestamp() * 1000)
    except (ValueError, OverflowError, OSError):
        raise WhenError(
            f"{text!r} is not a time (use a span such as 90s, 30m, 2h, 7d, or ISO-8601 such as 2026-03-01T18:00)"
        ) from None


def iso(ms: int, zone: tzinfo) -> str:
    """ISO-8601 with milliseconds and offset."""
    return datetime.fromtimestamp(ms / 1000, zone).isoformat(timespec="milliseconds")


def clock(ms: int, zone: tzinfo) -> str:
    """Date and time to the second, for tables that name the zone once."""
    return f"{datetime.fromtimestamp(ms / 1000, zone):%Y-%m-%d %H:%M:%S}"
