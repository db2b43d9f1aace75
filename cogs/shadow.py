"""A revision on trial: it judges the live channel's messages beside the live one, and nothing follows from it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING

import structlog

from cogs.policies import PolicyBook
from config.policy import PolicyError
from filters.engine import UNKNOWN, Engine, Findings
from filters.ladder import Standing
from filters.types import Message, Verdict
from storage.database import now_ms
from storage.experiments import Experiment, Experiments, Trial

if TYPE_CHECKING:
    from cogs.channel import Channel

log = structlog.get_logger(__name__)


class Shadow:
    """One channel's revision on trial. It looks into the live History and leaves no trace there."""

    def __init__(self, experiment: Experiment, engine: Engine) -> None:
        self.experiment = experiment
        self._engine = engine
        self._trials: list[Trial] = []

    def look(self, message: Message) -> Findings | None:
        """What the revision sees in a message the live engine has just examined; None if it is not in the draw."""
        if not self.experiment.takes(message.id):
            return None
        return self._engine.look(message)

    def note(
        self, findings: Findings, live: Verdict, standing: Standing = UNKNOWN, record_id: int | None = None
    ) -> None:
        """Remember how both came out. Both ladders start from the live standing; it is unknown for innocent lines."""
        self._trials.append(Trial(live, self._engine.decide(findings, standing), record_id))

    async def keep(self, experiments: Experiments) -> None:
        """Write what was noted. Raises WriteError."""
        trials, self._trials = self._trials, []
        if trials:
            await experiments.note(self.experiment, trials)


class Shadows:
    """Puts on trial what people have begun, and takes away what is over."""

    def __init__(self, channels: Mapping[str, Channel], experiments: Experiments, policies: PolicyBook) -> None:
        self._channels = channels
        self._experiments = experiments
        self._policies = policies

    async def visit(self) -> None:
        """Look at every channel once. Raises DatabaseError."""
        for channel in self._channels.values():
            present = channel.shadow
            wanted = await self._experiments.running(channel.id, now_ms())
            if (present.experiment.id if present else None) != (wanted.id if wanted else None):
                channel.shadow = await self._shadow(channel, wanted) if wanted else None
            if present:
                await present.keep(self._experiments)

    async def _shadow(self, channel: Channel, experiment: Experiment) -> Shadow | None:
        try:
            policy = await self._policies.revision(channel.id, channel.name, experiment.revision)
        except PolicyError as error:
            log.error("not_on_trial", channel=channel.name, experiment=experiment.id, error=str(error))
            return None
        engine = await asyncio.to_thread(policy.engine, experiment.revision, channel.engine.history)
        log.info("on_trial", channel=channel.name, experiment=experiment.id, revision=experiment.revision)
        return Shadow(experiment, engine)
