"""Near-duplicates: grouped as they arrive, forgotten in time, and the same in every process."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from rapidfuzz.fuzz import ratio

from filters.duplicates import KEPT_LINES, SIMILAR, Duplicates, Line, sketch_of

PASTA = "come to my stream and get free viewers today"


def said(form: str, ts_ms: int = 0, who: str = "ann") -> Line:
    return Line(f"m{ts_ms}", ts_ms, who, who, form, form)


def test_the_same_and_nearly_the_same_share_a_group_and_others_do_not() -> None:
    duplicates = Duplicates(10_000, 100)
    first = duplicates.observe(said(PASTA))
    assert duplicates.observe(said(PASTA + " 4711")) is first
    assert duplicates.observe(said("xx " + PASTA.replace("viewers", "v1ewers"))) is first
    assert duplicates.observe(said("what a wonderful game that was, thank you")) is not first
    assert [each.form for each in first.within(-1, PASTA)] == [PASTA]
    assert len(first.within(-1)) == 3


def test_short_lines_are_the_same_only_if_equal() -> None:
    duplicates = Duplicates(10_000, 100)
    first = duplicates.observe(said("good game all"))
    assert duplicates.observe(said("good game all")) is first
    assert duplicates.observe(said("good game al")) is not first


def test_a_group_nobody_adds_to_is_forgotten() -> None:
    duplicates = Duplicates(10_000, 100)
    first = duplicates.observe(said(PASTA, 0))
    assert duplicates.observe(said(PASTA, 10_000)) is first
    duplicates.observe(said("something else entirely", 20_001))
    assert duplicates.observe(said(PASTA, 20_002)) is not first


def test_memory_is_bounded_whatever_comes() -> None:
    duplicates = Duplicates(10_000, 50)
    for number in range(2_000):
        group = duplicates.observe(said(f"{PASTA} {number * 7919}", number))
        duplicates.observe(said(f"{number * number} {chr(97 + number % 26) * 30}", number))
    assert len(duplicates) <= 50
    assert len(group.lines) <= KEPT_LINES
    assert len(group.keys) <= 2 * KEPT_LINES
    assert len(duplicates._index) <= 50 * 2 * KEPT_LINES


@given(st.lists(st.text("abc ", min_size=15, max_size=40), max_size=30))
def test_whatever_is_grouped_is_alike(forms: list[str]) -> None:
    duplicates = Duplicates(10_000, 100)
    for number, form in enumerate(forms):
        group = duplicates.observe(said(form, number))
        assert form == group.form or ratio(form, group.form) >= SIMILAR


@given(st.text(max_size=400))
def test_any_text_has_a_sketch_of_at_most_four_hashes(form: str) -> None:
    assert len(sketch_of(form)) <= 4


def test_sketches_do_not_depend_on_the_process() -> None:
    code = f"from filters.duplicates import sketch_of; print(sketch_of({PASTA!r}))"
    root = Path(__file__).parents[2]
    other = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=root)
    assert other.stdout.strip() == str(sketch_of(PASTA))
