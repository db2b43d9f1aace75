"""`chatwarden experiment`: put a saved revision on trial beside the live one, see what is on trial, stop it."""

from __future__ import annotations

from datetime import UTC
from typing import Annotated

import typer

from ops.calling import typed
from ops.command import (
    DATABASE,
    USAGE,
    AsOption,
    Columns,
    DatabaseOption,
    JsonOption,
    at_desk,
    errors,
    fail,
    opened,
    put_rows,
    run,
)
from ops.when import SECONDS, iso
from storage.database import now_ms
from storage.experiments import Experiment, Experiments
from storage.kpis import Kpis
from storage.roles import Permission

app = typer.Typer(no_args_is_help=True, help="Try a policy revision on live chat without acting on it.")

COLUMNS: Columns[Experiment] = {
    "number": lambda each: each.id,
    "channel": lambda each: each.channel,
    "revision": lambda each: each.revision,
    "from": lambda each: iso(each.from_ms, UTC),
    "until": lambda each: iso(each.until_ms, UTC),
    "share": lambda each: f"{each.share:.0%}",
    "messages": lambda each: f"{each.messages:,}",
    "by": lambda each: each.actor,
    "why": lambda each: each.why,
}


@app.command()
def begin(
    channel: Annotated[str, typer.Argument(help="The channel (login or id).")],
    revision: Annotated[int, typer.Argument(help=typed("The saved revision to try, see: chatwarden policy history."))],
    why: Annotated[str, typer.Option(help="What is to be found out; names nobody.")],
    days: Annotated[float, typer.Option(min=0.01, max=90, help="How long, from now.")] = 7,
    share: Annotated[float, typer.Option(help="Share of the messages to try it on, 0 to 1.")] = 1.0,
    seed: Annotated[int, typer.Option(help="Seed of that draw; the same takes the same messages.")] = 1,
    database: DatabaseOption = DATABASE,
    who: AsOption = "",
) -> None:
    """Put a revision on trial; the running bot takes it up, and nobody is acted on because of it."""

    async def work() -> int:
        async with at_desk(database, who, Permission.RULES, "experiment begin") as (db, staff):
            channel_id = await Kpis(db).channel_id(channel.lstrip("@#"))
            if channel_id is None:
                fail(f"{channel!r}: no such channel in the log (run the bot there first)", USAGE)
            from_ms = now_ms()
            return await Experiments(db).begin(
                channel_id,
                revision,
                from_ms=from_ms,
                until_ms=from_ms + round(days * SECONDS["d"] * 1000),
                share=share,
                seed=seed,
                actor=staff.name,
                role=staff.role,
                surface="shell",
                why=why,
            )

    number = run(work())
    typer.echo(number)
    errors.print(f"experiment {number} has begun; see: chatwarden report experiment {number}")


@app.command()
def stop(
    number: Annotated[int, typer.Argument(help="The experiment's number.")],
    database: DatabaseOption = DATABASE,
    who: AsOption = "",
) -> None:
    """End an experiment now; what it found stays."""

    async def work() -> None:
        async with at_desk(database, who, Permission.RULES, "experiment stop", f"experiment {number}") as (db, staff):
            await Experiments(db).stop(number, actor=staff.name, role=staff.role, surface="shell")

    run(work())
    errors.print(f"experiment {number} is over; see: chatwarden report experiment {number}")


@app.command("list")
def list_experiments(database: DatabaseOption = DATABASE, as_json: JsonOption = False) -> None:
    """List experiments, newest first."""

    async def work() -> list[Experiment]:
        async with opened(database, readonly=True) as db:
            return await Experiments(db).list()

    put_rows(run(work()), COLUMNS, as_json=as_json)
