"""Links: who seems to have acted together with the people of a case, and by which Records one can tell."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import AsyncIterator
from dataclasses import dataclass

from filters.duplicates import SHORTEST_SKETCHED, Duplicates, Line
from filters.text import fold
from storage.audit import Surface
from storage.cases import add_item, open_case
from storage.database import Database, now_ms
from storage.roles import Staff, note_staff

AROUND_MS = 3_600_000
"""Near-identical lines count as one action when they are this near to a line of the case, before or after."""

LINES = 10_000
"""The latest lines of a channel looked at together."""

Pair = tuple[int, int]
"""The two people's Records that show it, in the order of the people."""


@dataclass(frozen=True, slots=True)
class Link:
    """Two people who seem to have acted together: how, in how many pairs of Records, and one such pair."""

    person: int
    other: int
    why: str
    strength: int
    record_id: int
    other_record_id: int


class Links:
    """Finds and reads links. Callers have asked the Roster first."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def of(self, case_id: int) -> list[Link]:
        """A case's links, the strongest first."""
        rows = await self._db.rows(
            "SELECT person, other, why, strength, record_id, other_record_id FROM case_links WHERE case_id = ?"
            " ORDER BY strength DESC, person, other",
            (case_id,),
        )
        return [Link(*row) for row in rows]

    async def find(self, staff: Staff, case_id: int, *, surface: Surface) -> list[Link]:
        """Link the people of a case to whoever acted with them, add those to the case, and return all links.

        Looked at are: Records of the same raid or nuke; lines a filter saw together (``Evidence.related``); lines in
        the same channel within an hour that say nearly the same, where their text is still kept. A link is a lead, no
        proof: copying a joke makes one too.

        Raises:
            CaseError: no such case, or it is closed.
        """
        found: dict[tuple[str, int, int], set[Pair]] = defaultdict(set)
        for why, sql in (("same group", _SAME_GROUP), ("same finding", _SAME_FINDING)):
            for row in await self._db.rows(sql, {"case_id": case_id, "around": AROUND_MS}):
                key, pair = _key(why, *row)
                found[key].add(pair)
        async for key, pair in self._alike(case_id):
            found[key].add(pair)
        async with self._db.transaction() as transaction:
            await open_case(transaction, case_id)
            at_ms = now_ms()
            for (why, person, other), pairs in found.items():
                await transaction.execute(_LINK, (case_id, person, other, why, len(pairs), *min(pairs), at_ms))
                for each in (person, other):
                    await add_item(transaction, staff, case_id, "person", each, why)
            await note_staff(transaction, staff, surface, "case link", f"case {case_id}", f"{len(found)} links")
        return await self.of(case_id)

    async def _alike(self, case_id: int) -> AsyncIterator[tuple[tuple[str, int, int], Pair]]:
        members = {row[0] for row in await self._db.rows(_MEMBERS, {"case_id": case_id})}
        channels: dict[str, tuple[Duplicates, deque[Line]]] = {}
        async for row in self._db.stream(_LINES, {"case_id": case_id, "around": AROUND_MS}):
            form = fold(row["text"]).text
            if len(form) < SHORTEST_SKETCHED:
                continue  # short lines are the same by chance
            line = Line(str(row["record_id"]), row["ts_ms"], str(row["chatter_id"]), "", "", form)
            duplicates, kept = channels.setdefault(row["channel_id"], (Duplicates(), deque()))
            while kept and (kept[0].ts_ms < line.ts_ms - AROUND_MS or len(kept) >= LINES):
                duplicates.forget(kept.popleft())
            kept.append(line)
            duplicates.observe(line)
            for each in line.group.within(line.ts_ms - AROUND_MS) if line.group else ():
                people = int(each.chatter_id), int(line.chatter_id)
                if people[0] != people[1] and members.intersection(people):
                    yield _key("near-identical text", int(each.id), people[0], int(line.id), people[1])


def _key(why: str, mine: int, person: int, theirs: int, other: int) -> tuple[tuple[str, int, int], Pair]:
    """A pair of people in one order only, with their Records in the same order."""
    (low, first), (high, second) = sorted(((person, mine), (other, theirs)))
    return (why, low, high), (first, second)


_MEMBERS = """
    SELECT subject FROM case_items WHERE case_id = :case_id AND kind = 'person'
    UNION SELECT r.chatter_id FROM case_items AS i JOIN records AS r ON r.id = i.subject
    WHERE i.case_id = :case_id AND i.kind = 'record'
    UNION SELECT p.chatter_id FROM case_items AS i JOIN appeals AS p ON p.id = i.subject
    WHERE i.case_id = :case_id AND i.kind = 'appeal'
"""

_SAME_GROUP = f"""
    SELECT mine.id, mine.chatter_id, theirs.id, theirs.chatter_id
    FROM records AS mine
    JOIN record_group_members AS g ON g.record_id = mine.id
    JOIN record_group_members AS h ON h.group_id = g.group_id
    JOIN records AS theirs ON theirs.id = h.record_id
    WHERE mine.chatter_id IN ({_MEMBERS}) AND theirs.chatter_id <> mine.chatter_id
"""  # noqa: S608 - fixed text

_NEAR = f"""
    FROM records AS mine
    JOIN records AS theirs ON theirs.channel_id = mine.channel_id
        AND theirs.ts_ms BETWEEN mine.ts_ms - :around AND mine.ts_ms + :around
    {{}}
    WHERE mine.chatter_id IN ({_MEMBERS})
"""

_SAME_FINDING = f"""
    SELECT mine.id, mine.chatter_id, theirs.id, theirs.chatter_id
    {_NEAR.format("JOIN evidence AS e ON e.record_id IN (mine.id, theirs.id) JOIN json_each(e.related) AS j")}
        AND theirs.chatter_id <> mine.chatter_id
        AND j.value = CASE WHEN e.record_id = mine.id THEN theirs.message_id ELSE mine.message_id END
"""

_LINES = f"""
    SELECT r.id AS record_id, r.ts_ms, r.channel_id, r.chatter_id, m.text
    FROM records AS r
    JOIN context_messages AS m ON m.record_id = r.id AND m.position = 0 AND m.text IS NOT NULL
    WHERE r.id IN (SELECT theirs.id {_NEAR.format("")})
    ORDER BY r.ts_ms, r.id
"""  # noqa: S608 - fixed text

_LINK = """
    INSERT INTO case_links (case_id, person, other, why, strength, record_id, other_record_id, at_ms)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (case_id, person, other, why) DO UPDATE
    SET strength = excluded.strength,
        record_id = excluded.record_id,
        other_record_id = excluded.other_record_id,
        at_ms = excluded.at_ms
"""
