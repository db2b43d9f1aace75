"""`chatwarden review`: take what is most urgent, decide it, change one's mind, draw samples."""

from __future__ import annotations

import asyncio
import secrets
import time
from dataclasses import asdict
from typing import Annotated, Any

import typer
from rich.console import Group
from rich.text import Text

from filters.masking import visible
from filters.types import Category
from ops.command import (
    DATABASE,
    AsOption,
    Columns,
    DatabaseOption,
    JsonOption,
    PlainOption,
    ZoneOption,
    at_desk,
    choice,
    errors,
    put_json,
    put_rows,
    put_table,
    run,
    screen,
    time_zone,
)
from ops.pages import finding, section
from ops.sealed import configured_sealer
from ops.shown import View, marked
from ops.when import WhenError, clock, iso, parse
from storage.database import Database
from storage.exposure import Exposure
from storage.queue import Item, Queue
from storage.reading import Reader, Record, RecordDetails
from storage.requests import Requests
from storage.reviews import REASONS, Decided, Decision, Reviews
from storage.roles import Permission
from storage.rules import Rules
from storage.sampling import STRATA, Sampling, Stratum

BOT_WAIT_S = 2.0
"""How long to wait for the running bot to carry out what it was asked; it looks twice a second."""

app = typer.Typer(no_args_is_help=True, help="Review Records: take the most urgent, decide, and change your mind.")

RecordArgument = Annotated[int, typer.Argument(min=1, help="The Record's number.")]
DecisionArgument = Annotated[Decision, typer.Argument(help="What you decide.")]
ReasonArgument = Annotated[str, typer.Argument(help="Why, as a reason code; `review next` names them.")]
NoteOption = Annotated[str, typer.Option(help="Free words that stay for ever: no chat text, no names.")]


@app.command("next")
def take_next(
    record: Annotated[int | None, typer.Option(min=1, help="This Record instead of the most urgent.")] = None,
    database: DatabaseOption = DATABASE,
    tz: ZoneOption = "UTC",
    show_text: PlainOption = False,
    as_json: JsonOption = False,
    who: AsOption = "",
) -> None:
    """Take the most urgent Record, or the one you hold already, and show it without its history.

    Text is masked. --show-text shows it; each such look is counted and kept in audit.
    """
    view = View(time_zone(tz), plain=show_text)
    permission = Permission.UNMASK if show_text else Permission.REVIEW

    async def work() -> None:
        async with at_desk(database, who, permission, "review next") as (db, staff):
            queue = Queue(db)
            item = await (queue.claim(staff, record, surface="shell") if record else queue.next(staff))
            if item is None:
                errors.print("nothing waits that you may review")
                put_json(None) if as_json else None
                return
            if show_text:
                await Exposure(db).unmask(staff, item.record_id, surface="shell")
            found = await Reader(db).get(item.record_id)
            details = await Reader(db).details(item.record_id)
        assert found is not None
        if as_json:
            put_json(_plain(item, found, details, view))
            return
        screen().print(_page(item, found, details, view))
        for decision, reasons in REASONS.items():
            options = ", ".join(f'"{reason}"' for reason in reasons)
            errors.print(f"chatwarden review decide {item.record_id} {decision} REASON   {options}", soft_wrap=True)

    run(work())


@app.command()
def decide(
    record: RecordArgument,
    decision: DecisionArgument,
    reason: ReasonArgument,
    note: NoteOption = "",
    database: DatabaseOption = DATABASE,
    as_json: JsonOption = False,
    who: AsOption = "",
) -> None:
    """Decide a Record you hold. An overturn asks the bot to undo what is in force, and takes the strike away."""

    async def work() -> None:
        async with at_desk(database, who, Permission.REVIEW, "review decide", f"record {record}") as (db, staff):
            reviews = Reviews(db, configured_sealer())
            decided = await reviews.decide(staff, record, decision, reason, note=note, surface="shell")
            await _tell(db, decided, as_json=as_json)

    run(work())


@app.command()
def revise(
    review: Annotated[int, typer.Argument(min=1, help="The number of your review, as `review decide` named it.")],
    decision: DecisionArgument,
    reason: ReasonArgument,
    note: NoteOption = "",
    database: DatabaseOption = DATABASE,
    as_json: JsonOption = False,
    who: AsOption = "",
) -> None:
    """Replace a decision of yours by uphold or overturn; the earlier one stays. What was undone is not done again."""

    async def work() -> None:
        async with at_desk(database, who, Permission.REVIEW, "review revise", f"review {review}") as (db, staff):
            decided = await Reviews(db).revise(staff, review, decision, reason, note=note, surface="shell")
            await _tell(db, decided, as_json=as_json)

    run(work())


