"""Chat logs as tests read them: ``seconds name: text``, a line each, played to one filter."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

import pytest

from filters.base import Filter
from filters.history import History
from filters.types import Evidence, Message

RULES_OF_TEXT = ("blocklist", "regex")
"""Filters whose rule is a listed term or a pattern; that of every other is the setting that was passed."""


def messages(log: str) -> list[Message]:
    """Read a chat log. Message ids are m1, m2, … in order; names serve as ids."""
    read = []
    for number, row in enumerate(filter(None, map(str.strip, log.splitlines())), start=1):
        head, _, text = row.partition(": ")
        seconds, name = head.split(" ", 1)
        read.append(Message(f"m{number}", round(float(seconds) * 1000), "1", "studio", name, name, text))
    return read


def judge(each: Filter, lines: Iterable[Message]) -> list[Evidence | None]:
    """What the filter says to each line, twice over: a replay through a fresh History must say the same."""
    lines = list(lines)
    live, replayed = (_judge(each, lines) for _ in range(2))
    assert live == replayed, "a replay judges differently"
    return live


def _judge(each: Filter, lines: list[Message]) -> list[Evidence | None]:
    history = History()
    verdicts = []
    for line in lines:
        history.observe(line)
        found = each.check(line, history)
        if found is not None:
            start, end = found.span
            assert found.filter == each.name, "Evidence is filed under another filter"
            assert 0 <= start <= end <= len(line.text), f"the span {found.span} is not in a line of {len(line.text)}"
            assert start < end or not line.text, f"the span {found.span} is empty"
            assert found.detail, "no detail for people"
            assert each.name in RULES_OF_TEXT or found.rule in type(each).model_fields, f"{found.rule!r} is no setting"
        verdicts.append(found)
    return verdicts


@pytest.fixture
def play() -> Callable[[Filter, str], list[Evidence | None]]:
    """Play a chat log to a filter; returns its Evidence or None for each line."""
    return lambda each, log: judge(each, messages(log))


@pytest.fixture
def read() -> Callable[[str], list[Message]]:
    """Read a chat log into messages."""
    return messages


@pytest.fixture
def say() -> Callable[..., Evidence | None]:
    """What a filter says to one line alone; more of the message by name."""
    line = Message("m1", 1_000, "1", "studio", "ada", "ada", "")
    return lambda each, text, **more: judge(each, [replace(line, text=text, **more)])[0]
