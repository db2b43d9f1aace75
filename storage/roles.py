"""Staff: who may review, as what, and what that permits. Every change, and every refusal, is in audit.

A name is asserted by the surface that passes it on: the console has it from Twitch, the shell from the user's word.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import aiosqlite

from storage.audit import Audit, Surface, note_deed
from storage.database import Database, DatabaseError, now_ms
from storage.people import actor_number


class Role(StrEnum):
    """What a member of the staff is."""

    ANALYST = "analyst"
    SENIOR = "senior"
    INVESTIGATOR = "investigator"
    LEGAL = "legal"
    MANAGER = "manager"
    AUDITOR = "auditor"


class Permission(StrEnum):
    """What can be permitted."""

    REVIEW = "review"  # take and decide Records, answer appeals
    REVIEW_ESCALATED = "review escalated"  # take what another escalated or was unsure of
    SAMPLE = "sample"  # draw Records for quality review
    UNMASK = "unmask"  # see chat text in plain, counted
    READ = "read"  # queue, decisions, appeals, cases, with text masked
    CASE = "case"  # open and work cases
    HOLD = "hold"  # put a case on legal hold or lift it
    SEALED_LIST = "sealed list"  # know what is sealed
    SEALED_OPEN = "sealed open"  # read sealed content, with a purpose
    SEALED_RELEASE = "sealed release"  # say how a seal was worked off
    RETENTION = "retention"  # destroy what is past its time
    ERASE = "erase"  # destroy a person's identity and text
    RULES = "rules"  # change deadlines, leases, shares, periods
    STAFF = "staff"  # add and remove staff


_READER = {Permission.READ}
_ANALYST = _READER | {Permission.REVIEW, Permission.UNMASK}
_SENIOR = _ANALYST | {Permission.REVIEW_ESCALATED, Permission.SAMPLE, Permission.CASE}
_INVESTIGATOR = _SENIOR | {Permission.SEALED_LIST, Permission.SEALED_OPEN}

PERMISSIONS: Mapping[Role, frozenset[Permission]] = {
    Role.ANALYST: frozenset(_ANALYST),
    Role.SENIOR: frozenset(_SENIOR),
    Role.INVESTIGATOR: frozenset(_INVESTIGATOR),
    # Counsel decides about holds, seals and destruction, and does not review day to day.
    Role.LEGAL: frozenset(
        _READER
        | {Permission.UNMASK, Permission.CASE, Permission.HOLD, Permission.RETENTION, Permission.ERASE}
        | {Permission.SEALED_LIST, Permission.SEALED_OPEN, Permission.SEALED_RELEASE}
    ),
    # Who runs the team sets its rules and sees what is sealed, but not the content.
    Role.MANAGER: frozenset(
        _SENIOR | {Permission.SEALED_LIST, Permission.RETENTION, Permission.ERASE, Permission.RULES, Permission.STAFF}
    ),
    Role.AUDITOR: frozenset(_READER | {Permission.SEALED_LIST}),
}
"""Who may do what."""


def may(permission: Permission) -> str:
    """The roles that are permitted something, in words."""
    return ", ".join(role for role, permitted in PERMISSIONS.items() if permission in permitted)


class ForbiddenError(Exception):
    """Refused, and noted in audit as refused. The text says who may."""


@dataclass(frozen=True, slots=True)
class Staff:
    """A member of the staff. ``login`` is the person's Twitch login, the same as ``name`` unless given."""

    name: str
    role: Role
    login: str

    def may(self, permission: Permission) -> bool:
        """Whether the role permits it."""
        return permission in PERMISSIONS[self.role]


