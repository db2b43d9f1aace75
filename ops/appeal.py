"""`chatwarden appeal`: Twitch unban requests, and their answers."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Annotated

import typer

from filters.masking import visible
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
    run,
    time_zone,
)
from ops.looking import look_at_appeal
from ops.review import wait_for_bot
from ops.shown import View
from ops.when import clock, iso
from storage.appeals import REASONS, Answer, Appeal, Appeals
from storage.roles import Permission

app = typer.Typer(no_args_is_help=True, help="Appeals: Twitch unban requests, answered by someone who had no part.")

AppealArgument = Annotated[int, typer.Argument(min=1, help="The appeal's number.")]


@app.command("list")
def list_appeals(
    every: Annotated[bool, typer.Option("--all", help="Also what was answered.")] = False,
    limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = 50,
    database: DatabaseOption = DATABASE,
    tz: ZoneOption = "UTC",
    as_json: JsonOption = False,
    who: AsOption = "",
) -> None:
    """List appeals, the most pressing first."""
    view = View(time_zone(tz))

    async def work() -> None:
        async with at_desk(database, who, Permission.READ, "appeal list") as (db, _):
            appeals = await Appeals(db).list(closed=every, limit=limit)
        columns: Columns[Appeal] = {
            "appeal": lambda each: each.appeal_id,
            f"due ({tz})": lambda each: clock(each.due_ms, view.zone),
            "channel": lambda each: each.channel,
            "chatter": lambda each: each.chatter or f"(erased person {each.person})",
            "record": lambda each: f"#{each.record_id}" if each.record_id else "",
            "status": lambda each: each.status + (", not taken by Twitch" if each.failure else ""),
            "decided by": lambda each: each.decided_by,
        }
        put_rows([_shown(each, view) for each in appeals], columns, as_json=as_json)

    run(work())


@app.command()
def show(
    appeal: AppealArgument,
    database: DatabaseOption = DATABASE,
    tz: ZoneOption = "UTC",
    show_text: PlainOption = False,
    as_json: JsonOption = False,
    who: AsOption = "",
) -> None:
    """Show one appeal; --show-text shows the chatter's words, counted as a look at the banned line's severity."""
    view = View(time_zone(tz), plain=show_text)
    permission = Permission.UNMASK if show_text else Permission.READ

    async def work() -> None:
        async with at_desk(database, who, permission, "appeal show", f"appeal {appeal}") as (db, staff):
            found = await Appeals(db).get(appeal)
            if show_text:
                await look_at_appeal(db, staff, found, surface="shell")
        if as_json:
            put_json(asdict(_shown(found, view)))
            return
        facts = {
            "chatter": f"{visible(found.chatter) or '(erased)'}, person {found.person}",
            "channel": visible(found.channel),
            "record": f"#{found.record_id}" if found.record_id else "none in the log",
            "received": iso(found.received_ms, view.zone),
            "due": iso(found.due_ms, view.zone),
            "status": found.status,
            "decided": f"{found.decision}, {found.reason} by {visible(found.decided_by)}" if found.decision else "",
            "at Twitch": _at_twitch(found),
            "words": view.text(found.text),
        }
        typer.echo(f"Appeal {found.appeal_id}")
        for name, value in facts.items():
            typer.echo(f"  {name:<10} {value}") if value else None
        if found.status == "open":
            for answer, reasons in REASONS.items():
                errors.print(f"chatwarden appeal decide {appeal} {answer} REASON   {', '.join(reasons)}")

    run(work())


@app.command()
def decide(
    appeal: AppealArgument,
    answer: Annotated[Answer, typer.Argument(parser=choice("an answer", REASONS), help="approve or deny.")],
    reason: Annotated[str, typer.Argument(help="Why, as a reason code; `appeal show` names them.")],
    say: Annotated[str, typer.Option(help="What the chatter will read.")] = "",
    note: Annotated[str, typer.Option(help="Free words that stay here for ever: no chat text, no names.")] = "",
    database: DatabaseOption = DATABASE,
    as_json: JsonOption = False,
    who: AsOption = "",
) -> None:
    """Answer an appeal. The bot tells Twitch, which lifts the ban if you approve."""

    async def work() -> None:
        async with at_desk(database, who, Permission.REVIEW, "appeal decide", f"appeal {appeal}") as (db, staff):
            request = await Appeals(db).decide(
                staff, appeal, answer, reason, to_chatter=say, note=note, surface="shell"
            )
            answered = await wait_for_bot(db, request)
        if as_json:
            put_json({"appeal_id": appeal, "answer": answer, "request_id": request, "bot": answered})
            return
        errors.print(f"appeal {appeal}: {answer}; {answered}")

    run(work())


def _shown(appeal: Appeal, view: View) -> Appeal:
    return replace(appeal, text=None if appeal.text is None else view.text(appeal.text))


def _at_twitch(appeal: Appeal) -> str:
    if appeal.failure is None:
        return "not answered yet" if appeal.decision and appeal.surface != "twitch" else ""
    return f"failed: {visible(appeal.failure)} (it can be decided again)" if appeal.failure else "answered"
