"""`chatwarden log`: read, follow, export, verify and erase the action log, whether the bot is up or down."""

from __future__ import annotations

import asyncio
import json
import shlex
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import IO, Annotated, Any, TextIO

import typer
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from filters.types import ActionKind, Category
from ops.command import (
    DATABASE,
    INTEGRITY,
    USAGE,
    AsOption,
    DatabaseOption,
    PlainOption,
    ZoneOption,
    at_desk,
    at_keyboard,
    choice,
    errors,
    fail,
    new_folder,
    put_json,
    run,
    screen,
    time_zone,
)
from ops.formats import MANIFEST, ExportError, Format, Manifest, digest, write
from ops.looking import looked, looking, reading
from ops.numbers import number
from ops.pages import record_page, record_table, tail_line
from ops.shown import FIELDS, View
from ops.when import WhenError, parse
from storage.audit import Audit
from storage.database import CorruptDatabaseError, Database, DatabaseError, now_ms
from storage.exposure import Exposure
from storage.people import Erasure, find_people, plan_erasure, twitch_ids
from storage.people import erase as erase_person
from storage.records import Outcome, Record, RecordQuery
from storage.roles import Permission, Roster, Staff, may
from storage.sealed import SealedQueue
from storage.verifying import Head, heads
from storage.verifying import verify as verify_log

NOBODY = "nobody of that login or id is in the log"
TAIL = "log tail"
MASKED = (
    f"Text and listed words are masked; --show-text shows them to the staff ({may(Permission.UNMASK)}), and the console"
    " to the channel's moderators"
)
POLL_S = 0.5
"""How often ``tail`` looks for new Records."""

app = typer.Typer(no_args_is_help=True, help="The action log: what was done to whom, why, and how it ended.")


ChannelOption = Annotated[str | None, typer.Option(help="Only this channel (login or id).")]
UserOption = Annotated[str | None, typer.Option(help="Only this chatter (login or id).")]
ModeratorOption = Annotated[str | None, typer.Option(help="Only what this moderator decided; bot for the bot.")]
FilterOption = Annotated[str | None, typer.Option("--filter", help="Only Records of this filter.")]
CategoryOption = Annotated[
    str | None, typer.Option(parser=choice("a category", [str(each) for each in Category]), help="Only this rule.")
]
ActionOption = Annotated[
    str | None,
    typer.Option(parser=choice("an action", [each.name.lower() for each in ActionKind]), help="Only this action."),
]
OutcomeOption = Annotated[
    str | None, typer.Option(parser=choice("an outcome", [str(each) for each in Outcome]), help="Only this outcome.")
]
SinceOption = Annotated[str | None, typer.Option(help="Messages sent since: 90s, 30m, 2h, 7d, or ISO-8601.")]
UntilOption = Annotated[str | None, typer.Option(help="Messages sent before: the same.")]
JsonOption = Annotated[bool, typer.Option("--json", help="One JSON array.")]


