"""`chatwarden review`: take what is most urgent, decide it, change one's mind, draw samples."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated, Any

import typer

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
from ops.pages import review_page
from ops.sealed import configured_sealer
from ops.shown import View
from ops.when import WhenError, clock, parse
from storage.database import Database, now_ms
from storage.deciding import check_decision
from storage.exposure import Exposure
from storage.group_reviews import DECISIONS, GroupReviews, Plan, told_left_out
from storage.queue import Entry, Item, Queue
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
                waiting, _ = await queue.backlog()
                held = f": what waits ({waiting}) is held by others, or not for you to judge" if waiting else ""
                errors.print(f"nothing waits that you may review{held}")
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
        screen().print(review_page(item, found, details, view))
        for decision, reasons in REASONS.items():
            options = ", ".join(f'"{reason}"' for reason in reasons)
            errors.print(f"chatwarden review decide {item.record_id} {decision} REASON   {options}")

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


@app.command("decide-group")
def decide_group(
    group: Annotated[int, typer.Argument(min=1, help="The number of the raid or nuke, as `review queue` names it.")],
    decision: Annotated[
        str, typer.Argument(parser=choice("a decision about a group", DECISIONS), help="uphold or overturn.")
    ],
    reason: ReasonArgument,
    note: NoteOption = "",
    apply: Annotated[bool, typer.Option("--apply", help="Do it. Without this, only say whom it is about.")] = False,
    database: DatabaseOption = DATABASE,
    as_json: JsonOption = False,
    who: AsOption = "",
) -> None:
    """Decide a raid or a nuke as one: every Record gets this decision, and an overturn is one undo of them all.

    Records that another holds, that were decided, or that are not yours to judge are left out.
    """

    async def work() -> None:
        async with at_desk(database, who, Permission.REVIEW, "review decide group", f"group {group}") as (db, staff):
            groups, chosen = GroupReviews(db), Decision(decision)
            if not apply:
                check_decision(chosen, reason, note)
                _tell_group(await groups.plan(staff, group), chosen, as_json=as_json)
                errors.print("nothing was decided; add --apply to do it")
                return
            done = await groups.decide(staff, group, chosen, reason, note=note, surface="shell")
            answered = await wait_for_bot(db, done.requests[-1] if done.requests else None)
        _tell_group(done.plan, chosen, requests=done.requests, bot=answered, as_json=as_json)

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
    """List what waits, most urgent first; the Records of one raid or nuke as one line (`review decide-group`)."""
    where = time_zone(tz)

    async def work() -> None:
        async with at_desk(database, who, Permission.READ, "review queue") as (db, _):
            entries, (waiting, overdue) = await Queue(db).entries(limit), await Queue(db).backlog()
        columns: Columns[Entry] = {
            "#": lambda each: f"{each.kind} {each.group_id}" if each.group_id else each.item.record_id,
            "wait": lambda each: each.waiting,
            "priority": lambda each: f"{each.item.priority:.0f}",
            "why": lambda each: each.item.why,
            f"due ({tz})": lambda each: clock(each.item.due_ms, where) + (" overdue" if each.item.overdue else ""),
            "channel": lambda each: each.item.channel,
            "action": lambda each: each.item.action,
            "category": lambda each: each.item.category,
            "severity": lambda each: each.item.severity.name.lower(),
            "held by": lambda each: "" if each.group_id else each.item.claimed_by,
        }
        if as_json:
            put_json(
                [
                    {**asdict(each.item), "group": each.group_id, "group_kind": each.kind, "waiting": each.waiting}
                    for each in entries
                ]
            )
        else:
            put_rows(entries, columns)
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
    where, at_ms = time_zone(tz), now_ms()
    try:
        since_ms, until_ms = parse(since, where, at_ms), parse(until, where, at_ms) if until else at_ms
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


def _tell_group(plan: Plan, decision: Decision, *, requests: Sequence[int] = (), bot: str = "", as_json: bool) -> None:
    """Say whom a decision about a group is about."""
    if as_json:
        put_json({**asdict(plan), "decision": decision, "requests": list(requests), "bot": bot})
        return
    typer.echo(f"{decision}: {len(plan.records)} Records of {plan.people} people, of {plan.kind} {plan.group_id}")
    typer.echo(f"left out: {told_left_out(plan)}")
    if bot:
        errors.print(bot)


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
