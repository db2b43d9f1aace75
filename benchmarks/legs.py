"""The bot with a stopwatch on each leg of a message's way: `python -m benchmarks.legs run` writes legs.json at its end.

A leg's time is its own, without the legs it calls; of a coroutine only the steps it runs itself are counted, never what
it waits for. What no leg claims is asyncio, aiohttp's sockets, TLS and the garbage collector.
"""

from __future__ import annotations

import functools
import inspect
import json
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Coroutine, Generator
from pathlib import Path
from typing import Any

import twitchio.client
from twitchio.eventsub import websockets
from twitchio.ext import commands

import bot
import filters.types
from cogs import modbot
from cogs.channel import Channel
from cogs.enforce import Enforcer
from cogs.quiet import Quiet
from cogs.raids import RaidWatch
from config.policy import FilterSet
from filters.engine import Engine
from filters.history import History
from storage.messages import MessageLog
from storage.reading import Reader
from storage.records import RecordLog
from storage.writing import Clerk
from twitch.http import Http
from twitch.inflow import Inflow

calls: defaultdict[str, int] = defaultdict(int)
seconds: defaultdict[str, float] = defaultdict(float)
_nested: list[float] = []


def _charge(leg: str, began: float) -> None:
    spent = time.thread_time() - began
    inner = _nested.pop()
    seconds[leg] += spent - inner
    if _nested:
        _nested[-1] += spent


def timed(leg: str, call: Callable[..., Any]) -> Callable[..., Any]:
    """The same call, charged to a leg."""
    if inspect.iscoroutinefunction(call):

        @functools.wraps(call)
        async def stepped(*given: Any, **named: Any) -> Any:
            calls[leg] += 1
            return await _Steps(leg, call(*given, **named))

        return stepped

    @functools.wraps(call)
    def plain(*given: Any, **named: Any) -> Any:
        calls[leg] += 1
        _nested.append(0.0)
        began = time.thread_time()
        try:
            return call(*given, **named)
        finally:
            _charge(leg, began)

    return plain


class _Steps:
    """Runs a coroutine step by step, charging each."""

    def __init__(self, leg: str, work: Coroutine[Any, Any, Any]) -> None:
        self._leg = leg
        self._work = work

    def __await__(self) -> Generator[Any, Any, Any]:
        send: Callable[[], Any] = functools.partial(self._work.send, None)
        while True:
            _nested.append(0.0)
            began = time.thread_time()
            try:
                wanted = send()
            except StopIteration as done:
                return done.value
            finally:
                _charge(self._leg, began)
            try:
                value = yield wanted
                send = functools.partial(self._work.send, value)
            except BaseException as error:  # noqa: BLE001 - handed on to the coroutine, as await does
                send = functools.partial(self._work.throw, error)


def wind_up() -> None:
    """Put the stopwatches on."""
    for owner, name, leg in (
        (websockets, "_from_json", "socket: JSON"),
        (websockets, "create_event_instance", "TwitchIO: event objects"),
        (twitchio.client.Client, "dispatch", "TwitchIO: dispatch"),
        (commands.Bot, "invoke", "TwitchIO: commands"),
        (Inflow, "first", "socket: seen before"),
        (modbot, "message_of", "our Message"),
        (Channel, "take", "channel"),
        (MessageLog, "_insert", "stored lines"),
        (filters.types, "fold", "fold"),
        (History, "observe", "windows"),
        (Engine, "examine", "engine"),
        (Engine, "decide", "engine"),
        (RaidWatch, "part", "raid watch"),
        (Channel, "_examine", "channel"),
        (Channel, "_record", "channel"),
        (Reader, "acted_on", "commit: strikes read"),
        (Clerk, "write", "commit: rows and chain"),
        (RecordLog, "_commit", "commit: transaction"),
        (Enforcer, "_perform", "Helix: TwitchIO"),
        (Http, "request", "Helix: HTTP"),
        (Quiet, "judged", "log and metrics"),
        (Quiet, "settled", "log and metrics"),
    ):
        setattr(owner, name, timed(leg, getattr(owner, name)))
    for field in FilterSet.model_fields.values():
        kind: Any = field.annotation
        leg = "match" if kind.name == "blocklist" else f"filter {kind.name}"
        kind.check = timed(leg, kind.check)


def main() -> None:
    """Run the bot and write down where its time went since the first message."""
    wind_up()
    begun: list[float] = []
    observe = History.observe

    def first(history: History, message: filters.types.Message) -> None:
        begun.append(time.process_time())
        History.observe = observe  # type: ignore[method-assign]
        observe(history, message)

    History.observe = first  # type: ignore[method-assign]
    try:
        bot.main(sys.argv[1:])
    finally:
        legs = {leg: (calls[leg], seconds[leg]) for leg in seconds}
        cpu_s = time.process_time() - begun[0] if begun else 0.0
        Path("legs.json").write_text(json.dumps({"messages": calls["windows"], "cpu_s": cpu_s, "legs": legs}))


if __name__ == "__main__":
    main()
