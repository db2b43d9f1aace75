"""What is told of an exception: kind and place, never its text."""

from __future__ import annotations

import re
import statistics
from collections.abc import Callable
from pathlib import Path

import pytest

from filters.failure import outline


def raised_by(work: Callable[[], object]) -> Exception:
    with pytest.raises(Exception) as caught:
        work()
    return caught.value


def test_a_place_of_ours_is_named_from_the_root_and_is_where_it_was_raised_not_where_it_was_called() -> None:
    here = Path(__file__).relative_to(Path(__file__).parents[2]).as_posix()
    assert outline(raised_by(lambda: {}["you zugmonger"])) == f"KeyError at {here}:{_line('zugmonger')}"


def test_a_place_elsewhere_is_named_by_its_last_two_parts() -> None:
    assert re.fullmatch(
        r"StatisticsError at python3\.\d+/statistics\.py:\d+", outline(raised_by(lambda: statistics.mean([])))
    )


def test_what_was_never_raised_has_no_place() -> None:
    assert outline(ValueError("you zugmonger")) == "ValueError"


def _line(word: str) -> int:
    lines = Path(__file__).read_text(encoding="utf-8").splitlines()
    return next(number for number, line in enumerate(lines, start=1) if word in line)
