"""What of a Record people see: chat text made harmless for terminals, and masked until asked for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import tzinfo
from typing import Any

from filters.masking import masked, visible
from filters.types import Evidence
from ops.when import iso
from storage.records import Record, RecordDetails

GONE = "(not kept)"
"""Stands for text that was erased, or never kept in plain."""


@dataclass(frozen=True, slots=True)
class View:
    """How Records are shown: in which time zone, whether abuse stands in plain, and then whether to the letter.

    ``exact`` is for files that may become evidence; everything else may reach a terminal.
    """

    zone: tzinfo
    plain: bool = False
    exact: bool = False

    def text(self, text: str | None) -> str:
        """A chat line or a piece of one, of the same length: masked or plain, unable to steer a terminal."""
        if text is None:
            return GONE
        if not self.plain:
            return masked(text)
        return text if self.exact else visible(text)

    def rule(self, each: Evidence) -> str:
        """What the filter went by: a listed word like chat text, a setting by its name."""
        return self.text(each.rule) if each.folded else visible(each.rule)

    def row(self, record: Record) -> dict[str, Any]:
        """A Record as one flat row for programs; ``…_ms`` are UTC milliseconds, ``sent_at`` ISO-8601 in the zone."""
        return {name: field(self, record) for name, field in FIELDS.items()}

    def details(self, details: RecordDetails) -> dict[str, Any]:
        """What stands behind a Record, for programs."""
        return {
            "evidence": [self._finding(each) for each in details.evidence],
            "context": [
                {"ts_ms": line.ts_ms, "chatter": line.chatter, "text": line.text and self.text(line.text)}
                for line in details.context
            ],
            "events": [
                {
                    "at_ms": event.at_ms,
                    "outcome": str(event.outcome),
                    "reason": visible(event.reason),
                    "sent_ms": event.sent_ms,
                    "done_ms": event.done_ms,
                    "attempts": event.attempts,
                    "actor": event.actor,
                }
                for event in details.events
            ],
        }

    def _finding(self, each: Evidence) -> dict[str, Any]:
        return {
            "filter": each.filter,
            "rule": self.rule(each),
            "category": str(each.category),
            "severity": int(each.severity),
            "span": list(each.span),
            "folded": self.text(each.folded),
            "score": each.score,
            "distance": each.distance,
            "technique": each.technique,
            "detail": visible(each.detail),
            "related": list(each.related),
            "dry_run": each.dry_run,
        }


FIELDS: dict[str, Callable[[View, Record], Any]] = {
    "record_id": lambda _, record: record.id,
    "sent_at": lambda view, record: iso(record.ts_ms, view.zone),
    "channel": lambda _, record: record.channel,
    "channel_id": lambda _, record: record.channel_id,
    "chatter": lambda _, record: record.chatter,
    "chatter_id": lambda _, record: record.chatter_id,
    "person": lambda _, record: record.person,
    "message_id": lambda _, record: record.message_id,
    "action": lambda _, record: record.action.kind.name.lower(),
    "duration_s": lambda _, record: record.action.duration_s,
    "outcome": lambda _, record: str(record.outcome),
    "reason": lambda _, record: visible(record.reason),
    "filter": lambda _, record: record.filter,
    "rule": lambda view, record: view.text(record.rule),
    "category": lambda _, record: str(record.category),
    "severity": lambda _, record: int(record.severity),
    "revision": lambda _, record: record.revision,
    "strikes": lambda _, record: record.strikes,
    "dry_run": lambda _, record: record.dry_run,
    "exempt": lambda _, record: record.exempt,
    "actor": lambda _, record: record.actor,
    "attempts": lambda _, record: record.attempts,
    "ts_ms": lambda _, record: record.ts_ms,
    "received_ms": lambda _, record: record.received_ms,
    "decided_ms": lambda _, record: record.decided_ms,
    "committed_ms": lambda _, record: record.committed_ms,
    "sent_ms": lambda _, record: record.sent_ms,
    "done_ms": lambda _, record: record.done_ms,
    "text": lambda view, record: None if record.text is None else view.text(record.text),
}


def marked(text: str, spans: list[tuple[int, int]]) -> str:
    """The text with «» around the pieces, which survive a terminal without colours; touching pieces become one."""
    merged: list[tuple[int, int]] = []
    for start, end in sorted((max(0, start), min(len(text), end)) for start, end in spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        elif start < end:
            merged.append((start, end))
    for start, end in reversed(merged):
        text = f"{text[:start]}«{text[start:end]}»{text[end:]}"
    return text
