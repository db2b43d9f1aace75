"""`chatwarden backtest`: try a policy on chat that was said already, beside the present one, before it bites."""

from __future__ import annotations

import asyncio
import gc
import multiprocessing
import queue
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich import box
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from config.policy import DEFAULT_PRESET, Policy, PolicyError
from filters.masking import masked, visible
from filters.types import Fragment, FragmentKind, Message, Role
from ops.command import DATABASE, USAGE, DatabaseOption, PlainOption, errors, fail, opened, put_json, run, screen
from ops.html import check_report, drawing, page, write_report
from ops.trials import Comparison, Hit, Look, Share, Trial, compare, decide, look_through
from ops.when import WhenError, parse
from storage.chatlogs import LogError, read_chat
from storage.database import DatabaseError, now_ms
from storage.messages import count_stored, stored
from storage.policies import PolicyLog

LIVE = "live"
"""Names the channel's policy as it is now."""
SAMPLES = 10
"""Lines shown of the newly hit and of those no longer; ten times as many in the HTML report."""
AROUND = 40
"""Characters shown on each side of the matched piece."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where the chat comes from: a log file, or a channel's stored messages since then (UTC ms)."""

    file: Path | None
    database: Path
    channel: str = ""
    channel_id: str = ""
    since_ms: int = 0

    async def messages(self) -> AsyncIterator[Message]:
        """The chat's messages in order."""
        if self.file is not None:
            for message in _from_file(self.file, self.channel, self.since_ms):
                yield message
            return
        async with opened(self.database, readonly=True) as db:
            async for message in stored(db, self.channel_id, self.since_ms):
                yield message

    async def count(self) -> int | None:
        """How many there are, if that is known beforehand."""
        if self.file is not None:
            return None
        async with opened(self.database, readonly=True) as db:
            return await count_stored(db, self.channel_id, self.since_ms)


def backtest(
    policy: Annotated[
        str, typer.Argument(help="The policy to try: a .toml file, a preset's name, channel@revision, or live.")
    ],
    against: Annotated[
        str | None,
        typer.Option(
            help="The policy to compare with: the same, live being the channel's present one; family if left"
            " out where --messages says what to try it on."
        ),
    ] = None,
    messages: Annotated[
        Path | None, typer.Option(help="A chat log: JSONL(.gz), TwitchDownloader JSON or IRC lines.")
    ] = None,
    from_store: Annotated[bool, typer.Option("--stored", help="The chat the bot has stored.")] = False,
    channel: Annotated[str, typer.Option(help="Only this channel (login or id); needed with --stored.")] = "",
    since: Annotated[str | None, typer.Option(help="Messages since: 2h, 7d, or ISO-8601.")] = None,
    html: Annotated[Path | None, typer.Option(help="A report with charts, written over an earlier one.")] = None,
    database: DatabaseOption = DATABASE,
    show_text: PlainOption = False,
    as_json: Annotated[bool, typer.Option("--json", help="JSON instead of tables.")] = False,
    jobs: Annotated[int, typer.Option(min=1, max=8, help="Processes that share the work.")] = 2,
) -> None:
    """Compare two policies over the same chat: who would have been hit, newly and no longer, per filter."""
    if from_store == (messages is not None):
        raise typer.BadParameter("give either --messages FILE or --stored")
    if from_store and not channel:
        raise typer.BadParameter("--stored needs --channel")
    check_report(html)
    try:
        since_ms = 0 if since is None else parse(since, UTC, now_ms())
        source, new, old = run(_prepare(policy, against, messages, database, channel, since_ms))
        before, after = _both(source, old[1], new[1], jobs)
    except (PolicyError, LogError, WhenError, DatabaseError) as error:
        fail(str(error), USAGE)
    if not before.messages:
        fail("no message to try the policy on (look at --channel and --since)", USAGE)
    comparison = compare(before, after)
    if html is not None:
        write_report(html, _report(comparison, old[0], new[0], plain=show_text))
    if as_json:
        put_json(_json(comparison, old[0], new[0], plain=show_text))
    else:
        _show(comparison, old[0], new[0], plain=show_text)


Named = tuple[str, Policy]


