"""`chatwarden check`: what the bot would do with these lines, and why. The same engine as live."""

from __future__ import annotations

import gzip
import json
import sys
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any, TextIO

import typer
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

from config.policy import DEFAULT_PRESET, Policy, PolicyError
from filters.blocklist import Blocklist
from filters.engine import Engine
from filters.failure import Failure
from filters.lexicon import Problem, read_terms
from filters.masking import visible
from filters.types import Message, Verdict
from ops.command import USAGE, errors, fail

LONGEST_LINE = 1_000_000
"""Characters; a Twitch line has 500 at most, and one endless line must not fill the memory."""

KEYS = ("text", "ts", "channel", "user")
"""What a line of JSON may say."""

NAME_LETTERS = 16
"""Letters of a stranger's name; with so many, no two are a few edits or a long beginning apart."""
_LETTERS = str.maketrans("0123456789", "ghijklmnop")

MOST_PROBLEMS = 10
"""Lines of a list that are complained about one by one."""


class InputError(ValueError):
    """A line that cannot be judged. The text names the file and the line."""


def check(
    file: Annotated[Path, typer.Argument(help="Text, one chat line a line; - is standard input.")] = Path("-"),
    policy: Annotated[
        str, typer.Option(help="Judge by this policy: a preset's name, or a .toml file, which is laid over family.")
    ] = DEFAULT_PRESET,
    channel: Annotated[str, typer.Option(help="The channel the lines are from, where they do not say.")] = "check",
    terms: Annotated[Path | None, typer.Option(help="Judge by just this blocklist: a term a line, or TSV.")] = None,
    jsonl: Annotated[
        bool, typer.Option("--jsonl", help='Lines are JSON: {"ts": 8.5, "user": "eve", "text": "hi"}; ts in seconds.')
    ] = False,
) -> None:
    """Judge chat lines: one JSON verdict per line, in the same order, with the evidence.

    Plain lines are from strangers, an hour apart: floods and repeats need --jsonl, with ts and user. A JSON line needs
    only its text; channel may be named too.
    """
    sys.stdout.reconfigure(encoding="utf-8", errors="backslashreplace")  # type: ignore[union-attr]
    try:
        engine_for = _engines(policy, terms)
        with _open(file) as lines, _progress(file) as step:
            engines: dict[str, Engine] = {}
            known: set[Failure] = set()
            for message, size in _messages(lines, str(file), channel, jsonl=jsonl):
                engine = engines.get(message.channel) or engines.setdefault(message.channel, engine_for())
                verdict = engine.judge(message)
                sys.stdout.write(json.dumps(verdict_json(verdict), ensure_ascii=False) + "\n")
                for failure in verdict.failed_filters:
                    if failure not in known:
                        known.add(failure)
                        errors.print(f"{file}:{message.id}: {failure.filter} failed: {failure.why}", style="red")
                step(size)
    except BrokenPipeError:
        raise typer.Exit(0) from None
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        fail(f"{file}: not gzip, or damaged: {error} (give an unbroken file; a plain one must not end in .gz)", USAGE)
    except OSError as error:
        told = f"{error.filename}: cannot be read: {error.strerror}"
        if isinstance(error, FileNotFoundError) and error.filename == str(file):
            told += ". To judge a line itself: echo 'the line' | chatwarden check"
        fail(told, USAGE)
    except (PolicyError, InputError) as error:
        fail(str(error), USAGE)


def verdict_json(verdict: Verdict) -> dict[str, Any]:
    """A Verdict as `check` writes it; ``severity`` is 0 to 3, ``score`` the confidence in [0, 1]."""
    answer: dict[str, Any] = {
        "action": str(verdict.action),
        "evidence": [
            {
                "filter": each.filter,
                "term": each.rule,
                "category": each.category.value,
                "severity": int(each.severity),
                "span": list(each.span),
                "folded": each.folded,
                "score": round(each.score, 3),
                "distance": each.distance,
                "technique": each.technique,
                "detail": each.detail,
            }
            for each in verdict.evidence
        ],
    }
    if verdict.exempt:
        answer["exempt"] = verdict.exempt
    if verdict.dry_run:
        answer["dry_run"] = True
    if verdict.failed_filters:
        answer["failed_filters"] = {each.filter: each.why for each in verdict.failed_filters}
    return answer


