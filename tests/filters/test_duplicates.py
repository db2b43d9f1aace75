"""Near-duplicates: grouped as they arrive, forgotten in time, and the same in every process."""

from __future__ import annotations

import subprocess
import sys
from collections import deque
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from rapidfuzz.fuzz import ratio

from filters.duplicates import KEPT_LINES, SIMILAR, Duplicates, Line, sketch_of

PASTA = "come to my stream and get free viewers today"


def said(form: str, ts_ms: int = 0, who: str = "ann") -> Line:
    return Line(f"m{ts_ms}", ts_ms, who, who, form, form)


def test_the_same_and_nearly_the_same_share_a_group_and_others_do_not() -> None:
    duplicates = Duplicates()
    first = duplicates.observe(said(PASTA))
    assert duplicates.observe(said(PASTA + " 4711")) is first
    assert duplicates.observe(said("xx " + PASTA.replace("viewers", "v1ewers"))) is first
    assert duplicates.observe(said("what a wonderful game that was, thank you")) is not first
    assert [each.form for each in first.within(-1, PASTA)] == [PASTA]
    assert len(first.within(-1)) == 3


def test_short_lines_are_the_same_only_if_equal() -> None:
    duplicates = Duplicates()
    first = duplicates.observe(said("good game all"))
    assert duplicates.observe(said("good game all")) is first
    assert duplicates.observe(said("good game al")) is not first


def test_a_group_is_forgotten_with_its_last_line() -> None:
    duplicates = Duplicates()
    lines = [said(PASTA, 0), said(PASTA + " 4711", 1)]
    first, second = [duplicates.observe(line) for line in lines]
    assert first is second
    duplicates.forget(lines[0])
    assert duplicates.observe(said(PASTA, 2)) is first
    duplicates.forget(lines[1])
    duplicates.forget(first.lines[0])
    assert len(duplicates) == 0
    assert duplicates.observe(said(PASTA, 3)) is not first


def test_memory_is_bounded_by_the_lines_that_are_remembered() -> None:
    duplicates = Duplicates()
    lines: deque[Line] = deque()
    for number in range(2_000):
        for form in (f"{PASTA} {number * 7919}", f"{number * number} {chr(97 + number % 26) * 30}"):
            lines.append(said(form, number))
            group = duplicates.observe(lines[-1])
            assert len(group.lines) <= KEPT_LINES
            assert len(group.keys) <= 2 * KEPT_LINES
        while len(lines) > 100:
            duplicates.forget(lines.popleft())
    assert len(duplicates) <= 100 * 2 * KEPT_LINES
    for line in lines:
        duplicates.forget(line)
    assert len(duplicates) == 0


@given(st.lists(st.text("abc ", min_size=15, max_size=40), max_size=30))
def test_whatever_is_grouped_is_alike(forms: list[str]) -> None:
    duplicates = Duplicates()
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
