"""The reports: which KPIs, tables and charts each has. ops.report shows them in terminal, JSON and HTML."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import tzinfo

from sparklines import sparklines

from config.targets import Targets
from filters.masking import visible
from ops.charts import bars, lines
from ops.measures import FORMATS, Measure, Status, Unit, agreement, by_hour_of_day, compute, quality, reviewing
from ops.shown import View
from ops.statistics import Estimate, mcnemar, share
from ops.when import clock
from storage.database import Database
from storage.experiments import Compared, Result
from storage.kpis import Drawn, Kind, Kpis, Period
from storage.shifts import hand_over

Cell = str | int | None
MOST_LINES = 6
"""Filters that get a line of their own in a chart; more cannot be told apart."""


@dataclass(frozen=True, slots=True)
class Section:
    """A table with its heading, and for HTML a chart. ``note`` says how to read it."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    note: str = ""
    chart: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """A report before it is shown."""

    title: str
    sections: list[Section]
    measures: list[Measure] = field(default_factory=list)

    @property
    def missed(self) -> list[Measure]:
        """The KPIs whose target is missed."""
        return [each for each in self.measures if each.status is Status.MISSED]


async def kpi_report(db: Database, period: Period, zone: tzinfo, targets: Targets) -> Report:
    """Every KPI with target and trend; what the bot did; when people were there."""
    kpis = Kpis(db)
    measures = await compute(kpis, period, zone, targets)
    counts, daily = await kpis.counts(period), await kpis.daily(period)
    hours = by_hour_of_day(await kpis.hours(period), zone)
    top = [name for name, _ in _by(counts, "filter").most_common(MOST_LINES)]
    series: dict[str, Sequence[float | None]] = {name: [day[name] for day in daily.values()] for name in top}
    spark = {name: _spark([day[name] for day in daily.values()]) for name in _by(counts, "filter")}
    return Report(
        "KPIs",
        [
            measure_section("KPIs", measures),
            Section(
                "Records by filter",
                ("filter", "Records", "share", "by UTC day"),
                [(*row, spark[str(row[0])]) for row in _tally(_by(counts, "filter"))],
                chart=lines("Records a day", list(daily), series),
            ),
            Section("Records by category", ("category", "Records", "share"), _tally(_by(counts, "category"))),
            Section("Records by outcome", ("outcome", "Records", "share"), _tally(_by(counts, "outcome"))),
            Section(
                "Reviewers by hour of day",
                ("hour", "hours with work", "of these covered", "items opened", "decisions"),
                [(f"{each.hour:02}", each.with_work, each.covered, each.opened, each.decided) for each in hours],
                note="An hour is covered if somebody decided something in it.",
                chart=bars(
                    "Hours with work, and covered",
                    [f"{each.hour:02}" for each in hours],
                    {
                        "with work": [each.with_work for each in hours],
                        "covered": [each.covered for each in hours],
                    },
                ),
            ),
        ],
        measures,
    )


async def filters_report(db: Database, period: Period, zone: tzinfo, targets: Targets) -> Report:
    """What each filter did and how often it was right, from random samples alone."""
    kpis = Kpis(db)
    counts, daily, drawn = await kpis.counts(period), await kpis.daily(period), await kpis.sampled(period)
    before = {each.name: each.found for each in quality(await kpis.sampled(period.before), targets)}
    measures = [_trended(each, before) for each in quality(drawn, targets)]
    outcomes: dict[str, Counter[str]] = {name: Counter() for name in _by(counts, "filter")}
    for kind, records in counts.items():
        outcomes[kind.filter][kind.outcome] += records
    shown = [each for each in measures if each.found.value is not None and each.name != "precision"]
    return Report(
        "Filters",
        [
            measure_section(
                "Precision", measures, note=f"Of random samples: {_standing(drawn)}. Unsure and open ones do not count."
            ),
            Section(
                "Outcomes",
                ("filter", "Records", "applied", "failed", "withheld", "undone", "other", "by UTC day"),
                [
                    (
                        name,
                        found.total(),
                        *(found[each] for each in ("applied", "failed", "withheld", "undone")),
                        found.total() - sum(found[each] for each in ("applied", "failed", "withheld", "undone")),
                        _spark([day[name] for day in daily.values()]),
                    )
                    for name, found in sorted(outcomes.items())
                ],
                chart=bars(
                    "Precision, with the ends of its 95 % interval",
                    [each.title.removeprefix("precision of ") for each in shown],
                    {
                        "low": [each.found.low or 0 for each in shown],
                        "precision": [each.found.value or 0 for each in shown],
                        "high": [each.found.high or 0 for each in shown],
                    },
                ),
            ),
        ],
        measures,
    )


