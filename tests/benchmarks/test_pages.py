from __future__ import annotations

import time
from pathlib import Path

import pytest

from benchmarks import pages
from benchmarks.month import DAYS, START_MS, generate


@pytest.fixture
def month(tmp_path: Path) -> Path:
    path = tmp_path / "month.sqlite3"
    generate(path, 30_000, seed=3)
    return path


async def test_every_page_answers_and_stands_in_the_table(month: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    behind_ns = time.time_ns() - (START_MS + DAYS * 86_400_000) * 1_000_000
    now_ns = time.time_ns
    monkeypatch.setattr(time, "time_ns", lambda: now_ns() - behind_ns)
    monkeypatch.setattr(pages, "ASKED", 1)
    taken = await pages.measure(month, "")
    assert [each.page for each in taken] == sorted(pages.PAGES, key=lambda page: _logins().index(page.login))
    assert min(each.bytes for each in taken) > 500
    told = pages.table(taken, 30_000)
    assert all(f"| {each.title} |" in told for each in pages.PAGES)


def test_only_pages_are_held_to_the_limit() -> None:
    page, part = pages.PAGES[0], next(each for each in pages.PAGES if each.part)
    assert "which every page keeps" in pages.table(
        [pages.Took(page, 500, 99, 1, 1), pages.Took(part, 500, 900, 1, 1)], 1
    )
    assert f"above it: {page.title}." in pages.table([pages.Took(page, 10, 101, 1, 1)], 1)


def _logins() -> list[str]:
    return list(dict.fromkeys(page.login for page in pages.PAGES))