@app.command("list")
def list_records(
    database: DatabaseOption = DATABASE,
    channel: ChannelOption = None,
    user: UserOption = None,
    moderator: ModeratorOption = None,
    filter_: FilterOption = None,
    category: CategoryOption = None,
    action: ActionOption = None,
    outcome: OutcomeOption = None,
    since: SinceOption = None,
    until: UntilOption = None,
    tz: ZoneOption = "UTC",
    limit: Annotated[int, typer.Option(min=0, help="At most so many, newest first; 0 for all.")] = 50,
    show_text: PlainOption = False,
    as_json: JsonOption = False,
    as_jsonl: Annotated[bool, typer.Option("--jsonl", help="JSON, one Record a line.")] = False,
    as_csv: Annotated[
        bool, typer.Option("--csv", help="CSV; cells that look like formulas get a leading quote.")
    ] = False,
    as_parquet: Annotated[bool, typer.Option("--parquet", help="Parquet, to a file or pipe.")] = False,
    who: AsOption = "",
) -> None:
    """List Records, newest first. Text is masked; --show-text is for the staff, counted and kept in audit."""
    query = _query(channel, user, moderator, filter_, category, action, outcome, since, until, tz)
    query = replace(query, limit=limit or None)
    styles = [style for style, on in zip(Format, (as_json, as_jsonl, as_csv, as_parquet), strict=True) if on]
    if len(styles) > 1:
        raise typer.BadParameter("choose one of --json, --jsonl, --csv and --parquet")
    view = View(time_zone(tz), plain=show_text)
    if as_parquet:
        if sys.stdout.isatty():
            raise typer.BadParameter("Parquet is not text: send it to a file (... --parquet > records.parquet)")
        _dump_parquet(database, looked(database, query, view, who, "log list"), view, sys.stdout.buffer)
        return

    async def work() -> None:
        async with looking(database, query, view, who, "log list") as (reader, _, asked):
            if styles:
                rows = (view.row(record) async for record in reader.stream(asked))
                await write(rows, styles[0], sys.stdout, list(FIELDS))
                return
            records = await reader.list(asked)
            total = await reader.count(asked) if len(records) == query.limit else len(records)
            screen().print(record_table(records, view, tz))
            where = "" if database == DATABASE else f" --database {shlex.quote(str(database))}"
            errors.print(f"{len(records)} of {total} Records; for one: chatwarden log show NUMBER{where}")

    run(work())


@app.command()
def show(
    record: Annotated[str, typer.Argument(help="The Record's number, as in 1234 or #1234.")],
    database: DatabaseOption = DATABASE,
    tz: ZoneOption = "UTC",
    show_text: PlainOption = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
    who: AsOption = "",
) -> None:
    """Show one Record: evidence with the matched piece marked, context, times and events; whether it is sealed.

    Text is masked; --show-text is for the staff, counted and kept in audit.
    """
    record_id = number(record)
    if record_id is None:
        raise typer.BadParameter(f"{record!r} is not a Record's number (use e.g. 1234)")
    view = View(time_zone(tz), plain=show_text)

    async def work() -> None:
        one = RecordQuery(after_id=record_id - 1, upto_id=record_id)
        async with looking(database, one, view, who, "log show") as (reader, db, _):
            found = await reader.get(record_id)
            if found is None:
                fail(f"there is no Record #{record_id} (the newest is #{await reader.last_id()})", USAGE)
            details = await reader.details(found.id)
            seal = await SealedQueue(db).of(found.id)
        if as_json:
            sealed = {"sealed": seal and {"category": seal.category, "kept": seal.kept, "present": seal.present}}
            put_json({**view.row(found), **view.details(details), **sealed})
        else:
            screen().print(record_page(found, details, view, seal))
            if not show_text:
                errors.print(MASKED)

    run(work())


@app.command()
def tail(
    database: DatabaseOption = DATABASE,
    channel: ChannelOption = None,
    lines: Annotated[int, typer.Option("--lines", "-n", min=0, help="Begin with so many past Records.")] = 10,
    follow: Annotated[bool, typer.Option(help="Go on with new Records until Ctrl-C.")] = True,
    tz: ZoneOption = "UTC",
    show_text: PlainOption = False,
    as_jsonl: Annotated[bool, typer.Option("--jsonl", help="JSON, one Record a line.")] = False,
    who: AsOption = "",
) -> None:
    """Follow the log. A Record is shown when it is first seen; log show tells how it went on.

    Text is masked; --show-text is for the staff, counted and kept in audit, and ends at the limit of the shift.
    """
    view = View(time_zone(tz), plain=show_text)

    def put(record: Record) -> None:
        sys.stdout.write(json.dumps(view.row(record), ensure_ascii=False) if as_jsonl else tail_line(record, view))
        sys.stdout.write("\n")
        sys.stdout.flush()

    async def work() -> None:
        past = RecordQuery(channel=channel, limit=lines)
        async with looking(database, past, view, who, TAIL) as (reader, db, asked):
            seen = await reader.last_id() if asked.upto_id is None else asked.upto_id
            for record in reversed(await reader.list(replace(asked, upto_id=seen))):
                put(record)
            while follow:
                last = await reader.last_id()
                query = RecordQuery(channel=channel, after_id=seen, upto_id=last, limit=None)
                if view.plain and last > seen:
                    staff = await Roster(db).require(at_keyboard(who), Permission.UNMASK, surface="shell", verb=TAIL)
                    await Exposure(db).unmask_all(staff, query, surface="shell", purpose=TAIL)
                async for record in reader.stream(query):
                    put(record)
                seen = last
                await asyncio.sleep(POLL_S)

    run(work())


