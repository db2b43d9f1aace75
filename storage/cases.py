"""Cases: investigations with people, Records, appeals and notes, an owner, and a legal hold where one is needed."""

from __future__ import annotations

import hmac
import secrets
import sqlite3
from dataclasses import dataclass
from typing import Any, Literal, get_args

import aiosqlite

from storage.audit import Surface
from storage.chain import append
from storage.database import Database, DatabaseError, now_ms
from storage.people import KEY_BYTES, actor_number
from storage.roles import Staff, note_staff

Kind = Literal["person", "record", "appeal"]
KINDS: tuple[Kind, ...] = get_args(Kind)
"""What can belong to a case."""

TITLE_LIMIT, NOTE_LIMIT = 200, 10_000
"""Characters."""


class CaseError(DatabaseError):
    """A case that cannot be changed so; the text says why."""


@dataclass(frozen=True, slots=True)
class Case:
    """One investigation. ``people`` to ``links`` are counts. Times are UTC milliseconds."""

    case_id: int
    title: str
    status: str
    owner: str
    opened_by: str
    opened_ms: int
    closed_ms: int | None
    resolution: str
    legal_hold: bool
    people: int
    records: int
    notes: int
    links: int


@dataclass(frozen=True, slots=True)
class CaseItem:
    """Something that belongs to a case; ``login`` is the person's, empty for other kinds and once erased."""

    kind: str
    subject: int
    login: str
    added_by: str
    at_ms: int
    why: str


@dataclass(frozen=True, slots=True)
class CaseNote:
    """A note; ``text`` is None once destroyed."""

    id: int
    at_ms: int
    author: str
    text: str | None