@app.command()
def release(record: RecordArgument, database: DatabaseOption = DATABASE, who: AsOption = "") -> None:
    """Give a Record back undecided."""

    async def work() -> None:
        async with at_desk(database, who, Permission.REVIEW, "review release", f"record {record}") as (db, staff):
            await Queue(db).release(staff, record)
        errors.print(f"record #{record} is free again")

    run(work())


@app.command("queue")
def list_queue(
    database: DatabaseOption = DATABASE,
    limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = 50,
    tz: ZoneOption = "UTC",
    as_json: JsonOption = False,
    who: AsOption = "",
) -> None:
    """List what waits, most urgent first."""
    where = time_zone(tz)

    async def work() -> None:
        async with at_desk(database, who, Permission.READ, "review queue") as (db, _):
            items, (waiting, overdue) = await Queue(db).list(limit), await Queue(db).backlog()
        columns: Columns[Item] = {
            "#": lambda each: each.record_id,
            "priority": lambda each: f"{each.priority:.0f}",
            "why": lambda each: each.why,
            f"due ({tz})": lambda each: clock(each.due_ms, where) + (" overdue" if each.overdue else ""),
            "channel": lambda each: visible(each.channel),
            "action": lambda each: each.action,
            "category": lambda each: each.category,
            "severity": lambda each: each.severity.name.lower(),
            "held by": lambda each: each.claimed_by,
        }
        put_rows(items, columns, as_json=as_json)
        errors.print(f"{waiting} wait, {overdue} of them overdue")

    run(work())


@app.command()
def show(
    record: RecordArgument, database: DatabaseOption = DATABASE, as_json: JsonOption = False, who: AsOption = ""
) -> None:
    """Show the decisions about a Record; none while it waits for a blind second review that may be yours."""

    async def work() -> None:
        async with at_desk(database, who, Permission.READ, "review show", f"record {record}") as (db, staff):
            found = await Reviews(db).of(record, staff)
        if as_json:
            put_json([asdict(each) for each in found])
            return
        for each in found:
            revised = "" if each.current else ", revised later"
            typer.echo(
                f"review {each.review_id}, round {each.round} ({each.why}) by {visible(each.reviewer)}:"
                f" {each.decision}, {each.reason}{revised}"
            )

    run(work())


@app.command()
def sample(
    size: Annotated[int, typer.Option(min=1, help="Records of each stratum.")] = 50,
    by: Annotated[
        Stratum,
        typer.Option(parser=choice("a stratum", STRATA), help="Draw from each part alone: " + ", ".join(STRATA)),
    ] = "all",
    since: Annotated[str, typer.Option(help="Messages sent since: 7d, 12h, or ISO-8601.")] = "7d",
    until: Annotated[str | None, typer.Option(help="Messages sent before: the same.")] = None,
    channel: Annotated[str, typer.Option(help="Only this channel (login or id).")] = "",
    seed: Annotated[
        int | None, typer.Option(min=0, help="The same seed draws the same sample; random if none.")
    ] = None,
    database: DatabaseOption = DATABASE,
    tz: ZoneOption = "UTC",
    as_json: JsonOption = False,
    who: AsOption = "",
) -> None:
    """Draw a random sample for quality review, the only Records a precision may be computed from."""
    where, now_ms = time_zone(tz), time.time_ns() // 1_000_000
    try:
        since_ms, until_ms = parse(since, where, now_ms), parse(until, where, now_ms) if until else now_ms
    except WhenError as error:
        raise typer.BadParameter(str(error)) from None
    chosen = secrets.randbelow(2**31) if seed is None else seed

    async def work() -> None:
        async with at_desk(database, who, Permission.SAMPLE, "review sample") as (db, staff):
            drawn = await Sampling(db).draw(
                staff,
                size=size,
                seed=chosen,
                by=by,
                since_ms=since_ms,
                until_ms=until_ms,
                channel=channel,
                surface="shell",
            )
        if as_json:
            put_json({**asdict(drawn), "seed": chosen})
            return
        errors.print(
            f"sample {drawn.id}: {len(drawn.records)} of {drawn.population} Records, {drawn.queued} new in the queue,"
            f" seed {chosen}"
        )

    run(work())


