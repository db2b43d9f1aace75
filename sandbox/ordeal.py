"""The real bot as a process of its own against a sandbox, so that it can be killed, starved and stopped."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import re
import signal
import socket
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from config.policy import Policy
from filters.types import ActionKind
from sandbox.demo import settle
from sandbox.faults import Fault
from sandbox.server import Sandbox
from storage.database import Database
from storage.records import Outcome, RecordLog, RecordQuery
from storage.verifying import verify
from twitch import scopes
from twitch.tokens import Token, TokenStore

ROOT = Path(__file__).parents[1]
START_S = 30.0
CHAT = "channel.chat.message"
OFFENCES = ("zugmonger", "blorptastic", "snarfwad", "quibbleflax", "hello there")
POLICY = """
[filters.blocklist]
lists = []
terms = [
    { text = "snarfwad", severity = 0 },
    { text = "quibbleflax", severity = 1 },
    { text = "blorptastic", severity = 2 },
    { text = "zugmonger", severity = 3 },
]
"""
_NUMBER = re.compile(r"[#º] ?(\d+)")


class BotProcess:
    """``chatwarden run`` (or another ``module``'s) in a folder of its own, moderating ``channels`` of the sandbox."""

    def __init__(
        self, twitch: Sandbox, folder: Path, channels: Sequence[str] = ("aurora",), module: str = "bot"
    ) -> None:
        self.channels = channels
        self.database = folder / "log.sqlite3"
        self.log = folder / "bot.log"
        self._twitch = twitch
        self._folder = folder
        self._module = module
        self._process: asyncio.subprocess.Process | None = None
        self._settings: dict[str, Any] = {}

    async def prepare(self, policy: str = POLICY, **settings: object) -> None:
        """Write policies and tokens, the streamers' own among them; ``settings`` are further ones of the process."""
        policies = self._folder / "policies"
        policies.mkdir(exist_ok=True)
        self._settings = await settle(self._twitch, self.channels, self.database) | {"policies": policies} | settings
        store = TokenStore(self._settings["tokens"])
        # Else what it does not name would be as in the preset that files are laid over.
        complete = Policy.parse(policy).to_toml()
        for channel in self.channels:
            (policies / f"{channel}.toml").write_text(complete)
            access, refresh = self._twitch.grant(channel, scopes.STREAMER)
            user = self._twitch.add_user(channel)
            store.save(Token(user.id, channel, access, refresh, scopes.STREAMER))

    @property
    def pid(self) -> int:
        """The process's number while it runs."""
        assert self._process is not None, "not started"
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether it was started and has not ended."""
        return self._process is not None and self._process.returncode is None

    @property
    def said(self) -> str:
        """What it has written to its log so far."""
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    async def spawn(self, environment: Mapping[str, str] | None = None) -> None:
        """Start it and return at once."""
        chosen = {f"CHATWARDEN_{name.upper()}": str(value) for name, value in self._settings.items()}
        with self.log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", self._module, "run",
                cwd=self._folder, stdout=log, stderr=log,
                env={**os.environ, "PYTHONPATH": str(ROOT), **chosen, **(environment or {})},
            )  # fmt: skip

    async def start(self, patience_s: float = START_S) -> None:
        """Start it and return when it hears every channel. Raises TimeoutError, with its log, if it does not."""
        await self.spawn()
        try:
            await until(lambda: self.listens() or not self.running, patience_s)
            if not self.running:
                raise TimeoutError
        except TimeoutError:
            raise TimeoutError(f"the bot does not listen; its log:\n{self.said}") from None

    def listens(self) -> bool:
        """Whether it hears every channel."""
        heard = {each.about for each in self._twitch.eventsub.subscriptions.values() if each.type == CHAT}
        return heard >= {self._twitch.add_user(channel).id for channel in self.channels}

    async def kill(self) -> None:
        """End it at once, as a power failure does."""
        assert self._process is not None, "not started"
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()
        await self._process.wait()

    async def stop(self, how: signal.Signals = signal.SIGTERM) -> tuple[int, float]:
        """Ask it to end; its exit code and the seconds it took."""
        assert self._process is not None, "not started"
        began = time.monotonic()
        with contextlib.suppress(ProcessLookupError):
            self._process.send_signal(how)
        return await self._process.wait(), time.monotonic() - began

    async def ended(self, patience_s: float = 20.0) -> int:
        """Wait until it ends by itself; its exit code."""
        assert self._process is not None, "not started"
        return await asyncio.wait_for(self._process.wait(), patience_s)


def free_port() -> int:
    """A port nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def until(condition: Callable[[], bool], patience_s: float = 10.0) -> None:
    """Wait for a condition. Raises TimeoutError."""
    async with asyncio.timeout(patience_s):
        while not condition():  # noqa: ASYNC110 - whatever is waited for happens in another process
            await asyncio.sleep(0.01)


async def offend(twitch: Sandbox, rng: random.Random, channel: str = "aurora", pause_s: float = 0.004) -> None:
    """Let many people say what earns every kind of action, until cancelled."""
    number = 0
    while True:
        number += 1
        await twitch.say(channel, f"user{rng.randrange(100_000)}", f"{rng.choice(OFFENCES)} number {number}")
        await asyncio.sleep(pause_s * rng.random() * 2)


async def kill_again_and_again(
    twitch: Sandbox, bot: BotProcess, kills: int, seed: int, tell: Callable[[int], None] = lambda _kill: None
) -> None:
    """Kill the bot at random points, one in five of them while it is still starting, then let it finish in peace."""
    rng = random.Random(seed)  # noqa: S311 - chooses moments
    # A Twitch that takes its time is asked for much at once when the end comes.
    twitch.faults.add(Fault(kind="latency", delay_s=0.05, times=None))
    load = asyncio.create_task(offend(twitch, rng))
    try:
        for kill in range(kills):
            if rng.random() < 0.2:
                await bot.spawn()
                await asyncio.sleep(rng.random() * 2)
            else:
                await bot.start()
                await asyncio.sleep(rng.random() ** 2)
            await bot.kill()
            tell(kill + 1)
    finally:
        load.cancel()
        await asyncio.gather(load, return_exceptions=True)
    await bot.start()
    await asyncio.sleep(1)
    await bot.stop()


async def discrepancies(twitch: Sandbox, database: Path) -> list[str]:
    """What must not be after any crash: acts without a Record or done twice, Records open or untrue, a broken chain."""
    db = await Database.open(database, readonly=True)
    try:
        records = {each.id: each for each in await RecordLog(db).list(RecordQuery(limit=None))}
        broken = (await verify(db)).breaks
    finally:
        await db.close()
    found = [str(each) for each in broken]
    found += [f"#{each.id} is still pending" for each in records.values() if each.outcome is Outcome.PENDING]
    # A line may have two: what it was banned for, and its part in a raid that showed later. Only one removes it.
    removing = (ActionKind.DELETE, ActionKind.WARN)
    lines = {each.message_id: each for each in sorted(records.values(), key=lambda each: each.action.kind in removing)}
    done: Counter[tuple[str, int]] = Counter()
    for act in twitch.enforcements:
        number = _NUMBER.search(act.reason or "")
        record = (
            lines.get(act.message_id or "") if act.kind == "delete" else records.get(int(number[1] if number else 0))
        )
        if record is None:
            found.append(f"{act.kind} of {act.login} has no Record")
        else:
            done[act.kind, record.id] += 1
    found += [f"{kind} of #{number} was done {count} times" for (kind, number), count in done.items() if count > 1]
    for record in records.values():
        kind = record.action.kind
        if record.outcome is Outcome.APPLIED and kind > ActionKind.REVIEW and not done[kind.name.lower(), record.id]:
            found.append(f"#{record.id} ({kind.name.lower()}, {record.filter}) is applied, but Twitch never did it")
    return found