def _engines(policy: str, terms: Path | None) -> Callable[[], Engine]:
    base = Policy.named(policy)
    if terms is None:
        return base.engine
    with terms.open(encoding="utf-8", errors="replace") as lines:
        listed, problems = read_terms(lines)
    for problem in problems[:MOST_PROBLEMS]:
        _warn(terms, problem)
    if len(problems) > MOST_PROBLEMS:
        refused = sum(problem.refused for problem in problems)
        more = len(problems) - MOST_PROBLEMS
        errors.print(f"{terms}: and {more} more; {refused} lines refused in all, {len(listed):,} terms in use")
    if not listed:
        raise PolicyError(f"{terms}: no term to match is left")
    blocklist = Blocklist(lists=()).with_lists(listed)
    return lambda: Engine([blocklist], base.ladder, base.exempt)


def _warn(terms: Path, problem: Problem) -> None:
    said = "refused" if problem.refused else "warning"
    told = visible(f"{terms}:{problem.line_no}: {said}: {problem.term}: {problem.why}")
    errors.print(told, style="red" if problem.refused else "yellow")


def _messages(lines: TextIO, source: str, channel: str, *, jsonl: bool) -> Iterator[tuple[Message, int]]:
    """Each line as a Message and its size in bytes. One without a time stands alone, an hour after the one before."""
    ts_ms = 0
    for number, line in enumerate(_bounded(lines, source), start=1):
        row = _row(line, source, number) if jsonl else {"text": line}
        ts_ms = int(row["ts"] * 1000) if row.get("ts") is not None else ts_ms + 3_600_000
        user = str(row.get("user") or _stranger(number))
        name = str(row.get("channel") or channel)
        yield (
            Message(
                id=str(number),
                ts_ms=ts_ms,
                channel_id=name,
                channel=name,
                chatter_id=user,
                chatter=user,
                text=row["text"],
            ),
            len(line.encode("utf-8", "replace")) + 1,
        )


def _stranger(number: int) -> str:
    """Who said a line that does not say so: nobody whose name is like another's, as a raid's are."""
    return sha256(str(number).encode()).hexdigest().translate(_LETTERS)[:NAME_LETTERS]


def _bounded(lines: TextIO, source: str) -> Iterator[str]:
    number = 0
    while line := lines.readline(LONGEST_LINE + 1):
        number += 1
        if len(line) > LONGEST_LINE:
            raise InputError(f"{source}:{number}: longer than {LONGEST_LINE:,} characters (is this a chat log?)")
        yield line.rstrip("\r\n")


def _row(line: str, source: str, number: int) -> dict[str, Any]:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{source}:{number}: not JSON: {error} (one object a line, or leave out --jsonl)") from None
    if not isinstance(row, dict) or not isinstance(row.get("text"), str):
        raise InputError(f'{source}:{number}: no "text" (write e.g. {{"text": "hello"}})')
    if unknown := row.keys() - KEYS:
        raise InputError(f"{source}:{number}: {min(unknown)!r} is unknown (a line has {', '.join(KEYS)})")
    ts = row.get("ts")
    if ts is not None and (not isinstance(ts, int | float) or isinstance(ts, bool) or not 0 <= ts < 1e11):
        raise InputError(f'{source}:{number}: "ts" is {ts!r} (seconds since 1970, e.g. 1636820749.5)')
    return row


@contextmanager
def _open(file: Path) -> Iterator[TextIO]:
    if str(file) == "-":
        sys.stdin.reconfigure(encoding="utf-8", errors="replace")  # type: ignore[union-attr]
        yield sys.stdin
        return
    opener = gzip.open if file.suffix == ".gz" else open
    with opener(file, "rt", encoding="utf-8", errors="replace", newline="\n") as lines:
        yield lines


@contextmanager
def _progress(file: Path) -> Iterator[Callable[[int], None]]:
    """A bar on stderr for a person who waits on a plain file; nothing where a program reads along."""
    if str(file) == "-" or file.suffix == ".gz" or not errors.is_terminal or sys.stdout.isatty():
        yield lambda size: None
        return
    columns = (TextColumn("judging"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=errors, transient=True) as progress:
        task = progress.add_task("", total=file.stat().st_size)
        yield lambda size: progress.advance(task, size)
