"""`chatwarden notes`: what moderators noted about a chatter. Chat only counts them, since everybody reads chat."""

from __future__ import annotations

from typing import Annotated

import typer

from filters.masking import visible
from ops.command import (
    DATABASE,
    USAGE,
    AsOption,
    DatabaseOption,
    JsonOption,
    ZoneOption,
    at_keyboard,
    fail,
    opened,
    put_json,
    put_table,
    run,
    time_zone,
)
from ops.when import iso
from storage.audit import Audit
from storage.notes import Notes
from storage.people import find_people


def notes(
    chatter: Annotated[str, typer.Argument(help="The chatter: login (now) or Twitch id.")],
    database: DatabaseOption = DATABASE,
    tz: ZoneOption = "UTC",
    as_json: JsonOption = False,
    who: AsOption = "",
) -> None:
    """Show what moderators noted about a chatter. Reading them is kept in audit."""
    zone = time_zone(tz)

    async def work() -> None:
        async with opened(database) as db:
            people = await find_people(db, chatter)
            if not people:
                fail(f"{chatter}: nobody of that login or id is in the log", USAGE)
            found = []
            for person in people:
                await Audit(db).note(
                    actor=at_keyboard(who), role="", surface="shell", verb="notes read", subject=f"person {person}"
                )
                found += await Notes(db).of(person)
        rows = [
            {"at": iso(each.at_ms, zone), "channel": each.channel, "by": each.author, "note": visible(each.text)}
            for each in found
        ]
        if as_json:
            put_json(rows)
        else:
            put_table(rows, ("at", "channel", "by", "note"))

    run(work())
