"""What the presets would have done beside what human moderators did: `make eval`.

Real sessions are replayed through the real engine, chatters' roles unknown and nobody with strikes. A human timeout is
*caught* when the bot acts on a line of that chatter in the minute before it, the last line included; its counterpart
is the share of chatters no moderator touched whom the bot acts on, in the sessions that had moderators and in all.
Each session is also looked at in two halves: thresholds that only fit the data would show in the difference.
Data: ../shared/data/dev, which is not part of the project.
"""

from __future__ import annotations

import argparse
import gzip
import json
import random
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import track
from rich.table import Table

from config.policy import Policy, preset_names
from filters.addresses import find_addresses
from filters.types import Message

DATA = Path(__file__).parent.parent.parent / "shared" / "data" / "dev"
REPORT = Path(__file__).parent.parent / "docs" / "evaluation.md"
LOOK_BACK_S = 60
HALVES = ("first", "second")

Row = dict[str, Any]
Who = tuple[str, str]
"""A session and a chatter in it."""


@dataclass(frozen=True)
class Share:
    """So many of so many."""

    hits: int
    of: int

    def __str__(self) -> str:
        return f"{self.hits:,} of {self.of:,} ({self.hits / max(1, self.of):.2%})"


@dataclass(frozen=True)
class Result:
    """One preset's figures. ``caught_by`` counts timeouts, the other counts chatters or lines acted on, per filter."""

    preset: str
    caught: Share
    untouched: Share
    untouched_anywhere: Share
    benign: Share
    halves: dict[str, tuple[Share, Share]]
    caught_by: dict[str, int]
    only_by: dict[str, int]
    untouched_by: dict[str, int]
    benign_by: dict[str, int]
    missed: dict[str, list[str]]


@dataclass
class Replay:
    """What happened when the sessions were replayed: who spoke in which half, and when (s) the bot acted, by what."""

    spoke: dict[str, set[Who]] = field(default_factory=lambda: {half: set() for half in HALVES})
    acted: defaultdict[Who, list[tuple[float, frozenset[str]]]] = field(default_factory=lambda: defaultdict(list))


