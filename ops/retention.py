"""`chatwarden retention`: how long what is kept, and destroying what is past its time."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from filters.types import Category
from ops.command import (
    DATABASE,
    AsOption,
    Columns,
    DatabaseOption,
    JsonOption,
    ZoneOption,
    at_desk,
    choice,
    errors,
    put_json,
    put_rows,
    run,
    time_zone,
)
from ops.when import clock
from storage.audit import Audit
from storage.retention import SUBJECTS, Purge, Retention, RetentionRule, Subject
from storage.roles import Permission

app = typer.Typer(no_args_is_help=True, help="Retention: how long what is kept. A case on legal hold goes before it.")


@app.command()
def show(database: DatabaseOption = DATABASE, as_json: JsonOption = False, who: AsOption = "") -> None:
    """Show how many days what is kept."""

    async def work() -> None:
        async with at_desk(database, who, Permission.READ, "retention show") as (db, _):
            rules = await Retention(db).rules()
        columns: Columns[RetentionRule] = {
            "what": lambda each: each.subject,
            "category": lambda each: each.category or "(any other)",
            "days": lambda each: each.days,
        }
        put_rows(rules, columns, as_json=as_json)
        if as_json:
            return
        for subject, meaning in SUBJECTS.items():
            errors.print(f"{subject}: {meaning}")

    run(work())


@app.command("set")
def set_days(
    subject: Annotated[Subject, typer.Argument(parser=choice("kept", SUBJECTS), help=", ".join(SUBJECTS))],
    days: Annotated[int, typer.Argument(min=1, help="Days kept.")],
    category: Annotated[
        Category | None, typer.Option(help="Only for this category; for bodies and sealed content.")
    ] = None,
    database: DatabaseOption = DATABASE,
    who: AsOption = "",
) -> None:
    """Change how long something is kept. What that makes too old goes at the next run."""

    async def work() -> None:
        async with at_desk(database, who, Permission.RULES, "retention set", subject) as (db, staff):
            await Retention(db).set(subject, days, category, by=staff, surface="shell")
        errors.print(f"{subject}: {days} days")

    run(work())


@app.command("run")
def run_retention(
    apply: Annotated[bool, typer.Option("--apply", help="Do it. Without this, only say what would go.")] = False,
    database: DatabaseOption = DATABASE,
    tz: ZoneOption = "UTC",
    as_json: JsonOption = False,
    who: AsOption = "",
) -> None:
    """Destroy what is past its time; the running bot does so daily. Records stay and the chain stays valid."""
    where = time_zone(tz)

    columns: Columns[Purge] = {
        "what": lambda each: each.subject,
        "category": lambda each: each.category,
        f"older than ({tz})": lambda each: clock(each.before_ms, where),
        "gone": lambda each: each.gone,
    }

    async def work() -> None:
        async with at_desk(database, who, Permission.RETENTION, "retention run") as (db, staff):
            if apply:
                await Audit(db).note(
                    actor=staff.name, role=staff.role, surface="shell", verb="retention run", subject="all"
                )
            purges = await (Retention(db).run(actor=staff.name) if apply else Retention(db).plan())
        if as_json:
            put_json({"applied": apply, "purges": [asdict(each) for each in purges]})
            return
        put_rows(purges, columns)
        if not apply:
            errors.print("nothing was changed; add --apply to do it, it cannot be undone")

    run(work())
