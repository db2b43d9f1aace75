"""The KPIs: each a value with its interval, what it stands on, its target, and how it was in the period before."""

from __future__ import annotations

import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, tzinfo
from enum import StrEnum

from config.targets import Targets
from ops.statistics import NOTHING, Estimate, cohen, krippendorff, percentile, share
from storage.followup import Followed
from storage.kpis import Drawn, Hour, Kpis, Pair, Period

ACTS = {"delete": "a deletion", "warn": "a warning", "timeout": "a timeout", "ban": "a ban"}
"""What is done to people, the mildest first."""


class Status(StrEnum):
    """How a KPI stands to its target."""

    MET = "met"
    MISSED = "missed"
    INSUFFICIENT = "insufficient data"
    NONE = "no target"


class Unit(StrEnum):
    """What a value is."""

    SHARE = "share"
    MS = "ms"
    COUNT = "count"
    POINTS = "points"
    AGREEMENT = "agreement"


@dataclass(frozen=True, slots=True)
class Measure:
    """One KPI of one period. ``hits`` of ``of`` are its numerator and denominator where it is a share.

    ``target`` is the most if ``ceiling``, else the least. Counts and limits are exact, so they need no minimum number
    of cases. ``before`` is the same of the period before.
    """

    name: str
    title: str
    unit: Unit
    found: Estimate
    hits: int | None = None
    of: int | None = None
    target: float | None = None
    ceiling: bool = False
    before: Estimate = NOTHING

    @property
    def exact(self) -> bool:
        """Whether it is counted, not estimated."""
        return self.unit in {Unit.COUNT, Unit.POINTS}

    @property
    def status(self) -> Status:
        """Whether the target is met."""
        if self.found.value is None or not (self.exact or self.found.enough):
            return Status.INSUFFICIENT
        if self.target is None:
            return Status.NONE
        met = self.found.value <= self.target if self.ceiling else self.found.value >= self.target
        return Status.MET if met else Status.MISSED

    @property
    def change(self) -> float | None:
        """The value less that of the period before; None where either may not be judged."""
        judged = self.exact or (self.found.enough and self.before.enough)
        if not judged or self.found.value is None or self.before.value is None:
            return None
        return self.found.value - self.before.value

    def trended(self, before: Estimate) -> Measure:
        """The same beside that of the period before."""
        return replace(self, before=before)


@dataclass(frozen=True, slots=True)
class HourOfDay:
    """One hour of the day, over the period: hours with work, and of these hours in which somebody decided."""

    hour: int
    with_work: int
    covered: int
    opened: int
    decided: int


async def compute(kpis: Kpis, period: Period, zone: tzinfo, targets: Targets) -> list[Measure]:
    """Every KPI of the period, with the period before for the trend."""
    before = {each.name: each.found for each in await _found(kpis, period.before, zone, targets)}
    return [each.trended(before.get(each.name, NOTHING)) for each in await _found(kpis, period, zone, targets)]


async def _found(kpis: Kpis, period: Period, zone: tzinfo, targets: Targets) -> list[Measure]:
    return [
        *await _speed(kpis, period, targets),
        *await reviewing(kpis, period, zone, targets),
        *quality(drawn := await kpis.sampled(period), targets),
        *fairness(drawn),
        await _prevalence(kpis, period, drawn),
        *await _recidivism(kpis, period),
        *await _outcomes(kpis, period, targets),
        *agreement(await kpis.pairs(period), targets),
        *await _exposure(kpis, period),
    ]


async def _speed(kpis: Kpis, period: Period, targets: Targets) -> list[Measure]:
    times = await kpis.times(period)
    legs = (
        ("detect", "time to detect", times.detect, targets.max_detect_p95_ms),
        ("decide", "time to decide", times.decide, targets.max_decide_p95_ms),
        ("enforce", "time to enforce", times.enforce, targets.max_enforce_p95_ms),
        ("action", "time to action", times.action, targets.max_action_p95_ms),
    )
    counts = await kpis.counts(period)
    outcomes: Counter[str] = Counter()
    for kind, records in counts.items():
        if kind.by_bot and kind.action in ACTS:
            outcomes[kind.outcome] += records
    applied = outcomes["applied"] + outcomes["undone"]
    return [
        Measure("records", "Records", Unit.COUNT, _count(counts.total())),
        _part("applied", "applied of sent", applied, applied + outcomes["failed"], targets.min_applied),
        *(each for name, title, values, most in legs for each in _percentiles(name, title, values, most)),
    ]


