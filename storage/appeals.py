"""Appeals: Twitch unban requests, linked to the Record that made the ban, answered by someone who had no part in it."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import aiosqlite

from storage.audit import Surface
from storage.chain import append
from storage.database import Database, DatabaseError, now_ms
from storage.deciding import NOTE_LIMIT
from storage.people import actor_number, enrol_person
from storage.queue import ClaimError, check_may_judge
from storage.requests import RequestKind, ask
from storage.roles import Staff, note_staff
from storage.rules import rule

Answer = Literal["approve", "deny"]
Resolution = Literal["approved", "denied", "canceled"]

REASONS: Mapping[Answer, tuple[str, ...]] = {
    "approve": ("wrong decision", "too hard", "served long enough", "insight shown"),
    "deny": ("rule broken", "repeat offence", "evasion", "no insight", "abusive appeal"),
}
"""Reason codes of each answer."""

ANSWER_LIMIT = 500
"""Characters Twitch takes as an answer (Resolve Unban Requests, resolution_text)."""


class AppealError(DatabaseError):
    """An appeal that cannot be answered so; the text says why."""


@dataclass(frozen=True, slots=True)
class Appeal:
    """One unban request. ``chatter`` is empty and ``text`` None once erased or past retention; ``failure`` is None
    until the bot has answered at Twitch, empty if that went well. Times are UTC milliseconds.
    """

    appeal_id: int
    channel_id: str
    channel: str
    person: int
    chatter: str
    record_id: int | None
    text: str | None
    received_ms: int
    due_ms: int
    status: str
    closed_ms: int | None
    decision: str
    reason: str
    decided_by: str
    surface: str
    decided_ms: int | None
    answered_ms: int | None
    failure: str | None


class Appeals:
    """Receives, lists and answers appeals. Who answers has been asked for at the Roster."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def receive(
        self,
        *,
        twitch_id: str,
        channel_id: str,
        channel: str,
        chatter_id: str,
        chatter: str,
        text: str,
        received_ms: int,
    ) -> int:
        """Note an unban request as Twitch gave it, and return its number; one that is known already stays as it is.

        It is linked to the chatter's latest ban in the channel that Twitch applied, if the log has one.
        """
        async with self._db.transaction() as transaction:
            known = await transaction.execute_fetchall("SELECT id FROM appeals WHERE twitch_id = ?", (twitch_id,))
            for row in known:
                return int(row[0])
            await transaction.execute(
                "INSERT INTO channels (id, login) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET login = excluded.login",
                (channel_id, channel),
            )
            person = await enrol_person(transaction, chatter_id, chatter)
            minutes = await rule(transaction, "appeal_minutes")
            [row] = await transaction.execute_fetchall(
                _RECEIVE,
                {
                    "twitch_id": twitch_id,
                    "channel_id": channel_id,
                    "person": person,
                    "text": text,
                    "received_ms": received_ms,
                    "due_ms": received_ms + round(60_000 * minutes),
                },
            )
        return int(row[0])

    async def resolved(self, twitch_id: str, *, status: Resolution, moderator: str, at_ms: int) -> None:
        """Note that Twitch says a request was resolved: ``approved``, ``denied`` or ``canceled`` by the chatter.

        What this bot answered itself, and what is not known, is left as it is.
        """
        async with self._db.transaction() as transaction:
            rows = list(
                await transaction.execute_fetchall(
                    "UPDATE appeals SET status = ?, closed_ms = ? WHERE twitch_id = ? AND status = 'open'"
                    " RETURNING id, channel_id",
                    ("withdrawn" if status == "canceled" else status, at_ms, twitch_id),
                )
            )
            if rows and status != "canceled":
                await append(
                    transaction,
                    "appeal_decisions",
                    {
                        "appeal_id": rows[0]["id"],
                        "at_ms": at_ms,
                        "actor_id": await actor_number(transaction, moderator),
                        "surface": "twitch",
                        "decision": "approve" if status == "approved" else "deny",
                        "reason": "",
                        "note": "",
                        "request_id": None,
                    },
                )

    async def list(self, *, closed: bool = False, limit: int = 50) -> list[Appeal]:
        """Open appeals, the most pressing first; with ``closed``, those too, after the open ones."""
        where = "" if closed else " WHERE v.status = 'open'"
        rows = await self._db.rows(f"{_SELECT}{where} ORDER BY v.status <> 'open', v.due_ms LIMIT ?", (limit,))
        return [_appeal(row) for row in rows]

    async def get(self, appeal_id: int) -> Appeal:
        """One appeal.

        Raises:
            AppealError: there is none of that number.
        """
        rows = await self._db.rows(f"{_SELECT} WHERE v.appeal_id = ?", (appeal_id,))
        if not rows:
            raise AppealError(f"there is no appeal {appeal_id} (see: chatwarden appeal list)")
        return _appeal(rows[0])

    async def decide(
        self,
        staff: Staff,
        appeal_id: int,
        answer: Answer,
        reason: str,
        *,
        to_chatter: str = "",
        note: str = "",
        surface: Surface,
    ) -> int:
        """Answer an appeal and return the number of the request to the bot, which answers at Twitch.

        ``to_chatter`` is what the chatter will read; ``note`` stays here, for ever, and names nobody.

        Raises:
            AppealError: no such appeal, answered before, not a reason of this answer, or a text is too long.
            ClaimError: the person acted, reviewed the ban, owns the channel, or is the chatter.
        """
        _check(answer, reason, to_chatter, note)
        appeal = await self.get(appeal_id)
        async with self._db.transaction() as transaction:
            await _check_stranger(transaction, staff, appeal)
            rows = list(
                await transaction.execute_fetchall(
                    _ANSWER,
                    ("approved" if answer == "approve" else "denied", now_ms(), appeal_id),
                )
            )
            if not rows:
                raise AppealError(f"appeal {appeal_id} was answered or withdrawn before")
            if rows[0]["twitch_id"] is None:
                raise AppealError(f"appeal {appeal_id}: the person was erased, so Twitch cannot be answered")
            kind = RequestKind.APPROVE_APPEAL if answer == "approve" else RequestKind.DENY_APPEAL
            request_id = await ask(
                transaction, kind, rows[0]["twitch_id"], appeal.channel_id, actor=staff.name, note=to_chatter
            )
            await append(
                transaction,
                "appeal_decisions",
                {
                    "appeal_id": appeal_id,
                    "at_ms": now_ms(),
                    "actor_id": await actor_number(transaction, staff.name),
                    "surface": surface,
                    "decision": answer,
                    "reason": reason,
                    "note": note,
                    "request_id": request_id,
                },
            )
            await note_staff(
                transaction,
                staff,
                surface,
                "appeal decide",
                f"appeal {appeal_id}",
                f"{answer}: {reason}",
                channel_id=appeal.channel_id,
            )
        return request_id


