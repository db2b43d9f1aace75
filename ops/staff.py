"""`chatwarden staff`: who may review, and as what."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from ops.command import (
    DATABASE,
    AsOption,
    Columns,
    DatabaseOption,
    JsonOption,
    at_desk,
    at_keyboard,
    errors,
    opened,
    put_rows,
    run,
)
from storage.roles import PERMISSIONS, Permission, Role, Roster, Staff

app = typer.Typer(no_args_is_help=True, help="The staff: who may review, and as what.")

NameArgument = Annotated[str, typer.Argument(help="The person's name: a user name here, or a Twitch login.")]


@app.command("list")
def list_staff(database: DatabaseOption = DATABASE, as_json: JsonOption = False) -> None:
    """List the staff, and what each role permits."""

    async def work() -> None:
        async with opened(database, readonly=True) as db:
            staff = await Roster(db).list()
        put_rows(staff, _COLUMNS, as_json=as_json)
        if as_json:
            return
        for role, permitted in PERMISSIONS.items():
            errors.print(f"{role}: {', '.join(sorted(permitted))}")

    run(work())


@app.command()
def add(
    name: NameArgument,
    role: Annotated[Role, typer.Argument(help="What the person may do; `staff list` says what each role permits.")],
    twitch: Annotated[str | None, typer.Option(help="The person's Twitch login, if it is another name.")] = None,
    database: DatabaseOption = DATABASE,
    who: AsOption = "",
) -> None:
    """Add someone, or change a role. The first one is added by the owner of the database file, as a manager."""

    async def work() -> None:
        async with opened(database) as db:
            first = not await Roster(db).list() and _owns(database)
            by = None
            if not first:
                caller = at_keyboard(who)
                by = await Roster(db).require(caller, Permission.STAFF, surface="shell", verb="staff add")
            await Roster(db).add(name, role, login=twitch, by=by, surface="shell")
        errors.print(f"{name} is {role}")

    run(work())


@app.command()
def remove(name: NameArgument, database: DatabaseOption = DATABASE, who: AsOption = "") -> None:
    """Take someone off the staff. What the person decided stays."""

    async def work() -> None:
        async with at_desk(database, who, Permission.STAFF, "staff remove") as (db, by):
            await Roster(db).remove(name, by=by, surface="shell")
        errors.print(f"{name} is not on the staff any more")

    run(work())


_COLUMNS: Columns[Staff] = {
    "name": lambda each: each.name,
    "role": lambda each: each.role,
    "Twitch": lambda each: each.login,
}


def _owns(database: Path) -> bool:
    return database.stat().st_uid == os.getuid()
