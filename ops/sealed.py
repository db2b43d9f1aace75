"""`chatwarden sealed`: the queue of what must not be seen, opened by few, each time noted with its purpose."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from config.settings import Settings, SettingsError
from filters.masking import visible
from ops.command import (
    DATABASE,
    USAGE,
    AsOption,
    Columns,
    DatabaseOption,
    JsonOption,
    ZoneOption,
    at_desk,
    choice,
    errors,
    fail,
    put_json,
    put_rows,
    run,
    time_zone,
)
from ops.when import clock
from storage.reviews import Reviews
from storage.roles import Permission
from storage.sealed import OUTCOMES, Outcome, Seal, SealedQueue, Sealer, new_key

app = typer.Typer(
    no_args_is_help=True,
    help="Sealed content (child safety, illegal content): for people who must see it, and never unnoted.",
)

SealArgument = Annotated[int, typer.Argument(min=1, help="The seal's number.")]


def configured_sealer() -> Sealer | None:
    """The sealer of this process's settings; None if no key is set."""
    try:
        settings = Settings.read()
    except SettingsError as error:
        fail(str(error), USAGE)
    return Sealer.configured(settings.seal_key.get_secret_value(), settings.seal_key_file)


@app.command("list")
def list_seals(
    every: Annotated[bool, typer.Option("--all", help="Also what was worked off.")] = False,
    database: DatabaseOption = DATABASE,
    tz: ZoneOption = "UTC",
    as_json: JsonOption = False,
    who: AsOption = "",
) -> None:
    """List seals, oldest first; never the content."""
    where = time_zone(tz)

    async def work() -> None:
        async with at_desk(database, who, Permission.SEALED_LIST, "sealed list") as (db, _):
            seals = await SealedQueue(db).list(released=every)
        columns: Columns[Seal] = {
            "seal": lambda each: each.id,
            "record": lambda each: f"#{each.record_id}",
            f"sealed ({tz})": lambda each: clock(each.at_ms, where),
            "for": lambda each: each.category,
            "by": lambda each: each.sealed_by,
            "content": _content,
            "until": lambda each: clock(each.expires_ms, where) if each.expires_ms else "",
            "outcome": lambda each: each.outcome,
        }
        put_rows(seals, columns, as_json=as_json)

    run(work())


@app.command("open")
def open_seal(
    seal: SealArgument,
    purpose: Annotated[str, typer.Option(help="What for, e.g. a report's number; kept in audit for ever.")],
    database: DatabaseOption = DATABASE,
    as_json: JsonOption = False,
    who: AsOption = "",
) -> None:
    """Show the content of one seal, once. That you did, and what for, is in audit before you see it."""

    async def work() -> None:
        sealer = configured_sealer()
        async with at_desk(database, who, Permission.SEALED_OPEN, "sealed open", f"seal {seal}") as (db, staff):
            content = await SealedQueue(db).open(seal, sealer, staff=staff, purpose=purpose, surface="shell")
        if as_json:
            put_json(content)
            return
        typer.echo(visible(content["text"] or ""))
        for each in content["evidence"]:
            typer.echo(f"  {visible(each['folded'] or '')}: {visible(each['detail'] or '')}")

    run(work())


@app.command()
def release(
    seal: SealArgument,
    outcome: Annotated[Outcome, typer.Argument(parser=choice("an outcome", OUTCOMES), help=", ".join(OUTCOMES))],
    note: Annotated[str, typer.Option(help="A reference, such as the report's number; no names.")] = "",
    database: DatabaseOption = DATABASE,
    who: AsOption = "",
) -> None:
    """Say how a seal was worked off. Reporting is done by people: nothing is sent anywhere from here."""

    async def work() -> None:
        async with at_desk(database, who, Permission.SEALED_RELEASE, "sealed release", f"seal {seal}") as (db, staff):
            await Reviews(db).release_seal(staff, seal, outcome, note=note, surface="shell")
        errors.print(f"seal {seal}: {outcome}")

    run(work())


@app.command()
def key(
    file: Annotated[Path, typer.Argument(help="A new file for the key; name it in CHATWARDEN_SEAL_KEY_FILE.")],
) -> None:
    """Make a key, readable by you alone. Keep a copy elsewhere: without it nothing sealed can be read again."""
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        fail(f"{file}: {error.strerror} (choose a file that does not exist yet)", USAGE)
    with os.fdopen(descriptor, "w", encoding="ascii") as out:
        out.write(new_key() + "\n")
    errors.print(f"{file} holds a new key; set CHATWARDEN_SEAL_KEY_FILE={file}, keep a copy, restart the bot")


def _content(seal: Seal) -> str:
    if not seal.kept:
        return "not kept (no key)"
    return "encrypted" if seal.present else "gone"
