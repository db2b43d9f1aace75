"""The command line: what people type, and what each command builds out of the rooms; nothing else.

A command imports what it needs when it runs: people try things out, and TwitchIO or a web server alone take longer to
import than most commands to run.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import structlog
import typer
from rich.console import Console
from rich.text import Text

from config.changes import changed
from config.policy import DEFAULT_PRESET, Policy, PolicyError
from config.settings import NEEDED, Settings, SettingsError, share
from ops import appeal as appeal_commands
from ops import backtest as backtest_command
from ops import backup as backup_commands
from ops import case as case_commands
from ops import check as check_command
from ops import experiment as experiment_commands
from ops import journal
from ops import learn as learn_command
from ops import log as log_commands
from ops import notes as notes_command
from ops import policy as policy_commands
from ops import report as report_commands
from ops import retention as retention_commands
from ops import review as review_commands
from ops import sealed as sealed_commands
from ops import staff as staff_commands
from ops.calling import called, typed
from ops.command import errors, fail
from ops.console import command as console_command
from storage.chatlogs import LogError
from storage.database import DatabaseError
from storage.sole import sole
from twitch.errors import HaltError, LoginError, StartError, TermsError
from twitch.tokens import TokenError, TokenStore

if TYPE_CHECKING:
    from twitch.terms import BlockedTerms

BAD_INPUT = 2
BOOKS_DISAGREE = 1
HALTED = 1
TOLD = (SettingsError, PolicyError, DatabaseError, TokenError, StartError, LoginError, LogError)
"""Errors whose text is for the user: what, value, limit, remedy."""

app = typer.Typer(
    name="chatwarden",
    help="Moderates live Twitch channels and can say why it acted.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
RUNNING, TRYING, KEEPING, ANSWERING = "Run the bot", "Try before it bites", "Policy and log", "Answer for it"
DEVELOPING = "Develop"
"""The headings of the help; within each, commands stand in the order people meet them."""

app.command("check", rich_help_panel=TRYING)(check_command.check)
app.command("backtest", rich_help_panel=TRYING)(backtest_command.backtest)
app.command("learn", rich_help_panel=TRYING)(learn_command.learn)
app.command("console", rich_help_panel=RUNNING)(console_command.console)
app.add_typer(policy_commands.app, name="policy", rich_help_panel=KEEPING)
app.add_typer(log_commands.app, name="log", rich_help_panel=KEEPING)
app.command("notes", rich_help_panel=KEEPING)(notes_command.notes)
app.command("backup", rich_help_panel=KEEPING)(backup_commands.backup)
app.command("restore", rich_help_panel=KEEPING)(backup_commands.restore)
app.add_typer(retention_commands.app, name="retention", rich_help_panel=KEEPING)
app.add_typer(review_commands.app, name="review", rich_help_panel=ANSWERING)
app.add_typer(appeal_commands.app, name="appeal", rich_help_panel=ANSWERING)
app.add_typer(case_commands.app, name="case", rich_help_panel=ANSWERING)
app.add_typer(sealed_commands.app, name="sealed", rich_help_panel=ANSWERING)
app.add_typer(report_commands.app, name="report", rich_help_panel=ANSWERING)
app.add_typer(experiment_commands.app, name="experiment", rich_help_panel=ANSWERING)
app.add_typer(staff_commands.app, name="staff", rich_help_panel=ANSWERING)


@app.callback()
def compose(context: typer.Context) -> None:
    """Give people's tools the way to Twitch, which they do not know themselves, and keep what they write private."""
    os.umask(0o077)
    context.obj = _terms_at_twitch


@asynccontextmanager
async def _terms_at_twitch(channel_id: str) -> AsyncIterator[BlockedTerms]:
    from cogs.moderating import endpoints_of
    from twitch.terms import blocked_terms

    journal.configure()
    try:
        settings = Settings.read()
        settings.require("client_id", "client_secret", "bot_id")
        endpoints_of(settings).install()
        secret, tokens = settings.client_secret.get_secret_value(), TokenStore(settings.tokens)
        async with blocked_terms(channel_id, settings.client_id, secret, settings.bot_id, tokens) as terms:
            yield terms
    except (*TOLD, TermsError) as error:
        fail(str(error), BAD_INPUT)


