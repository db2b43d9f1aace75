from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator
from typing import Any

import pytest

from ops.formats import Format, write


async def one(value: Any) -> AsyncIterator[dict[str, Any]]:
    yield {"text": value}


async def written(value: Any) -> str:
    out = io.StringIO(newline="")
    assert await write(one(value), Format.CSV, out, ["text"]) == 1
    [_, [cell]] = csv.reader(io.StringIO(out.getvalue(), newline=""))
    return cell


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"])
async def test_text_that_a_spreadsheet_would_compute_is_quoted(start: str) -> None:
    assert await written(f"{start}1+1") == f"'{start}1+1"


@pytest.mark.parametrize("value", ["plain", "a=b", 'say "hi", twice', "two\nlines", -5, 0.5, ""])
async def test_everything_else_stays_as_it_is(value: object) -> None:
    assert await written(value) == str(value)