async def _prepare(
    policy: str, against: str | None, file: Path | None, database: Path, channel: str, since_ms: int
) -> tuple[Source, Named, Named]:
    policy, against = (_spelt_out(spec, channel) for spec in (policy, against or (DEFAULT_PRESET if file else LIVE)))
    if file is not None and "@" not in f"{policy}{against}":
        new, old = _preset_or_file(policy), _preset_or_file(against)
        return Source(file, database, channel.lstrip("#@").lower(), since_ms=since_ms), new, old
    async with opened(database, readonly=True) as db:
        log = PolicyLog(db)
        new = await _named(log, policy)
        if file is not None:
            source = Source(file, database, channel.lstrip("#@").lower(), since_ms=since_ms)
        else:
            found = await log.find_channel(channel)
            if found is None:
                raise DatabaseError(f"{channel}: no such channel in the database ({', '.join(await log.channels())})")
            source = Source(None, database, found[1], found[0], since_ms)
        return source, new, await _named(log, against)


def _spelt_out(spec: str, channel: str) -> str:
    """The policy's name, with the channel where it says only ``live``."""
    if spec != LIVE:
        return spec
    if not channel:
        raise PolicyError(
            f"{LIVE}: of which channel? (add --channel, or write the channel's name and @, as in aurora@)"
        )
    return f"{channel}@"


async def _named(log: PolicyLog, spec: str) -> Named:
    channel, at, number = spec.partition("@")
    if not at:
        return _preset_or_file(spec)
    found = await log.find_channel(channel)
    if found is None or not (number.isdecimal() or not number):
        raise PolicyError(f"{spec}: no such policy (write channel@revision, as in {channel or 'aurora'}@3)")
    revision = await (log.get(found[0], int(number)) if number else log.current(found[0]))
    if revision is None:
        raise PolicyError(f"{spec}: no such revision")
    return f"{found[1]}@{revision.number}", Policy.stored(revision.toml, spec)


def _preset_or_file(spec: str) -> Named:
    return Path(spec).name, Policy.named(spec)


def _from_file(file: Path, channel: str, since_ms: int) -> Iterator[Message]:
    for number, line in enumerate(read_chat(file)):
        ts_ms = round(line.ts_s * 1000)
        if ts_ms < since_ms or channel not in ("", line.channel):
            continue
        yield Message(
            id=str(number),
            ts_ms=ts_ms,
            channel_id=line.channel,
            channel=line.channel,
            chatter_id=line.user,
            chatter=line.user,
            text=line.text,
            roles=frozenset(Role(role) for role in line.roles),
            fragments=tuple(Fragment(FragmentKind(kind), text) for kind, text in line.fragments or ()),
        )


def _both(source: Source, old: Policy, new: Policy, jobs: int) -> list[Trial]:
    total = asyncio.run(source.count())
    policies = [old, new]
    with _bar(total) as step:
        if jobs == 1:
            return decide(policies, [asyncio.run(look_through(policies, source.messages(), progress=step))])
        context = multiprocessing.get_context("spawn")
        with context.Manager() as manager, ProcessPoolExecutor(jobs, mp_context=context) as pool:
            steps = manager.Queue()
            written = [policy.to_toml() for policy in policies]
            looks = [pool.submit(_look, written, source, Share(number, jobs), steps) for number in range(jobs)]
            _follow(looks, steps, step)
            return decide(policies, [each.result() for each in looks])


def _look(written: Sequence[str], source: Source, share: Share, steps: Any) -> Look:
    """A share of the chat, in a process of its own. All go through all of it; the first tells how far it is."""
    policies = [Policy.parse(toml) for toml in written]
    # Word lists are millions of objects that stay: the collector need not walk them again and again.
    policies[0].engine()
    gc.freeze()
    progress = steps.put if share.number == 0 else lambda _count: None
    return asyncio.run(look_through(policies, source.messages(), share, progress))


def _follow(looks: Sequence[Future[Look]], steps: Any, step: Callable[[int], None]) -> None:
    while wait(looks, timeout=0).not_done:
        try:
            step(steps.get(timeout=0.2))
        except queue.Empty:
            continue


