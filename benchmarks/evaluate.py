"""What the presets would have done beside what human moderators did: `make eval`.

Real sessions are replayed through the real engine. A human timeout is *caught* when the bot acts on a line of that
chatter in the minute before it; its counterpart is the share of chatters no moderator touched whom the bot acts on.
Data: ../shared/data/dev, which is not part of the project.
"""

from __future__ import annotations

import argparse
import gzip
import json
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import track
from rich.table import Table

from config.policy import Policy, preset_names
from filters.types import Message

DATA = Path(__file__).parent.parent.parent / "shared" / "data" / "dev"
LOOK_BACK_S = 90
CHAT_LINES = 95_869


@dataclass(frozen=True)
class Result:
    """One preset's figures; shares are 0 to 1, filters count caught timeouts and benign lines acted on."""

    preset: str
    timeouts: int
    caught: int
    untouched_chatters: int
    acted_on: int
    benign_lines: int
    benign_hits: int
    caught_by: dict[str, int]
    benign_by: dict[str, int]

    @property
    def catch_rate(self) -> float:
        """Share of human timeouts whose chatter the bot acted on before."""
        return self.caught / self.timeouts

    @property
    def false_rate(self) -> float:
        """Share of chatters no moderator touched whom the bot acted on."""
        return self.acted_on / self.untouched_chatters


def main() -> None:
    """Evaluate the presets and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("presets", nargs="*", default=list(preset_names()))
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--misses", type=int, default=0, help="show so many missed timeouts")
    arguments = parser.parse_args()
    if not DATA.exists():
        sys.exit(f"{DATA}: not there; the evaluation needs the development data")
    results = [evaluate(preset, arguments.misses) for preset in arguments.presets]
    if arguments.json:
        print(json.dumps([asdict(result) for result in results]))
    else:
        show(results)


Who = tuple[str, str]
"""A session and a chatter in it."""


def evaluate(preset: str, misses: int = 0) -> Result:
    """Replay all sessions and the benign lines under one preset."""
    policy = Policy.preset(preset)
    acted, chatters = _replay(policy, preset)
    actions = list(_rows(DATA / "modactions.jsonl"))
    timeouts = [row for row in actions if row["last_text"] is not None]
    caught_by: Counter[str] = Counter()
    for row in timeouts:
        mine = acted.get((row["session"], row["user"]), ())
        by = [name for ts, name in mine if row["ts"] - LOOK_BACK_S <= ts <= row["ts"] + 1]
        caught_by.update(by[:1])
        if not by and misses > 0:
            misses -= 1
            print(row["duration"], len(row["prior60s"]), "|", row["last_text"][:150], file=sys.stderr)
    untouched = chatters - {(row["session"], row["user"]) for row in actions}
    benign, benign_by = _benign(policy)
    return Result(
        preset=preset,
        timeouts=len(timeouts),
        caught=sum(caught_by.values()),
        untouched_chatters=len(untouched),
        acted_on=sum(each in acted for each in untouched),
        benign_lines=benign,
        benign_hits=sum(benign_by.values()),
        caught_by=dict(caught_by.most_common()),
        benign_by=dict(benign_by.most_common()),
    )


def _replay(policy: Policy, preset: str) -> tuple[dict[Who, list[tuple[float, str]]], set[Who]]:
    """When (s) and by which filter the bot acted on whom, and everybody who said something."""
    acted: defaultdict[Who, list[tuple[float, str]]] = defaultdict(list)
    chatters: set[Who] = set()
    session, engine = "", policy.engine()
    for row in track(_chat(), f"{preset}: chat", total=CHAT_LINES, console=Console(stderr=True), transient=True):
        if row["session"] != session:
            session, engine = row["session"], policy.engine()
        chatters.add((session, row["user"]))
        verdict = engine.judge(_message(row))
        if verdict.action.enforces and not verdict.dry_run:
            acted[session, row["user"]].append((row["ts"], verdict.leading.filter))
    return dict(acted), chatters


def _benign(policy: Policy) -> tuple[int, Counter[str]]:
    """How many lines have no listed word in them, and how many of those each filter acts on, each line for itself."""
    engine = policy.engine()
    hits: Counter[str] = Counter()
    lines = [row for row in _rows(DATA / "chat_fp.jsonl") if not row["exact"]]
    for number, row in enumerate(lines):
        verdict = engine.judge(_message({**row, "ts": number * 3_600.0, "user": f"u{number}"}))
        if verdict.action.enforces:
            hits[verdict.leading.filter] += 1
    return len(lines), hits


def show(results: list[Result]) -> None:
    """Print the table."""
    table = Table("preset", "human timeouts caught", "untouched chatters acted on", "benign lines acted on")
    for each in results:
        table.add_row(
            each.preset,
            f"{each.caught:,} of {each.timeouts:,} ({each.catch_rate:.1%})",
            f"{each.acted_on:,} of {each.untouched_chatters:,} ({each.false_rate:.2%})",
            f"{each.benign_hits:,} of {each.benign_lines:,} ({each.benign_hits / each.benign_lines:.2%})",
        )
    console = Console()
    console.print(table)
    for each in results:
        console.print(f"{each.preset}: caught by {each.caught_by}; benign by {each.benign_by}")


def _message(row: dict[str, Any]) -> Message:
    user = row["user"]
    return Message(
        id=f"{row['ts']}-{user}",
        ts_ms=int(row["ts"] * 1000),
        channel_id=row["channel"],
        channel=row["channel"],
        chatter_id=user,
        chatter=user,
        text=row["text"],
    )


def _chat() -> Iterator[dict[str, Any]]:
    with gzip.open(DATA / "chat.jsonl.gz", "rt", encoding="utf-8") as lines:
        yield from map(json.loads, lines)


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8") as lines:
        yield from map(json.loads, lines)


if __name__ == "__main__":
    main()
