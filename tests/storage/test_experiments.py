from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filters.types import Action, ActionKind, Verdict
from storage.database import Database
from storage.experiments import Compared, Experiment, ExperimentError, Experiments, Trial
from storage.policies import PolicyLog
from storage.records import RecordLog
from tests.storage.conftest import T0, make_evidence, make_message, make_record

HOUR = 3_600_000
STUDIO = "id-studio"


@pytest.fixture
async def experiments(db: Database) -> Experiments:
    for number in (1, 2):
        await PolicyLog(db).save(STUDIO, "", author="anna", reason=f"revision {number}", at_ms=T0, login="studio")
    return Experiments(db)


async def begin(experiments: Experiments, **changes: object) -> int:
    asked: dict[str, object] = {"revision": 2, "from_ms": T0, "until_ms": T0 + HOUR, "why": "stricter", **changes}
    return await experiments.begin(STUDIO, **asked, actor="anna", role="manager", surface="shell")  # type: ignore[arg-type]


def verdict(number: int, *filters: str, action: Action = Action(ActionKind.DELETE)) -> Verdict:  # noqa: B008 - frozen
    evidence = tuple(make_evidence(filter=name) for name in filters)
    return Verdict(make_message(number), evidence, action if filters else Action(ActionKind.NONE), 1)


async def test_what_is_on_trial_is_known_for_its_channel_and_time_only(experiments: Experiments) -> None:
    number = await begin(experiments)
    running = await experiments.running(STUDIO, T0)
    assert running is not None
    assert (running.id, running.channel, running.revision, running.why) == (number, "studio", 2, "stricter")
    for channel, at_ms in ((STUDIO, T0 - 1), (STUDIO, T0 + HOUR), ("id-arena", T0)):
        assert await experiments.running(channel, at_ms) is None


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"revision": 3}, "no revision 3"),
        ({"until_ms": T0}, "end before it begins"),
        ({"share": 1.5}, "share: 1.5 is outside"),
        ({"share": 0.0}, "share: 0 is outside"),
    ],
)
async def test_what_cannot_be_tried_is_refused(experiments: Experiments, changes: dict[str, object], told: str) -> None:
    with pytest.raises(ExperimentError, match=told):
        await begin(experiments, **changes)


async def test_one_trial_at_a_time_in_a_channel(experiments: Experiments) -> None:
    await begin(experiments)
    with pytest.raises(ExperimentError, match="experiment 1 runs in that channel then"):
        await begin(experiments, from_ms=T0 + HOUR - 1, until_ms=T0 + 2 * HOUR)
    await begin(experiments, from_ms=T0 + HOUR, until_ms=T0 + 2 * HOUR)


async def test_who_began_and_stopped_it_is_in_the_audit(db: Database, experiments: Experiments) -> None:
    number = await begin(experiments, until_ms=2**42)
    await experiments.stop(number, actor="bert", role="manager", surface="shell")
    assert await experiments.running(STUDIO, 2**42 - 1) is None
    with pytest.raises(ExperimentError, match="is over"):
        await experiments.stop(number, actor="bert", role="manager", surface="shell")
    rows = await db.rows("SELECT actor, verb, subject FROM v_audit ORDER BY audit_id")
    assert [tuple(row) for row in rows] == [
        ("anna", "experiment begin", "experiment 1"),
        ("bert", "experiment stop", "experiment 1"),
    ]


async def test_both_verdicts_are_compared_and_leave_no_record(
    db: Database, log: RecordLog, experiments: Experiments
) -> None:
    number = await begin(experiments)
    running = await experiments.running(STUDIO, T0)
    assert running is not None
    record = await log.open(make_record(make_message(1)))
    review = Action(ActionKind.REVIEW)
    trials = [
        Trial(verdict(1, "blocklist"), verdict(1, "blocklist"), record),
        Trial(verdict(2, "blocklist"), verdict(2, "caps", "links"), None),
        Trial(verdict(3, "blocklist"), verdict(3), None),
        Trial(verdict(4), verdict(4, "caps", action=review), None),
        Trial(verdict(5), verdict(5), None),
    ]
    await experiments.note(running, trials)
    await experiments.note(running, [])

    result = await experiments.result(number)
    assert result is not None
    assert result.experiment.messages == 5
    assert result.spoke == Compared("", 2, 1, 1)
    assert result.acted == Compared("", 2, 1, 0)
    assert result.filters == [Compared("blocklist", 1, 2, 0), Compared("caps", 0, 0, 2)]
    assert await log.last_id() == record
    assert await experiments.result(2) is None


@given(st.integers(), st.text(min_size=1), st.floats(0.01, 1), st.floats(0.01, 1))
def test_a_larger_share_takes_what_a_smaller_one_takes(seed: int, message: str, one: float, other: float) -> None:
    full = Experiment(1, "", "", 1, 0, 1, max(one, other), seed, "", "", 0)
    part = replace(full, share=min(one, other))
    assert full.takes(message) >= part.takes(message)
    assert replace(full, share=1.0).takes(message)


def test_a_share_is_about_that_share() -> None:
    experiment = Experiment(1, "", "", 1, 0, 1, 0.3, 7, "", "", 0)
    taken = sum(experiment.takes(f"message-{number}") for number in range(10_000))
    assert 2_800 < taken < 3_200
