"""The command line and composition root: builds Settings, storage, policies and the bot; nothing else."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Annotated, Any

import structlog
import typer
from rich.console import Console
from rich.markup import escape

from cogs import pace
from cogs.channel import Observer
from cogs.modbot import ModBot, StartError, explain_start
from cogs.policies import PolicyBook
from cogs.quiet import Quiet
from config.changes import changed
from config.policy import DEFAULT_PRESET, Policy, PolicyError
from config.settings import Settings, SettingsError, share
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
from ops.console import serve as console_server
from ops.metrics import Metrics, serving
from sandbox import demo as demo_stage
from sandbox.serve import serve
from sandbox.server import Sandbox
from sandbox.tape import Chat
from sandbox.team import Team
from storage.chatlogs import LogError
from storage.database import CorruptDatabaseError, Database, DatabaseError
from storage.messages import MessageLog
from storage.policies import PolicyLog
from storage.records import RecordLog
from storage.sealed import Sealer
from twitch import scopes
from twitch.client import HaltError
from twitch.doctor import Check, Doctor
from twitch.endpoints import Endpoints
from twitch.login import Login, LoginError
from twitch.terms import BlockedTerms, TermsError, blocked_terms
from twitch.tokens import TokenError, TokenStore

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
NEEDED = ("client_id", "client_secret", "bot_id", "channels")
RUNNING, TRYING, KEEPING, ANSWERING = "Run the bot", "Try before it bites", "Policy and log", "Answer for it"
DEVELOPING = "Develop"
"""The headings of the help; within each, commands stand in the order people meet them."""

app.command("check", rich_help_panel=TRYING)(check_command.check)
app.command("backtest", rich_help_panel=TRYING)(backtest_command.backtest)
app.command("learn", rich_help_panel=TRYING)(learn_command.learn)
app.command("console", rich_help_panel=RUNNING)(console_server.console)
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


@asynccontextmanager
async def moderating(settings: Settings, observer: Observer) -> AsyncIterator[tuple[ModBot, RecordLog]]:
    """A bot that is watching all its channels, and its log; both are drained and closed on the way out."""
    endpoints_of(settings).install()
    sealer = Sealer.configured(settings.seal_key.get_secret_value(), settings.seal_key_file)
    _make_room(settings.database)
    database = await Database.open(settings.database)
    records = RecordLog(database, sealer)
    messages = MessageLog(database) if settings.store_messages else None
    try:
        bot = ModBot(
            client_id=settings.client_id,
            client_secret=settings.client_secret.get_secret_value(),
            bot_id=settings.bot_id,
            tokens=TokenStore(settings.tokens),
            channel_names=settings.channel_names,
            policies=PolicyBook(PolicyLog(database), settings.policies),
            records=records,
            database=database,
            observer=observer,
            on_log_failure=settings.on_log_failure,
            messages=messages,
        )
        running = asyncio.create_task(bot.start(with_adapter=False))
        running.add_done_callback(lambda _: bot.halt("the connection to Twitch ended by itself (start the bot again)"))
        watching = asyncio.create_task(bot.watching.wait())
        try:
            await asyncio.wait({running, watching}, return_when=asyncio.FIRST_COMPLETED)
            if running.done():
                explain_start(running)
            yield bot, records
        finally:
            await bot.finish()
            watching.cancel()
            running.cancel()
            await asyncio.gather(running, watching, return_exceptions=True)
            await bot.close()
    finally:
        await records.close()
        if messages is not None:
            await messages.close()
        await database.close()


def endpoints_of(settings: Settings) -> Endpoints:
    """The Twitch these settings name."""
    return Endpoints(settings.helix_url, settings.id_url, settings.eventsub_url)


@app.callback()
def compose(context: typer.Context) -> None:
    """Give people's tools the way to Twitch, which they do not know themselves."""
    context.obj = _terms_at_twitch


@asynccontextmanager
async def _terms_at_twitch(channel_id: str) -> AsyncIterator[BlockedTerms]:
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
        settings = Settings.read()
        settings.require(*NEEDED)
        task = asyncio.current_task()
        _at_stop(task.cancel)  # type: ignore[union-attr]
        journal.configure(settings.log_format)
        metrics = Metrics()
        try:
            async with (
                moderating(settings, Quiet(metrics)) as (bot, _),
                serving(metrics, settings.metrics_host, settings.metrics_port),
                console_server.beside(settings, settings.console_port or None),
            ):
                metrics.vitals = bot.health.vitals
                pace.settle_in()
                structlog.get_logger("bot").info("watching", channels=[each.name for each in bot.channels.values()])
                await bot.until_halted()
        except asyncio.CancelledError:
            structlog.get_logger("bot").info("stopped")

    _go(moderate())


