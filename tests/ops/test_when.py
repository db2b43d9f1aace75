from __future__ import annotations

from datetime import UTC

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ops.when import WhenError, clock, iso, parse, zone

NOW = 1_767_283_200_000  # 2026-01-01T16:00:00Z
BERLIN = zone("Europe/Berlin")


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("90s", NOW - 90_000),
        ("30m", NOW - 1_800_000),
        ("2h", NOW - 7_200_000),
        ("7d", NOW - 604_800_000),
        ("1w", NOW - 604_800_000),
        ("2026-01-01T17:00", NOW),
        ("2026-01-01 17:00:00.250", NOW + 250),
        ("2026-01-01T16:00Z", NOW),
        ("2026-01-01T11:00-05:00", NOW),
        ("2026-01-01", NOW - 17 * 3_600_000),
        ("2026-07-01T18:00", 1_782_921_600_000),  # summer time
    ],
)
def test_spans_and_moments(text: str, moment: int) -> None:
    assert parse(text, BERLIN, NOW) == moment


@pytest.mark.parametrize("text", ["", "2", "h", "-2h", "2 hours", "2026-13-01", "9999999h"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(WhenError, match="is not a time"):
        parse(text, BERLIN, NOW)


@pytest.mark.parametrize("name", ["", "Berlin", "/etc/passwd", "../x", "Europe/", "UTC\x00"])
def test_what_is_no_zone_is_refused(name: str) -> None:
    with pytest.raises(WhenError, match="is not a time zone"):
        zone(name)


@given(st.integers(0, 4_000_000_000_000))
def test_a_shown_moment_reads_back_as_itself(ms: int) -> None:
    assert parse(iso(ms, BERLIN), UTC, NOW) == ms


def test_tables_show_local_seconds() -> None:
    assert clock(NOW + 999, BERLIN) == "2026-01-01 17:00:00"
