"""Sealed content: child safety and illegal content, encrypted or not kept at all, opened by few and never unnoted.

Encryption is Fernet of the ``cryptography`` package (AES-128-CBC with HMAC-SHA-256); MultiFernet reads what older keys
wrote. The key comes from the environment and never stands in the database.
"""

from __future__ import annotations

import json
import stat
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

import aiosqlite
from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from filters.types import Category, Evidence
from storage.audit import Surface
from storage.chain import append
from storage.database import Database, DatabaseError, now_ms
from storage.exposure import look
from storage.holds import HELD_RECORDS
from storage.people import actor_number
from storage.roles import Staff, note_staff

SEALED = frozenset({Category.CHILD_SAFETY, Category.ILLEGAL_GOODS})
"""Categories whose text is never kept in plain."""

Outcome = Literal["reported", "no violation", "destroyed"]
OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)
"""How a seal can be worked off: reported by people; nothing to report; content destroyed at once."""

DAY_MS = 86_400_000


class SealError(DatabaseError):
    """Sealed content cannot be read or kept; the text says what is missing."""


class Sealer:
    """Encrypts and decrypts with the newest of its keys first."""

    def __init__(self, keys: Sequence[str]) -> None:
        if not keys:
            raise SealError("the seal key's file holds no key (make one: chatwarden sealed key)")
        try:
            self._fernet = MultiFernet([Fernet(key) for key in keys])
        except ValueError:
            raise SealError(
                "the seal key is not 32 bytes in URL-safe base64 (make one: chatwarden sealed key)"
            ) from None

    @classmethod
    def configured(cls, key: str, file: Path | None) -> Sealer | None:
        """The sealer of a key, else of a key file; None if neither is set.

        Several keys are separated by commas or lines, the newest first.

        Raises:
            SealError: no key in it, or the file is missing or can be read by others.
        """
        text = key or (_private(file) if file else "")
        if not text and not file:
            return None
        return cls(text.replace(",", " ").split())

    def seal(self, content: Mapping[str, Any]) -> bytes:
        """Encrypt."""
        return self._fernet.encrypt(json.dumps(content).encode())

    def open(self, ciphertext: bytes) -> dict[str, Any]:
        """Decrypt.

        Raises:
            SealError: sealed with another key, or damaged.
        """
        try:
            content: dict[str, Any] = json.loads(self._fernet.decrypt(ciphertext))
        except InvalidToken:
            raise SealError("sealed with a key that is not set now, or damaged (add the older key)") from None
        return content


def new_key() -> str:
    """A fresh key."""
    return Fernet.generate_key().decode()


def content_of(text: str, evidence: Sequence[Evidence]) -> dict[str, Any]:
    """What is sealed of a Record."""
    return {"text": text, "evidence": [{"folded": each.folded, "detail": each.detail} for each in evidence]}


@dataclass(frozen=True, slots=True)
class Seal:
    """One sealed Record, without its content. ``kept`` says whether content was kept encrypted, ``present`` whether it
    is still there; ``outcome`` is empty until it was worked off. Times are UTC milliseconds.
    """

    id: int
    record_id: int
    at_ms: int
    category: Category
    sealed_by: str
    kept: bool
    present: bool
    expires_ms: int | None
    outcome: str
    released_ms: int | None


async def seal(
    transaction: aiosqlite.Connection,
    sealer: Sealer | None,
    record_id: int,
    category: Category,
    content: Mapping[str, Any],
    *,
    actor: str,
) -> None:
    """Note that a Record is sealed, and keep its content encrypted if there is a key."""
    at_ms = now_ms()
    sealed_id = await append(
        transaction,
        "sealed",
        {
            "record_id": record_id,
            "at_ms": at_ms,
            "category": str(category),
            "actor_id": await actor_number(transaction, actor),
            "kept": int(sealer is not None),
        },
    )
    if sealer is not None:
        await transaction.execute(
            "INSERT INTO sealed_content (sealed_id, ciphertext, expires_ms)"
            " SELECT ?, ?, ? + ? * days FROM retention_rules WHERE subject = 'sealed' AND category IN (?, '')"
            " ORDER BY category = '' LIMIT 1",
            (sealed_id, sealer.seal(content), at_ms, DAY_MS, str(category)),
        )


async def seal_kept(
    transaction: aiosqlite.Connection, sealer: Sealer | None, record_id: int, category: Category, *, actor: str
) -> None:
    """Seal a Record whose text is in plain so far, wherever the line is quoted. Sealed before: nothing happens."""
    if await transaction.execute_fetchall("SELECT 1 FROM sealed WHERE record_id = ?", (record_id,)):
        return
    lines = await transaction.execute_fetchall(
        "SELECT text FROM context_messages WHERE record_id = ? AND position = 0", (record_id,)
    )
    findings = await transaction.execute_fetchall(
        "SELECT folded, detail FROM evidence WHERE record_id = ? ORDER BY position", (record_id,)
    )
    content = {"text": next(iter(lines))["text"], "evidence": [dict(row) for row in findings]}
    await seal(transaction, sealer, record_id, category, content, actor=actor)
    await transaction.execute(
        "UPDATE context_messages SET text = NULL FROM records AS r WHERE r.id = ?"
        " AND context_messages.chatter_id = r.chatter_id AND context_messages.message_id = r.message_id",
        (record_id,),
    )
    await transaction.execute(
        "DELETE FROM messages"
        " WHERE (chatter_id, message_id) IN (SELECT chatter_id, message_id FROM records WHERE id = ?)",
        (record_id,),
    )
    await transaction.execute("UPDATE evidence SET folded = NULL, detail = NULL WHERE record_id = ?", (record_id,))