@app.command(rich_help_panel=RUNNING)
def run() -> None:
    """Moderate the channels in CHATWARDEN_CHANNELS until stopped with Ctrl-C."""

    async def moderate() -> None:
        from cogs import pace
        from cogs.moderating import moderating
        from cogs.quiet import Quiet
        from ops.console.serve import beside
        from ops.metrics import Metrics, serving

        settings = Settings.read()
        settings.require(*NEEDED)
        task = asyncio.current_task()
        _at_stop(task.cancel)  # type: ignore[union-attr]
        journal.configure(settings.log_format)
        log = structlog.get_logger("bot")
        metrics = Metrics()
        try:
            with sole(settings.database, "chatwarden run", "set CHATWARDEN_DATABASE to another file"):
                async with (
                    serving(metrics, settings.metrics_host, settings.metrics_port),
                    moderating(settings, Quiet(metrics), metrics) as (bot, _),
                    beside(settings, settings.console_port or None) as console,
                ):
                    pace.settle_in()
                    if console:
                        log.info("console", at=console, twitch_must_know=f"{console}{console_command.CALLBACK}")
                    await bot.say_how_it_stands()
                    log.info("watching", channels=[each.name for each in bot.channels.values()])
                    await bot.until_halted()
        except asyncio.CancelledError:
            log.info("stopped")

    _go(moderate())


@app.command(rich_help_panel=RUNNING)
def login(
    streamer: Annotated[bool, typer.Option(help="Sign in a streamer's own account instead of the bot's.")] = False,
) -> None:
    """Sign in the bot's account (or a streamer's) with Twitch and keep its token."""

    async def sign_in() -> None:
        from cogs.moderating import endpoints_of
        from twitch import scopes
        from twitch.login import Login

        settings = Settings.read()
        settings.require("client_id", "client_secret")
        flow = Login(
            endpoints_of(settings),
            settings.client_id,
            settings.client_secret.get_secret_value(),
            settings.redirect_uri,
            TokenStore(settings.tokens),
        )
        token = await flow.run(scopes.STREAMER if streamer else scopes.BOT, _show_address)
        kept = f"signed in as {token.login}; its token is kept in {settings.tokens} and renewed by itself"
        errors.print(kept, style="green", markup=False)
        if not streamer and settings.bot_id != token.user_id:
            typer.echo(f"CHATWARDEN_BOT_ID={token.user_id}")

    _go(sign_in())


@app.command(rich_help_panel=RUNNING)
def doctor() -> None:
    """Check settings, database, endpoints, clock, tokens, scopes and mod status: each line fine, or what to do."""

    async def examine() -> int:
        from cogs.checkup import examinations

        settings, ill = Settings.read(), False
        screen = Console()
        with screen.status("looking"):
            async for each in examinations(settings):
                mark = ("✗ ", "red") if each.remedy else ("✓ ", "green")
                advice = f" → {typed(each.remedy)}" if each.remedy else ""
                screen.print(Text.assemble(mark, (each.name, "bold"), f": {each.found}{advice}"))
                ill |= bool(each.remedy)
        return 3 if ill else 0

    raise typer.Exit(_go(examine()))


