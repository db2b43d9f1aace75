"""`chatwarden case`: investigations: who and what belongs to them, who acted together, who owns them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from filters.masking import visible
from ops.command import (
    DATABASE,
    USAGE,
    AsOption,
    Columns,
    DatabaseOption,
    JsonOption,
    PlainOption,
    ZoneOption,
    at_desk,
    choice,
    errors,
    fail,
    new_folder,
    put_json,
    put_rows,
    run,
    time_zone,
)
from ops.formats import MANIFEST, Format, Manifest, digest, write
from ops.numbers import number
from ops.shown import View
from ops.when import clock, iso
from storage.cases import KINDS, Case, CaseBook, Kind
from storage.database import Database
from storage.exposure import Exposure
from storage.links import Link, Links
from storage.people import find_people
from storage.reading import Reader
from storage.roles import Permission, Roster, Staff
from storage.verifying import heads

app = typer.Typer(no_args_is_help=True, help="Cases: investigations with people, Records, notes, an owner.")

CaseArgument = Annotated[int, typer.Argument(min=1, help="The case's number.")]


@app.command("open")
def open_case(
    title: Annotated[str, typer.Argument(help="What it is about; stays for ever, so name nobody.")],
    database: DatabaseOption = DATABASE,
    as_json: JsonOption = False,
    who: AsOption = "",
) -> None:
    """Open a case; you own it."""

    async def work() -> None:
        async with at_desk(database, who, Permission.CASE, "case open") as (db, staff):
            case_id = await CaseBook(db).open(staff, title, surface="shell")
        put_json({"case_id": case_id}) if as_json else errors.print(f"case {case_id} is open")

    run(work())


@app.command("list")
def list_cases(
    every: Annotated[bool, typer.Option("--all", help="Also closed ones.")] = False,
    owner: Annotated[str | None, typer.Option(help="Only this person's.")] = None,
    database: DatabaseOption = DATABASE,
    tz: ZoneOption = "UTC",
    as_json: JsonOption = False,
    who: AsOption = "",
) -> None:
    """List cases, the newest first."""
    where = time_zone(tz)

    async def work() -> None:
        async with at_desk(database, who, Permission.READ, "case list") as (db, _):
            cases = await CaseBook(db).list(closed=every, owner=owner)
        columns: Columns[Case] = {
            "case": lambda each: each.case_id,
            "title": lambda each: each.title,
            "status": lambda each: each.status + (", legal hold" if each.legal_hold else ""),
            "owner": lambda each: each.owner,
            f"opened ({tz})": lambda each: clock(each.opened_ms, where),
            "people": lambda each: each.people,
            "records": lambda each: each.records,
        }
        put_rows(cases, columns, as_json=as_json)

    run(work())


@app.command()
def show(
    case: CaseArgument,
    database: DatabaseOption = DATABASE,
    tz: ZoneOption = "UTC",
    as_json: JsonOption = False,
    who: AsOption = "",
) -> None:
    """Show a case: what belongs to it, its notes, and who acted together."""
    where = time_zone(tz)

    async def work() -> None:
        async with at_desk(database, who, Permission.READ, "case show", f"case {case}") as (db, _):
            book = CaseBook(db)
            found, items, notes = await book.get(case), await book.items(case), await book.notes(case)
            links = await Links(db).of(case)
        if as_json:
            put_json(
                {
                    "case": asdict(found),
                    "items": [asdict(each) for each in items],
                    "notes": [asdict(each) for each in notes],
                    "links": [asdict(each) for each in links],
                }
            )
            return
        hold = ", legal hold" if found.legal_hold else ""
        typer.echo(f"Case {found.case_id}: {visible(found.title)} ({found.status}{hold}, owner {visible(found.owner)})")
        typer.echo(f"  ended: {visible(found.resolution)}") if found.resolution else None
        for item in items:
            name = f" ({visible(item.login)})" if item.login else ""
            why = f": {visible(item.why)}" if item.why else ""
            typer.echo(f"  {item.kind} {item.subject}{name}{why}")
        for link in links:
            typer.echo(
                f"  person {link.person} and person {link.other}: {link.why}, {link.strength}x,"
                f" e.g. #{link.record_id} and #{link.other_record_id}"
            )
        for note in notes:
            words = "(destroyed)" if note.text is None else visible(note.text)
            typer.echo(f"  {iso(note.at_ms, where)} {visible(note.author)}: {words}")

    run(work())


@app.command()
def add(
    case: CaseArgument,
    kind: Annotated[Kind, typer.Argument(parser=choice("a kind", KINDS), help=", ".join(KINDS))],
    subject: Annotated[str, typer.Argument(help="A number; a person also by login or Twitch id.")],
    why: Annotated[str, typer.Option(help="Why; stays, so name nobody.")] = "",
    database: DatabaseOption = DATABASE,
    who: AsOption = "",
) -> None:
    """Put a person, a Record or an appeal into a case."""

    async def work() -> None:
        async with at_desk(database, who, Permission.CASE, "case add", f"case {case}") as (db, staff):
            subject_id = number(subject)
            people = await find_people(db, subject) if kind == "person" else []
            if len(people) == 1:
                subject_id = people[0]
            elif people or subject_id is None:
                several = "several people had this login; give the number or Twitch id" if people else "not in the log"
                fail(f"{subject!r}: {several}", USAGE)
            await CaseBook(db).add(staff, case, kind, subject_id, why=why, surface="shell")
        errors.print(f"case {case}: {kind} {subject_id}")

    run(work())


@app.command()
def note(
    case: CaseArgument,
    text: Annotated[str, typer.Argument(help="The note; its words are destroyed when retention of the case ends.")],
    database: DatabaseOption = DATABASE,
    who: AsOption = "",
) -> None:
    """Write a note."""

    async def work() -> None:
        async with at_desk(database, who, Permission.CASE, "case note", f"case {case}") as (db, staff):
            note_id = await CaseBook(db).note(staff, case, text, surface="shell")
        errors.print(f"case {case}: note {note_id}")

    run(work())


@app.command()
def link(
    case: CaseArgument, database: DatabaseOption = DATABASE, as_json: JsonOption = False, who: AsOption = ""
) -> None:
    """Find who acted together with the people of a case (same raid, same finding, near-identical text), and add them.

    A link is a lead, no proof: copying a joke makes one too.
    """

    async def work() -> None:
        async with at_desk(database, who, Permission.CASE, "case link", f"case {case}") as (db, staff):
            links = await Links(db).find(staff, case, surface="shell")
        columns: Columns[Link] = {
            "person": lambda each: each.person,
            "other": lambda each: each.other,
            "why": lambda each: each.why,
            "times": lambda each: each.strength,
            "for instance": lambda each: f"#{each.record_id} and #{each.other_record_id}",
        }
        put_rows(links, columns, as_json=as_json)

    run(work())


@app.command()
def assign(
    case: CaseArgument,
    to: Annotated[str, typer.Argument(help="Who is to own it: a name on the staff.")],
    database: DatabaseOption = DATABASE,
    who: AsOption = "",
) -> None:
    """Hand a case over."""

    async def work() -> None:
        async with at_desk(database, who, Permission.CASE, "case assign", f"case {case}") as (db, staff):
            owner = await Roster(db).find(to)
            if owner is None or not owner.may(Permission.CASE):
                fail(f"{to!r} may not own a case (see: chatwarden staff list)", USAGE)
            await CaseBook(db).assign(staff, case, owner, surface="shell")
        errors.print(f"case {case}: {owner.name} owns it")

    run(work())


@app.command()
def hold(
    case: CaseArgument,
    state: Annotated[str, typer.Argument(parser=choice("a state", ("on", "off")), help="on or off")],
    database: DatabaseOption = DATABASE,
    who: AsOption = "",
) -> None:
    """Put a case on legal hold, or lift it: nothing about its people and Records is erased meanwhile."""

    async def work() -> None:
        async with at_desk(database, who, Permission.HOLD, "case hold", f"case {case}") as (db, staff):
            await CaseBook(db).hold(staff, case, on=state == "on", surface="shell")
        errors.print(f"case {case}: legal hold {state}")

    run(work())


@app.command()
def close(
    case: CaseArgument,
    resolution: Annotated[str, typer.Argument(help="How it ended; stays for ever, so name nobody.")],
    database: DatabaseOption = DATABASE,
    who: AsOption = "",
) -> None:
    """Close a case."""

    async def work() -> None:
        async with at_desk(database, who, Permission.CASE, "case close", f"case {case}") as (db, staff):
            await CaseBook(db).close(staff, case, resolution, surface="shell")
        errors.print(f"case {case} is closed")

    run(work())


@app.command()
def export(
    case: CaseArgument,
    folder: Annotated[Path, typer.Argument(help="A new folder for the export.")],
    database: DatabaseOption = DATABASE,
    tz: ZoneOption = "UTC",
    show_text: PlainOption = False,
    who: AsOption = "",
) -> None:
    """Export a case to one file in a folder, with a manifest that proves nothing changed since.

    A line each: the case, what belongs to it, notes, links, then its Records with what stands behind them. Text is
    masked unless --show-text, which counts every Record as a look. Sealed content is never in it.
    """
    view = View(time_zone(tz), plain=show_text, exact=True)
    permission = Permission.UNMASK if show_text else Permission.CASE

    async def dump(part: Path) -> int:
        async with at_desk(database, who, permission, "case export", f"case {case}") as (db, staff):
            await CaseBook(db).get(case)
            file = part / f"case-{case}.{Format.JSONL}"
            with file.open("w", encoding="utf-8", newline="") as out:
                count = await write(_lines(db, staff, case, view), Format.JSONL, out, [])
            Manifest(
                query={"case": case},
                text="plain" if show_text else "masked",
                rows=count,
                file=file.name,
                sha256=digest(file),
                chain_heads=await heads(db),
                exported_at=datetime.now(UTC).isoformat(timespec="seconds"),
                exported_by=staff.name,
                database=str(database),
            ).save(part)
            return count

    with new_folder(folder) as part:
        count = run(dump(part))
    errors.print(f"{count} lines in {folder}, with {MANIFEST}")


async def _lines(db: Database, staff: Staff, case: int, view: View) -> AsyncIterator[dict[str, Any]]:
    """All of a case; each Record that is to be seen in plain is counted first. Raises ExposureError."""
    book, reader = CaseBook(db), Reader(db)
    yield {"kind": "case", **asdict(await book.get(case))}
    items = await book.items(case)
    for item in items:
        plain = asdict(item)
        yield {"kind": "item", "of": plain.pop("kind"), **plain}
    for note in await book.notes(case):
        yield {"kind": "note", **asdict(note)}
    for link in await Links(db).of(case):
        yield {"kind": "link", **asdict(link)}
    for item in items:
        record = await reader.get(item.subject) if item.kind == "record" else None
        if record is None:
            continue
        if view.plain and record.text is not None:
            await Exposure(db).unmask(staff, record.id, surface="shell", purpose=f"export of case {case}")
        yield {"kind": "record", **view.row(record), **view.details(await reader.details(record.id))}
