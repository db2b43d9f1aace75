"""`chatwarden backup` and `chatwarden restore`: a copy of the database while the bot runs, and the way back."""

from __future__ import annotations

from datetime import UTC
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import Progress

from ops.command import DATABASE, DatabaseOption, errors, opened, run
from ops.when import clock
from storage.backup import Contents, back_up, contents, look_over
from storage.backup import restore as put_back


def backup(
    file: Annotated[Path, typer.Argument(help="A new file for the copy.")], database: DatabaseOption = DATABASE
) -> None:
    """Copy the database, also while the bot runs, and check the copy. Policies are in it; tokens and .env are not."""

    async def work() -> None:
        async with opened(database, readonly=True) as db:
            with Progress(console=errors, transient=True) as bar:
                task = bar.add_task("pages")
                await back_up(db, file, lambda done, total: bar.update(task, completed=done, total=total))

    run(work())
    typer.echo(f"{file}: {file.stat().st_size:,} bytes, checked")


def restore(
    file: Annotated[Path, typer.Argument(help="A backup.")],
    database: DatabaseOption = DATABASE,
    apply: Annotated[bool, typer.Option("--apply", help="Do it; without this, only say what would happen.")] = False,
) -> None:
    """Put a backup in the place of the database. The former database is kept beside it; stop the bot first."""
    if not apply:
        run(look_over(file))
        there = "replace" if database.exists() else "create"
        typer.echo(f"{file}: {_told(run(contents(file)))}")
        if database.exists():
            typer.echo(f"{database}: {_told(run(contents(database, live=True)))}")
        typer.echo(f"would {there} {database} by {file}; add --apply to do it")
        return
    former = run(put_back(file, database))
    typer.echo(f"{database} restored from {file}" + (f"; the former database is {former}" if former else ""))


def _told(found: Contents) -> str:
    newest = "" if found.newest_ms is None else f", the newest of {clock(found.newest_ms, UTC)} UTC"
    chains = {True: ", as it was written", False: ", NOT as it was written: chatwarden log verify", None: ""}
    return f"schema {found.schema}, {found.records:,} Records{newest}{chains[found.sound]}"
