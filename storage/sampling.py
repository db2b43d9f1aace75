"""Random samples for quality review: the only Records from which a precision may be computed."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from heapq import heappush, heappushpop
from typing import Literal, get_args

from storage.audit import Surface
from storage.database import Database, DatabaseError, now_ms
from storage.people import actor_number
from storage.queue import open_items, weight_of
from storage.reviews import lot
from storage.roles import Staff, note_staff

Stratum = Literal["all", "filter", "category", "channel"]
STRATA: tuple[Stratum, ...] = get_args(Stratum)


@dataclass(frozen=True, slots=True)
class Sample:
    """One draw: ``records`` of ``population`` Records, of which ``queued`` were not reviewed or queued before."""

    id: int
    population: int
    records: tuple[int, ...]
    queued: int


class Sampling:
    """Draws samples. Callers have asked the Roster first."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def draw(
        self,
        staff: Staff,
        *,
        size: int,
        seed: int,
        by: Stratum = "all",
        since_ms: int = 0,
        until_ms: int | None = None,
        channel: str = "",
        surface: Surface,
    ) -> Sample:
        """Draw ``size`` Records of each stratum at random, note each one's inclusion probability, and queue them.

        The population are the bot's Records whose message was sent in [since_ms, until_ms), of one ``channel`` (login
        or Twitch id) or of all; dry runs are among them, sealed ones and those an exemption left alone are not. The
        ``size`` lowest lots of a stratum are drawn, so the same seed over the same Records draws the same sample, and
        a larger size contains the smaller one.

        Raises:
            DatabaseError: the size is below 1, or there is no such channel, or nothing to draw from.
        """
        if size < 1:
            raise DatabaseError(f"a sample of {size} is too small (draw at least 1; 30 for an interval worth reading)")
        channel_id = await self._channel(channel) if channel else ""
        until_ms = now_ms() if until_ms is None else until_ms
        drawn: dict[str, list[tuple[float, int]]] = defaultdict(list)
        counts: dict[str, int] = defaultdict(int)
        asked = {"since": since_ms, "until": until_ms, "channel": channel_id}
        async for record_id, stratum in self._db.stream(_POPULATION[by], asked):
            counts[stratum] += 1
            entry = (-lot(seed, record_id), record_id)
            if len(drawn[stratum]) < size:
                heappush(drawn[stratum], entry)
            else:
                heappushpop(drawn[stratum], entry)
        if not counts:
            raise DatabaseError("there is no Record to draw from (widen --since, or choose another channel)")
        chosen = [
            (record_id, stratum, len(entries) / counts[stratum])
            for stratum, entries in drawn.items()
            for _, record_id in entries
        ]
        async with self._db.transaction() as transaction:
            [row] = await transaction.execute_fetchall(
                "INSERT INTO qa_samples"
                " (at_ms, actor_id, seed, size, stratum, since_ms, until_ms, channel_id, population)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id",
                (
                    now_ms(),
                    await actor_number(transaction, staff.name),
                    seed,
                    size,
                    by,
                    since_ms,
                    until_ms,
                    channel_id,
                    sum(counts.values()),
                ),
            )
            number = int(row[0])
            await transaction.executemany(
                "INSERT INTO qa_sample_records (sample_id, record_id, stratum, probability) VALUES (?, ?, ?, ?)",
                [(number, *each) for each in chosen],
            )
            fresh = [
                row["record_id"]
                for row in await transaction.execute_fetchall(
                    "SELECT record_id FROM qa_sample_records AS m WHERE sample_id = ?"
                    " AND NOT EXISTS (SELECT 1 FROM review_items AS i WHERE i.record_id = m.record_id)",
                    (number,),
                )
            ]
            probability = {record_id: share for record_id, _, share in chosen}
            at_ms = now_ms()
            items = [
                {
                    "record_id": record_id,
                    "round": 1,
                    "why": "sample",
                    "weight": await weight_of(transaction, record_id),
                    "sealed": 0,
                    "probability": probability[record_id],
                    "opened_ms": at_ms,
                }
                for record_id in fresh
            ]
            await open_items(transaction, items)
            await note_staff(
                transaction,
                staff,
                surface,
                "review sample",
                f"sample {number}",
                f"{len(chosen)} of {sum(counts.values())} Records by {by}, seed {seed}",
                channel_id=channel_id,
            )
        return Sample(number, sum(counts.values()), tuple(sorted(probability)), len(fresh))

    async def _channel(self, name: str) -> str:
        rows = await self._db.rows(
            "SELECT id FROM channels WHERE login = :name OR id = :name ORDER BY id <> :name LIMIT 1",
            {"name": name.removeprefix("#").lower()},
        )
        if not rows:
            raise DatabaseError(f"{name!r} is not a channel of the log")
        return str(rows[0]["id"])


_POPULATION = {
    by: f"""
    SELECT r.id, {column} AS stratum
    FROM records AS r
    WHERE r.ts_ms >= :since
        AND r.ts_ms < :until
        AND r.actor_id = 1
        AND r.exempt = ''
        AND (:channel = '' OR r.channel_id = :channel)
        AND NOT EXISTS (SELECT 1 FROM sealed AS s WHERE s.record_id = r.id)
    """  # noqa: S608 - our names
    for by, column in {"all": "''", "filter": "r.filter", "category": "r.category", "channel": "r.channel_id"}.items()
}
