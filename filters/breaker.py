"""The circuit breaker: a filter that acts far more often than chat can deserve only logs, until people look at it."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import replace

from pydantic import Field

from filters.base import Settings
from filters.engine import Findings
from filters.types import Verdict

WINDOW_MS = 60_000


class BreakerSettings(Settings):
    """When a filter is taken for runaway."""

    enabled: bool = Field(True, description="Watch for filters that run away.")
    actions_per_minute: int = Field(
        120,
        ge=1,
        le=10_000,
        description="A filter that acts more often than this in a minute, outside a raid, only logs from then on.",
    )


class Breaker:
    """Watches one channel's filters, on event time; at most ``actions_per_minute`` times are kept per filter."""

    def __init__(self, settings: BreakerSettings) -> None:
        self.settings = settings
        self._acted: dict[str, deque[int]] = {}
        self.tripped: set[str] = set()
        """The filters that only log now."""

    def pass_on(self, findings: Findings) -> Findings:
        """The findings, with those of a tripped filter in dry run."""
        if not self.tripped:
            return findings
        evidence = tuple(
            replace(each, dry_run=True, detail=f"{each.detail} (circuit breaker: {each.filter} only logs)")
            if each.filter in self.tripped
            else each
            for each in findings.evidence
        )
        return replace(findings, evidence=evidence)

    def count(self, verdict: Verdict) -> str | None:
        """Count an action and return its filter's name if this one trips it; those decided meanwhile do not again."""
        if not self.settings.enabled or verdict.dry_run or not verdict.action.enforces:
            return None
        name, now = verdict.leading.filter, verdict.message.ts_ms
        acted = self._acted.setdefault(name, deque(maxlen=self.settings.actions_per_minute))
        full = len(acted) == acted.maxlen and acted[0] > now - WINDOW_MS
        acted.append(now)
        if not full or name in self.tripped:
            return None
        self.tripped.add(name)
        return name

    def adopt(self, settings: BreakerSettings, changed: Iterable[str]) -> None:
        """Go by new settings. A filter whose own settings were ``changed`` may act again; the others stay stopped."""
        if settings != self.settings:
            self.settings, changed = settings, {*changed, *self._acted}
        for name in changed:
            self.reset(name)

    def reset(self, name: str) -> None:
        """Let a filter act again."""
        self.tripped.discard(name)
        self._acted.pop(name, None)
