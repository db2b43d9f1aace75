"""Records as people read them in a terminal: a table, a page, a line."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich import box
from rich.console import Group
from rich.table import Table
from rich.text import Text

from filters.ladder import format_action
from filters.masking import visible
from filters.types import ActionKind, Evidence
from ops.calling import typed
from ops.shown import View, marked
from ops.when import clock, iso
from storage.queue import Item
from storage.records import Record, RecordDetails
from storage.sealed import Seal

STYLES = {
    ActionKind.DELETE: "yellow",
    ActionKind.WARN: "yellow",
    ActionKind.TIMEOUT: "red",
    ActionKind.BAN: "bold red",
}

LEGS = (
    ("decided", "received_ms", "decided_ms"),
    ("committed", "decided_ms", "committed_ms"),
    ("sent", "committed_ms", "sent_ms"),
    ("done", "sent_ms", "done_ms"),
)
"""The stretches between a line's arrival and the end of its action."""


def record_table(records: Sequence[Record], view: View, zone: str) -> Table:
    """Records one a row; times are in the view's zone, whose name heads them."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, expand=True)
    table.add_column("#", justify="right", no_wrap=True)
    table.add_column(f"sent ({zone})", no_wrap=True)
    for name in ("channel", "chatter", "action", "outcome", "filter"):
        table.add_column(name, no_wrap=True)
    table.add_column("category", no_wrap=True, max_width=14, overflow="ellipsis")
    # The text gets what room is left: who and what must be readable in a narrow window too.
    table.add_column("text", no_wrap=True, overflow="ellipsis", ratio=1)
    for record in records:
        table.add_row(
            str(record.id),
            clock(record.ts_ms, view.zone),
            visible(record.channel),
            _chatter(record),
            Text(format_action(record.action), STYLES.get(record.action.kind, "")),
            str(record.outcome),
            record.filter,
            str(record.category),
            Text(view.text(record.text)),
        )
    return table


def record_page(record: Record, details: RecordDetails, view: View, seal: Seal | None = None) -> Group:
    """All there is about one Record; of its seal, if it has one, whether content is kept and never the content."""
    outcome = f"{record.outcome}: {visible(record.reason)}" if record.reason else str(record.outcome)
    text = view.text(record.text)
    if record.text is not None:
        text = marked(text, [each.span for each in details.evidence])
    facts = {
        "sent": iso(record.ts_ms, view.zone),
        "channel": f"{visible(record.channel)} ({record.channel_id}), policy revision {record.revision}",
        "chatter": f"{_chatter(record)} ({record.chatter_id or 'no id'}), {_count(record.strikes, 'strike')} before",
        "decided by": f"{visible(record.actor)}: {record.filter}, {record.category}, severity {_severity(record)}",
        "left alone": record.exempt,
        "message": record.message_id,
        "text": text,
        "sealed": told_seal(seal, view) if seal else "",
    }
    parts = [
        Text.assemble(
            f"Record #{record.id}: ", (format_action(record.action), STYLES.get(record.action.kind, "")), f", {outcome}"
        ),
        *(Text(f"  {name:<11} {value}") for name, value in facts.items() if value),
        *section("Evidence", (line for each in details.evidence for line in finding(each, view))),
        *section(
            "Context",
            (
                f"{clock(line.ts_ms, view.zone)}  {visible(line.chatter) or '(erased)'}: {view.text(line.text)}"
                for line in details.context
            ),
        ),
        *section("Times", _legs(record, view)),
        *section(
            "Events",
            (
                f"{iso(event.at_ms, view.zone)}  {event.outcome} by {visible(event.actor)}"
                + (f": {visible(event.reason)}" if event.reason else "")
                for event in details.events
            ),
        ),
    ]
    return Group(*parts)


def told_seal(seal: Seal, view: View) -> str:
    """What became of sealed content, in words."""
    if seal.present:
        until = f" until {iso(seal.expires_ms, view.zone)}" if seal.expires_ms is not None else ""
        kept = typed(f"content kept encrypted{until} (see: chatwarden sealed list)")
    else:
        kept = "content gone" if seal.kept else "content not kept: no key was set"
    return f"for {seal.category}, by {visible(seal.sealed_by)}; {kept}" + (f"; {seal.outcome}" if seal.outcome else "")


def tail_line(record: Record, view: View) -> str:
    """One Record on one line."""
    return (
        f"#{record.id} {clock(record.ts_ms, view.zone)} {visible(record.channel)} {_chatter(record)}: "
        f"{format_action(record.action)}, {record.outcome} ({record.filter}, {record.category})"
        f" {view.text(record.text)}"
    )


def _chatter(record: Record) -> str:
    return visible(record.chatter) or f"(erased person {record.person})"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _severity(of: Record | Evidence) -> str:
    return of.severity.name.lower()


def section(title: str, lines: Iterable[str]) -> list[Text]:
    """A heading with indented lines under it; nothing without lines."""
    body = [Text(f"  {line}") for line in lines]
    return [Text(title, "bold"), *body] if body else []


def finding(each: Evidence, view: View) -> Iterable[str]:
    """One piece of Evidence in a few lines."""
    dry = ", dry run" if each.dry_run else ""
    yield f"{each.filter}, {each.category}, severity {_severity(each)}{dry}"
    yield (
        f"  rule {view.rule(each)}; seen {view.text(each.folded) or '-'} ({each.technique}, "
        f"{_count(each.distance, 'edit')}, confidence {each.score:.2f})"
    )
    if each.detail:
        yield f"  {visible(each.detail)}"
    if each.related:
        yield f"  with {_count(len(each.related), 'other message')}"


def _legs(record: Record, view: View) -> Iterable[str]:
    yield f"received   {iso(record.received_ms, view.zone)}"
    for name, begin, end in LEGS:
        before, at = getattr(record, begin), getattr(record, end)
        if at is not None:
            yield f"{name:<10} {iso(at, view.zone)}  +{at - before} ms"
    if record.done_ms is not None:
        yield f"line to action {record.done_ms - record.received_ms} ms, {_count(record.attempts, 'call')} to Twitch"


def review_page(item: Item, record: Record, details: RecordDetails, view: View) -> Group:
    """What a reviewer judges: the line, what was found and done, no history of the chatter (it would anchor)."""
    text = view.text(record.text)
    if record.text is not None:
        text = marked(text, [each.span for each in details.evidence])
    facts = {
        "why here": f"{item.why}, round {item.round}, priority {item.priority:.0f}",
        "due": iso(item.due_ms, view.zone) + (" (overdue)" if item.overdue else ""),
        "yours until": iso(item.lease_ms or item.due_ms, view.zone),
        "sent": iso(record.ts_ms, view.zone),
        "channel": visible(record.channel),
        "decided": f"{format_action(record.action)} by {visible(record.actor)}: {record.filter}, {record.category}",
        "outcome": item.outcome,
        "text": text,
    }
    return Group(
        Text(f"Record #{record.id}", "bold"),
        *(Text(f"  {name:<11} {value}") for name, value in facts.items() if value),
        *section("Evidence", (line for each in details.evidence for line in finding(each, view))),
        *section(
            "Context",
            (f"{clock(line.ts_ms, view.zone)}  {view.text(line.text)}" for line in details.context),
        ),
    )