@app.command()
def rules(database: DatabaseOption = DATABASE, as_json: JsonOption = False, who: AsOption = "") -> None:
    """Show the numbers reviewing goes by, and the deadline of each category."""

    async def work() -> None:
        async with at_desk(database, who, Permission.READ, "review rules") as (db, _):
            found, deadlines = await Rules(db).list(), await Rules(db).deadlines()
        if as_json:
            put_json({"rules": {each.name: each.value for each in found}, "deadlines": deadlines})
            return
        rows = [{"name": each.name, "value": f"{each.value:g}", "meaning": each.meaning} for each in found]
        rows += [
            {
                "name": category,
                "value": str(minutes),
                "meaning": "Minutes from such a Record to its review.",
            }
            for category, minutes in deadlines.items()
        ]
        put_table(rows, ("name", "value", "meaning"))

    run(work())


@app.command("set")
def set_rule(
    name: Annotated[str, typer.Argument(help="A rule or a category, as `review rules` lists them.")],
    value: Annotated[float, typer.Argument(help="Its number; minutes for a category.")],
    database: DatabaseOption = DATABASE,
    who: AsOption = "",
) -> None:
    """Change a rule or a category's deadline. It holds for what comes after."""

    async def work() -> None:
        async with at_desk(database, who, Permission.RULES, "rules set", f"rule {name}") as (db, staff):
            if name in set(Category):
                await Rules(db).set_deadline(Category(name), round(value), by=staff, surface="shell")
            else:
                await Rules(db).set(name, value, by=staff, surface="shell")
        errors.print(f"{name} is {value:g}")

    run(work())


def _page(item: Item, record: Record, details: RecordDetails, view: View) -> Group:
    """What a reviewer judges: the line, what was found and done, no history of the chatter (it would anchor)."""
    text = view.text(record.text)
    if record.text is not None:
        text = marked(text, [each.span for each in details.evidence])
    facts = {
        "why here": f"{item.why}, round {item.round}, priority {item.priority:.0f}",
        "due": iso(item.due_ms, view.zone) + (" (overdue)" if item.overdue else ""),
        "yours until": iso(item.lease_ms or item.due_ms, view.zone),
        "sent": iso(record.ts_ms, view.zone),
        "channel": visible(record.channel),
        "decided": f"{record.action} by {visible(record.actor)}: {record.filter}, {record.category}",
        "outcome": item.outcome,
        "text": text,
    }
    return Group(
        Text(f"Record #{record.id}", "bold"),
        *(Text(f"  {name:<11} {value}") for name, value in facts.items() if value),
        *section("Evidence", (line for each in details.evidence for line in finding(each, view))),
        *section(
            "Context",
            (f"{clock(line.ts_ms, view.zone)}  {view.text(line.text)}" for line in details.context),
        ),
    )


def _plain(item: Item, record: Record, details: RecordDetails, view: View) -> dict[str, Any]:
    seen = view.details(details)
    del seen["events"]
    return {**asdict(item), "text": None if record.text is None else view.text(record.text), **seen}


async def _tell(db: Database, decided: Decided, *, as_json: bool) -> None:
    """Say what a decision led to; wait a moment for the bot, which may not be running."""
    answered = await wait_for_bot(db, decided.request_id)
    if as_json:
        put_json({**asdict(decided), "bot": answered})
        return
    errors.print(f"review {decided.review_id} of record #{decided.record_id} is in the log")
    if decided.sealed:
        errors.print("the text is sealed now")
    if decided.follows:
        errors.print(f"another person decides next ({decided.follows})")
    if answered:
        errors.print(answered)


async def wait_for_bot(db: Database, request_id: int | None) -> str:
    """What became of a request, after waiting a moment for it; empty if nothing was asked."""
    if request_id is None:
        return ""
    for _ in range(10):
        request = await Requests(db).get(request_id)
        if request is not None and request.failure is not None:
            return f"the bot could not do it: {visible(request.failure)}" if request.failure else "the bot has done it"
        await asyncio.sleep(BOT_WAIT_S / 10)
    return f"request {request_id} waits: the bot is not running, or busy; it is carried out as soon as it can"
