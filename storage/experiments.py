"""Experiments: a policy revision on trial beside the live one, on the same messages, with no effect on anybody.

For the bot: ``running`` says what is on trial in a channel, ``takes`` whether a message is in the draw, and ``note``
keeps how both verdicts came out. Nothing of a trial is a Record: it makes no strike, is not reviewed, and is in no KPI.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

from filters.types import Verdict
from storage.audit import Surface, note_deed
from storage.database import Database, DatabaseError, now_ms
from storage.people import actor_number


class ExperimentError(DatabaseError):
    """An experiment cannot be begun or stopped so; the text says why."""


@dataclass(frozen=True, slots=True)
class Experiment:
    """A revision on trial in [from_ms, until_ms), UTC ms, on a ``share`` of the messages drawn by ``seed``."""

    id: int
    channel_id: str
    channel: str
    revision: int
    from_ms: int
    until_ms: int
    share: float
    seed: int
    actor: str
    why: str
    messages: int

    def takes(self, message_id: str) -> bool:
        """Whether a message is in the draw: the same answer for the same seed, whoever asks."""
        drawn = int.from_bytes(sha256(f"{self.seed}:{message_id}".encode()).digest()[:8])
        return drawn < self.share * 2**64


@dataclass(frozen=True, slots=True)
class Trial:
    """One message judged by both revisions. ``record_id`` is the live verdict's Record, None if it has none."""

    live: Verdict
    shadow: Verdict
    record_id: int | None


@dataclass(frozen=True, slots=True)
class Compared:
    """How often one filter spoke: by both revisions, by one of them only."""

    filter: str
    both: int
    only_live: int
    only_shadow: int


@dataclass(frozen=True, slots=True)
class Result:
    """What an experiment found: Evidence (``spoke``) and acts (``acted``) per message, and what people had decided.

    ``upheld_kept`` of ``upheld`` live Records that reviewers upheld the revision on trial would have made too;
    ``overturned_dropped`` of ``overturned`` ones it would not.
    """

    experiment: Experiment
    spoke: Compared
    acted: Compared
    filters: list[Compared]
    upheld: int
    upheld_kept: int
    overturned: int
    overturned_dropped: int


class Experiments:
    """Begins, feeds, stops and reads experiments. Callers have asked for the permission first."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def begin(
        self,
        channel_id: str,
        revision: int,
        *,
        from_ms: int,
        until_ms: int,
        share: float = 1.0,
        seed: int = 1,
        actor: str,
        role: str,
        surface: Surface,
        why: str,
    ) -> int:
        """Put a saved revision on trial and return the experiment's number.

        Raises:
            ExperimentError: no such revision, an empty period, a share outside (0, 1], or one is on trial there then.
        """
        if not 0 < share <= 1:
            raise ExperimentError(f"share: {share:g} is outside 0 to 1 (use e.g. 0.1 for a tenth of the messages)")
        if from_ms >= until_ms:
            raise ExperimentError("the experiment would end before it begins (give a later end)")
        async with self._db.transaction() as transaction:
            known = await transaction.execute_fetchall(
                "SELECT 1 FROM policy_revisions WHERE channel_id = ? AND revision = ?", (channel_id, revision)
            )
            if not list(known):
                raise ExperimentError(f"the channel has no revision {revision} (see: chatwarden policy history)")
            for row in await transaction.execute_fetchall(
                "SELECT id FROM experiments WHERE channel_id = ? AND from_ms < ? AND until_ms > ?",
                (channel_id, until_ms, from_ms),
            ):
                raise ExperimentError(f"experiment {row[0]} runs in that channel then (stop it first)")
            [row] = await transaction.execute_fetchall(
                "INSERT INTO experiments"
                " (channel_id, revision, from_ms, until_ms, share, seed, actor_id, why, messages)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0) RETURNING id",
                (channel_id, revision, from_ms, until_ms, share, seed, await actor_number(transaction, actor), why),
            )
            await note_deed(
                transaction,
                actor=actor,
                role=role,
                surface=surface,
                verb="experiment begin",
                subject=f"experiment {row[0]}",
                detail=f"revision {revision}, share {share:g}, seed {seed}",
                channel_id=channel_id,
            )
        return int(row[0])

    async def stop(self, number: int, *, actor: str, role: str, surface: Surface) -> None:
        """End an experiment now.

        Raises:
            ExperimentError: there is none of that number, or it is over.
        """
        async with self._db.transaction() as transaction:
            stopped = list(
                await transaction.execute_fetchall(
                    "UPDATE experiments SET until_ms = max(from_ms, :now) WHERE id = :id AND until_ms > :now"
                    " RETURNING channel_id",
                    {"id": number, "now": now_ms()},
                )
            )
            if not stopped:
                raise ExperimentError(f"experiment {number} does not exist or is over")
            await note_deed(
                transaction,
                actor=actor,
                role=role,
                surface=surface,
                verb="experiment stop",
                subject=f"experiment {number}",
                channel_id=stopped[0][0],
            )

    async def running(self, channel_id: str, at_ms: int) -> Experiment | None:
        """What is on trial in a channel for a message of that time; None if nothing is."""
        rows = await self._db.rows(
            f"{_EXPERIMENTS} WHERE channel_id = ? AND from_ms <= ? AND until_ms > ?", (channel_id, at_ms, at_ms)
        )
        return Experiment(*rows[0]) if rows else None

    async def list(self) -> list[Experiment]:
        """All of them, newest first."""
        return [Experiment(*row) for row in await self._db.rows(f"{_EXPERIMENTS} ORDER BY experiment_id DESC")]

    async def note(self, experiment: Experiment, trials: Sequence[Trial]) -> None:
        """Keep how messages came out: all are counted, those with Evidence are kept. Raises WriteError."""
        rows = [_row(experiment.id, trial) for trial in trials if trial.live.evidence or trial.shadow.evidence]
        async with self._db.transaction() as transaction:
            await transaction.executemany(_NOTE, rows)
            await transaction.execute(
                "UPDATE experiments SET messages = messages + ? WHERE id = ?", (len(trials), experiment.id)
            )

    async def result(self, number: int) -> Result | None:
        """What an experiment found so far; None if there is none of that number."""
        rows = await self._db.rows(f"{_EXPERIMENTS} WHERE experiment_id = ?", (number,))
        if not rows:
            return None
        [spoke] = await self._db.rows(_SPOKE, (number,))
        [acted] = await self._db.rows(_ACTED, (number,))
        [judged] = await self._db.rows(_JUDGED, (number,))
        filters = [Compared(*row) for row in await self._db.rows(_FILTERS, (number,))]
        return Result(Experiment(*rows[0]), Compared("", *spoke), Compared("", *acted), filters, *judged)


def _row(number: int, trial: Trial) -> dict[str, object]:
    message, live, shadow = trial.live.message, trial.live, trial.shadow
    return {
        "experiment_id": number,
        "message_id": message.id,
        "ts_ms": message.ts_ms,
        "record_id": trial.record_id,
        "live_revision": live.revision,
        "live_action": live.action.kind.name.lower(),
        "live_filter": live.leading.filter if live.evidence else "",
        "shadow_action": shadow.action.kind.name.lower(),
        "shadow_filter": shadow.leading.filter if shadow.evidence else "",
        "shadow_category": str(shadow.leading.category) if shadow.evidence else "",
    }


_EXPERIMENTS = """
    SELECT experiment_id, channel_id, coalesce(channel, channel_id), revision, from_ms, until_ms, share, seed, actor,
        why, messages
    FROM v_experiments
