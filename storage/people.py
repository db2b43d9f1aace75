"""People behind the log: their numbers and secret keys, the HMACs of what quotes them, and their erasure."""

from __future__ import annotations

import hmac
import json
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any

import aiosqlite

from storage.chain import append, canonical
from storage.database import Database, DatabaseError, now_ms, write_rows
from storage.holds import HELD_PEOPLE

KEY_BYTES = 32
"""Length of a person's key: the block that SHA-256 puts out."""

REMEMBERED = 50_000
"""People kept in memory between transactions."""


@dataclass(frozen=True, slots=True)
class Person:
    """A chatter's number in chained rows, the key of that person's HMACs, and the login last stored."""

    number: int
    key: bytes
    login: str


def mac(key: bytes, columns: Mapping[str, Any]) -> bytes:
    """The keyed digest of a personal row as stored, without ``record_id`` and ``mac``; lines add ``twitch_id``."""
    return hmac.digest(key, canonical(columns), "sha256")


def personal_hash(macs: Iterable[bytes]) -> bytes:
    """What a chained row says about its evidence and context rows: SHA-256 over their HMACs, in order."""
    return sha256(b"".join(macs)).digest()


class People:
    """Looks up and enrols chatters inside a writer's transaction, remembering them between transactions."""

    def __init__(self) -> None:
        self._known: dict[str, Person] = {}
        self._erasures = 0

    def forget(self) -> None:
        """Drop what is remembered, as after a transaction that was rolled back."""
        self._known.clear()

    def noticed(self, erasures: int) -> None:
        """Drop what is remembered if someone has been erased since, perhaps by another process."""
        if erasures != self._erasures:
            self._erasures = erasures
            self.forget()

    async def enrol(self, transaction: aiosqlite.Connection, logins: Mapping[str, str]) -> dict[str, Person]:
        """Everyone of ``logins`` (Twitch id to login), added or with the login brought up to date."""
        stale = {
            twitch_id: login
            for twitch_id, login in logins.items()
            if (person := self._known.get(twitch_id)) is None or person.login != login
        }
        if stale:
            if len(self._known) > REMEMBERED:
                kept = logins.keys() - stale.keys()
                self._known = {twitch_id: self._known[twitch_id] for twitch_id in kept}
            await write_rows(
                transaction,
                "INSERT INTO chatters (twitch_id, login)",
                list(stale.items()),
                "ON CONFLICT (twitch_id) DO UPDATE SET login = excluded.login",
            )
            await write_rows(
                transaction,
                "WITH new (twitch_id, key) AS (",
                [(twitch_id, secrets.token_bytes(KEY_BYTES)) for twitch_id in stale],
                ") INSERT INTO person_keys (chatter_id, key)"
                " SELECT p.id, new.key FROM new CROSS JOIN chatters AS p ON p.twitch_id = new.twitch_id WHERE true"
                " ON CONFLICT (chatter_id) DO NOTHING",
            )
            rows = await transaction.execute_fetchall(
                "SELECT p.twitch_id, p.id, k.key, p.login FROM chatters AS p JOIN person_keys AS k"
                " ON k.chatter_id = p.id WHERE p.twitch_id IN (SELECT value FROM json_each(?))",
                (json.dumps(list(stale)),),
            )
            self._known.update({twitch_id: Person(number, key, login) for twitch_id, number, key, login in rows})
        return {twitch_id: self._known[twitch_id] for twitch_id in logins}


@dataclass(frozen=True, slots=True)
class Erasure:
    """What erasing one person destroys, or would.

    Records about them lose their words, as do their lines quoted elsewhere or stored (``lines``) and their appeals;
    sealed content and the notes of cases about nobody else go. ``held_by`` is the case whose legal hold forbids it, if
    there is one. ``traces`` says that bytes stay in the write-ahead log until whoever reads an older state is done.
    """

    person: int
    records: int
    lines: int
    appeals: int = 0
    seals: int = 0
    case_notes: int = 0
    held_by: int | None = None
    traces: bool = False


async def actor_number(transaction: aiosqlite.Connection, name: str) -> int:
    """The number of someone who acts, added if new."""
    await transaction.execute("INSERT INTO actors (name) VALUES (?) ON CONFLICT (name) DO NOTHING", (name,))
    [row] = await transaction.execute_fetchall("SELECT id FROM actors WHERE name = ?", (name,))
    return int(row[0])


async def enrol_person(transaction: aiosqlite.Connection, twitch_id: str, login: str) -> int:
    """The number of one chatter, added if new; for whoever writes about a person outside the action log."""
    people = await People().enrol(transaction, {twitch_id: login})
    return people[twitch_id].number


async def person_number(db: Database, twitch_id: str, login: str) -> int:
    """The number that stands for a chatter where no name may stay, added if new. Raises WriteError."""
    async with db.transaction() as transaction:
        return await enrol_person(transaction, twitch_id, login)


