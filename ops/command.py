"""What every shell command shares: where the database is, who is at the keyboard, how it ends, how wide it prints."""

from __future__ import annotations

import asyncio
import getpass
import json
import os
import shutil
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import asdict
from datetime import tzinfo
from errno import EEXIST
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn, TypeVar

import typer
from rich import box
from rich.console import Console
from rich.table import Table

from filters.masking import visible
from ops.calling import typed
from ops.when import WhenError, zone
from storage.database import CorruptDatabaseError, Database, DatabaseError, missing
from storage.exposure import ExposureError
from storage.roles import ForbiddenError, Permission, Roster, Staff

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

INTEGRITY, USAGE, MISSED, FORBIDDEN = 1, 2, 3, 4
"""Exit codes besides 0: the log is not as written, wrong input, a target is missed, not permitted."""

PIPE_WIDTH = 160
"""Columns of a table that no terminal limits."""

DATABASE = Path("var/chatwarden.sqlite3")

Name = TypeVar("Name", bound=str)
Item = TypeVar("Item", bound="DataclassInstance")
Columns = Mapping[str, Callable[[Item], object]]
"""A table of dataclasses: what stands under each heading."""


class Told(Console):
    """What people are told: commands as they are to be typed, all else to the letter, since names and files may hold
    what rich would read as markup.
    """

    def print(self, *objects: Any, **options: Any) -> None:
        """Print texts and what rich can draw."""
        super().print(*(typed(each) if isinstance(each, str) else each for each in objects), **options)


errors = Told(stderr=True, highlight=False, markup=False, emoji=False, soft_wrap=True)


def choice(kind: str, names: Iterable[Name]) -> Callable[[str], Name]:
    """A parser of an option that takes one of these names."""
    known = {str(name): name for name in names}

    def parse(value: str) -> Name:
        if value not in known:
            raise typer.BadParameter(f"{value!r} is not {kind} (use one of: {', '.join(known)})")
        return known[value]

    return parse


DatabaseOption = Annotated[Path, typer.Option(envvar="CHATWARDEN_DATABASE", help="The database file.")]
ZoneOption = Annotated[str, typer.Option("--tz", help="Time zone to read and show times in, e.g. Europe/Berlin.")]
PlainOption = Annotated[bool, typer.Option("--show-text", help="Show chat text in plain instead of masked.")]
JsonOption = Annotated[bool, typer.Option("--json", help="JSON instead of a table.")]
AsOption = Annotated[
    str,
    typer.Option(
        "--as",
        envvar="CHATWARDEN_STAFF",
        show_default=False,
        help="Who you are on the staff, if not your user name. Taken at your word and kept in audit.",
    ),
]


def time_zone(name: str) -> tzinfo:
    """The zone of ``--tz``."""
    try:
        return zone(name)
    except WhenError as error:
        raise typer.BadParameter(str(error)) from None


@asynccontextmanager
async def opened(database: Path, *, readonly: bool = False) -> AsyncIterator[Database]:
    """The database, closed at the end. One that is to be written must exist already: the bot makes it."""
    if not await asyncio.to_thread(database.exists):
        raise missing(database)
    db = await Database.open(database, readonly=readonly)
    try:
        yield db
    finally:
        await db.close()


@asynccontextmanager
async def at_desk(
    database: Path, who: str, permission: Permission, verb: str, subject: str = ""
) -> AsyncIterator[tuple[Database, Staff]]:
    """The database and the member of the staff who works on it, if permitted; a refusal is kept in audit."""
    async with opened(database) as db:
        yield db, await Roster(db).require(at_keyboard(who), permission, surface="shell", verb=verb, subject=subject)


def at_keyboard(who: str) -> str:
    """Who ``--as`` says one is, else the user of this shell: through sudo, the one who called it."""
    return who or os.environ.get("SUDO_USER") or getpass.getuser()


@contextmanager
def new_folder(folder: Path) -> Iterator[Path]:
    """A folder under another name that gets its own once all is in it; where that fails, why, and exit code 2."""
    part = folder.with_name(f"{folder.name}.part")
    try:
        if folder.exists():
            raise FileExistsError(EEXIST, "exists already")
        part.mkdir(parents=True)
        try:
            yield part
            part.rename(folder)
        except BaseException:
            shutil.rmtree(part)
            raise
    except OSError as error:
        fail(f"{folder}: {error.strerror} (choose a folder that does not exist yet)", USAGE)


def write_new(file: Path, text: str) -> None:
    """Write a new file and say so; where that cannot be, say why, and exit code 2."""
    try:
        with file.open("x", encoding="utf-8") as out:
            out.write(text)
    except OSError as error:
        fail(f"{file}: not written: {error.strerror or error} (choose another name)", USAGE)
    errors.print(f"{file} written")


def screen() -> Console:
    """Standard output: as wide as the terminal, and wide enough not to cut where there is none."""
    return Console(highlight=False, markup=False, emoji=False, width=None if sys.stdout.isatty() else PIPE_WIDTH)


def put_json(value: Any) -> None:
    """Write JSON to standard output; what could steer a terminal stands in it as an escape."""
    text = json.dumps(value, ensure_ascii=False, indent=2, default=str)
    sys.stdout.write("".join(char if char.isprintable() or char == "\n" else json.dumps(char)[1:-1] for char in text))
    sys.stdout.write("\n")


def put_rows(items: Sequence[Item], columns: Columns[Item], *, as_json: bool = False) -> None:
    """Write dataclasses as a table with these columns, or whole as JSON."""
    if as_json:
        put_json([asdict(each) for each in items])
        return
    put_table(({name: str(cell(each)) for name, cell in columns.items()} for each in items), columns)


def put_table(rows: Iterable[Mapping[str, str]], columns: Iterable[str]) -> None:
    """Write rows as a table; the columns are their keys, in order. Where there are none, that is said instead.

    No cell can steer a terminal, whoever wrote it.
    """
    names = list(columns)
    table = Table(*names, box=box.SIMPLE_HEAD, pad_edge=False)
    for row in rows:
        table.add_row(*(visible(row[name]) for name in names))
    if table.row_count:
        screen().print(table)
    else:
        errors.print("none")


def run(work: Coroutine[Any, Any, Any], corrupt: int = USAGE) -> Any:
    """Run to the end; an error with a text for the user is that text on stderr and its exit code."""
    try:
        return asyncio.run(work)
    except (ForbiddenError, ExposureError) as error:
        fail(str(error), FORBIDDEN)
    except CorruptDatabaseError as error:
        fail(str(error), corrupt)
    except DatabaseError as error:
        fail(str(error), USAGE)
    except KeyboardInterrupt:
        raise typer.Exit from None


def fail(text: str, code: int) -> NoReturn:
    """Say what went wrong on stderr, and end with that code."""
    told = "\n".join(map(visible, text.split("\n")))
    errors.print(f"chatwarden: {told}", style="red")
    raise typer.Exit(code)
