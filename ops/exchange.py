"""`chatwarden policy import` and `export`: whole policies as files, and words beside other bots' lists and Twitch's."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Annotated, Protocol

import typer
from rich.progress import track

from config.changes import difference
from config.exchange import Outgo, for_twitch, take_in, with_preset
from config.imports import Imported, read_list, read_twitch
from config.policy import Policy, PolicyError, preset_names
from filters.masking import visible
from filters.terms import Problem
from ops.command import DATABASE, DatabaseOption, errors, opened, write_new
from ops.revisions import AuthorOption, ChannelArgument, Desk, ReasonOption, put_changes, read, run_policy

PROBLEMS_SHOWN = 20
DRY = "Nothing is changed yet; add --apply to do it"

ApplyOption = Annotated[bool, typer.Option("--apply", help="Do it; without this, only say what would change.")]


class TermList(Protocol):
    """A channel's blocked terms at Twitch."""

    async def texts(self) -> list[str]:
        """Every term that stays."""

    async def add(self, text: str) -> str:
        """Add a term; return why Twitch refuses it, or an empty text."""


Connect = Callable[[str], AbstractAsyncContextManager[TermList]]
"""Opens the list of the channel of this id. People's tools know no Twitch: ``bot.py`` puts it into the context."""


def import_policy(
    context: typer.Context,
    channel: ChannelArgument,
    file: Annotated[
        Path | None,
        typer.Argument(help="A policy (.toml), a preset's name, a word list, or Twitch's blocked terms (JSON)."),
    ] = None,
    from_twitch: Annotated[
        bool, typer.Option("--from-twitch", help="Twitch's own blocked terms of the channel, instead of a file.")
    ] = False,
    database: DatabaseOption = DATABASE,
    author: AuthorOption = "",
    reason: ReasonOption = "",
    apply: ApplyOption = False,
) -> None:
    """Bring in a whole policy, or the words of a list as Nightbot, StreamElements or Twitch keep it."""
    if (file is None) is not from_twitch:
        raise typer.BadParameter("give either a FILE or --from-twitch")

    async def work() -> None:
        async with opened(database, readonly=not apply) as db:
            desk = await Desk.of(db, channel)
            if file is None:
                connect: Connect = context.obj
                async with connect(desk.channel_id) as terms:
                    policy = _richer(desk.policy, read_twitch(await terms.texts()), numbered=False)
                source = "Twitch's blocked terms"
            else:
                policy, source = _of_file(desk.policy, file), file.name
            if apply:
                await desk.save(policy, author, reason or f"imports {source}", "policy import")
            else:
                put_changes(difference(desk.policy, policy))
                errors.print(DRY)

    run_policy(work())


def export_policy(
    context: typer.Context,
    channel: ChannelArgument,
    file: Annotated[Path | None, typer.Argument(help="A new file; standard output if left out or -.")] = None,
    to_twitch: Annotated[
        bool, typer.Option("--to-twitch", help="Add the channel's own words to its blocked terms at Twitch.")
    ] = False,
    database: DatabaseOption = DATABASE,
    revision: Annotated[int | None, typer.Option(help="This revision instead of the latest.")] = None,
    words: Annotated[bool, typer.Option("--words", help="Only the channel's own words, one a line.")] = False,
    author: AuthorOption = "",
    apply: ApplyOption = False,
) -> None:
    """Take the policy out as a file that explains itself and can be imported anywhere, or its words to Twitch."""
    if (apply and not to_twitch) or (to_twitch and (file or words)):
        raise typer.BadParameter("--to-twitch and its --apply go without a FILE and --words")

    async def work() -> None:
        async with opened(database, readonly=not apply) as db:
            desk = await Desk.of(db, channel)
            found = desk.latest if revision is None else await desk.revision(revision)
            policy = read(found, channel)
            if to_twitch:
                connect: Connect = context.obj
                async with connect(desk.channel_id) as terms:
                    outgo = for_twitch(policy, await terms.texts())
                    await _send(desk, terms, outgo, author) if apply else _foretell(outgo)
            else:
                title = f"{desk.channel}, revision {found.number}. A file may hold less: all else is then as in family."
                _write(file, _words_of(policy) if words else policy.to_toml(title))

    run_policy(work())


def _of_file(policy: Policy, file: Path) -> Policy:
    if str(file) in preset_names():
        return with_preset(policy, str(file))
    if file.suffix == ".toml":
        return Policy.load(file)
    try:
        text = file.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise PolicyError(
            f"{file}: no such file (give a policy file, a word list, or a preset: {', '.join(preset_names())})"
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise PolicyError(f"{file}: cannot be read as UTF-8 text ({error})") from None
    return _richer(policy, read_list(text), numbered=True)


def _richer(policy: Policy, found: Imported, *, numbered: bool) -> Policy:
    intake = take_in(policy, found)
    doubts = [each for each in found.problems if not each.refused]
    _tell([*intake.refused, *doubts], numbered=numbered)
    errors.print(f"{intake.added} new, {intake.present} there already, {len(intake.refused)} refused")
    return intake.policy


def _foretell(outgo: Outgo) -> None:
    for entry in outgo.entries:
        typer.echo(f"+{visible(entry)}")
    _tell(outgo.refused, numbered=False)
    errors.print(f"{len(outgo.entries)} to add, {outgo.present} there already, {len(outgo.refused)} refused")
    errors.print(DRY)


async def _send(desk: Desk, terms: TermList, outgo: Outgo, author: str) -> None:
    added, refused = 0, list(outgo.refused)
    try:
        for number, entry in enumerate(track(outgo.entries, "to Twitch", console=errors, transient=True), start=1):
            why = await terms.add(entry)
            if why:
                refused.append(Problem(number, entry, why, refused=True))
            else:
                added += 1
    finally:
        _tell(refused, numbered=False)
        errors.print(f"{added} added at Twitch, {outgo.present} there already, {len(refused)} refused")
        await desk.note(author, "policy export", "Twitch's blocked terms", f"{added} added")


def _tell(problems: Sequence[Problem], *, numbered: bool) -> None:
    for problem in sorted(problems, key=lambda each: each.line_no)[:PROBLEMS_SHOWN]:
        where = f"line {problem.line_no}" if numbered and problem.line_no else visible(problem.term)
        mark = "refused" if problem.refused else "warning"
        errors.print(f"{where}: {visible(problem.why)} ({mark})")
    if len(problems) > PROBLEMS_SHOWN:
        errors.print(f"and {len(problems) - PROBLEMS_SHOWN} more")


def _words_of(policy: Policy) -> str:
    return "".join(f"{term.text}\n" for term in policy.filters.blocklist.terms)


def _write(file: Path | None, text: str) -> None:
    if file is None or str(file) == "-":
        sys.stdout.write(text)
        return
    write_new(file, text)