async def reviewing(kpis: Kpis, period: Period, zone: tzinfo, targets: Targets) -> list[Measure]:
    """How reviews kept up: times, backlog, deadlines, hours covered."""
    work = await kpis.work(period)
    hours = by_hour_of_day(await kpis.hours(period), zone)
    covered, busy = sum(each.covered for each in hours), sum(each.with_work for each in hours)
    return [
        *_percentiles("review", "time to review", work.waiting, targets.max_review_p95_ms),
        *_percentiles("handling", "handling time of a review", work.handling, None),
        Measure("backlog", "review items open", Unit.COUNT, _count(work.open)),
        Measure(
            "overdue", "review items overdue", Unit.COUNT, _count(work.overdue), None, None, targets.max_overdue, True
        ),
        _part("sla", "reviewed in time", work.on_time, work.closed + work.overdue, targets.min_sla),
        _part("coverage", "hours with work in which somebody decided", covered, busy, targets.min_coverage),
    ]


def quality(drawn: Iterable[Drawn], targets: Targets) -> list[Measure]:
    """Precision of each filter, and of all, from random samples. What nobody decided is left out, not counted right."""
    by_filter: dict[str, list[Drawn]] = defaultdict(list)
    for each in drawn:
        if each.standing in {"uphold", "overturn"}:
            by_filter[each.filter].append(each)
    every = [each for group in by_filter.values() for each in group]
    return [
        _weighted("precision", "precision of all filters", every, "uphold", None),
        *(
            _weighted(f"precision {name}", f"precision of {name}", group, "uphold", targets.min_precision)
            for name, group in sorted(by_filter.items())
        ),
    ]


def _weighted(name: str, title: str, group: list[Drawn], standing: str, target: float | None) -> Measure:
    """The share of drawn Records about which this stands, each weighted by 1 / its inclusion probability."""
    hits = [each for each in group if each.standing == standing]
    weights = [1 / each.probability for each in group]
    weighted = sum(1 / each.probability for each in hits) / sum(weights) if group else 0.0
    return Measure(name, title, Unit.SHARE, share(weighted, len(group), weights), len(hits), len(group), target)


def fairness(drawn: Iterable[Drawn]) -> list[Measure]:
    """How often a hit was wrong, by the script of the line, from random samples; lines whose text is gone are in none.

    The log holds no language, and none is guessed: what script a line is in can be seen in it, who wrote it cannot.
    """
    by_script: dict[str, list[Drawn]] = defaultdict(list)
    for each in drawn:
        if each.standing in {"uphold", "overturn"} and each.text is not None:
            by_script[script(each.text)].append(each)
    return [
        _weighted(f"false hits {name}", f"false hits, lines in {name}", group, "overturn", None)
        for name, group in sorted(by_script.items())
    ]


def script(text: str) -> str:
    """The script most letters of a line are in, by the names Unicode gives them: ``Latin``, ``Cyrillic``, ``CJK``."""
    letters = Counter(
        unicodedata.name(char, "unknown").partition(" ")[0]
        for char in unicodedata.normalize("NFKC", text)
        if char.isalpha()
    )
    [(name, _)] = letters.most_common(1) or [("no letters", 0)]
    return name if name in {"CJK", "no letters"} else name.capitalize()


async def _prevalence(kpis: Kpis, period: Period, drawn: list[Drawn]) -> Measure:
    """What share of all lines breaks a rule, as far as the bot flags them: flagged × precision ÷ lines."""
    lines, flagged = await kpis.lines(period)
    right = quality(drawn, Targets())[0].found
    found = Estimate(None, None, None, right.n)
    if lines and right.value is not None:
        low, high = right.low or 0.0, 1.0 if right.high is None else right.high
        ratio = flagged / lines
        found = Estimate(right.value * ratio, low * ratio, high * ratio, right.n)
    return Measure("prevalence", "lines that break a rule, at least", Unit.SHARE, found)


async def _recidivism(kpis: Kpis, period: Period) -> list[Measure]:
    people, days = await kpis.followed(period)
    by_action: dict[str, list[Followed]] = defaultdict(list)
    for each in people:
        by_action[each.action].append(each)
    groups = [("again", "", people)] + [
        (f"again {action}", f" after {called}", by_action[action])
        for action, called in ACTS.items()
        if action in by_action
    ]
    return [
        _part(
            name,
            f"acted on again in {days:g} days{after}",
            sum(each.again for each in group),
            len(group),
            None,
        )
        for name, after, group in groups
    ]


