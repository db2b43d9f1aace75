"""The KPIs: each a value with its interval, what it stands on, its target, and how it was in the period before."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, tzinfo
from enum import StrEnum

from config.targets import Targets
from ops.statistics import NOTHING, Estimate, cohen, krippendorff, percentile, share
from storage.kpis import Drawn, Hour, Kpis, Pair, Period


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
        *quality(await kpis.sampled(period), targets),
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
        if kind.by_bot and kind.action in {"delete", "warn", "timeout", "ban"}:
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
        _precision("precision", "precision of all filters", every, None),
        *(
            _precision(f"precision {name}", f"precision of {name}", group, targets.min_precision)
            for name, group in sorted(by_filter.items())
        ),
    ]


def _precision(name: str, title: str, group: list[Drawn], target: float | None) -> Measure:
    upheld = [each for each in group if each.standing == "uphold"]
    weights = [1 / each.probability for each in group]
    weighted = sum(1 / each.probability for each in upheld) / sum(weights) if group else 0.0
    return Measure(name, title, Unit.SHARE, share(weighted, len(group), weights), len(upheld), len(group), target)


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
    if ms < 10_000:
        return f"{ms:,.0f} ms"
    for unit, size in (("d", 86_400_000), ("h", 3_600_000), ("min", 60_000)):
        if ms >= 2 * size:
            return f"{ms / size:.1f} {unit}"
    return f"{ms / 1000:.0f} s"
