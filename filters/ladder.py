"""Strikes to Action: a chatter's next step is a matter of how bad the line is and how often they were told."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated

from pydantic import BeforeValidator, Field, PlainSerializer, model_validator

from filters.base import Settings
from filters.types import NONE, Action, ActionKind, Evidence, Severity

_UNIT_S = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}
_DURATION = re.compile(r"(\d{1,9})([smhdw])", re.ASCII)


def parse_duration(text: str) -> int:
    """Read a span of time like ``90s``, ``10m``, ``1h30m``, ``2w`` as whole seconds. ValueError says what is wrong."""
    parts = _DURATION.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise ValueError(f"{text!r} is not a span of time (write e.g. 90s, 10m, 1h30m, 7d)")
    return sum(int(number) * _UNIT_S[unit] for number, unit in parts)


def format_duration(seconds: int) -> str:
    """Write whole seconds in the shortest form ``parse_duration`` reads: 5400 is ``1h30m``."""
    parts = []
    for unit in "dhms":
        count, seconds = divmod(seconds, _UNIT_S[unit])
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts) or "0s"


def parse_action(value: object) -> object:
    """Read ``review``, ``delete``, ``warn``, ``timeout 10m`` or ``ban``."""
    if not isinstance(value, str):
        return value
    name, _, rest = value.strip().lower().partition(" ")
    try:
        kind = ActionKind[name.upper()]
    except KeyError:
        raise ValueError(f"{value!r} is not an action (use review, delete, warn, timeout 10m or ban)") from None
    if kind is ActionKind.TIMEOUT:
        if not rest:
            raise ValueError("timeout needs a length (write e.g. timeout 10m)")
        return Action(kind, parse_duration(rest.strip()))
    if rest:
        raise ValueError(f"{name} takes no length (got {rest!r})")
    return Action(kind)


def format_action(action: Action) -> str:
    """Write an Action as ``parse_action`` reads it."""
    name = action.kind.name.lower()
    return f"{name} {format_duration(action.duration_s)}" if action.kind is ActionKind.TIMEOUT else name


def _seconds(value: object) -> object:
    return parse_duration(value) if isinstance(value, str) else value


Duration = Annotated[int, BeforeValidator(_seconds), PlainSerializer(format_duration)]
"""Whole seconds; in files and commands a text like ``10m``."""

Step = Annotated[Action, BeforeValidator(parse_action), PlainSerializer(format_action)]
"""An Action; in files and commands a text like ``timeout 10m``."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What counts against a chatter: earlier offences, and the strongest action the present one has brought so far;
    and for how many seconds the chatter has been known.
    """

    strikes: int = 0
    taken: Action = NONE
    known_s: int = 0


class Ladder(Settings):
    """The steps a chatter climbs. The line's severity picks the first step, each strike climbs one more."""

    steps: tuple[Step, ...] = Field(
        (
            Action(ActionKind.DELETE),
            Action(ActionKind.WARN),
            Action(ActionKind.TIMEOUT, 600),
            Action(ActionKind.TIMEOUT, 86_400),
            Action(ActionKind.BAN),
        ),
        min_length=1,
        description="What happens at each step, mildest first.",
    )
    entry: tuple[int, int, int, int] = Field(
        (0, 0, 2, 4), description="The first step (counted from 0) for a line of severity 0, 1, 2, 3."
    )
    decay: Duration = Field(
        30 * 86_400, ge=60, le=400 * 86_400, description="How long a strike counts against a chatter."
    )
    grace: Duration = Field(
        10, ge=0, le=3_600, description="Lines this close together are one offence: people need time to see they erred."
    )
    regular_after: Duration = Field(
        0,
        ge=0,
        le=400 * 86_400,
        description="Known for this long, a chatter's first offence brings one step less, unless it is of severity 3;"
        " 0: never. The bot knows people for as long as chat is kept.",
    )
    confidence_line: float = Field(
        0.9, ge=0, le=1, description="A match less sure than this is deleted at most, never timed out or banned."
    )
    review_line: float = Field(0.6, ge=0, le=1, description="A match less sure than this is only put up for review.")

    @model_validator(mode="after")
    def _ordered(self) -> Ladder:
        if list(self.steps) != sorted(self.steps):
            raise ValueError("steps go from mild to strong (use the order review, delete, warn, timeout, ban)")
        for step in self.entry:
            if not 0 <= step < len(self.steps):
                raise ValueError(f"entry: step {step} does not exist (there are {len(self.steps)}, counted from 0)")
        if self.review_line > self.confidence_line:
            raise ValueError(f"review_line {self.review_line} is above confidence_line {self.confidence_line}")
        return self

    def standing(self, acted_on: Iterable[tuple[int, Action]], now_ms: int) -> Standing:
        """Where a chatter stands, from the times (UTC ms, ascending) of the lines that were acted on, and how.

        Lines within ``grace`` of an offence's first line belong to it, so a burst is one strike; the offence the
        present line belongs to does not count against it.
        """
        started: list[int] = []
        taken = NONE
        for time_ms, action in acted_on:
            if not now_ms - self.decay * 1000 <= time_ms <= now_ms:
                continue
            if started and time_ms - started[-1] < self.grace * 1000:
                taken |= action
            else:
                started.append(time_ms)
                taken = action
        if started and now_ms - started[-1] < self.grace * 1000:
            return Standing(len(started) - 1, taken)
        return Standing(len(started))

    def burst(self, times_ms: Iterable[int], at_ms: int) -> tuple[int, int]:
        """From when (inclusive) until when (exclusive) lines are one offence with the line of ``at_ms``.

        ``times_ms`` (UTC ms) are those of the chatter's lines that were acted on.
        """
        started: int | None = None
        for time_ms in sorted({*times_ms, at_ms}):
            if time_ms <= at_ms and (started is None or time_ms - started >= self.grace * 1000):
                started = time_ms
        assert started is not None
        return started, started + self.grace * 1000

    def action(self, evidence: Evidence, standing: Standing) -> Action:
        """The step for one piece of Evidence. What the present offence has brought already is not done twice."""
        step = min(self.entry[Severity(evidence.severity)] + standing.strikes, len(self.steps) - 1)
        if self._forgives(evidence, standing):
            step = max(0, step - 1)
        action = self.steps[step]
        if evidence.review_only or evidence.score < self.review_line:
            return min(action, REVIEW)
        if evidence.score < self.confidence_line or action <= standing.taken:
            return min(action, DELETE)
        return action

    def _forgives(self, evidence: Evidence, standing: Standing) -> bool:
        known = 0 < self.regular_after <= standing.known_s
        return known and standing.strikes == 0 and evidence.severity < Severity.EXTREME


REVIEW = Action(ActionKind.REVIEW)
DELETE = Action(ActionKind.DELETE)
