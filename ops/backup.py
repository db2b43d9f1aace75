"""`chatwarden backup` and `chatwarden restore`: a copy of the database while the bot runs, and the way back."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import Progress

from storage.backup import back_up, look_over
from storage.backup import restore as put_back
from storage.database import Database, DatabaseError

USAGE = 2

errors = Console(stderr=True, highlight=False)

DatabaseOption = Annotated[Path, typer.Option(envvar="CHATWARDEN_DATABASE", help="The database file.")]
DATABASE = Path("var/chatwarden.sqlite3")


def backup(
    file: Annotated[Path, typer.Argument(help="A new file for the copy.")], database: DatabaseOption = DATABASE
) -> None:
    """Copy the database, also while the bot runs, and check the copy. Policies are in it; tokens and .env are not."""

    async def work() -> None:
        db = await Database.open(database, readonly=True)
        try:
            with Progress(console=errors, transient=True) as bar:
                task = bar.add_task("pages")
                await back_up(db, file, lambda done, total: bar.update(task, completed=done, total=total))
        finally:
            await db.close()

    _run(work())
    typer.echo(f"{file}: {file.stat().st_size:,} bytes, checked")


def restore(
    file: Annotated[Path, typer.Argument(help="A backup.")],
    database: DatabaseOption = DATABASE,
    apply: Annotated[bool, typer.Option("--apply", help="Do it; without this, only say what would happen.")] = False,
) -> None:
    """Put a backup in the place of the database. The former database is kept beside it; stop the bot first."""
    if not apply:
        _run(look_over(file))
        there = "replace" if database.exists() else "create"
        typer.echo(f"would {there} {database} by {file}; add --apply to do it")
        return
    former = _run(put_back(file, database))
    typer.echo(f"{database} restored from {file}" + (f"; the former database is {former}" if former else ""))


def _run(work: Coroutine[Any, Any, Any]) -> Any:
    try:
        return asyncio.run(work)
    except DatabaseError as error:
        errors.print(f"chatwarden: {error}", style="red", markup=False, soft_wrap=True)
        raise typer.Exit(USAGE) from None