@app.command(rich_help_panel=RUNNING)
def login(
    streamer: Annotated[bool, typer.Option(help="Sign in a streamer's own account instead of the bot's.")] = False,
) -> None:
    """Sign in the bot's account (or a streamer's) with Twitch and keep its token."""

    async def sign_in() -> None:
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
        errors.print(f"signed in as {token.login}; token kept in {settings.tokens}", style="green")
        if not streamer and settings.bot_id != token.user_id:
            typer.echo(f"CHATWARDEN_BOT_ID={token.user_id}")

    _go(sign_in())


@app.command(rich_help_panel=RUNNING)
def doctor() -> None:
    """Check settings, database, endpoints, clock, tokens, scopes and mod status: each line fine, or what to do."""

    async def examine() -> int:
        settings = Settings.read()
        checks = [_settings_check(settings), await _database_check(settings.database)]
        visit = Doctor(
            endpoints_of(settings),
            settings.client_id,
            settings.bot_id,
            settings.channel_names,
            TokenStore(settings.tokens),
        )
        checks += [each async for each in visit.checks()]
        for each in checks:
            mark = "[red]✗[/]" if each.remedy else "[green]✓[/]"
            told = escape(each.found + (f" → {typed(each.remedy)}" if each.remedy else ""))
            Console().print(f"{mark} [bold]{escape(each.name)}[/]: {told}")
        return 3 if any(each.remedy for each in checks) else 0

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
    port: Annotated[int, typer.Option(min=0, max=65_535, help="Port of the console.")] = console_server.PORT,
) -> None:
    """Play chat to the real bot over a sandbox Twitch on this machine: no account, no network."""

    async def play() -> int:
        rate = demo_stage.parse_speed(speed)
        chat = Chat.scan(replay or demo_stage.BUNDLED, rate)
        if stay:
            # Before the last demo's log goes.
            console_server.listen(console_server.LOOPBACK, port).close()
        journal.configure(file=demo_stage.make_room(database))
        policy, told = Policy.preset(preset or DEFAULT_PRESET), f"preset {preset or DEFAULT_PRESET}"
        if preset is None and replay is None:
            policy = changed(policy, "blocklist.act_from", "1")
            told += ", and on insults too (blocklist.act_from = 1)"
        errors.print(f"{chat.lines:,} lines of {', '.join(chat.channels)}, moderated by {told}")
        policies = demo_stage.draw_up(database.with_suffix(".policies"), chat.channels, policy)
        async with Sandbox() as twitch:
            settings = await demo_stage.settle(twitch, chat.channels, database) | {"policies": policies}
            screen = demo_stage.Screen(chat, as_json=as_json, fast=rate is None)
            async with (
                moderating(Settings(**settings), screen) as (bot, records),
                console_server.beside(Settings(**settings), port if stay else None, sandbox=True) as console,
            ):
                if stay:
                    errors.print(f"console: {console}")
                with screen:
                    await demo_stage.play(twitch, chat, rate, screen, bot.drain)
                    summary = await screen.summary(twitch, records, bot.inflow)
                if replay is None:
                    await Team.shift(database, twitch, chat.channels)
                if stay:
                    screen.show(summary, database)
                    errors.print(f"The console is open at {console}, and the bot goes on; Ctrl-C stops.", style="bold")
                    await _until_stopped(demo_stage.go_on(twitch, chat, screen))
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
        try:
            await serve(host, port, replay, demo_stage.parse_speed(speed))
        except OSError as error:
            raise StartError(f"{host}:{port}: cannot be served on: {error} (choose another --port)") from error

    try:
        _go(stand())
    except KeyboardInterrupt:
        return


def _make_room(database: Path) -> None:
    """Make the database's folder, as on the first start; where that fails, opening says what is wrong."""
    with suppress(OSError):
        database.parent.mkdir(parents=True, exist_ok=True)


def _settings_check(settings: Settings) -> Check:
    try:
        settings.require(*NEEDED)
    except SettingsError as error:
        return Check("settings", str(error), "add these to .env; `chatwarden login` prints the line of the bot's id")
    return Check("settings", "all that `run` needs are set")


async def _database_check(path: Path) -> Check:
    _make_room(path)
    try:
        await (await Database.open(path)).close()
    except CorruptDatabaseError as error:
        return Check("database", str(error), "move the file away or set CHATWARDEN_DATABASE")
    except DatabaseError as error:
        return Check("database", str(error), "see to that, or set CHATWARDEN_DATABASE")
    return Check("database", f"{path} opens and its schema is current")


def _show_address(address: str) -> None:
    errors.print("Open this address in a browser where the account is signed in to Twitch:")
    typer.echo(address)


def _go(work: Any) -> Any:
    """Run to the end; an error with a text for the user is that text on stderr and exit code 2, or 1 for a halt."""
    journal.configure()
    try:
        with asyncio.Runner(loop_factory=pace.new_loop) as runner:
            return runner.run(work)
    except (*TOLD, HaltError) as error:
        errors.print(f"chatwarden: {error}", style="red")
        raise typer.Exit(HALTED if isinstance(error, HaltError) else BAD_INPUT) from None


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line."""
    share()
    app(arguments, prog_name=called())


if __name__ == "__main__":
    main()
