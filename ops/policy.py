"""`chatwarden policy`: a channel's policy from the shell: look, change, compare, go back, bring in, take out."""

from __future__ import annotations

import getpass
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import BaseModel
from rich.console import Console
from rich.syntax import Syntax

from config.changes import Change, changed, difference, full_path, value_of, with_item, with_items, without_item
from config.document import document
from config.imports import Imported, read_list
from config.policy import Policy, PolicyError, preset_names
from ops.command import (
    DATABASE,
    USAGE,
    DatabaseOption,
    JsonOption,
    ZoneOption,
    errors,
    fail,
    opened,
    put_json,
    put_table,
    run,
    time_zone,
)
from ops.when import iso
from storage.audit import Audit
from storage.database import Database, DatabaseError
from storage.policies import PolicyLog, Revision

PROBLEMS_SHOWN = 20

app = typer.Typer(
    no_args_is_help=True, help="A channel's policy: look, change, compare, go back. Changes are live at once."
)

ChannelArgument = Annotated[str, typer.Argument(help="The channel: login or id.")]
PathArgument = Annotated[str, typer.Argument(help="The setting, as in caps.max_ratio or ladder.decay.")]
AuthorOption = Annotated[str, typer.Option(help="Who changes it, if not your user name.")]
ReasonOption = Annotated[str, typer.Option(help="Why; kept with the revision.")]


@dataclass(frozen=True, slots=True)
class _Desk:
    """One channel's policy, open for work."""

    db: Database
    log: PolicyLog
    channel_id: str
    channel: str
    latest: Revision
    policy: Policy


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
            desk = await _desk(db, channel)
            found = desk.latest if revision is None else await _revision(desk, revision)
            policy = desk.policy if revision is None else _read(found, desk.channel)
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

    _run(work())


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
    _run(_change(database, channel, author, reason, lambda policy: changed(policy, setting, value)))


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
    _run(_change(database, channel, author, reason, lambda policy: with_item(policy, setting, _item(setting, item))))


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
    _run(_change(database, channel, author, reason, lambda policy: without_item(policy, setting, item)))