@app.command()
def export(
    folder: Annotated[Path, typer.Argument(help="A new folder for the export.")],
    database: DatabaseOption = DATABASE,
    style: Annotated[Format, typer.Option("--format", help="How rows are written.")] = Format.JSONL,
    channel: ChannelOption = None,
    user: UserOption = None,
    moderator: ModeratorOption = None,
    filter_: FilterOption = None,
    category: CategoryOption = None,
    action: ActionOption = None,
    outcome: OutcomeOption = None,
    since: SinceOption = None,
    until: UntilOption = None,
    tz: ZoneOption = "UTC",
    show_text: PlainOption = False,
    who: AsOption = "",
) -> None:
    """Export Records to a folder, with a manifest that says what was asked and proves that nothing changed since.

    Text is masked; --show-text is for the staff, and each Record counts as seen.
    """
    query = replace(_query(channel, user, moderator, filter_, category, action, outcome, since, until, tz), limit=None)
    view = View(time_zone(tz), plain=show_text, exact=True)

    async def dump(out: TextIO, step: Callable[[int], None]) -> tuple[int, dict[str, Head]]:
        async def rows() -> AsyncIterator[dict[str, Any]]:
            async for record in reader.stream(asked):
                step(1)
                yield view.row(record)

        async with reading(database) as (reader, db), db.snapshot():
            return await write(rows(), style, out, list(FIELDS)), await heads(db)

    with new_folder(folder) as part:
        asked = looked(database, query, view, who, "log export")
        file = part / f"records.{style}"
        if style is Format.PARQUET:
            with file.open("wb") as binary:
                count, chain_heads = _dump_parquet(database, asked, view, binary)
        else:
            with file.open("w", encoding="utf-8", newline="") as out, _progress("Records") as step:
                count, chain_heads = run(dump(out, step))
        Manifest(
            query={name: value for name, value in asdict(query).items() if value is not None},
            text="plain" if show_text else "masked",
            rows=count,
            file=file.name,
            sha256=digest(file),
            chain_heads=chain_heads,
            exported_at=datetime.now(UTC).isoformat(timespec="seconds"),
            exported_by=at_keyboard(who),
            database=str(database),
        ).save(part)
    errors.print(f"{count} Records in {folder}, with {MANIFEST}")


@app.command()
def verify(
    database: DatabaseOption = DATABASE,
    manifest: Annotated[
        Path | None, typer.Option(help="Also check an export, and that its chains still stand in the log.")
    ] = None,
) -> None:
    """Recompute every hash of the log; name the first broken row of each table. Exit code 1 if there is one."""
    try:
        anchors = Manifest.load(manifest).chain_heads if manifest else None
    except ExportError as error:
        fail(str(error), INTEGRITY)
    except (OSError, ValueError) as error:
        fail(str(error), USAGE)

    async def work() -> None:
        async with reading(database) as (_, db):
            with _progress("rows") as step:
                result = await verify_log(db, anchors, step)
        for table, count in result.rows.items():
            typer.echo(f"{table}: {count} rows, head {result.heads[table].row_hash}")
        for broken in result.breaks:
            typer.echo(f"BROKEN {broken}")
        if result.breaks:
            raise typer.Exit(INTEGRITY)
        typer.echo("the log is as it was written")

    run(work(), corrupt=INTEGRITY)