@contextmanager
def _bar(total: int | None) -> Iterator[Callable[[int], None]]:
    columns = (TextColumn("messages"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=errors, transient=True) as bar:
        task = bar.add_task("", total=total)
        yield lambda count: bar.advance(task, count)


def _show(comparison: Comparison, old: str, new: str, *, plain: bool) -> None:
    out = screen()
    out.print(f"{comparison.messages:,} messages by {comparison.people:,} people: {old} -> {new}")
    table = Table("filter", box=box.SIMPLE_HEAD, pad_edge=False)
    for name in ("before", "after", "newly hit", "no longer", "people newly hit"):
        table.add_column(name, justify="right")
    for each in comparison.filters:
        counts = (each.before, each.after, each.new, each.lost, each.people)
        table.add_row(each.filter, *(f"{count:,}" if count else "-" for count in counts))
    out.print(table)
    actions = Table("action", box=box.SIMPLE_HEAD, pad_edge=False)
    for name in ("before", "after"):
        actions.add_column(name, justify="right")
    for kind, (before, after) in comparison.actions.items():
        actions.add_row(kind.name.lower(), f"{before:,}", f"{after:,}")
    out.print(actions)
    for heading, hits in (("newly hit", comparison.new), ("no longer hit", comparison.lost)):
        out.print(f"{heading}: {len(hits):,}" + (f", the first {SAMPLES}" if len(hits) > SAMPLES else ""))
        for hit in hits[:SAMPLES]:
            left, piece, right = _parts(hit, plain=plain)
            out.print(
                Text.assemble(
                    f"  {visible(hit.chatter)}: ",
                    left,
                    (piece, "reverse"),
                    right,
                    (f"  {hit.filter}, {hit.action}", "dim"),
                ),
                overflow="ellipsis",
                no_wrap=True,
            )
    if not plain:
        errors.print("Text is masked; --show-text shows it")


def _report(comparison: Comparison, old: str, new: str, *, plain: bool) -> str:
    from ops.charts import bars

    filters = {
        old: [each.before for each in comparison.filters],
        new: [each.after for each in comparison.filters],
    }
    actions = {
        old: [before for before, _ in comparison.actions.values()],
        new: [after for _, after in comparison.actions.values()],
    }
    names = [each.filter for each in comparison.filters]
    kinds = [kind.name.lower() for kind in comparison.actions]
    return page(
        "backtest.html",
        title="Back-test",
        before=old,
        after=new,
        comparison=comparison,
        made_at=datetime.now(UTC).isoformat(timespec="seconds"),
        filters_chart=drawing(bars("Messages hit, by filter", names, filters)),
        actions_chart=drawing(bars("Messages, by action", kinds, actions)),
        new=[(hit, _parts(hit, plain=plain)) for hit in comparison.new[: SAMPLES * 10]],
        lost=[(hit, _parts(hit, plain=plain)) for hit in comparison.lost[: SAMPLES * 10]],
        plain=plain,
    )


def _json(comparison: Comparison, old: str, new: str, *, plain: bool) -> dict[str, Any]:
    def told(hit: Hit) -> dict[str, Any]:
        left, piece, right = _parts(hit, plain=plain)
        return {
            "channel": hit.channel,
            "chatter": hit.chatter,
            "action": str(hit.action),
            "filter": hit.filter,
            "text": f"{left}{piece}{right}",
        }

    return {
        "before": old,
        "after": new,
        "messages": comparison.messages,
        "people": comparison.people,
        "new": len(comparison.new),
        "lost": len(comparison.lost),
        "changed": comparison.changed,
        "filters": [asdict(each) for each in comparison.filters],
        "actions": {
            kind.name.lower(): {"before": before, "after": after}
            for kind, (before, after) in comparison.actions.items()
        },
        "samples": {
            "new": [told(hit) for hit in comparison.new[:SAMPLES]],
            "lost": [told(hit) for hit in comparison.lost[:SAMPLES]],
        },
    }


def _parts(hit: Hit, *, plain: bool) -> tuple[str, str, str]:
    """The line around the matched piece, harmless for a terminal; only the shape of the words unless ``plain``."""
    start, end = hit.span
    text = visible(hit.text) if plain else masked(hit.text)
    left, right = max(0, start - AROUND), min(len(text), end + AROUND)
    before = ("…" if left else "") + text[left:start]
    return before, text[start:end], text[end:right] + ("…" if right < len(text) else "")
