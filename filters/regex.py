"""Patterns a streamer writes."""

from __future__ import annotations

from functools import cached_property
from typing import Any, ClassVar

import re2
from pydantic import Field, field_validator

from filters.base import Filter, Settings
from filters.history import History
from filters.types import Category, Evidence, Message, Severity

LONGEST_PATTERN = 500
MOST_PATTERNS = 200
MEMORY = 1 << 20
"""Bytes one compiled pattern may take; a pattern that needs more is refused."""

_ALWAYS = 0
"""The number, in a set of patterns, of the one that every text matches."""


class Pattern(Settings):
    """One regular expression, with how bad a hit is."""

    pattern: str = Field(min_length=1, max_length=LONGEST_PATTERN, description="The expression, in RE2's syntax.")
    severity: Severity = Field(Severity.MODERATE, description="How bad a hit is, 0 to 3.")
    category: Category = Field(Category.CHANNEL_RULE, description="The written rule it breaks.")
    case: bool = Field(False, description="Tell capitals from small letters.")
    note: str = Field("", max_length=200, description="What it is for, as people see it.")

    @field_validator("pattern")
    @classmethod
    def _usable(cls, pattern: str) -> str:
        compiled = compile_pattern(pattern, case=False)
        if compiled.search(""):
            raise ValueError(f"{pattern!r} matches every line (leave out what may be empty, e.g. x+ instead of x*)")
        return pattern


class Regex(Filter):
    """Catches lines that match a pattern the streamer wrote."""

    name: ClassVar[str] = "regex"

    patterns: tuple[Pattern, ...] = Field((), max_length=MOST_PATTERNS, description="The expressions, worst first.")

    # Cached properties, as everywhere in filters: reading a pydantic private attribute takes two microseconds.
    @cached_property
    def _compiled(self) -> tuple[Any, ...]:
        return tuple(compile_pattern(each.pattern, case=each.case) for each in self.patterns)

    @cached_property
    def _together(self) -> Any:
        return _all_at_once(self.patterns)

    def check(self, message: Message, history: History) -> Evidence | None:
        """Return the first pattern that matches the text as it was written, or else its canonical form."""
        text, form = message.text, message.folded.text
        for number in sorted(self._likely(text) | (self._likely(form) if form != text else set())):
            each, compiled = self.patterns[number], self._compiled[number]
            span, folded = _span(compiled, message.text), ""
            if span is None and (hit := _span(compiled, message.folded.text)):
                span, folded = (0, len(message.text)), message.folded.text[slice(*hit)]
            if span is not None:
                return Evidence(
                    filter=self.name,
                    rule=each.pattern,
                    category=each.category,
                    severity=each.severity,
                    span=span,
                    folded=folded,
                    technique="disguise" if folded else "exact",
                    detail=each.note or "matches a pattern of the channel",
                    dry_run=self.dry_run,
                )
        return None

    def _likely(self, text: str) -> set[int]:
        """The numbers of the patterns that match, in one pass over the text; of all where RE2 gives up."""
        found = set(self._together.Match(_readable(text))) if self._together else set()
        if _ALWAYS not in found:
            return set(range(len(self.patterns)))
        return {number - 1 for number in found if number != _ALWAYS}


def compile_pattern(pattern: str, *, case: bool) -> Any:
    """Compile with RE2, whose time is linear in the text. ValueError says what is wrong with the pattern."""
    try:
        return re2.compile(pattern, _options(MEMORY, case=case))
    except re2.error as error:
        why = error.args[0].decode(errors="replace")
        raise ValueError(f"{pattern!r}: {why} (RE2 has no look-around and no back-references)") from None


def _all_at_once(patterns: tuple[Pattern, ...]) -> Any:
    together = re2.Set.SearchSet(_options(MEMORY * (8 + len(patterns)), case=True))
    # RE2 does not say when a set needs more memory than it has: then nothing matches, not even what always does.
    together.Add("")
    for each in patterns:
        together.Add(each.pattern if each.case else f"(?i){each.pattern}")
    try:
        together.Compile()
    except re2.error:
        return None  # together they need more than RE2 is given, although each does not
    return together


def _options(memory: int, *, case: bool) -> Any:
    options = re2.Options()
    options.max_mem = memory
    options.log_errors = False
    options.case_sensitive = case
    return options


def _span(compiled: Any, text: str) -> tuple[int, int] | None:
    match = compiled.search(_readable(text))
    return match.span() if match else None


def _readable(text: str) -> str:
    """RE2 reads UTF-8: a lone surrogate has none, and any one character stands for it."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()