class Roster:
    """The staff as it stands."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def list(self) -> list[Staff]:
        """Everyone on the staff, by name."""
        return [_staff(row) for row in await self._db.rows(f"{_SELECT} ORDER BY a.name")]

    async def find(self, who: str) -> Staff | None:
        """The member of this name or Twitch login; None if there is none."""
        rows = await self._db.rows(
            f"{_SELECT} AND (a.name = :who OR s.login = :who) ORDER BY a.name <> :who LIMIT 1", {"who": _plain(who)}
        )
        return _staff(rows[0]) if rows else None

    async def require(
        self, who: str, permission: Permission, *, surface: Surface, verb: str, subject: str = "", channel_id: str = ""
    ) -> Staff:
        """The member of this name or login, who must be permitted this.

        Raises:
            ForbiddenError: not on the staff, or the role does not permit it.
        """
        staff = await self.find(who)
        if staff is not None and staff.may(permission):
            return staff
        await Audit(self._db).note(
            actor=staff.name if staff else _plain(who),
            role=staff.role if staff else "",
            surface=surface,
            verb=verb,
            subject=subject,
            detail=f"needs permission: {permission}",
            channel_id=channel_id,
            allowed=False,
        )
        if staff is None:
            raise ForbiddenError(
                f"{who!r} is not on the staff; {verb} is for: {may(permission)}"
                " (a manager adds people with: chatwarden staff add)"
            )
        raise ForbiddenError(f"{staff.name} is {staff.role}; {verb} is for: {may(permission)}")

    async def add(self, name: str, role: Role, *, login: str | None = None, by: Staff | None, surface: Surface) -> None:
        """Put someone on the staff, or give a member another role.

        ``by`` is None for the first one only, whom the surface lets in because the caller owns the file.

        Raises:
            ForbiddenError: ``by`` is None and there is a staff.
            DatabaseError: the first one is no manager, the last manager would go, or the login is another's.
        """
        name, login = _plain(name), _plain(login) if login else None
        async with self._db.transaction() as transaction:
            managers = await _managers(transaction)
            if by is None and await transaction.execute_fetchall(f"{_SELECT} LIMIT 1"):
                raise ForbiddenError("there is a staff already; a manager adds people")
            if by is None and role is not Role.MANAGER:
                raise DatabaseError(f"{name}: the first of the staff must be a manager, to add others (got {role})")
            if managers == {name} and role is not Role.MANAGER:
                raise DatabaseError(f"{name} is the only manager (make another one manager first)")
            if await transaction.execute_fetchall(
                f"{_SELECT} AND a.name <> :name AND (a.name IN (:name, :login) OR s.login IN (:name, :login))",
                {"name": name, "login": login},
            ):
                raise DatabaseError(f"{login or name}: is the name or Twitch login of another member already")
            await transaction.execute(
                "INSERT INTO staff (actor_id, role, login, added_ms) VALUES (?, ?, ?, ?) ON CONFLICT (actor_id)"
                " DO UPDATE SET role = excluded.role, login = coalesce(excluded.login, login),"
                " added_ms = excluded.added_ms, removed_ms = NULL",
                (await actor_number(transaction, name), role, login, now_ms()),
            )
            await note_staff(
                transaction, by or Staff(name, role, name), surface, "staff add", f"staff {name}", str(role)
            )

    async def remove(self, name: str, *, by: Staff, surface: Surface) -> None:
        """Take someone off the staff; what the person decided stays.

        Raises:
            DatabaseError: not on the staff, or the only manager.
        """
        name = _plain(name)
        async with self._db.transaction() as transaction:
            if await _managers(transaction) == {name}:
                raise DatabaseError(f"{name} is the only manager (make another one manager first)")
            gone = await transaction.execute_fetchall(
                "UPDATE staff SET removed_ms = ?, login = NULL"
                " WHERE actor_id = (SELECT id FROM actors WHERE name = ?) AND removed_ms IS NULL RETURNING actor_id",
                (now_ms(), name),
            )
            if not gone:
                raise DatabaseError(f"{name!r} is not on the staff (see: staff list)")
            await note_staff(transaction, by, surface, "staff remove", f"staff {name}")


async def note_staff(
    transaction: aiosqlite.Connection,
    staff: Staff,
    surface: Surface,
    verb: str,
    subject: str,
    detail: str = "",
    *,
    channel_id: str = "",
) -> None:
    """Append to audit what a member of the staff does, in the transaction that does it."""
    await note_deed(
        transaction,
        actor=staff.name,
        role=staff.role,
        surface=surface,
        verb=verb,
        subject=subject,
        detail=detail,
        channel_id=channel_id,
    )


_SELECT = """
    SELECT a.name, s.role, coalesce(s.login, a.name) AS login
    FROM staff AS s
    JOIN actors AS a ON a.id = s.actor_id
    WHERE s.removed_ms IS NULL
"""


async def _managers(transaction: aiosqlite.Connection) -> set[str]:
    rows = await transaction.execute_fetchall(f"{_SELECT} AND s.role = 'manager'")
    return {row["name"] for row in rows}


def _staff(row: sqlite3.Row) -> Staff:
    return Staff(row["name"], Role(row["role"]), row["login"])


def _plain(name: str) -> str:
    return name.strip().removeprefix("@").lower()
