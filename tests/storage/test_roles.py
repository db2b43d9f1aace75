from __future__ import annotations

import pytest

from storage.audit import Audit
from storage.database import Database, DatabaseError
from storage.roles import PERMISSIONS, ForbiddenError, Permission, Role, Roster, Staff

EXPECTED = """
                  analyst senior investigator legal manager auditor
review               x      x        x          -      x       -
review escalated     -      x        x          -      x       -
sample               -      x        x          -      x       -
unmask               x      x        x          x      x       -
read                 x      x        x          x      x       x
case                 -      x        x          x      x       -
hold                 -      -        -          x      -       -
sealed list          -      -        x          x      x       x
sealed open          -      -        x          x      -       -
sealed release       -      -        -          x      -       -
retention            -      -        -          x      x       -
erase                -      -        -          x      x       -
rules                -      -        -          -      x       -
staff                -      -        -          -      x       -
"""


async def test_every_role_may_do_what_the_matrix_says_and_every_refusal_is_in_audit(
    db: Database, staff: dict[str, Staff]
) -> None:
    head, *lines = EXPECTED.strip().splitlines()
    roster, audit = Roster(db), Audit(db)
    seen = set()
    for line in lines:
        permission = Permission(line[:17].strip())
        for role, cell in zip(map(Role, head.split()), line[17:].split(), strict=True):
            seen.add((permission, role))
            before = len(await audit.latest(actor=role, limit=1000))
            if cell == "x":
                assert (await roster.require(role, permission, surface="shell", verb="try")).role is role
                continue
            with pytest.raises(ForbiddenError, match=f"{role} is {role}; try is for: "):
                await roster.require(role, permission, surface="shell", verb="try", subject="record 1")
            deeds = await audit.latest(actor=role, limit=1000)
            assert len(deeds) == before + 1
            assert (deeds[0].allowed, deeds[0].verb, deeds[0].subject) == (False, "try", "record 1")
    assert seen == {(permission, role) for permission in Permission for role in PERMISSIONS}


async def test_strangers_and_the_removed_may_nothing(db: Database, staff: dict[str, Staff]) -> None:
    roster = Roster(db)
    await roster.remove("senior", by=staff["manager"], surface="shell")
    for nobody in ("senior", "stranger", ""):
        with pytest.raises(ForbiddenError, match="is not on the staff"):
            await roster.require(nobody, Permission.READ, surface="shell", verb="review queue")
    with pytest.raises(DatabaseError, match="'senior' is not on the staff"):
        await roster.remove("senior", by=staff["manager"], surface="shell")


async def test_the_first_is_a_manager_and_only_the_first_needs_nobody(db: Database) -> None:
    roster = Roster(db)
    with pytest.raises(DatabaseError, match="the first of the staff must be a manager"):
        await roster.add("ada", Role.ANALYST, by=None, surface="shell")
    await roster.add("@Mara", Role.MANAGER, by=None, surface="shell")
    with pytest.raises(ForbiddenError, match="there is a staff already"):
        await roster.add("eve", Role.MANAGER, by=None, surface="shell")
    assert [each.name for each in await roster.list()] == ["mara"]


async def test_there_is_always_a_manager(db: Database, staff: dict[str, Staff]) -> None:
    roster, manager = Roster(db), staff["manager"]
    with pytest.raises(DatabaseError, match="the only manager"):
        await roster.remove("manager", by=manager, surface="shell")
    with pytest.raises(DatabaseError, match="the only manager"):
        await roster.add("manager", Role.ANALYST, by=manager, surface="shell")
    await roster.add("senior", Role.MANAGER, by=manager, surface="shell")
    await roster.remove("manager", by=manager, surface="shell")


async def test_a_person_is_one_under_name_and_twitch_login(db: Database, staff: dict[str, Staff]) -> None:
    roster, manager = Roster(db), staff["manager"]
    await roster.add("ada", Role.ANALYST, login="Mod_Ada", by=manager, surface="shell")
    assert await roster.find("mod_ada") == await roster.find("ada") == Staff("ada", Role.ANALYST, "mod_ada")
    for name, login in (("mod_ada", None), ("eve", "ada"), ("eve", "mod_ada")):
        with pytest.raises(DatabaseError, match="of another member already"):
            await roster.add(name, Role.ANALYST, login=login, by=manager, surface="shell")