def main() -> None:
    """Evaluate the presets and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("presets", nargs="*", default=list(preset_names()), help="presets to evaluate, by default all")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--misses", type=int, default=3, help="missed timeouts to show of each form (default 3)")
    arguments = parser.parse_args()
    if not DATA.exists():
        sys.exit(f"{DATA}: not there; the evaluation needs the development data")
    with gzip.open(DATA / "chat.jsonl.gz", "rt", encoding="utf-8") as lines:
        chat = [json.loads(line) for line in lines]
    results = [evaluate(preset, chat) for preset in arguments.presets]
    if set(arguments.presets) == set(preset_names()):
        REPORT.write_text(document(results), encoding="utf-8")
    if arguments.json:
        print(json.dumps([asdict(result) for result in results], ensure_ascii=False))
    else:
        show(results, arguments.misses)


def evaluate(preset: str, chat: list[Row]) -> Result:
    """Replay all sessions and the benign lines under one preset."""
    policy = Policy.preset(preset)
    replay = _replay(policy, preset, chat)
    actions = list(_rows(DATA / "modactions.jsonl"))
    timeouts = [row for row in actions if row["last_text"] is not None]
    touched = {(row["session"], row["user"]) for row in actions}
    moderated = {row["session"] for row in actions}
    everybody = set().union(*replay.spoke.values())
    untouched = {who for who in everybody - touched if who[0] in moderated}
    causes = [(row, _causes(replay, row)) for row in timeouts]
    missed: defaultdict[str, list[str]] = defaultdict(list)
    for row, by in causes:
        if not by:
            missed[form_of(row["last_text"])].append(row["last_text"])
    benign = [row for row in _rows(DATA / "chat_fp.jsonl") if not row["exact"]]
    benign_by = _benign(policy, benign)
    wrong = (frozenset().union(*(by for _, by in replay.acted[who])) for who in untouched if who in replay.acted)
    return Result(
        preset=preset,
        caught=_share(bool(by) for _, by in causes),
        untouched=_share(who in replay.acted for who in untouched),
        untouched_anywhere=_share(who in replay.acted for who in everybody - touched),
        benign=Share(sum(benign_by.values()), len(benign)),
        halves=_halves(replay, causes, untouched, _middles(chat)),
        caught_by=_counts(by for _, by in causes),
        only_by=_counts(by for _, by in causes if len(by) == 1),
        untouched_by=_counts(wrong),
        benign_by=dict(benign_by.most_common()),
        missed=dict(sorted(missed.items(), key=lambda item: -len(item[1]))),
    )


def form_of(text: str) -> str:
    """In what form a line may be unwanted, roughly, for reading the misses."""
    words = text.split()
    if any(address.plain for address in find_addresses(text)):
        return "link"
    if len(words) > 2 * len({word.casefold() for word in words}):
        return "repetition inside the line"
    if not text.isascii():
        return "symbols or another script"
    if len(text) >= 80:
        return "long line"
    return "one to three words" if len(words) <= 3 else "a sentence"


def show(results: list[Result], misses: int) -> None:
    """Print the tables, and some missed timeouts of each form."""
    console = Console()
    table = Table("preset", "human timeouts caught", "untouched chatters acted on", "in all sessions", "benign lines")
    for each in results:
        table.add_row(each.preset, *map(str, (each.caught, each.untouched, each.untouched_anywhere, each.benign)))
    console.print(table)
    for each in results:
        table = Table("filter", "caught", "by it alone", "untouched chatters", "benign lines", title=each.preset)
        for name in dict.fromkeys((*each.caught_by, *each.untouched_by, *each.benign_by)):
            counts = (each.caught_by, each.only_by, each.untouched_by, each.benign_by)
            table.add_row(name, *(f"{count.get(name, 0):,}" for count in counts))
        console.print(table)
        for half, (caught, untouched) in each.halves.items():
            console.print(f"{half} half of each session: caught {caught}, untouched chatters {untouched}")
        for form, texts in each.missed.items() if misses else ():
            console.print(f"missed: {form}, {len(texts)}", style="bold")
            for text in random.Random(0).sample(texts, min(misses, len(texts))):
                console.print(f"  {text[:110]}", markup=False, highlight=False)


def document(results: list[Result]) -> str:
    """The results as docs/evaluation.md: figures only, no line of anybody's chat."""
    lines = [
        "# The presets beside human moderators",
        "",
        "Written by `make eval`; do not edit. Real sessions are replayed through the engine, with nobody's role known",
        "and nobody having strikes. A human timeout counts as caught when the preset acts on a line of that chatter in",
        "the minute before. Untouched are chatters of the moderated sessions no moderator acted on. Benign are lines",
        "without a listed word of the development data; some of them do hold abuse that list does not have.",
        "",
        "The thresholds of `strict` were chosen on this data, so expect a little less elsewhere; the halves show how",
        "much they differ within it. Nearly all of the timeouts are one channel's, whose moderators act on copied and",
        "repeated lines above all.",
        "",
        "| Preset | Human timeouts caught | Untouched chatters acted on | In all sessions | Benign lines acted on |",
        "|---|---|---|---|---|",
    ]
    lines += [
        f"| `{each.preset}` | {each.caught} | {each.untouched} | {each.untouched_anywhere} | {each.benign} |"
        for each in results
    ]
    for each in results:
        lines += ["", f"## {each.preset}", "", "| Filter | Caught | By it alone | Untouched chatters | Benign lines |"]
        lines += ["|---|---|---|---|---|"]
        for name in dict.fromkeys((*each.caught_by, *each.untouched_by, *each.benign_by)):
            counts = (each.caught_by, each.only_by, each.untouched_by, each.benign_by)
            lines.append(f"| `{name}` | {' | '.join(f'{count.get(name, 0):,}' for count in counts)} |")
        lines.append("")
        lines += [
            f"- {half} half of each session: caught {caught}, untouched chatters {untouched}"
            for half, (caught, untouched) in each.halves.items()
        ]
        forms = ", ".join(f"{form} {len(texts):,}" for form, texts in each.missed.items())
        lines.append(f"- missed, by form: {forms}")
    lines += [
        "",
        "## What else moderators act on",
        "",
        "Read by hand, the timeouts `strict` misses are mostly short lines that mean something only there and then:",
        "one to three words that everybody says and one person is timed out for, jokes about what just happened,",
        "backseat advice, arguing with a moderator, and links that are fine elsewhere. A rule on the line alone cannot",
        "see these; the moderator's own tools (`!nuke`, `!warn`) and the policy of the channel can.",
    ]
    return "\n".join(lines) + "\n"


