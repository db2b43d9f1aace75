"""Near-duplicates: grouped as they arrive, forgotten in time, and the same in every process."""

from __future__ import annotations

import subprocess
import sys
from collections import deque
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rapidfuzz.fuzz import ratio

from filters.duplicates import KEPT_LINES, KEYS, SIMILAR, Duplicates, Line, sketch_of

PASTA = "come to my stream and get free viewers today"


def said(form: str, ts_ms: int = 0, who: str = "ann") -> Line:
    return Line(f"m{ts_ms}", ts_ms, who, who, form, form)


def put(duplicates: Duplicates, form: str, ts_ms: int = 0) -> Line:
    line = said(form, ts_ms)
    duplicates.observe(line)
    return line


def test_the_same_and_nearly_the_same_share_a_group_and_others_do_not() -> None:
    duplicates = Duplicates()
    first = put(duplicates, PASTA)
    assert first.group is None
    group = put(duplicates, PASTA + " 4711").group
    assert group is not None
    assert first.group is group
    assert put(duplicates, "xx " + PASTA.replace("viewers", "v1ewers")).group is group
    assert put(duplicates, "what a wonderful game that was, thank you").group is None
    assert [each.form for each in group.within(-1, PASTA)] == [PASTA]
    assert len(group.within(-1)) == 3


def test_short_lines_are_the_same_only_if_equal() -> None:
    duplicates = Duplicates()
    first = put(duplicates, "good game all")
    assert put(duplicates, "good game al").group is None
    assert put(duplicates, "good game all").group is first.group is not None


def test_a_group_is_forgotten_with_its_last_line() -> None:
    duplicates = Duplicates()
    lines = [put(duplicates, PASTA, 0), put(duplicates, PASTA + " 4711", 1)]
    group = lines[0].group
    duplicates.forget(lines[0])
    lines.append(put(duplicates, PASTA, 2))
    assert lines[2].group is group
    for line in lines[1:]:
        duplicates.forget(line)
    assert len(duplicates) == 0
    assert put(duplicates, PASTA, 3).group is None


def test_memory_is_bounded_by_the_lines_that_are_remembered() -> None:
    duplicates = Duplicates()
    lines: deque[Line] = deque()
    for number in range(2_000):
        for form in (f"{PASTA} {number * 7919}", f"{number * number} {chr(97 + number % 26) * 30}"):
            lines.append(put(duplicates, form, number))
            group = lines[-1].group
            assert group is None or max(len(group.lines), len(group.keys)) <= KEPT_LINES
        while len(lines) > 100:
            duplicates.forget(lines.popleft())
    assert len(duplicates) <= 100 * 2 * KEPT_LINES
    for line in lines:
        duplicates.forget(line)
    assert len(duplicates) == 0


@st.composite
def nearly(draw: st.DrawFn) -> str:
    """Two lines people copy, with some of their letters exchanged."""
    letters = list(draw(st.sampled_from([PASTA, "no one here has ever seen a game as good as this one"])))
    for at, letter in draw(
        st.dictionaries(st.integers(0, len(letters) - 1), st.sampled_from("qxz"), max_size=14)
    ).items():
        letters[at] = letter
    return "".join(letters)


@given(st.lists(nearly(), max_size=30))
def test_whatever_is_grouped_is_alike_and_what_is_the_same_is_grouped(forms: list[str]) -> None:
    duplicates = Duplicates()
    groups: dict[str, object] = {}
    for number, form in enumerate(forms):
        group = put(duplicates, form, number).group
        assert group is None or ratio(form, group.form) >= SIMILAR
        if form in groups:
            assert group is not None
            assert groups[form] in (None, group)
        groups[form] = group


@given(st.text(st.characters(codec=None), max_size=400))
def test_any_text_however_broken_has_a_sketch_of_a_few_hashes(form: str) -> None:
    assert len(sketch_of(form)) <= KEYS


@pytest.mark.parametrize("form", ["abcdefghijklmnopqrst", "\ud800 lone half of a pair", "aeiou" * 4])
def test_lines_are_sketched_from_twenty_letters(form: str) -> None:
    assert sketch_of(form)
    assert not sketch_of(form[:19])


def test_of_a_group_the_latest_lines_are_kept_and_those_after_a_time_found() -> None:
    duplicates = Duplicates()
    for ts_ms in range(KEPT_LINES + 1):
        group = put(duplicates, PASTA, ts_ms).group
    assert group is not None
    assert [line.ts_ms for line in group.lines] == list(range(1, KEPT_LINES + 1))
    assert [line.ts_ms for line in group.within(KEPT_LINES - 2)] == [KEPT_LINES - 1, KEPT_LINES]


def test_sketches_do_not_depend_on_the_process() -> None:
    code = f"from filters.duplicates import sketch_of; print(sketch_of({PASTA!r}))"
    root = Path(__file__).parents[2]
    other = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=root)
    assert other.stdout.strip() == str(sketch_of(PASTA))