def _check(answer: Answer, reason: str, to_chatter: str, note: str) -> None:
    if reason not in REASONS[answer]:
        raise AppealError(f"{reason!r} is not a reason to {answer} (use one of: {', '.join(REASONS[answer])})")
    for name, text, limit in (("answer", to_chatter, ANSWER_LIMIT), ("note", note, NOTE_LIMIT)):
        if len(text) > limit:
            raise AppealError(f"the {name} has {len(text)} characters, the limit is {limit}")


async def _check_stranger(transaction: aiosqlite.Connection, staff: Staff, appeal: Appeal) -> None:
    if staff.login in {appeal.chatter, appeal.channel} or staff.name in {appeal.chatter, appeal.channel}:
        raise ClaimError(f"appeal {appeal.appeal_id} is {staff.name}'s own, or of {staff.name}'s own channel")
    if appeal.record_id is not None:
        await check_may_judge(transaction, staff, appeal.record_id)


def _appeal(row: sqlite3.Row) -> Appeal:
    fields: dict[str, Any] = {name: row[name] for name in Appeal.__slots__}
    empty = {name: fields[name] or "" for name in ("channel", "chatter", "decision", "reason", "decided_by", "surface")}
    return Appeal(**{**fields, **empty})


_ANSWER = """
    UPDATE appeals
    SET status = ?, closed_ms = ?
    WHERE id = ?
        AND (
            status = 'open'
            -- What Twitch would not take is not answered.
            OR EXISTS (SELECT 1 FROM v_appeals AS v WHERE v.appeal_id = appeals.id AND v.failure <> '')
        )
    RETURNING twitch_id
"""

_SELECT = "SELECT v.*, p.text FROM v_appeals AS v JOIN appeals AS p ON p.id = v.appeal_id"

_RECEIVE = """
    INSERT INTO appeals (twitch_id, channel_id, chatter_id, record_id, text, received_ms, due_ms, status)
    VALUES (
        :twitch_id, :channel_id, :person,
        (
            SELECT r.id
            FROM records AS r
            JOIN record_states AS s ON s.record_id = r.id
            WHERE r.chatter_id = :person
                AND r.channel_id = :channel_id
                AND r.action = 'ban'
                AND s.outcome = 'applied'
            ORDER BY r.ts_ms DESC
            LIMIT 1
        ),
        :text, :received_ms, :due_ms, 'open'
    )
    RETURNING id
"""
