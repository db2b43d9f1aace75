from __future__ import annotations

import pytest

from storage.database import Database, DatabaseError
from storage.queue import Queue
from storage.records import RecordLog
from storage.roles import Staff
from storage.sampling import Sampling
from tests.storage.conftest import T0, add_ban, make_evidence, make_message, make_record


@pytest.fixture
async def filled(log: RecordLog) -> RecordLog:
    """40 Records of blocklist in studio, 10 of caps in arena, none of which waits for a review."""
    for number in range(40):
        await log.open(make_record(make_message(number)))
    for number in range(40, 50):
        found = make_evidence(filter="caps")
        await log.open(make_record(make_message(number, channel="arena"), evidence=(found,)))
    return log


async def test_the_same_seed_draws_the_same_records_and_another_seed_others(
    filled: RecordLog, db: Database, staff: dict[str, Staff]
) -> None:
    sampling, senior = Sampling(db), staff["senior"]
    first = await sampling.draw(senior, size=10, seed=7, surface="shell")
    again = await sampling.draw(senior, size=10, seed=7, surface="shell")
    other = await sampling.draw(senior, size=10, seed=8, surface="shell")
    larger = await sampling.draw(senior, size=20, seed=7, surface="shell")
    assert first.records == again.records != other.records
    assert set(first.records) < set(larger.records)
    assert (first.population, first.queued, again.queued) == (50, 10, 0)
    assert {item.record_id for item in await Queue(db).list()} == set(first.records + other.records + larger.records)


async def test_each_stratum_has_its_own_inclusion_probability(
    filled: RecordLog, db: Database, staff: dict[str, Staff]
) -> None:
    sample = await Sampling(db).draw(staff["senior"], size=20, seed=1, by="filter", surface="shell")
    rows = await db.rows(
        "SELECT stratum, count(*), min(probability), max(probability) FROM v_samples WHERE sample_id = ?"
        " GROUP BY stratum ORDER BY stratum",
        (sample.id,),
    )
    assert [tuple(row) for row in rows] == [("blocklist", 20, 0.5, 0.5), ("caps", 10, 1.0, 1.0)]
    probabilities = await db.rows("SELECT DISTINCT probability FROM review_items WHERE why = 'sample' ORDER BY 1")
    assert [row[0] for row in probabilities] == [0.5, 1.0]


async def test_what_is_drawn_from_can_be_narrowed_but_not_to_nothing(
    filled: RecordLog, db: Database, staff: dict[str, Staff]
) -> None:
    sampling, senior = Sampling(db), staff["senior"]
    arena = await sampling.draw(senior, size=99, seed=1, channel="#Arena", surface="shell")
    assert arena.population == len(arena.records) == 10
    early = await sampling.draw(senior, size=99, seed=1, since_ms=T0, until_ms=T0 + 5_000, surface="shell")
    assert early.records == (1, 2, 3, 4, 5)
    for wrong, told in (
        ({"channel": "nowhere"}, "'nowhere' is not a channel"),
        ({"until_ms": T0}, "there is no Record to draw from"),
        ({"size": 0}, "a sample of 0 is too small"),
    ):
        with pytest.raises(DatabaseError, match=told):
            await sampling.draw(senior, **{"size": 5, "seed": 1, "surface": "shell", **wrong})


async def test_what_waits_already_is_in_the_sample_and_not_queued_twice(
    log: RecordLog, db: Database, staff: dict[str, Staff]
) -> None:
    number = await add_ban(log)
    sample = await Sampling(db).draw(staff["senior"], size=5, seed=1, surface="shell")
    assert (sample.records, sample.queued) == ((number,), 0)
    assert [item.why for item in await Queue(db).list()] == ["ban"]


async def test_many_draws_reach_every_record_about_equally_often(
    filled: RecordLog, db: Database, staff: dict[str, Staff]
) -> None:
    """The stated inclusion probability is the true one: 10 of 50 Records, over 200 seeds."""
    hits = dict.fromkeys(range(1, 51), 0)
    sampling = Sampling(db)
    for seed in range(200):
        for record in (await sampling.draw(staff["senior"], size=10, seed=seed, surface="shell")).records:
            hits[record] += 1
    assert sum(hits.values()) == 2_000
    assert all(20 <= count <= 62 for count in hits.values())  # 40 ± 22 is beyond 3.8 standard deviations