async def agreement_report(db: Database, period: Period, zone: tzinfo, targets: Targets) -> Report:
    """How far reviewers agree who judged the same Record, the second blind. Nobody is ranked."""
    kpis = Kpis(db)
    pairs = await kpis.pairs(period)
    before = {each.name: each.found for each in agreement(await kpis.pairs(period.before), targets)}
    measures = [_trended(each, before) for each in agreement(pairs, targets)]
    table = Counter((each.first_decision, each.second_decision) for each in pairs)
    kinds = ("uphold", "overturn", "escalate", "unsure")
    return Report(
        "Agreement of reviewers",
        [
            measure_section("Agreement", measures),
            Section(
                "First decision (rows) and blind second",
                ("first", *kinds),
                [(first, *(table[first, second] for second in kinds)) for first in kinds],
                note="Kappa and alpha count pairs in which both decided to uphold or overturn.",
            ),
        ],
        measures,
    )


async def shift_report(db: Database, period: Period, zone: tzinfo, targets: Targets) -> Report:
    """The hand-over page: what happened, what is open and due, raids, gaps, notes."""
    kpis = Kpis(db)
    shift, counts = await hand_over(db, period), await kpis.counts(period)
    work, appeals = await kpis.work(period), await kpis.appeals(period)
    hours = await kpis.hours(period)
    measures = await reviewing(kpis, period, zone, targets)
    view = View(zone)

    def at(ms: int | None) -> str:
        return "-" if ms is None else clock(ms, zone)

    happened: list[tuple[Cell, ...]] = [
        ("Records", counts.total()),
        *((f"Records: {name}", records) for name, records in _by(counts, "outcome").most_common()),
        ("acts of moderators by hand", sum(n for kind, n in counts.items() if kind.filter == "moderator")),
        ("review items opened", sum(each.opened for each in hours)),
        ("review items closed", work.closed),
        ("review items closed late", work.closed - work.on_time),
        ("appeals answered", appeals.approved + appeals.denied),
    ]
    standing: list[tuple[Cell, ...]] = [
        ("review items open", work.open),
        ("review items overdue", work.overdue),
        ("oldest review item opened", at(work.oldest_ms)),
        ("appeals open", appeals.open),
        ("appeals overdue", appeals.overdue),
    ]
    silent = [at(each.hour_ms) for each in hours if not each.decided]
    return Report(
        "Shift",
        [
            Section("What happened", ("what", "how many"), happened),
            Section("What is open as the shift ends", ("what", "how many"), standing),
            measure_section("How reviews kept up", measures),
            Section(
                "Due next, as it stands now",
                ("what", "number", "channel", "why", "due", "held by"),
                [
                    (d.what, f"#{d.number}", visible(d.channel), d.why, at(d.due_ms), visible(d.claimed_by))
                    for d in shift.due
                ],
            ),
            Section(
                "Raids and nukes",
                ("number", "kind", "channel", "began", "ended", "Records", "why"),
                [
                    (
                        f"#{r.number}",
                        r.kind,
                        visible(r.channel),
                        at(r.started_ms),
                        at(r.ended_ms),
                        r.records,
                        visible(r.why),
                    )
                    for r in shift.raids
                ],
            ),
            Section(
                "Gaps in which chat went unwatched",
                ("channel", "from", "until", "why"),
                [(visible(g.channel), at(g.since_ms), at(g.until_ms), visible(g.why)) for g in shift.gaps],
            ),
            Section("Hours with work in which nobody decided", ("hour",), [(hour,) for hour in silent]),
            Section(
                "Moderators' notes, masked",
                ("at", "channel", "by", "about person", "note"),
                [
                    (at(n.at_ms), visible(n.channel), visible(n.author), f"#{n.person}", view.text(n.text))
                    for n in shift.notes
                ],
            ),
            Section(
                "What people did", ("verb", "times", "refused"), [(d.verb, d.times, d.refused) for d in shift.deeds]
            ),
            Section(
                "Open cases",
                ("number", "title", "owner", "opened"),
                [(f"#{c.number}", visible(c.title), visible(c.owner), at(c.opened_ms)) for c in shift.cases],
            ),
        ],
        measures,
    )


