"""How a Record gets onto the disk: what is written, sealed and chained, many at a time in one transaction."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import aiosqlite

from filters.types import Action, Category, Evidence, Message, Verdict
from storage.chain import Chain
from storage.database import DatabaseError, now_ms, write_rows
from storage.people import People, Person, actor_number, mac, personal_hash
from storage.queue import open_items, reason_to_review, weight
from storage.reading import Outcome
from storage.sealed import SEALED, Sealer, content_of, seal

SEALED_REMEMBERED = 100_000
"""Ids of sealed messages remembered, so that they are not kept as another Record's context."""


class OutcomeError(DatabaseError):
    """A Record cannot be settled so: it does not exist or its outcome already stands."""


@dataclass(frozen=True, slots=True)
class NewRecord:
    """A decision about to be recorded. ``context`` are the chat lines before the message, oldest first.

    ``leading`` is the Evidence the Record is filed under; ``outcome`` is set where nothing is left to enforce;
    ``group_id`` is the raid or nuke it belongs to.
    """

    message: Message
    leading: Evidence
    evidence: tuple[Evidence, ...]
    context: tuple[Message, ...]
    action: Action
    revision: int
    strikes: int
    dry_run: bool
    exempt: str
    received_ms: int
    decided_ms: int
    actor: str = "bot"
    outcome: Outcome | None = None
    group_id: int | None = None

    @classmethod
    def from_verdict(
        cls,
        verdict: Verdict,
        context: Sequence[Message],
        received_ms: int,
        actor: str = "bot",
        *,
        decided_ms: int | None = None,
        group_id: int | None = None,
    ) -> NewRecord:
        """The Record of a Verdict that has Evidence; ``decided_ms`` is now unless given."""
        outcome = None
        if verdict.dry_run:
            outcome = Outcome.DRY_RUN
        elif not verdict.action.enforces:
            outcome = Outcome.WITHHELD if verdict.exempt else Outcome.REVIEW
        return cls(
            message=verdict.message,
            leading=verdict.leading,
            evidence=verdict.evidence,
            context=tuple(context),
            action=verdict.action,
            revision=verdict.revision,
            strikes=verdict.strikes,
            dry_run=verdict.dry_run,
            exempt=verdict.exempt,
            received_ms=received_ms,
            decided_ms=now_ms() if decided_ms is None else decided_ms,
            actor=actor,
            outcome=outcome,
            group_id=group_id,
        )

    @property
    def sealed(self) -> bool:
        """Whether the text must not be kept in plain."""
        return self.sealed_for is not None

    @property
    def sealed_for(self) -> Category | None:
        """The category for which the text must not be kept in plain, the gravest finding's; None if it may."""
        grave = [each for each in self.evidence if each.category in SEALED]
        return max(grave, key=lambda each: each.severity).category if grave else None

    @property
    def why_review(self) -> str:
        """Why people should look at it (storage.queue), empty if they need not. Dry runs and people's acts stay out."""
        if self.dry_run or self.exempt or self.actor != "bot":
            return "escalated" if self.sealed else ""
        return reason_to_review(self.action, self.leading.severity, self.sealed)

    @property
    def weight(self) -> float:
        """How urgent a look at it is apart from its age."""
        people = {line.chatter_id for line in (*self.context, self.message)}
        related = max(len(each.related) for each in self.evidence)
        score = max(each.score for each in self.evidence)
        return weight(self.action, self.leading.severity, score, max(len(people), related))


@dataclass(frozen=True, slots=True)
class Settlement:
    """The outcome of a Record, about to be appended."""

    record_id: int
    outcome: Outcome
    reason: str
    sent_ms: int | None
    done_ms: int | None
    attempts: int
    actor: str


