"""How the bot does, in numbers: counters for Prometheus at /metrics, and one yes or no at /healthz.

Served by aiohttp, which the bot runs on anyway; the numbers are kept and written by prometheus_client.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web
from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from config.settings import SettingsError

SECONDS = (0.005, 0.01, 0.015, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60)
"""Buckets around the targets: 15 ms for a quiet channel, 50 ms beside a raid, 250 ms in one."""


@dataclass(frozen=True, slots=True)
class Line:
    """One channel's lines at one moment; ``lag_s`` is the age of the oldest message not judged, in seconds."""

    channel: str
    waiting: int
    lag_s: float
    orders: int


@dataclass(frozen=True, slots=True)
class Vitals:
    """The bot at one moment. ``faults`` say why it is not healthy, each with what and where; empty if it is.

    ``notices`` say what is as it is and not ill. ``missing`` counts channels in which something is not heard, by kind
    and reason. ``counts`` grow (name to value), ``levels`` rise and fall.
    """

    faults: tuple[str, ...] = ()
    notices: tuple[str, ...] = ()
    missing: dict[tuple[str, str], int] = field(default_factory=dict)
    lines: tuple[Line, ...] = ()
    counts: dict[str, float] = field(default_factory=dict)
    levels: dict[str, float] = field(default_factory=dict)


class Metrics:
    """What is counted as it happens, and what is read when asked (``vitals``)."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.vitals: Callable[[], Vitals] = _starting
        self._judged: defaultdict[str, int] = defaultdict(int)
        self._records = self._counter("records", "Records opened.", "channel", "action", "filter")
        self._settled = self._counter("settled", "Records settled.", "action", "outcome")
        self._took = Histogram(
            "chatwarden_action_seconds", "From a message's arrival to Twitch's answer, seconds.", ["action"],
            buckets=SECONDS, registry=self.registry,
        )  # fmt: skip
        self.registry.register(self)
        ProcessCollector(registry=self.registry)

    def judged(self, channel: str) -> None:
        """Count a message, in a tenth of the time a Counter of Prometheus takes: there are thousands a second."""
        self._judged[channel] += 1

    def recorded(self, channel: str, action: str, filter_name: str) -> None:
        """Count a Record."""
        self._records.labels(channel, action, filter_name).inc()

    def settled(self, action: str, outcome: str, seconds: float | None) -> None:
        """Count how an action ended, and how long it took since the message arrived."""
        self._settled.labels(action, outcome).inc()
        if seconds is not None:
            self._took.labels(action).observe(seconds)

    def collect(self) -> Iterable[Metric]:
        """The vitals, as Prometheus asks for them."""
        vitals = self.vitals()
        lines = vitals.lines
        judged = CounterMetricFamily("chatwarden_messages_judged", "Messages judged.", labels=["channel"])
        for channel, count in self._judged.items():
            judged.add_metric([channel], count)
        yield judged
        yield _by_channel("queue_length", "Messages not judged yet.", ((each.channel, each.waiting) for each in lines))
        yield _by_channel(
            "queue_lag_seconds",
            "How long the oldest of them has waited.",
            ((each.channel, each.lag_s) for each in lines),
        )
        yield _by_channel(
            "orders_waiting", "Recorded actions not begun yet.", ((each.channel, each.orders) for each in lines)
        )
        not_heard = GaugeMetricFamily(
            "chatwarden_not_heard", "Channels in which something is not heard.", labels=["kind", "reason"]
        )
        for labels, channels in vitals.missing.items():
            not_heard.add_metric(labels, channels)
        yield not_heard
        for name, value in vitals.counts.items():
            yield CounterMetricFamily(f"chatwarden_{name}", name.replace("_", " ").capitalize() + ".", value=value)
        for name, value in (vitals.levels | {"healthy": not vitals.faults}).items():
            yield GaugeMetricFamily(f"chatwarden_{name}", name.replace("_", " ").capitalize() + ".", value=value)

    def _counter(self, name: str, text: str, *labels: str) -> Counter:
        return Counter(f"chatwarden_{name}", text, labels, registry=self.registry)


def _starting() -> Vitals:
    return Vitals(faults=("starting: opening the database",))


def _by_channel(name: str, text: str, values: Iterable[tuple[str, float]]) -> Metric:
    family = GaugeMetricFamily(f"chatwarden_{name}", text, labels=["channel"])
    for channel, value in values:
        family.add_metric([channel], value)
    return family


@asynccontextmanager
async def serving(metrics: Metrics, host: str, port: int) -> AsyncIterator[None]:
    """Serve /metrics and /healthz meanwhile; port 0 serves nothing. Raises SettingsError where it cannot."""
    if not port:
        yield
        return

    async def show(_request: web.Request) -> web.Response:
        return web.Response(body=generate_latest(metrics.registry), headers={"Content-Type": CONTENT_TYPE_LATEST})

    async def health(_request: web.Request) -> web.Response:
        vitals = metrics.vitals()
        told = {"healthy": not vitals.faults, "faults": vitals.faults, "notices": vitals.notices}
        return web.json_response(told, status=503 if vitals.faults else 200)

    app = web.Application()
    app.add_routes([web.get("/metrics", show), web.get("/healthz", health)])
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)
    await runner.setup()
    try:
        try:
            await web.TCPSite(runner, host, port).start()
        except OSError as error:
            told = f"CHATWARDEN_METRICS_PORT: cannot listen on {host}:{port}: {os.strerror(error.errno or 0).lower()}"
            raise SettingsError(f"{told} (choose another port, or see to CHATWARDEN_METRICS_HOST)") from None
        yield
    finally:
        await runner.cleanup()