@app.command()
def erase(
    who: Annotated[str, typer.Argument(help="The person's login or Twitch id.")],
    reason: Annotated[str, typer.Option(help="Why, e.g. the request's reference; kept, so name nobody in it.")],
    database: DatabaseOption = DATABASE,
    apply: Annotated[bool, typer.Option("--apply", help="Do it. Without this, only say what would go.")] = False,
    by: AsOption = "",
) -> None:
    """Destroy a person's identity and text for good. Records stay, under a number, and the chain stays valid."""

    async def work() -> None:
        async with at_desk(database, by, Permission.ERASE, "log erase") as (db, staff):
            people = await find_people(db, who)
            if len(people) != 1:
                ids = ", ".join(await twitch_ids(db, people))
                fail(f"{who!r}: " + (f"several people; give the Twitch id, one of {ids}" if people else NOBODY), USAGE)
            gone = await (_erased(db, people[0], staff, reason) if apply else plan_erasure(db, people[0]))
        what = f"identity, key, evidence of {gone.records} Records and {gone.lines} chat lines"
        typer.echo(f"erased person {gone.person}: {what}" if apply else f"would erase person {gone.person}: {what}")
        if gone.traces:
            errors.print("bytes stay in the -wal file while another program reads; they go when the bot is restarted")
        if not apply:
            errors.print("nothing was changed; add --apply to do it, it cannot be undone")

    run(work())


async def _erased(db: Database, person: int, staff: Staff, reason: str) -> Erasure:
    """Erase a person; that it was done, or refused, is kept in audit."""
    note = partial(
        Audit(db).note,
        actor=staff.name,
        role=staff.role,
        surface="shell",
        verb="log erase",
        subject=f"person {person}",
    )
    try:
        gone = await erase_person(db, person, actor=staff.name, reason=reason)
    except DatabaseError as error:
        await note(detail=str(error), allowed=False)
        raise
    await note(detail=reason)
    return gone


def _query(
    channel: str | None,
    user: str | None,
    moderator: str | None,
    filter_: str | None,
    category: str | None,
    action: str | None,
    outcome: str | None,
    since: str | None,
    until: str | None,
    tz: str,
) -> RecordQuery:
    at_ms, where = now_ms(), time_zone(tz)
    try:
        return RecordQuery(
            channel=channel,
            chatter=user,
            actor=moderator,
            filter=filter_,
            category=Category(category) if category else None,
            action=ActionKind[action.upper()] if action else None,
            outcome=Outcome(outcome) if outcome else None,
            since_ms=parse(since, where, at_ms) if since else None,
            until_ms=parse(until, where, at_ms) if until else None,
        )
    except WhenError as error:
        raise typer.BadParameter(str(error)) from None


def _dump_parquet(database: Path, query: RecordQuery, view: View, out: IO[bytes]) -> tuple[int, dict[str, Head]]:
    from ops import parquet  # pyarrow takes half a second to load, which only those wait for who need it
    from storage.columns import record_batches

    async def check() -> None:
        async with reading(database):
            pass  # says what is wrong with the file, and is through with it before the other library opens it

    run(check())
    try:
        with record_batches(database, query) as (batches, chain_heads), _progress("Records") as step:
            return parquet.write(batches, view, out, step), chain_heads
    except CorruptDatabaseError as error:
        fail(str(error), INTEGRITY)


@contextmanager
def _progress(what: str) -> Iterator[Callable[[int], None]]:
    columns = (SpinnerColumn(), TextColumn("{task.completed:,.0f} " + what), TimeElapsedColumn())
    with Progress(*columns, console=errors, transient=True, disable=not errors.is_terminal) as progress:
        task = progress.add_task(what, total=None)
        yield lambda rows: progress.advance(task, rows)
