"""The demo's stage manager: plays chat to a real bot over loopback, shows what happens and checks the books."""

from __future__ import annotations

import asyncio
import json
import shlex
import statistics
import time
from collections import Counter, OrderedDict
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from cogs.enforce import Settled
from config.policy import Policy
from filters.ladder import format_action
from filters.masking import visible
from filters.types import ActionKind, Verdict
from ops.calling import called
from sandbox.books import differences
from sandbox.keyboard import overhear, talk
from sandbox.server import Sandbox
from sandbox.stage import Stage
from sandbox.tape import Chat
from storage.chatlogs import LogError
from storage.records import Outcome, RecordLog, RecordQuery
from twitch import scopes
from twitch.inflow import Inflow
from twitch.tokens import Token, TokenStore

BUNDLED = Path(__file__).parent / "demo_chat.jsonl"
BOT = "chatwarden_bot"
STYLES = {
    ActionKind.REVIEW: "cyan",
    ActionKind.DELETE: "yellow",
    ActionKind.WARN: "dark_orange",
    ActionKind.TIMEOUT: "red",
    ActionKind.BAN: "bold white on red",
}
PIPE_WIDTH = 160
"""Columns where no terminal limits them."""
REMEMBERED = 20_000
"""Verdicts kept until their action is settled, so that both can be shown on one line."""


@dataclass(frozen=True, slots=True)
class Summary:
    """What the demo came to. Latencies are ms from the message's arrival to Twitch's answer."""

    lines: int
    delivered: int
    muted: int
    judged: int
    records: int
    seconds: float
    actions: dict[str, int]
    outcomes: dict[str, int]
    filters: dict[str, int]
    latency_p50_ms: float | None
    latency_p95_ms: float | None
    repeats_dropped: int
    reading_pauses: int
    differences: list[str]

    @property
    def books_agree(self) -> bool:
        """Whether every enforcement has one applied Record and the reverse."""
        return not self.differences


def parse_speed(text: str) -> float | None:
    """Read ``max`` as None and else a number above 0. Raises LogError."""
    if text == "max":
        return None
    try:
        speed = float(text)
    except ValueError:
        speed = 0
    if not 0 < speed < 1e6:
        raise LogError(f"--speed {text}: not a number above 0 (use e.g. 1, 12 or max)")
    return speed


def make_room(database: Path) -> Path:
    """Remove an earlier demo's logs, so that the summary speaks of this one alone; return the process log's file."""
    for suffix in ("", "-wal", "-shm", ".log"):
        database.with_name(database.name + suffix).unlink(missing_ok=True)
    database.parent.mkdir(parents=True, exist_ok=True)
    return journal_of(database)


def journal_of(database: Path) -> Path:
    """The file for what the bot itself has to say during a demo."""
    return database.with_name(f"{database.name}.log")


def draw_up(folder: Path, channels: Sequence[str], policy: Policy) -> Path:
    """Write the policy for each channel into a folder of its own, where the bot looks on its first start."""
    folder.mkdir(exist_ok=True)
    for channel in channels:
        (folder / f"{channel}.toml").write_text(policy.to_toml(), encoding="utf-8")
    return folder


async def settle(twitch: Sandbox, channels: Sequence[str], database: Path) -> dict[str, Any]:
    """Give the bot an account with the scopes it needs and a moderator's sword in every channel; return settings."""
    bot = twitch.add_user(BOT)
    for channel in channels:
        twitch.add_user(channel)
        twitch.add_moderator(channel, BOT)
    access, refresh = twitch.grant(BOT, scopes=list(scopes.BOT))
    tokens = database.with_suffix(".tokens.json")
    tokens.unlink(missing_ok=True)
    TokenStore(tokens).save(Token(bot.id, BOT, access, refresh, scopes.BOT))
    return {
        "client_id": twitch.client_id,
        "client_secret": twitch.client_secret,
        "bot_id": bot.id,
        "channels": ",".join(channels),
        "database": database,
        "tokens": tokens,
        "helix_url": twitch.helix_url,
        "id_url": twitch.id_url,
        "eventsub_url": twitch.eventsub_url,
    }