"""

_NOTE = """
    INSERT INTO shadow_verdicts (experiment_id, message_id, ts_ms, record_id, live_revision, live_action, live_filter,
        shadow_action, shadow_filter, shadow_category)
    VALUES (:experiment_id, :message_id, :ts_ms, :record_id, :live_revision, :live_action, :live_filter,
        :shadow_action, :shadow_filter, :shadow_category)
    ON CONFLICT DO NOTHING
"""

_SPOKE = """
    SELECT coalesce(sum(live_filter <> '' AND shadow_filter <> ''), 0), coalesce(sum(shadow_filter = ''), 0),
        coalesce(sum(live_filter = ''), 0)
    FROM shadow_verdicts
    WHERE experiment_id = ?
"""

_ENFORCES = "IN ('delete', 'warn', 'timeout', 'ban')"

_ACTED = f"""
    SELECT coalesce(sum(live_action {_ENFORCES} AND shadow_action {_ENFORCES}), 0),
        coalesce(sum(live_action {_ENFORCES} AND NOT shadow_action {_ENFORCES}), 0),
        coalesce(sum(NOT live_action {_ENFORCES} AND shadow_action {_ENFORCES}), 0)
    FROM shadow_verdicts
    WHERE experiment_id = ?
"""  # noqa: S608 - fixed text

_FILTERS = """
    SELECT filter, sum(live AND shadow), sum(live AND NOT shadow), sum(shadow AND NOT live)
    FROM (
        SELECT live_filter AS filter, 1 AS live, shadow_filter = live_filter AS shadow
        FROM shadow_verdicts
        WHERE experiment_id = ?1 AND live_filter <> ''
        UNION ALL
        SELECT shadow_filter, 0, 1
        FROM shadow_verdicts
        WHERE experiment_id = ?1 AND shadow_filter NOT IN ('', live_filter)
    )
    GROUP BY filter
    ORDER BY filter
"""

_JUDGED = """
    SELECT coalesce(sum(w.decision = 'uphold'), 0), coalesce(sum(w.decision = 'uphold' AND v.shadow_filter <> ''), 0),
        coalesce(sum(w.decision = 'overturn'), 0), coalesce(sum(w.decision = 'overturn' AND v.shadow_filter = ''), 0)
    FROM shadow_verdicts AS v
    JOIN v_verdicts AS w ON w.record_id = v.record_id
    WHERE v.experiment_id = ?
"""
