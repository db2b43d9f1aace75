"""Patterns a streamer writes."""

from __future__ import annotations

from typing import Any, ClassVar

import re2
from pydantic import Field, PrivateAttr, field_validator

from filters.base import Filter, Settings
from filters.history import History
from filters.types import Category, Evidence, Message, Severity

LONGEST_PATTERN = 500
MOST_PATTERNS = 200
MEMORY = 1 << 20
"""Bytes one compiled pattern may take; a pattern that needs more is refused."""


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

    _compiled: tuple[tuple[Pattern, Any], ...] = PrivateAttr()

    def model_post_init(self, context: Any) -> None:
        """Compile the patterns once."""
        self._compiled = tuple((each, compile_pattern(each.pattern, case=each.case)) for each in self.patterns)

    def check(self, message: Message, history: History) -> Evidence | None:
        """Return the first pattern that matches the text as it was written, or else its canonical form."""
        for each, compiled in self._compiled:
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


def compile_pattern(pattern: str, *, case: bool) -> Any:
    """Compile with RE2, whose time is linear in the text. ValueError says what is wrong with the pattern."""
    options = re2.Options()
    options.max_mem = MEMORY
    options.log_errors = False
    options.case_sensitive = case
    try:
        return re2.compile(pattern, options)
    except re2.error as error:
        why = error.args[0].decode(errors="replace") if isinstance(error.args[0], bytes) else str(error)
        raise ValueError(f"{pattern!r}: {why} (RE2 has no look-around and no back-references)") from None


def _span(compiled: Any, text: str) -> tuple[int, int] | None:
    # RE2 reads UTF-8: a lone surrogate has none, and any one character stands for it.
    match = compiled.search(text.encode("utf-8", "replace").decode() if not text.isascii() else text)
    return match.span() if match else None