class Clerk:
    """Writes a batch of Records and Settlements inside a transaction."""

    def __init__(self, sealer: Sealer | None = None) -> None:
        self._sealer = sealer
        self._people = People()
        self._channels: dict[str, str] = {}
        self._actors: dict[str, int] = {}
        self._sealed: dict[str, None] = {}
        self._seals_seen = 0

    def forget(self) -> None:
        """Drop what is remembered, as after a transaction that was rolled back."""
        self._people.forget()
        self._channels.clear()
        self._actors.clear()

    async def write(
        self, transaction: aiosqlite.Connection, batch: Sequence[NewRecord | Settlement]
    ) -> list[int | OutcomeError]:
        """Write the batch and return, for each item, the Record's number or why it was refused."""
        new = [item for item in batch if isinstance(item, NewRecord)]
        [heads] = await transaction.execute_fetchall(_HEADS)
        records, events = Chain("records", *heads[:2]), Chain("record_events", *heads[2:4])
        self._people.noticed(heads[4])
        await self._notice_seals(transaction, heads[5])
        people = await self._people.enrol(
            transaction,
            {line.chatter_id: line.chatter for item in new for line in (*item.context, item.message)},
        )
        await self._note_channels(transaction, {item.message.channel_id: item.message.channel for item in new})
        await self._note_actors(transaction, {item.actor for item in batch})
        standing = await self._standing(transaction, batch)

        at_ms = now_ms()
        evidence: list[dict[str, Any]] = []
        lines: list[dict[str, Any]] = []
        members: list[dict[str, Any]] = []
        results: list[int | OutcomeError] = []
        for item in batch:
            if isinstance(item, NewRecord):
                number = self._append_record(item, people, records, at_ms, evidence, lines)
                if item.outcome is not None:
                    settled = Settlement(number, item.outcome, item.exempt, None, None, 0, item.actor)
                    self._append_event(settled, events, at_ms)
                if item.group_id is not None:
                    members.append({"record_id": number, "group_id": item.group_id})
                results.append(number)
            elif refusal := _refusal(item, standing.get(item.record_id)):
                results.append(OutcomeError(refusal))
            else:
                standing[item.record_id] = item.outcome
                self._append_event(item, events, at_ms)
                results.append(item.record_id)
        for table, rows in (
            ("records", records.rows),
            ("record_events", events.rows),
            ("evidence", evidence),
            ("context_messages", lines),
            ("record_group_members", members),
        ):
            if rows:
                names = ", ".join(rows[0])
                await write_rows(transaction, f"INSERT INTO {table} ({names})", [list(row.values()) for row in rows])
        await self._hand_to_people(transaction, batch, results, at_ms)
        return results

    async def _hand_to_people(
        self,
        transaction: aiosqlite.Connection,
        batch: Sequence[NewRecord | Settlement],
        results: Sequence[int | OutcomeError],
        at_ms: int,
    ) -> None:
        """Put what people should look at into the review queue, and what must not be kept in plain under seal."""
        items = []
        for item, number in zip(batch, results, strict=True):
            if not isinstance(item, NewRecord) or isinstance(number, OutcomeError):
                continue
            if why := item.why_review:
                items.append(
                    {
                        "record_id": number,
                        "round": 1,
                        "why": why,
                        "weight": item.weight,
                        "sealed": int(item.sealed),
                        "probability": None,
                        "opened_ms": at_ms,
                    }
                )
            if item.sealed_for is not None:
                content = content_of(item.message.text, item.evidence)
                await seal(transaction, self._sealer, number, item.sealed_for, content, actor=item.actor)
        if items:
            await open_items(transaction, items)

    def _append_record(
        self,
        item: NewRecord,
        people: Mapping[str, Person],
        records: Chain,
        at_ms: int,
        evidence: list[dict[str, Any]],
        lines: list[dict[str, Any]],
    ) -> int:
        message = item.message
        chatter = people[message.chatter_id]
        if item.sealed:
            self._seal(message.id)
        findings = [_evidence_row(position, each, chatter, item.sealed) for position, each in enumerate(item.evidence)]
        said = [
            _line_row(position, line, people[line.chatter_id], line.id in self._sealed)
            for position, line in enumerate((*item.context, message), start=-len(item.context))
        ]
        number = records.append(
            {
                "ts_ms": message.ts_ms,
                "received_ms": item.received_ms,
                "decided_ms": item.decided_ms,
                "committed_ms": at_ms,
                "channel_id": message.channel_id,
                "chatter_id": chatter.number,
                "message_id": message.id,
                "action": item.action.kind.name.lower(),
                "duration_s": item.action.duration_s,
                "filter": item.leading.filter,
                "rule": _storable(item.leading.rule),
                "category": str(item.leading.category),
                "severity": int(item.leading.severity),
                "revision": item.revision,
                "strikes": item.strikes,
                "dry_run": int(item.dry_run),
                "exempt": item.exempt,
                "actor_id": self._actors[item.actor],
                "personal_hash": personal_hash(row["mac"] for row in (*findings, *said)),
            }
        )
        evidence.extend({"record_id": number, **row} for row in findings)
        lines.extend({"record_id": number, **row} for row in said)
        return number

    def _append_event(self, item: Settlement, events: Chain, at_ms: int) -> None:
        events.append(
            {
                "record_id": item.record_id,
                "at_ms": at_ms,
                "outcome": str(item.outcome),
                "reason": _storable(item.reason),
                "sent_ms": item.sent_ms,
                "done_ms": item.done_ms,
                "attempts": item.attempts,
                "actor_id": self._actors[item.actor],
            }
        )

    def _seal(self, message_id: str) -> None:
        self._sealed[message_id] = None
        if len(self._sealed) > SEALED_REMEMBERED:
            del self._sealed[next(iter(self._sealed))]

    async def _notice_seals(self, transaction: aiosqlite.Connection, last: int) -> None:
        """Take in what others sealed meanwhile: a reviewer may seal a line that is still some Record's context."""
        if last > self._seals_seen:
            for row in await transaction.execute_fetchall(_SEALS, (self._seals_seen, SEALED_REMEMBERED)):
                self._seal(row["message_id"])
            self._seals_seen = last

    async def _note_channels(self, transaction: aiosqlite.Connection, logins: Mapping[str, str]) -> None:
        stale = {channel: login for channel, login in logins.items() if self._channels.get(channel) != login}
        if stale:
            await transaction.executemany(
                "INSERT INTO channels (id, login) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET login = excluded.login",
                stale.items(),
            )
            self._channels.update(stale)

    async def _note_actors(self, transaction: aiosqlite.Connection, names: Iterable[str]) -> None:
        for name in names:
            if name not in self._actors:
                self._actors[name] = await actor_number(transaction, name)

    async def _standing(
        self, transaction: aiosqlite.Connection, batch: Sequence[NewRecord | Settlement]
    ) -> dict[int, Outcome]:
        asked = [item.record_id for item in batch if isinstance(item, Settlement)]
        if not asked:
            return {}
        rows = await transaction.execute_fetchall(
            "SELECT record_id, outcome FROM record_states WHERE record_id IN (SELECT value FROM json_each(?))",
            (json.dumps(asked),),
        )
        return {number: Outcome(outcome) for number, outcome in rows}