@app.command(rich_help_panel=TRYING)
def demo(
    replay: Annotated[
        Path | None, typer.Option(help="Play this chat log instead: JSONL(.gz), TwitchDownloader JSON or IRC lines.")
    ] = None,
    preset: Annotated[
        str | None, typer.Option(help="Moderate by this preset; the demo's own is family that acts on insults, too.")
    ] = None,
    speed: Annotated[str, typer.Option(help="Times as fast as the chat was, or max.")] = "12",
    as_json: Annotated[bool, typer.Option("--json", help="Print the summary as JSON.")] = False,
    database: Annotated[Path, typer.Option(help="Where the demo keeps its log; replaced each time.")] = Path(
        "var/demo.sqlite3"
    ),
    stay: Annotated[bool, typer.Option("--stay", help="Keep the bot, its Twitch and the console running.")] = False,
    port: Annotated[int, typer.Option(min=0, max=65_535, help="Port of the console.")] = console_command.PORT,
) -> None:
    """Play chat to the real bot over a sandbox Twitch on this machine: no account, no network."""

    async def play() -> int:
        from cogs.moderating import moderating
        from ops.console.serve import LOOPBACK, beside, listen
        from sandbox import demo as stage
        from sandbox.server import Sandbox
        from sandbox.tape import Chat
        from sandbox.team import Team

        rate = stage.parse_speed(speed)
        chat = Chat.scan(replay or stage.BUNDLED, rate)
        if stay:
            # Before the last demo's log goes.
            listen(LOOPBACK, port).close()
        with sole(database, "chatwarden demo", "give this one another file: --database FILE"):
            journal.configure(file=stage.make_room(database))
            policy, told = Policy.preset(preset or DEFAULT_PRESET), f"preset {preset or DEFAULT_PRESET}"
            if preset is None and replay is None:
                policy = changed(policy, "blocklist.act_from", "1")
                told += ", and on insults too (blocklist.act_from = 1)"
            errors.print(f"{chat.lines:,} lines of {', '.join(chat.channels)}, moderated by {told}")
            policies = stage.draw_up(database.with_suffix(".policies"), chat.channels, policy)
            async with Sandbox() as twitch:
                settings = Settings(**await stage.settle(twitch, chat.channels, database), policies=policies)
                screen = stage.Screen(chat, as_json=as_json, fast=rate is None)
                async with (
                    moderating(settings, screen) as (bot, records),
                    beside(settings, port if stay else None, sandbox=True) as console,
                ):
                    if stay:
                        errors.print(f"console: {console}")
                    await bot.hearing.complete.wait()
                    with screen:
                        await stage.play(twitch, chat, rate, screen, bot.drain)
                        summary = await screen.summary(twitch, records, bot.inflow)
                    if replay is None:
                        await Team.shift(database, twitch, chat.channels)
                    if stay:
                        screen.show(summary, database)
                        goes_on = f"The console is open at {console}, and the bot goes on; Ctrl-C stops."
                        errors.print(goes_on, style="bold")
                        await _until_stopped(stage.go_on(twitch, chat, screen))
            if not stay:
                screen.show(summary, database)
        return 0 if summary.books_agree else BOOKS_DISAGREE

    raise typer.Exit(_go(play()))


def _at_stop(then: Callable[[], object]) -> None:
    """What to do when somebody presses Ctrl-C, or a service is told to end."""
    for each in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(each, then)


async def _until_stopped(going_on: Coroutine[Any, Any, None]) -> None:
    """Let it go on until Ctrl-C."""
    task, stopped = asyncio.create_task(going_on), asyncio.Event()
    _at_stop(stopped.set)
    await stopped.wait()
    task.cancel()


@app.command(rich_help_panel=DEVELOPING)
def sandbox(
    host: Annotated[str, typer.Option(help="Address to serve on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one.")] = 8010,
    replay: Annotated[
        Path | None, typer.Option(help="Play this chat log: JSONL(.gz), TwitchDownloader JSON or IRC lines.")
    ] = None,
    speed: Annotated[str, typer.Option(help="Times as fast as the chat was, or max.")] = "1",
) -> None:
    """Serve a Twitch on this machine until Ctrl-C, to develop against: Helix, OAuth, EventSub."""

    async def stand() -> None:
        from sandbox.demo import parse_speed
        from sandbox.serve import serve

        try:
            await serve(host, port, replay, parse_speed(speed), talking=sys.stdin.isatty())
        except OSError as error:
            raise StartError(f"{host}:{port}: cannot be served on: {error} (choose another --port)") from error

    try:
        _go(stand())
    except KeyboardInterrupt:
        return


def _show_address(address: str) -> None:
    errors.print("Open this address in a browser where the account is signed in to Twitch:")
    typer.echo(address)
    errors.print("Waiting for that; Ctrl-C gives up.")


def _go(work: Any) -> Any:
    """Run to the end; an error with a text for the user is that text on stderr and exit code 2, or 1 for a halt."""
    from cogs import pace

    journal.configure()
    try:
        with asyncio.Runner(loop_factory=pace.new_loop) as runner:
            return runner.run(work)
    except (*TOLD, HaltError) as error:
        errors.print(f"chatwarden: {error}", style="red")
        again = isinstance(error, HaltError) or getattr(error, "passing", False)
        raise typer.Exit(HALTED if again else BAD_INPUT) from None


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line."""
    share()
    app(arguments, prog_name=called())


if __name__ == "__main__":
    main()