@app.command()
def diff(
    channel: ChannelArgument,
    old: Annotated[int | None, typer.Argument(help="A revision; the one before the latest if left out.")] = None,
    new: Annotated[int | None, typer.Argument(help="A later revision; the latest if left out.")] = None,
    database: DatabaseOption = DATABASE,
    as_json: JsonOption = False,
) -> None:
    """Show what differs between two revisions, setting by setting."""

    async def work() -> None:
        async with opened(database, readonly=True) as db:
            desk = await _desk(db, channel)
            later = desk.latest if new is None else await _revision(desk, new)
            earlier = await _revision(desk, max(1, later.number - 1) if old is None else old)
        changes = difference(_read(earlier, channel), _read(later, channel))
        if as_json:
            put_json([{"setting": each.path, "before": each.before, "after": each.after} for each in changes])
        else:
            errors.print(f"{desk.channel}: revision {earlier.number} to {later.number}")
            _put_changes(changes)

    _run(work())


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
            desk = await _desk(db, channel)
            revisions = await desk.log.history(desk.channel_id)
        rows = [
            {
                "revision": str(each.number),
                "at": iso(each.at_ms, zone),
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

    _run(work())


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
            desk = await _desk(db, channel)
            earlier = await _revision(desk, revision)
            await _save(
                desk, _read(earlier, channel), author, reason or f"restores revision {revision}", "policy restore"
            )

    _run(work())


@app.command("import")
def import_file(
    channel: ChannelArgument,
    file: Annotated[
        Path, typer.Argument(help="A policy (.toml), a preset's name, a word list, or Twitch's blocked terms (JSON).")
    ],
    database: DatabaseOption = DATABASE,
    author: AuthorOption = "",
    reason: ReasonOption = "",
    apply: Annotated[bool, typer.Option("--apply", help="Do it; without this, only say what would change.")] = False,
) -> None:
    """Bring in a whole policy, or the words of a list as Nightbot, StreamElements or Twitch keep it."""

    async def work() -> None:
        async with opened(database, readonly=not apply) as db:
            desk = await _desk(db, channel)
            if str(file) in preset_names():
                policy = Policy.preset(str(file))
            elif file.suffix == ".toml":
                policy = Policy.load(file)
            else:
                policy = _with_list(desk.policy, file)
            if apply:
                await _save(desk, policy, author, reason or f"imports {file.name}", "policy import")
            else:
                _put_changes(difference(desk.policy, policy))
                errors.print("Nothing is changed yet; add --apply to do it")

    _run(work())


@app.command()
def export(
    channel: ChannelArgument,
    file: Annotated[Path, typer.Argument(help="A new file, or - for standard output.")] = Path("-"),
    database: DatabaseOption = DATABASE,
    revision: Annotated[int | None, typer.Option(help="This revision instead of the latest.")] = None,
    words: Annotated[bool, typer.Option("--words", help="Only the channel's own words, one a line.")] = False,
) -> None:
    """Take the policy out as a file that explains itself and can be imported anywhere."""

    async def work() -> None:
        async with opened(database, readonly=True) as db:
            desk = await _desk(db, channel)
            found = desk.latest if revision is None else await _revision(desk, revision)
        policy = _read(found, channel)
        text = (
            "".join(f"{term.text}\n" for term in policy.filters.blocklist.terms)
            if words
            else policy.to_toml(f"{desk.channel}, revision {found.number}")
        )
        if str(file) == "-":
            sys.stdout.write(text)
            return
        try:
            with file.open("x", encoding="utf-8") as out:
                out.write(text)
        except OSError as error:
            fail(f"{file}: not written: {error.strerror or error} (choose another name)", USAGE)
        errors.print(f"{file} written", markup=False)

    _run(work())


async def _change(database: Path, channel: str, author: str, reason: str, change: Any) -> None:
    async with opened(database) as db:
        desk = await _desk(db, channel)
        await _save(desk, change(desk.policy), author, reason, "policy set")


async def _desk(db: Database, channel: str) -> _Desk:
    log = PolicyLog(db)
    found = await log.find_channel(channel)
    if found is None:
        known = ", ".join(await log.channels()) or "none yet"
        raise DatabaseError(
            f"{channel}: no policy of this channel in the database (there are: {known}; the bot makes it)"
        )
    latest = await log.current(found[0])
    assert latest is not None
    return _Desk(db, log, *found, latest, _read(latest, found[1]))


async def _revision(desk: _Desk, number: int) -> Revision:
    revision = await desk.log.get(desk.channel_id, number)
    if revision is None:
        raise DatabaseError(f"{desk.channel}: no revision {number} (there are 1 to {desk.latest.number})")
    return revision


def _read(revision: Revision, channel: str) -> Policy:
    return Policy.parse(revision.toml, f"policy of {channel}, revision {revision.number}")


async def _save(desk: _Desk, policy: Policy, author: str, reason: str, verb: str) -> None:
    changes = difference(desk.policy, policy)
    if not changes:
        errors.print("Nothing to change: it is so already")
        return
    at_ms, author = time.time_ns() // 1_000_000, author or getpass.getuser()
    number = await desk.log.save(
        desk.channel_id, policy.to_toml(), author=author, reason=reason, at_ms=at_ms, parent=desk.latest.number
    )
    await Audit(desk.db).note(
        actor=author, role="shell", surface="shell", verb=verb, subject=f"revision {number}", channel_id=desk.channel_id
    )
    _put_changes(changes)
    back = f"chatwarden policy restore {desk.channel} {desk.latest.number}"
    errors.print(f"{desk.channel}: revision {number} saved; to go back: {back}", markup=False)


def _item(setting: str, item: str) -> Any:
    """A list's item as people type it: words and expressions stand for themselves with all else as usual."""
    match full_path(setting)[-1]:
        case "terms":
            return {"text": item}
        case "patterns":
            return {"pattern": item}
        case _:
            return item


def _with_list(policy: Policy, file: Path) -> Policy:
    try:
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise PolicyError(f"{file}: cannot be read as UTF-8 text ({error})") from None
    found = read_list(text)
    _tell(found)
    terms = [
        {
            "text": term.text,
            "severity": int(term.severity),
            "category": str(term.category),
            "lang": term.lang,
            "exact": term.exact,
            "anywhere": term.anywhere,
        }
        for term in found.terms
    ]
    richer = with_items(policy, "blocklist.terms", terms)
    richer = with_items(richer, "regex.patterns", [each.model_dump(mode="json") for each in found.patterns])
    new = len(richer.filters.blocklist.terms) - len(policy.filters.blocklist.terms)
    errors.print(
        f"{len(found.terms)} words ({new} new), {len(found.patterns)} expressions,"
        f" {sum(each.refused for each in found.problems)} refused"
    )
    return richer


def _tell(found: Imported) -> None:
    for problem in found.problems[:PROBLEMS_SHOWN]:
        mark = "refused" if problem.refused else "warning"
        errors.print(f"line {problem.line_no}: {problem.why} ({mark})", markup=False)
    if len(found.problems) > PROBLEMS_SHOWN:
        errors.print(f"and {len(found.problems) - PROBLEMS_SHOWN} more")


def _told(earlier: Revision | None, later: Revision) -> list[str]:
    if earlier is None:
        return []
    try:
        return [str(each) for each in difference(Policy.parse(earlier.toml), Policy.parse(later.toml))]
    except PolicyError:
        return ["made by another version of chatwarden"]


def _put_toml(text: str) -> None:
    if sys.stdout.isatty():
        Console().print(Syntax(text, "toml", theme="ansi_dark", background_color="default"))
    else:
        sys.stdout.write(text)


def _put_changes(changes: Sequence[Change]) -> None:
    for change in changes:
        typer.echo(str(change))


def _run(work: Any) -> None:
    try:
        run(work)
    except PolicyError as error:
        fail(str(error), USAGE)