async def find_people(db: Database, who: str) -> list[int]:
    """Numbers of the people with this login (now) or Twitch id; several if a login changed hands."""
    rows = await db.rows("SELECT id FROM chatters WHERE login = ? OR twitch_id = ?", (who.lstrip("@").lower(), who))
    return [int(row[0]) for row in rows]


async def twitch_ids(db: Database, people: list[int]) -> list[str]:
    """The Twitch ids of people not erased."""
    rows = await db.rows(
        "SELECT twitch_id FROM chatters WHERE twitch_id IS NOT NULL AND id IN (SELECT value FROM json_each(?))",
        (json.dumps(people),),
    )
    return [row[0] for row in rows]


async def plan_erasure(db: Database, person: int) -> Erasure:
    """What ``erase`` would destroy."""
    [row] = await db.rows(_PLAN, {"p": person})
    return Erasure(person, *row)


async def erase(db: Database, person: int, *, actor: str, reason: str) -> Erasure:
    """Destroy a person's key, identity and quoted text; the Records stay under their number and the chain stays valid.

    Moderators' notes about the person go too. What others said in chat stays, as does the person's login where it
    acted as a moderator.

    Raises:
        DatabaseError: nobody of that number, erased before, or under the legal hold of a case.
        WriteError: nothing was erased.
    """
    plan = await plan_erasure(db, person)
    async with db.transaction() as transaction:
        await erase_within(transaction, person, actor=actor, reason=reason)
    return replace(plan, traces=not await db.forget_log())


async def erase_within(transaction: aiosqlite.Connection, person: int, *, actor: str, reason: str) -> None:
    """Erase one person inside a transaction; the write-ahead log still holds the bytes afterwards.

    Raises:
        DatabaseError: as ``erase``.
    """
    at_ms = now_ms()
    for held in await transaction.execute_fetchall(_HOLDING, {"p": person}):
        raise DatabaseError(f"person {person}: case {held[0]} is on legal hold (a case on hold goes before erasure)")
    erased = await transaction.execute_fetchall(
        "UPDATE chatters SET twitch_id = NULL, login = NULL, erased_ms = ?"
        " WHERE id = ? AND erased_ms IS NULL RETURNING id",
        (at_ms, person),
    )
    if not erased:
        raise DatabaseError(f"person {person}: not in the log, or erased before")
    for statement in _DESTROY:
        await transaction.execute(statement, {"p": person})
    await append(
        transaction,
        "erasures",
        {"chatter_id": person, "at_ms": at_ms, "actor_id": await actor_number(transaction, actor), "reason": reason},
    )


_HOLDING = f"SELECT min(case_id) FROM ({HELD_PEOPLE}) WHERE subject = :p HAVING count(*) > 0"  # noqa: S608 - fixed text

_OWN_NOTES = """
    SELECT n.id
    FROM case_notes AS n
    WHERE n.case_id IN (SELECT case_id FROM case_items WHERE kind = 'person' AND subject = :p)
        AND n.case_id NOT IN (SELECT case_id FROM case_items WHERE kind = 'person' AND subject <> :p)
"""

_SEALS = "SELECT e.id FROM sealed AS e JOIN records AS r ON r.id = e.record_id WHERE r.chatter_id = :p"

_PLAN = f"""
    SELECT (SELECT count(*) FROM records WHERE chatter_id = :p),
        (SELECT count(*) FROM context_messages WHERE chatter_id = :p AND text IS NOT NULL)
            + (SELECT count(*) FROM messages WHERE chatter_id = :p),
        (SELECT count(*) FROM appeals WHERE chatter_id = :p AND text IS NOT NULL),
        (SELECT count(*) FROM sealed_content WHERE sealed_id IN ({_SEALS})),
        (SELECT count(*) FROM case_note_texts WHERE note_id IN ({_OWN_NOTES})),
        (SELECT min(case_id) FROM ({HELD_PEOPLE}) WHERE subject = :p)
"""  # noqa: S608 - fixed text

_DESTROY = (
    "DELETE FROM person_keys WHERE chatter_id = :p",
    "DELETE FROM notes WHERE chatter_id = :p",
    "DELETE FROM messages WHERE chatter_id = :p",
    "UPDATE context_messages SET text = NULL WHERE chatter_id = :p",
    "UPDATE evidence SET folded = NULL, detail = NULL"
    " WHERE record_id IN (SELECT id FROM records WHERE chatter_id = :p)",
    # What was asked at Twitch for the person: the id of the unban request, and the words to the person.
    "UPDATE requests SET subject = '', note = '' WHERE done_ms IS NOT NULL AND id IN (SELECT d.request_id"
    " FROM appeal_decisions AS d JOIN appeals AS p ON p.id = d.appeal_id WHERE p.chatter_id = :p)",
    "UPDATE appeals SET twitch_id = NULL, text = NULL WHERE chatter_id = :p",
    f"DELETE FROM sealed_content WHERE sealed_id IN ({_SEALS})",  # noqa: S608 - fixed text
    f"DELETE FROM case_note_texts WHERE note_id IN ({_OWN_NOTES})",  # noqa: S608 - fixed text
)