_HEADS = """
    SELECT (SELECT max(id) FROM records),
        (SELECT row_hash FROM records ORDER BY id DESC LIMIT 1),
        (SELECT max(id) FROM record_events),
        (SELECT row_hash FROM record_events ORDER BY id DESC LIMIT 1),
        (SELECT coalesce(max(id), 0) FROM erasures),
        (SELECT coalesce(max(id), 0) FROM sealed)
"""


_SEALS = """
    SELECT r.message_id
    FROM (SELECT record_id FROM sealed WHERE id > ? ORDER BY id DESC LIMIT ?) AS e
    JOIN records AS r ON r.id = e.record_id
"""


def _refusal(item: Settlement, standing: Outcome | None) -> str:
    before = Outcome.APPLIED if item.outcome is Outcome.UNDONE else Outcome.PENDING
    if standing is None:
        return f"record #{item.record_id} does not exist"
    if item.outcome is Outcome.PENDING:
        return f"record #{item.record_id}: pending is not an outcome"
    if standing is not before:
        return f"record #{item.record_id} is {standing}; only a record that is {before} can become {item.outcome}"
    return ""


def _evidence_row(position: int, each: Evidence, chatter: Person, sealed: bool) -> dict[str, Any]:
    row = {
        "position": position,
        "filter": each.filter,
        "rule": _storable(each.rule),
        "category": str(each.category),
        "severity": int(each.severity),
        "span_start": each.span[0],
        "span_end": each.span[1],
        "folded": None if sealed else _storable(each.folded),
        "score": float(each.score),
        "distance": each.distance,
        "technique": each.technique,
        "detail": None if sealed else _storable(each.detail),
        "related": json.dumps(each.related),
        "dry_run": int(each.dry_run),
    }
    return {**row, "mac": mac(chatter.key, row)}


def _line_row(position: int, line: Message, writer: Person, sealed: bool) -> dict[str, Any]:
    row = {
        "position": position,
        "ts_ms": line.ts_ms,
        "chatter_id": writer.number,
        "message_id": line.id,
        "text": None if sealed else _storable(line.text),
        "sealed": int(sealed),
    }
    return {**row, "mac": mac(writer.key, {**row, "twitch_id": line.chatter_id})}


def _storable(text: str) -> str:
    """Lone surrogates, which JSON can carry and UTF-8 cannot, become U+FFFD; the length stays, so spans stay right."""
    return re.sub(r"[\ud800-\udfff]", "\ufffd", text)