class CaseBook:
    """Opens, fills and closes cases. Callers have asked the Roster first; every change is in audit."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def open(self, staff: Staff, title: str, *, surface: Surface) -> int:
        """Begin a case, owned by who opens it, and return its number. ``title`` stays, so it names nobody.

        Raises:
            CaseError: the title is empty or too long.
        """
        title = title.strip()
        if not 1 <= len(title) <= TITLE_LIMIT:
            raise CaseError(f"the title has {len(title)} characters, 1 to {TITLE_LIMIT} are possible")
        async with self._db.transaction() as transaction:
            actor = await actor_number(transaction, staff.name)
            [row] = await transaction.execute_fetchall(
                "INSERT INTO cases (title, status, owner_id, opened_by, opened_ms, resolution, legal_hold)"
                " VALUES (?, 'open', ?, ?, ?, '', 0) RETURNING id",
                (title, actor, actor, now_ms()),
            )
            await note_staff(transaction, staff, surface, "case open", f"case {row[0]}")
        return int(row[0])

    async def add(
        self, staff: Staff, case_id: int, kind: Kind, subject: int, *, why: str = "", surface: Surface
    ) -> None:
        """Put a person (our number), Record or appeal into a case; what is in it already stays as it is.

        Raises:
            CaseError: no such case or subject, or the case is closed.
        """
        async with self._db.transaction() as transaction:
            await open_case(transaction, case_id)
            if not await transaction.execute_fetchall(f"SELECT 1 FROM {_TABLES[kind]} WHERE id = ?", (subject,)):  # noqa: S608
                raise CaseError(f"there is no {kind} {subject}")
            await add_item(transaction, staff, case_id, kind, subject, why)
            await note_staff(transaction, staff, surface, "case add", f"case {case_id}", f"{kind} {subject}")

    async def note(self, staff: Staff, case_id: int, text: str, *, surface: Surface) -> int:
        """Write a note and return its number. That it was written stays for ever, the words until retention ends.

        Raises:
            CaseError: no such case, it is closed, or the text is empty or too long.
        """
        if not 1 <= len(text.strip()) <= NOTE_LIMIT:
            raise CaseError(f"the note has {len(text.strip())} characters, 1 to {NOTE_LIMIT} are possible")
        key = secrets.token_bytes(KEY_BYTES)
        async with self._db.transaction() as transaction:
            await open_case(transaction, case_id)
            number = await append(
                transaction,
                "case_notes",
                {
                    "case_id": case_id,
                    "at_ms": now_ms(),
                    "actor_id": await actor_number(transaction, staff.name),
                    "digest": hmac.digest(key, text.encode(), "sha256"),
                },
            )
            await transaction.execute(
                "INSERT INTO case_note_texts (note_id, key, text) VALUES (?, ?, ?)", (number, key, text)
            )
            await note_staff(transaction, staff, surface, "case note", f"case {case_id}", f"note {number}")
        return number

    async def assign(self, staff: Staff, case_id: int, owner: Staff, *, surface: Surface) -> None:
        """Hand a case over.

        Raises:
            CaseError: no such case, or it is closed.
        """
        async with self._db.transaction() as transaction:
            await open_case(transaction, case_id)
            await transaction.execute(
                "UPDATE cases SET owner_id = ? WHERE id = ?", (await actor_number(transaction, owner.name), case_id)
            )
            await note_staff(transaction, staff, surface, "case assign", f"case {case_id}", f"to {owner.name}")

    async def hold(self, staff: Staff, case_id: int, *, on: bool, surface: Surface) -> None:
        """Put a case on legal hold, closed or not, or lift it: nothing about its people and Records is erased then.

        Raises:
            CaseError: no such case.
        """
        async with self._db.transaction() as transaction:
            changed = await transaction.execute_fetchall(
                "UPDATE cases SET legal_hold = ? WHERE id = ? RETURNING id", (int(on), case_id)
            )
            if not changed:
                raise CaseError(f"there is no case {case_id}")
            await note_staff(transaction, staff, surface, "case hold", f"case {case_id}", "on" if on else "off")

    async def close(self, staff: Staff, case_id: int, resolution: str, *, surface: Surface) -> None:
        """Close a case. ``resolution`` stays, so it names nobody.

        Raises:
            CaseError: no such case, it is closed, or there is no resolution.
        """
        if not 1 <= len(resolution.strip()) <= TITLE_LIMIT:
            raise CaseError(f"say in 1 to {TITLE_LIMIT} characters how the case ended")
        async with self._db.transaction() as transaction:
            await open_case(transaction, case_id)
            await transaction.execute(
                "UPDATE cases SET status = 'closed', closed_ms = ?, resolution = ? WHERE id = ?",
                (now_ms(), resolution.strip(), case_id),
            )
            await note_staff(transaction, staff, surface, "case close", f"case {case_id}")

    async def get(self, case_id: int) -> Case:
        """One case.

        Raises:
            CaseError: there is none of that number.
        """
        rows = await self._db.rows("SELECT * FROM v_cases WHERE case_id = ?", (case_id,))
        if not rows:
            raise CaseError(f"there is no case {case_id} (see: chatwarden case list)")
        return _case(rows[0])

    async def items(self, case_id: int) -> list[CaseItem]:
        """What belongs to a case, by kind and number."""
        rows = await self._db.rows(
            "SELECT n.kind, n.subject, coalesce(p.login, ''), a.name, n.at_ms, n.why FROM case_items AS n"
            " JOIN actors AS a ON a.id = n.actor_id"
            " LEFT JOIN chatters AS p ON n.kind = 'person' AND p.id = n.subject"
            " WHERE n.case_id = ? ORDER BY n.kind, n.subject",
            (case_id,),
        )
        return [CaseItem(*row) for row in rows]

    async def notes(self, case_id: int) -> list[CaseNote]:
        """A case's notes, oldest first."""
        rows = await self._db.rows(
            "SELECT n.id, n.at_ms, a.name, t.text FROM case_notes AS n JOIN actors AS a ON a.id = n.actor_id"
            " LEFT JOIN case_note_texts AS t ON t.note_id = n.id WHERE n.case_id = ? ORDER BY n.id",
            (case_id,),
        )
        return [CaseNote(*row) for row in rows]

    async def list(self, *, closed: bool = False, owner: str | None = None, limit: int = 50) -> list[Case]:
        """Open cases, the newest first; with ``closed``, those too; with ``owner``, only that person's."""
        rows = await self._db.rows(
            "SELECT * FROM v_cases WHERE (:closed OR status = 'open') AND (:owner IS NULL OR owner = :owner)"
            " ORDER BY case_id DESC LIMIT :limit",
            {"closed": closed, "owner": owner, "limit": limit},
        )
        return [_case(row) for row in rows]


async def open_case(transaction: aiosqlite.Connection, case_id: int) -> None:
    """Refuse a case that is not there, or closed. Raises CaseError."""
    rows = list(await transaction.execute_fetchall("SELECT status FROM cases WHERE id = ?", (case_id,)))
    if not rows:
        raise CaseError(f"there is no case {case_id} (see: chatwarden case list)")
    if rows[0]["status"] != "open":
        raise CaseError(f"case {case_id} is closed (open another one)")


async def add_item(
    transaction: aiosqlite.Connection, staff: Staff, case_id: int, kind: Kind, subject: int, why: str
) -> None:
    """Put something into a case; what is in it already stays as it is."""
    await transaction.execute(
        "INSERT INTO case_items (case_id, kind, subject, actor_id, at_ms, why) VALUES (?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (case_id, kind, subject) DO NOTHING",
        (case_id, kind, subject, await actor_number(transaction, staff.name), now_ms(), why),
    )


_TABLES: dict[Kind, str] = {"person": "chatters", "record": "records", "appeal": "appeals"}


def _case(row: sqlite3.Row) -> Case:
    fields: dict[str, Any] = {name: row[name] for name in Case.__slots__}
    return Case(**{**fields, "legal_hold": bool(fields["legal_hold"])})
