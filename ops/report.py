"""`chatwarden report`: KPIs, filters, agreement, the hand-over of a shift, experiments; terminal, JSON and HTML."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import asdict
from datetime import tzinfo
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich import box
from rich.console import Group
from rich.table import Table
from rich.text import Text

from config.targets import Targets, TargetsError
from ops.command import (
    DATABASE,
    MISSED,
    USAGE,
    DatabaseOption,
    JsonOption,
    ZoneOption,
    errors,
    fail,
    opened,
    put_json,
    run,
    screen,
    time_zone,
)
from ops.html import check_report, drawing, page, write_report
from ops.when import WhenError, iso, parse
from storage.database import Database, now_ms
from storage.experiments import Experiments
from storage.kpis import Kpis, Period

if TYPE_CHECKING:
    from ops.reports import Cell, Report

app = typer.Typer(no_args_is_help=True, help="How well it works: KPIs with intervals, targets and trends.")

Build = Callable[[Database, Period, tzinfo, Targets], Awaitable["Report"]]
SinceOption = Annotated[str, typer.Option(help="From when: 8h, 7d, or ISO-8601.")]
UntilOption = Annotated[str, typer.Option(help="Until when: the same; now if not given.")]
ChannelOption = Annotated[str, typer.Option(help="Only this channel (login or id).")]
TargetsOption = Annotated[
    Path | None, typer.Option(envvar="CHATWARDEN_TARGETS", help="A TOML file of targets, see docs/kpis.md.")
]
HtmlOption = Annotated[
    Path | None, typer.Option(help="A self-contained file with charts, written over an earlier one.")
]
CheckOption = Annotated[bool, typer.Option("--check", help="Exit code 3 if a target is missed.")]


def _add(name: str, span: str, doc: str) -> None:
    """Add the command of a report over a period, which is ``span`` up to now unless asked otherwise."""

    def command(
        database: DatabaseOption = DATABASE,
        since: SinceOption = span,
        until: UntilOption = "",
        channel: ChannelOption = "",
        tz: ZoneOption = "UTC",
        targets: TargetsOption = None,
        as_json: JsonOption = False,
        html: HtmlOption = None,
        check: CheckOption = False,
    ) -> None:
        from ops import reports  # statistics take seconds to load, which only those wait for who ask

        build: Build = getattr(reports, f"{name}_report")
        _report(build, database, (since, until, channel, tz), targets, as_json, html, check)

    app.command(name, help=doc)(command)


_add("kpi", "7d", "Every KPI with its interval, target, status and the change since the period before.")
_add("filters", "30d", "What each filter did, and how often it was right: from random samples alone.")
_add("agreement", "30d", "How far reviewers agree who judged the same Record blind.")
_add("shift", "8h", "The hand-over page of a shift: what happened, what is open and due next, raids, gaps, notes.")


@app.command()
def experiment(
    number: Annotated[int, typer.Argument(help="The experiment's number.")],
    database: DatabaseOption = DATABASE,
    tz: ZoneOption = "UTC",
    as_json: JsonOption = False,
    html: HtmlOption = None,
) -> None:
    """Compare the revision on trial with the live one on the same messages."""
    from ops.reports import experiment_report

    zone = time_zone(tz)

    async def work() -> Report:
        async with opened(database, readonly=True) as db:
            result = await Experiments(db).result(number)
        if result is None:
            fail(f"there is no experiment {number} (see the view v_experiments)", USAGE)
        return experiment_report(result, zone)

    check_report(html)
    _show(run(work()), "", as_json, html)


def _report(
    build: Build,
    database: Path,
    asked: tuple[str, str, str, str],
    targets: Path | None,
    as_json: bool,
    html: Path | None,
    check: bool,
) -> None:
    since, until, channel, tz = asked
    zone, at_ms = time_zone(tz), now_ms()
    check_report(html)
    try:
        begin, end = parse(since, zone, at_ms), parse(until, zone, at_ms) if until else at_ms
        aims = Targets.read(targets)
    except WhenError as error:
        raise typer.BadParameter(str(error)) from None
    except TargetsError as error:
        fail(str(error), USAGE)
    if begin >= end:
        raise typer.BadParameter(f"--since {since} is not before --until {until or 'now'}")

    async def work() -> tuple[Report, Period]:
        async with opened(database, readonly=True) as db, db.snapshot():
            where = await Kpis(db).channel_id(channel.lstrip("@#")) if channel else ""
            if where is None:
                fail(f"{channel!r}: no such channel in the log (see: chatwarden log list)", USAGE)
            period = Period(begin, end, where)
            return await build(db, period, zone, aims), period

    report, period = run(work())
    span = f"{iso(period.since_ms, zone)} to {iso(period.until_ms, zone)} ({tz}), {channel or 'all channels'}"
    _show(report, span, as_json, html)
    for each in report.missed:
        errors.print(f"target missed: {each.title}")
    if check and report.missed:
        raise typer.Exit(MISSED)


def _show(report: Report, span: str, as_json: bool, html: Path | None) -> None:
    if html is not None:
        sections = [(each, drawing(each.chart)) for each in report.sections]
        write_report(html, page("kpis.html", title=report.title, span=span, sections=sections, told=_told))
    if as_json:
        put_json(_plain(report, span))
    elif html is None:
        screen().print(_page(report, span))


def _plain(report: Report, span: str) -> dict[str, Any]:
    measures = [
        {
            **{name: value for name, value in asdict(each).items() if name not in {"found", "before"}},
            **asdict(each.found),
            "status": each.status,
            "before": each.before.value,
            "change": each.change,
        }
        for each in report.measures
    ]
    sections = {
        each.title: [dict(zip(each.columns, row, strict=True)) for row in each.rows] for each in report.sections
    }
    return {"report": report.title, "period": span, "measures": measures, "sections": sections}


def _page(report: Report, span: str) -> Group:
    parts: list[Text | Table] = [Text(f"{report.title}  {span}", "bold")]
    for section in report.sections:
        parts.append(Text(f"\n{section.title}", "bold"))
        if not section.rows:
            parts.append(Text("  none"))
            continue
        table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
        for number, name in enumerate(section.columns):
            table.add_column(name, justify="right" if _numeric(section.rows, number) else "left")
        for row in section.rows:
            table.add_row(*(Text(_told(cell), _STYLES.get(str(cell), "")) for cell in row))
        parts += [table, *([Text(f"  {section.note}", "dim")] if section.note else [])]
    return Group(*parts)


_STYLES = {"met": "green", "missed": "bold red", "insufficient data": "dim"}


def _told(cell: Cell) -> str:
    return "" if cell is None else f"{cell:,}" if isinstance(cell, int) else cell


def _numeric(rows: Any, number: int) -> bool:
    return all(isinstance(row[number], int) for row in rows)