def experiment_report(result: Result, zone: tzinfo) -> Report:
    """Two revisions on the same messages."""
    trial = result.experiment
    rows = [
        _compared_row(title, each, trial.messages)
        for title, each in (("Evidence found", result.spoke), ("would have acted", result.acted))
    ]
    kept, dropped = share(result.upheld_kept, result.upheld), share(result.overturned_dropped, result.overturned)
    return Report(
        f"Experiment {trial.id}: revision {trial.revision} of {visible(trial.channel)} on trial",
        [
            Section(
                "The experiment",
                ("what", "value"),
                [
                    ("from", clock(trial.from_ms, zone)),
                    ("until", clock(trial.until_ms, zone)),
                    ("messages judged by both", trial.messages),
                    ("share of messages, seed", f"{trial.share:.0%}, {trial.seed}"),
                    ("begun by", visible(trial.actor)),
                    ("why", visible(trial.why)),
                ],
            ),
            Section(
                "On the same messages",
                ("", "both", "only live", "only trial", "live", "trial", "new of differing", "p (McNemar, exact)"),
                rows,
                note="Shares with Wilson's 95 % interval.",
            ),
            Section(
                "By filter",
                ("filter", "both", "only live", "only trial"),
                [(each.filter, each.both, each.only_live, each.only_shadow) for each in result.filters],
                chart=bars(
                    "Messages by filter",
                    [each.filter for each in result.filters],
                    {
                        "both": [each.both for each in result.filters],
                        "only live": [each.only_live for each in result.filters],
                        "only trial": [each.only_shadow for each in result.filters],
                    },
                ),
            ),
            Section(
                "Against what reviewers decided about live Records",
                ("what", "Records", "of", "share"),
                [
                    ("upheld, and found by the trial too", result.upheld_kept, result.upheld, _interval(kept)),
                    (
                        "overturned, and left alone by the trial",
                        result.overturned_dropped,
                        result.overturned,
                        _interval(dropped),
                    ),
                ],
                note="What only the trial found nobody has reviewed.",
            ),
        ],
    )


def measure_section(title: str, measures: Iterable[Measure], note: str = "") -> Section:
    """KPIs as a table."""
    rows: list[tuple[Cell, ...]] = []
    for each in measures:
        told = FORMATS[each.unit]
        enough = each.exact or each.found.enough
        rows.append(
            (
                each.title,
                told(each.found.value) if enough and each.found.value is not None else Status.INSUFFICIENT.value,
                _ends(each.found, each.unit) if enough else "",
                each.found.n if each.hits is None else f"{each.hits:,} of {each.of:,}",
                "" if each.target is None else f"{'≤' if each.ceiling else '≥'} {told(each.target)}",
                "" if each.status is Status.NONE or not enough else each.status.value,
                _change(each),
            )
        )
    return Section(title, ("KPI", "value", "95 % interval", "cases", "target", "status", "change"), rows, note)


def _compared_row(title: str, each: Compared, messages: int) -> tuple[Cell, ...]:
    differing = each.only_live + each.only_shadow
    return (
        title,
        each.both,
        each.only_live,
        each.only_shadow,
        _interval(share(each.both + each.only_live, messages)),
        _interval(share(each.both + each.only_shadow, messages)),
        _interval(share(each.only_shadow, differing)),
        f"{mcnemar(each.only_live, each.only_shadow):.2g}" if differing else "-",
    )


def _interval(found: Estimate) -> str:
    if not found.enough or found.value is None:
        return Status.INSUFFICIENT.value
    return f"{found.value:.2%} ({found.low:.2%} to {found.high:.2%})"


def _ends(found: Estimate, unit: Unit) -> str:
    if found.low is None or found.high is None:
        return ""
    return f"{FORMATS[unit](found.low)} to {FORMATS[unit](found.high)}"


def _change(each: Measure) -> str:
    if each.change is None:
        return ""
    if each.change == 0:
        return "="
    size = abs(each.change)
    told = f"{size * 100:.1f} points" if each.unit is Unit.SHARE else FORMATS[each.unit](size)
    return f"{'▲' if each.change > 0 else '▼'} {told}"


def _trended(each: Measure, before: dict[str, Estimate]) -> Measure:
    return each if each.name not in before else each.trended(before[each.name])


def _by(counts: Counter[Kind], name: str) -> Counter[str]:
    found: Counter[str] = Counter()
    for kind, records in counts.items():
        found[getattr(kind, name)] += records
    return found


def _tally(found: Counter[str]) -> list[tuple[Cell, ...]]:
    total = found.total()
    return [(name, records, f"{records / total:.1%}") for name, records in found.most_common()]


def _standing(drawn: Iterable[Drawn]) -> str:
    found = Counter(each.standing for each in drawn)
    return ", ".join(
        f"{found[each]:,} {name}"
        for each, name in (("uphold", "upheld"), ("overturn", "overturned"), ("unsure", "unsure"), ("open", "open"))
    )


def _spark(values: Sequence[int]) -> str:
    return str(sparklines(values)[0]) if len(values) > 1 else ""