class SealedQueue:
    """Lists, opens and works off seals. Callers have asked the Roster first."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def list(self, *, released: bool = False) -> list[Seal]:
        """Seals that wait to be worked off, oldest first; with ``released``, all."""
        where = "" if released else " WHERE outcome IS NULL"
        return [_seal(row) for row in await self._db.rows(f"SELECT * FROM v_sealed{where} ORDER BY sealed_id")]  # noqa: S608

    async def get(self, sealed_id: int) -> Seal:
        """One seal.

        Raises:
            SealError: there is none of that number.
        """
        rows = await self._db.rows("SELECT * FROM v_sealed WHERE sealed_id = ?", (sealed_id,))
        if not rows:
            raise SealError(f"there is no seal {sealed_id} (see: chatwarden sealed list)")
        return _seal(rows[0])

    async def of(self, record_id: int) -> Seal | None:
        """The seal of a Record; None if it is not sealed."""
        rows = await self._db.rows("SELECT * FROM v_sealed WHERE record_id = ?", (record_id,))
        return _seal(rows[0]) if rows else None

    async def open(
        self, sealed_id: int, sealer: Sealer | None, *, staff: Staff, purpose: str, surface: Surface
    ) -> dict[str, Any]:
        """The content of a seal; that it was opened, by whom and what for is on the disk before it is shown.

        Raises:
            SealError: no such seal, no key, another key, no purpose, or the content was not kept or is gone.
            ExposureError: the reviewer has seen enough this shift.
        """
        if not purpose.strip():
            raise SealError("say what it is opened for (--purpose, e.g. a report's number)")
        seal = await self.get(sealed_id)
        if not seal.present:
            raise SealError(
                f"seal {sealed_id}: " + ("content is gone" if seal.kept else "content was not kept: no key was set")
            )
        if sealer is None:
            raise SealError("no seal key is set (CHATWARDEN_SEAL_KEY, or a file's name in CHATWARDEN_SEAL_KEY_FILE)")
        [row] = await self._db.rows("SELECT ciphertext FROM sealed_content WHERE sealed_id = ?", (sealed_id,))
        content = sealer.open(row["ciphertext"])
        async with self._db.transaction() as transaction:
            await look(transaction, staff, seal.record_id, surface=surface, purpose=purpose, sealed=True)
        return content


async def note_release(
    transaction: aiosqlite.Connection, seal: Seal, outcome: Outcome, note: str, *, staff: Staff, surface: Surface
) -> None:
    """Note how a seal was worked off; ``destroyed`` destroys the content at once.

    Raises:
        SealError: worked off before, or to be destroyed under legal hold.
    """
    done = await transaction.execute_fetchall(
        "INSERT INTO seal_releases (sealed_id, at_ms, actor_id, outcome, note) VALUES (?, ?, ?, ?, ?)"
        " ON CONFLICT (sealed_id) DO NOTHING RETURNING sealed_id",
        (seal.id, now_ms(), await actor_number(transaction, staff.name), outcome, note),
    )
    if not done:
        raise SealError(f"seal {seal.id} was worked off before")
    if outcome == "destroyed":
        held = await transaction.execute_fetchall(f"SELECT 1 WHERE ? IN ({HELD_RECORDS})", (seal.record_id,))
        if held:
            raise SealError(f"seal {seal.id}: a case holds it (lift the legal hold first)")
        await transaction.execute("DELETE FROM sealed_content WHERE sealed_id = ?", (seal.id,))
    await note_staff(
        transaction, staff, surface, "sealed release", f"seal {seal.id}", f"{outcome}: {note}" if note else outcome
    )


def _seal(row: Any) -> Seal:
    return Seal(
        row["sealed_id"],
        row["record_id"],
        row["at_ms"],
        Category(row["category"]),
        row["sealed_by"],
        bool(row["kept"]),
        bool(row["present"]),
        row["expires_ms"],
        row["outcome"] or "",
        row["released_ms"],
    )


def _private(path: Path) -> str:
    try:
        if stat.S_IMODE(path.stat().st_mode) & 0o077:
            raise SealError(f"{path} can be read by others (run: chmod 600 {path})")
        return path.read_text(encoding="ascii")
    except OSError as error:
        raise SealError(f"{path}: {error.strerror} (make one: chatwarden sealed key {path})") from None
