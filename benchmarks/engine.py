"""The whole engine, every filter on, with 10,000 listed terms: time a message, memory a chatter. Part of `make bench`.

A process each row. Every line comes in strings of its own, as from Twitch; a chatter is active with three lines within
ten minutes. Time is the processor's, so that a busy machine does not count.
"""

from __future__ import annotations

import argparse
import gc
import json
import random
import statistics
import subprocess
import sys
import time
from array import array
from collections.abc import Iterator
from itertools import count, cycle
from pathlib import Path

from benchmarks.matching import ROOT, TIMED, WARM, messages, terms_of
from config.policy import FilterSet, Policy
from filters.engine import Engine
from filters.learned import BUCKETS, Model
from filters.raid import RaidDetector
from filters.types import Message, Role

PAGE = ROOT / "docs" / "engine.md"
TERMS = 10_000
CHATTERS = 1_000
LINES = 3
"""Lines of each chatter within the ten minutes."""
MEDIAN_US, CHATTER_BYTES, PROCESS_MB = 120, 2_000, 2_000
"""The targets."""


def policy(terms: int, scams: int) -> Policy:
    """Every filter on, with as many terms and scam sites."""
    filters: dict[str, dict[str, object]] = {name: {"enabled": True} for name in FilterSet.model_fields}
    filters["blocklist"] |= {"terms": [{"text": term} for term in terms_of(terms)]}
    filters["links"] |= {"act_on": "all", "scams": [f"prize-{number}.example.com" for number in range(scams)]}
    weights = array("b", random.Random(1).randbytes(BUCKETS))
    filters["learned"] |= {"model": Model(-9.0, 0.01, weights).pack()}
    filters["regex"] |= {"patterns": [{"pattern": r"\bfree\s+(?:skins|followers)\b"}]}
    return Policy.of({"filters": filters})


def chat(channel: int, chatters: int, texts: Iterator[str]) -> Iterator[Message]:
    """A channel's chat without end, its chatters in random order, all of their lines within ten minutes."""
    rng = random.Random(channel)
    step_ms = 600_000 // (chatters * LINES)
    order: list[int] = []
    for turn in count():
        order = order or rng.sample(range(chatters), chatters)
        who = channel * chatters + order.pop()
        name, text = f"chatter_{who:x}", "".join(list(next(texts)))
        roles = frozenset([Role.SUBSCRIBER] if who % 3 == 0 else [])
        message_id = f"{rng.getrandbits(128):032x}-{turn:03x}"
        place = (str(channel), f"studio{channel}")
        yield Message(message_id, turn * step_ms, *place, f"{100_000_000 + who}", name, text, roles=roles)


def speed(scams: int) -> dict[str, float]:
    """µs a message: observing, every filter, the decision, and the watch for raids; and what the least bot takes."""
    setup = policy(TERMS, scams)
    engine, raids = setup.engine(), RaidDetector(setup.raid)
    lines = chat(0, CHATTERS, cycle(messages()))
    listed = frozenset(terms_of(TERMS))
    taken, least = [], []
    for number in range(WARM + TIMED):
        line = next(lines)
        started = time.thread_time()
        engine.judge(line)
        raids.observe(line, engine.history)
        judged = time.thread_time()
        listed.isdisjoint(line.text.lower().split())
        if number >= WARM:
            taken.append((judged - started) * 1e6)
            least.append((time.thread_time() - judged) * 1e6)
    return {
        "median_us": statistics.median(taken),
        "p99_us": statistics.quantiles(taken, n=100)[-1],
        "least_us": statistics.median(least),
    }


def memory(channels: int, chatters: int) -> dict[str, float]:
    """MB of the process with so many channels, each with so many active chatters, and bytes a chatter."""
    texts, written = cycle(messages()), policy(0, 0).to_toml()
    Policy.parse(written).engine()
    gc.collect()
    before = resident()
    kept: list[tuple[Engine, RaidDetector]] = []
    for channel in range(channels):
        setup = Policy.parse(written)
        engine, raids = setup.engine(), RaidDetector(setup.raid)
        lines = chat(channel, chatters, texts)
        for _ in range(chatters * LINES):
            line = next(lines)
            engine.history.observe(line)
            raids.observe(line, engine.history)
        kept.append((engine, raids))
    gc.collect()
    now = resident()
    return {"mb": now / 1e6, "chatter_bytes": (now - before) / channels / chatters}


def resident() -> int:
    """Bytes of memory this process takes now; Linux only."""
    for row in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if row.startswith("VmRSS"):
            return int(row.split()[1]) * 1024
    raise RuntimeError("/proc/self/status has no VmRSS (this part of the benchmark needs Linux)")


def report(channels: int) -> str:
    """The Markdown page."""
    plain, scams = _apart("speed", 0), _apart("speed", 10_000)
    held = _apart("memory", channels)
    chatter, process = f"{held['chatter_bytes']:,.0f}", f"{held['mb']:,.0f}"
    return f"""# The whole engine

Written by `make bench`: every filter on, {TERMS:,} listed terms, lines the caches have not seen, processor time.

| | measured | target |
|---|---:|---:|
| a message, median | {plain["median_us"]:,.0f} µs | {MEDIAN_US} µs |
| a message, median ÷ looking its words up in a set of the terms | {plain["median_us"] / plain["least_us"]:,.0f} | |
| a message, 99th percentile | {plain["p99_us"]:,.0f} µs | |
| a message, median, with 10,000 scam sites too | {scams["median_us"]:,.0f} µs | no measurable cost |
| an active chatter ({LINES} lines in ten minutes), channels included | {chatter} bytes | {CHATTER_BYTES:,} |
| {channels:,} channels of {CHATTERS:,} active chatters in one process | {process} MB | {PROCESS_MB:,} at 1,000 |
"""


def _apart(what: str, size: int) -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks.engine", "--one", what, str(size)]
    answer = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=True)  # noqa: S603 - ourselves
    found: dict[str, float] = json.loads(answer.stdout.splitlines()[-1])
    return found


def main() -> None:
    """Measure and write the page, or measure one row."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--one", nargs=2, metavar=("speed|memory", "SIZE"), help="scam sites, or channels")
    parser.add_argument("--channels", type=int, default=1_000, help="how many channels to hold in memory")
    arguments = parser.parse_args()
    if arguments.one:
        what, size = arguments.one
        print(json.dumps(speed(int(size)) if what == "speed" else memory(int(size), CHATTERS)))
        return
    PAGE.write_text(report(arguments.channels), encoding="utf-8")
    print(f"written: {PAGE.relative_to(ROOT)}", file=sys.stderr)


if __name__ == "__main__":
    main()