async def play(
    twitch: Sandbox, chat: Chat, speed: float | None, screen: Screen, drain: Callable[[], Awaitable[None]]
) -> None:
    """Play the whole chat and return when the bot has dealt with all of it."""
    listening = asyncio.create_task(overhear(twitch, chat.channels, screen.said))
    screen.played = await Stage(twitch).play(chat.read(), speed=speed)
    deadline = time.monotonic() + 30
    while screen.judged_count < screen.played.delivered and time.monotonic() < deadline:
        await drain()
        await asyncio.sleep(0.02)
    await drain()
    listening.cancel()


async def go_on(twitch: Sandbox, chat: Chat, screen: Screen) -> None:
    """After the chat has been played: the person at the terminal talks, and sees what comes of it."""
    screen.fast = False
    twitch.clock.release()
    await asyncio.gather(overhear(twitch, chat.channels, screen.said), talk(twitch, chat.channels[0], screen.tell))


@dataclass
class Screen:
    """What the demo shows while it runs: chat and actions line by line, or a bar where that would be too fast."""

    chat: Chat
    as_json: bool
    fast: bool
    judged_count: int = 0
    played: Any = None
    records_count: int = 0
    latencies_ms: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._console = Console(stderr=self.as_json)
        if not self._console.is_terminal:
            self._console.width = PIPE_WIDTH
        self._verdicts: OrderedDict[int, Verdict] = OrderedDict()
        self._started = time.monotonic()
        seen = TextColumn("{task.fields[seen]}")
        columns = (TextColumn("chat"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), seen)
        self._bar = Progress(*columns, console=self._console, transient=True, disable=not self.fast)
        self._task: TaskID | None = None

    def __enter__(self) -> Self:
        self._bar.start()
        self._task = self._bar.add_task("chat", total=self.chat.lines, seen="")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()

    def judged(self, verdict: Verdict, record_id: int | None) -> None:
        """Count the message; show it where there is time to read it."""
        self.judged_count += 1
        if record_id is not None:
            self.records_count += 1
            self._verdicts[record_id] = verdict
            if len(self._verdicts) > REMEMBERED:
                self._verdicts.popitem(last=False)
        if self.fast:
            if self.judged_count % 100 == 0 and self._task is not None:
                seen = f"{self.records_count} records"
                self._bar.update(self._task, completed=self.judged_count, seen=seen)
        elif not self.as_json:
            self._console.print(_chat_line(verdict))
            if record_id is not None and (verdict.dry_run or not verdict.action.enforces):
                why = verdict.exempt or ("dry run" if verdict.dry_run else "")
                self._console.print(_action_line(verdict, record_id, why))

    def settled(self, settled: Settled) -> None:
        """Count how an action ended; show it with why and how fast."""
        order = settled.order
        if settled.outcome is Outcome.APPLIED and settled.done_ms is not None:
            self.latencies_ms.append(settled.done_ms - order.received_ms)
        verdict = self._verdicts.pop(order.record_id, None)
        if verdict is not None and not self.fast and not self.as_json:
            took = f"{settled.done_ms - order.received_ms} ms" if settled.done_ms else ""
            note = took if settled.outcome is Outcome.APPLIED else f"{settled.outcome}: {settled.reason}"
            self._console.print(_action_line(verdict, order.record_id, note))

    def said(self, channel: str, text: str) -> None:
        """Show what the bot says in chat."""
        if not self.fast and not self.as_json:
            self._console.print(
                _hanging(
                    Text.assemble((f"#{channel} ", "dim"), (f"{BOT}:", "bold cyan")), Text(visible(text), "bold cyan")
                )
            )

    def tell(self, text: str) -> None:
        """Tell the person at the terminal something."""
        if not self.as_json:
            self._console.print(text, style="dim", markup=False, highlight=False)

    async def summary(self, twitch: Sandbox, records: RecordLog, inflow: Inflow) -> Summary:
        """Close the books: compare the log with what the sandbox did."""
        every = await records.list(RecordQuery(limit=None))
        applied = [record for record in every if record.outcome is Outcome.APPLIED]
        latencies = sorted(self.latencies_ms)
        return Summary(
            lines=self.chat.lines,
            delivered=self.played.delivered,
            muted=self.played.muted,
            judged=self.judged_count,
            records=len(every),
            seconds=round(time.monotonic() - self._started, 2),
            actions=_counts(record.action.kind.name.lower() for record in every),
            outcomes=_counts(str(record.outcome) for record in every),
            filters=_counts(record.filter for record in every),
            latency_p50_ms=statistics.median(latencies) if latencies else None,
            latency_p95_ms=latencies[int(len(latencies) * 0.95)] if latencies else None,
            repeats_dropped=inflow.repeats,
            reading_pauses=inflow.pauses,
            differences=differences(twitch.enforcements, applied),
        )

    def show(self, summary: Summary, database: Path) -> None:
        """Print the summary for a person, or as JSON for a program."""
        if self.as_json:
            print(json.dumps({**asdict(summary), "books_agree": summary.books_agree}))  # noqa: T201 - data goes to stdout
            return
        table = Table(title="chatwarden demo", show_header=False, title_style="bold")
        table.add_row("chat lines played", f"{summary.lines:,} ({summary.muted:,} by muted chatters, not delivered)")
        table.add_row("judged", f"{summary.judged:,} in {summary.seconds} s")
        table.add_row("records", f"{summary.records:,}")
        table.add_row("actions", ", ".join(f"{name} {count:,}" for name, count in summary.actions.items()) or "none")
        table.add_row("by filter", ", ".join(f"{name} {count:,}" for name, count in summary.filters.items()) or "none")
        table.add_row("outcomes", ", ".join(f"{name} {count:,}" for name, count in summary.outcomes.items()) or "none")
        if summary.latency_p50_ms is not None:
            table.add_row(
                "line to action", f"median {summary.latency_p50_ms:.0f} ms, p95 {summary.latency_p95_ms:.0f} ms"
            )
        agree = "[green]every action has its one Record, and the reverse[/]"
        table.add_row("books", agree if summary.books_agree else f"[red]{len(summary.differences)} differences[/]")
        self._console.print(table)
        for each in summary.differences[:10]:
            self._console.print(f"  {each}", style="red", markup=False)
        self._console.print("See the log:", style="bold")
        file = shlex.quote(str(database))
        query = "SELECT record_id, chatter, action, filter, rule, outcome FROM v_actions LIMIT 20"
        for each in (f"{called()} log list --database {file}", f'sqlite3 {file} "{query}"'):
            self._console.print(f"  {each}", markup=False, highlight=False, soft_wrap=True)
        told = f"What the bot itself had to say: {journal_of(database)}"
        self._console.print(told, markup=False, highlight=False, soft_wrap=True)


def _counts(names: Iterable[str]) -> dict[str, int]:
    return dict(Counter(names).most_common())


def _hanging(head: Text, text: Text) -> Table:
    """A line whose further lines begin under its text."""
    grid = Table.grid(padding=(0, 1))
    grid.add_column(no_wrap=True)
    grid.add_column()
    grid.add_row(head, text)
    return grid


def _chat_line(verdict: Verdict) -> Table:
    message = verdict.message
    text = Text(visible(message.text))
    for each in verdict.evidence:
        text.stylize("bold underline red", *each.span)
    return _hanging(Text.assemble((f"#{message.channel} ", "dim"), (f"{message.chatter}:", "bold")), text)


def _action_line(verdict: Verdict, record_id: int, note: str) -> Table:
    leading = verdict.leading
    action = format_action(verdict.action) if not verdict.exempt else "left alone"
    # Twitch takes its time, and others write meanwhile: it says whom it is about.
    head = Text.assemble(("    → ", "dim"), (action, STYLES.get(verdict.action.kind, "dim")))
    why = f"{verdict.message.chatter}: {leading.filter}, {visible(leading.detail)}"
    return _hanging(head, Text.assemble(why, (f"  {note}  #{record_id}", "dim")))
