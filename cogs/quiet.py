"""What sees the bot's work where nobody watches: the process log and the counters."""

from __future__ import annotations

import structlog

from cogs.channel import Observer
from cogs.enforce import Settled
from filters.types import Verdict
from ops.metrics import Metrics

log = structlog.get_logger("bot")


class Quiet(Observer):
    """Logs and counts what the bot does, without showing it."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    def judged(self, verdict: Verdict, record_id: int | None) -> None:
        """Say which messages got a Record."""
        channel = verdict.message.channel
        self._metrics.judged(channel)
        if record_id is not None:
            action, filter_name = verdict.action.kind.name.lower(), verdict.leading.filter
            self._metrics.recorded(channel, action, filter_name)
            dry_run = {"dry_run": True} if verdict.dry_run else {}
            log.info("recorded", record=record_id, channel=channel, action=action, filter=filter_name, **dry_run)

    def settled(self, settled: Settled) -> None:
        """Say how each action ended."""
        order = settled.order
        seconds = None if settled.done_ms is None else max(0, settled.done_ms - order.received_ms) / 1000
        action, outcome = order.action.kind.name.lower(), str(settled.outcome)
        self._metrics.settled(action, outcome, seconds)
        log.info("settled", record=order.record_id, outcome=outcome)
