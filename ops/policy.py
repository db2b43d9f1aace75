"""`chatwarden policy`: a channel's policy from the shell: look, change, compare, go back, bring in, take out."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import BaseModel
from rich.console import Console
from rich.syntax import Syntax

from config.changes import changed, difference, full_path, value_of, with_item, without_item
from config.document import document
from config.policy import Policy, PolicyError, preset_names
from ops import exchange
from ops.command import (
    DATABASE,
    DatabaseOption,
    JsonOption,
    ZoneOption,
    errors,
    opened,
    put_json,
    put_table,
    time_zone,
)
from ops.revisions import AuthorOption, ChannelArgument, Desk, ReasonOption, put_changes, read, run_policy
from ops.when import clock, iso
from storage.policies import Revision

app = typer.Typer(
    no_args_is_help=True, help="A channel's policy: look, change, compare, go back. Changes are live at once."
)

PathArgument = Annotated[str, typer.Argument(help="The setting, as in caps.max_ratio or ladder.decay.")]


@app.command()
def show(
    channel: ChannelArgument,
    setting: Annotated[str | None, typer.Argument(help="Only this filter, group or setting.")] = None,
    database: DatabaseOption = DATABASE,
    revision: Annotated[int | None, typer.Option(help="This revision instead of the latest.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Show the policy with what every setting is for."""

    async def work() -> None:
        async with opened(database, readonly=True) as db:
            desk = await Desk.of(db, channel)
            found = desk.latest if revision is None else await desk.revision(revision)
            policy = desk.policy if revision is None else read(found, desk.channel)
        value = policy if setting is None else value_of(policy, setting)
        if isinstance(value, BaseModel):
            title = f"{desk.channel}, revision {found.number}"
            if setting:
                summary = (type(value).__doc__ or "").strip().splitlines()[0]
                title += f", {'.'.join(full_path(setting))}\n{summary}"
            put_json(value.model_dump(mode="json")) if as_json else _put_toml(document(value, title))
        else:
            plain: Any = policy.model_dump(mode="json")
            for part in full_path(setting or ""):
                plain = plain[part]
            put_json(plain) if as_json else typer.echo(plain)

    run_policy(work())


@app.command("set")
def set_value(
    channel: ChannelArgument,
    setting: PathArgument,
    value: Annotated[str, typer.Argument(help="The value as in the policy file; quotes may be left out.")],
    database: DatabaseOption = DATABASE,
    author: AuthorOption = "",
    reason: ReasonOption = "",
) -> None:
    """Change one setting."""
    run_policy(_change(database, channel, author, reason, lambda policy: changed(policy, setting, value)))


@app.command()
def add(
    channel: ChannelArgument,
    setting: PathArgument,
    item: Annotated[str, typer.Argument(help="The item: a word, an expression, a name.")],
    database: DatabaseOption = DATABASE,
    author: AuthorOption = "",
    reason: ReasonOption = "",
) -> None:
    """Add an item to a list: blocklist.terms, blocklist.allow, exempt.chatters, links.allow, ..."""
    run_policy(
        _change(database, channel, author, reason, lambda policy: with_item(policy, setting, _item(setting, item)))
    )


@app.command()
def remove(
    channel: ChannelArgument,
    setting: PathArgument,
    item: Annotated[str, typer.Argument(help="The item's text.")],
    database: DatabaseOption = DATABASE,
    author: AuthorOption = "",
    reason: ReasonOption = "",
) -> None:
    """Take an item off a list."""
    run_policy(_change(database, channel, author, reason, lambda policy: without_item(policy, setting, item)))