async def _outcomes(kpis: Kpis, period: Period, targets: Targets) -> list[Measure]:
    upheld, overturned = await kpis.standing(period)
    appeals = await kpis.appeals(period)
    acts, missed = await kpis.moderator_acts(period)
    answered = appeals.approved + appeals.denied
    return [
        _part(
            "overturned",
            "overturned of reviews that stand",
            overturned,
            upheld + overturned,
            targets.max_overturned,
            True,
        ),
        _part("appeals", "appeals approved", appeals.approved, answered, targets.max_appeals_approved, True),
        Measure("appeals overdue", "appeals overdue", Unit.COUNT, _count(appeals.overdue), None, None, 0, True),
        _part("missed", "moderators' acts the bot missed", missed, acts, targets.max_missed, True),
    ]


def agreement(pairs: list[Pair], targets: Targets) -> list[Measure]:
    """How far people agree: of pairs in which both decided, and over all reviewers."""
    both = [each for each in pairs if {each.first_decision, each.second_decision} <= {"uphold", "overturn"}]
    same = sum(each.first_decision == each.second_decision for each in both)
    kappa = cohen([each.first_decision for each in both], [each.second_decision for each in both]) if both else NOTHING
    judgements = [
        judgement
        for each in pairs
        for judgement in (
            (each.first, str(each.record_id), each.first_decision),
            (each.second, str(each.record_id), each.second_decision),
        )
        if judgement[2] in {"uphold", "overturn"}
    ]
    alpha = krippendorff(judgements) if both else NOTHING
    return [
        _part("agreed", "pairs of reviewers that agreed", same, len(both), None),
        Measure("kappa", "Cohen's kappa, first and second", Unit.AGREEMENT, kappa, target=targets.min_kappa),
        Measure("alpha", "Krippendorff's alpha, all reviewers", Unit.AGREEMENT, alpha, target=targets.min_alpha),
    ]


async def _exposure(kpis: Kpis, period: Period) -> list[Measure]:
    exposed, limit = await kpis.exposure(period)
    return [
        Measure(
            f"exposure {each.reviewer}",
            f"most points {each.reviewer} saw in a shift",
            Unit.POINTS,
            Estimate(each.worst, None, None, each.looks),
            target=limit,
            ceiling=True,
        )
        for each in exposed
    ]


def by_hour_of_day(hours: Iterable[Hour], zone: tzinfo) -> list[HourOfDay]:
    """Hours with work by hour of the day in a zone, all 24 of them; work is a review item opened or decided."""
    tallies: dict[int, Counter[str]] = {hour: Counter() for hour in range(24)}
    for each in hours:
        tally = tallies[datetime.fromtimestamp(each.hour_ms / 1000, zone).hour]
        tally.update(with_work=1, covered=int(each.decided > 0), opened=each.opened, decided=each.decided)
    return [
        HourOfDay(hour, tally["with_work"], tally["covered"], tally["opened"], tally["decided"])
        for hour, tally in tallies.items()
    ]


def _percentiles(name: str, title: str, values: list[int], target: float | None) -> list[Measure]:
    return [
        Measure(f"{name} p50", f"{title}, median", Unit.MS, percentile(values, 0.5)),
        Measure(
            f"{name} p95", f"{title}, 95th percentile", Unit.MS, percentile(values, 0.95), target=target, ceiling=True
        ),
    ]


def _part(name: str, title: str, hits: int, of: int, target: float | None, ceiling: bool = False) -> Measure:
    return Measure(name, title, Unit.SHARE, share(hits, of), hits, of, target, ceiling)


def _count(number: int) -> Estimate:
    return Estimate(number, None, None, number)


FORMATS: dict[Unit, Callable[[float], str]] = {
    Unit.SHARE: lambda value: f"{value:.1%}",
    Unit.MS: lambda value: _duration(value),
    Unit.COUNT: lambda value: f"{value:,.0f}",
    Unit.POINTS: lambda value: f"{value:,.0f}",
    Unit.AGREEMENT: lambda value: f"{value:.2f}",
}


def _duration(ms: float) -> str:
    if ms < 1_000:
        return f"{ms:.0f} ms"
    for unit, size in (("d", 86_400_000), ("h", 3_600_000), ("min", 60_000)):
        if ms >= 2 * size:
            return f"{ms / size:.1f} {unit}"
    return f"{ms / 1000:.3g} s"