def _replay(policy: Policy, preset: str, chat: list[Row]) -> Replay:
    replay = Replay()
    session, engine, middle = "", policy.engine(), _middles(chat)
    stage = track(enumerate(chat), preset, total=len(chat), console=Console(stderr=True), transient=True)
    for number, row in stage:
        if row["session"] != session:
            session, engine = row["session"], policy.engine()
        who = (session, row["user"])
        replay.spoke[HALVES[row["ts"] >= middle[session]]].add(who)
        verdict = engine.judge(_message(row, number))
        if verdict.action.enforces and not verdict.dry_run:
            replay.acted[who].append((row["ts"], frozenset(each.filter for each in verdict.evidence)))
    return replay


def _causes(replay: Replay, timeout: Row) -> frozenset[str]:
    """The filters by which the bot acted on that chatter in the minute before the moderator did."""
    acted = replay.acted.get((timeout["session"], timeout["user"]), [])
    return frozenset().union(*(by for ts, by in acted if timeout["ts"] - LOOK_BACK_S <= ts <= timeout["ts"]))


def _halves(
    replay: Replay, causes: list[tuple[Row, frozenset[str]]], untouched: set[Who], middle: dict[str, float]
) -> dict[str, tuple[Share, Share]]:
    halves = {}
    for number, half in enumerate(HALVES):
        caught = _share(bool(by) for row, by in causes if (row["ts"] >= middle[row["session"]]) == number)
        wrong = _share(
            any((ts >= middle[who[0]]) == number for ts, _ in replay.acted.get(who, ()))
            for who in untouched & replay.spoke[half]
        )
        halves[half] = (caught, wrong)
    return halves


def _middles(chat: list[Row]) -> dict[str, float]:
    """When (s) half of each session's lines had been said."""
    times: defaultdict[str, list[float]] = defaultdict(list)
    for row in chat:
        times[row["session"]].append(row["ts"])
    return {session: each[len(each) // 2] for session, each in times.items()}


def _benign(policy: Policy, rows: list[Row]) -> Counter[str]:
    """How many of the lines each filter acts on, each line for itself: an hour and a chatter apart."""
    engine = policy.engine()
    hits: Counter[str] = Counter()
    for number, row in enumerate(rows):
        verdict = engine.judge(_message({**row, "ts": number * 3_600.0, "user": f"u{number}"}, number))
        if verdict.action.enforces:
            hits[verdict.leading.filter] += 1
    return hits


def _share(hits: Iterable[bool]) -> Share:
    counted = list(hits)
    return Share(sum(counted), len(counted))


def _counts(names: Iterable[Iterable[str]]) -> dict[str, int]:
    return dict(Counter(name for each in names for name in each).most_common())


def _message(row: Row, number: int) -> Message:
    user, channel = row["user"], row["channel"]
    return Message(str(number), int(row["ts"] * 1000), channel, channel, user, user, row["text"])


def _rows(path: Path) -> Iterator[Row]:
    with path.open(encoding="utf-8") as lines:
        yield from map(json.loads, lines)


if __name__ == "__main__":
    main()