@app.command()
def diff(
    channel: ChannelArgument,
    old: Annotated[
        str | None, typer.Argument(help="A revision, or a preset; the revision before the latest if left out.")
    ] = None,
    new: Annotated[int | None, typer.Argument(help="A later revision; the latest if left out.")] = None,
    database: DatabaseOption = DATABASE,
    as_json: JsonOption = False,
) -> None:
    """Show what differs between two revisions, or a preset and a revision, setting by setting."""

    async def work() -> None:
        async with opened(database, readonly=True) as db:
            desk = await Desk.of(db, channel)
            later = desk.latest if new is None else await desk.revision(new)
            name, earlier = await _earlier(desk, later, old)
        changes = difference(earlier, read(later, channel))
        if as_json:
            put_json([{"setting": each.path, "before": each.before, "after": each.after} for each in changes])
        elif old is None and later.number == 1:
            errors.print(f"{desk.channel}: nothing is earlier than revision 1 ({later.reason})")
        else:
            errors.print(f"{desk.channel}: {name} to revision {later.number}")
            put_changes(changes)

    run_policy(work())


async def _earlier(desk: Desk, later: Revision, asked: str | None) -> tuple[str, Policy]:
    """What a revision is compared with, and its name."""
    if asked in preset_names():
        return f"preset {asked}", Policy.preset(asked)
    number = str(max(1, later.number - 1)) if asked is None else asked
    if not number.isdecimal():
        raise PolicyError(f"{asked}: neither a revision's number nor a preset ({', '.join(preset_names())})")
    return f"revision {number}", read(await desk.revision(int(number)), desk.channel)


@app.command()
def history(
    channel: ChannelArgument,
    database: DatabaseOption = DATABASE,
    tz: ZoneOption = "UTC",
    as_json: JsonOption = False,
) -> None:
    """List the revisions: who, when, why, what."""
    zone = time_zone(tz)

    async def work() -> None:
        async with opened(database, readonly=True) as db:
            desk = await Desk.of(db, channel)
            revisions = await desk.log.history(desk.channel_id)
        when, moment = ("at", iso) if as_json else (f"at ({tz})", clock)
        rows = [
            {
                "revision": str(each.number),
                when: moment(each.at_ms, zone),
                "author": each.author,
                "reason": each.reason,
                "changes": _told(earlier, each),
            }
            for each, earlier in zip(revisions, [*revisions[1:], None], strict=True)
        ]
        if as_json:
            put_json(rows)
        else:
            put_table(
                [
                    {name: "; ".join(cell) if isinstance(cell, list) else str(cell) for name, cell in row.items()}
                    for row in rows
                ],
                rows[0],
            )

    run_policy(work())


@app.command()
def restore(
    channel: ChannelArgument,
    revision: Annotated[int, typer.Argument(help="The revision to go back to.")],
    database: DatabaseOption = DATABASE,
    author: AuthorOption = "",
    reason: ReasonOption = "",
) -> None:
    """Go back to an earlier revision, as a new one: nothing is lost."""

    async def work() -> None:
        async with opened(database) as db:
            desk = await Desk.of(db, channel)
            earlier = await desk.revision(revision)
            await desk.save(read(earlier, channel), author, reason or f"restores revision {revision}", "policy restore")

    run_policy(work())


app.command("import")(exchange.import_policy)
app.command("export")(exchange.export_policy)


async def _change(database: Path, channel: str, author: str, reason: str, change: Any) -> None:
    async with opened(database) as db:
        desk = await Desk.of(db, channel)
        await desk.save(change(desk.policy), author, reason, "policy set")


def _item(setting: str, item: str) -> Any:
    """A list's item as people type it: words and expressions stand for themselves with all else as usual."""
    match full_path(setting)[-1]:
        case "terms":
            return {"text": item}
        case "patterns":
            return {"pattern": item}
        case _:
            return item


def _told(earlier: Revision | None, later: Revision) -> list[str]:
    if earlier is None:
        return []
    try:
        return [str(each) for each in difference(Policy.stored(earlier.toml), Policy.stored(later.toml))]
    except PolicyError:
        return ["made by another version of chatwarden"]


def _put_toml(text: str) -> None:
    if sys.stdout.isatty():
        Console().print(Syntax(text, "toml", theme="ansi_dark", background_color="default"))
    else:
        sys.stdout.write(text)
