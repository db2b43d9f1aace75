"""A person at the terminal talks in the sandbox's chat, as anybody."""

from __future__ import annotations

import asyncio
import os
import re
import sys
from collections.abc import AsyncIterator, Callable, Sequence

from sandbox.server import Sandbox

MOD = "demo_mod"
_MOD_OF = re.compile(r"/mod\s+@?([A-Za-z0-9_]{1,25})\s*")
_SAID_AS = re.compile(r"\s*@?([A-Za-z0-9_]{1,25})\s*:\s+(\S.*)")


async def talk(twitch: Sandbox, channel: str, tell: Callable[[str], None]) -> None:
    """Say the terminal's lines in a channel until the input ends; ``tell`` hears what a newcomer must know."""
    twitch.add_moderator(channel, MOD)
    tell(
        f"Talk in #{channel}: eve: hello says hello as eve, {MOD}: !why eve asks as a mod, a line without a name is"
        " the streamer's; /mod name makes somebody a mod. !chatwarden lists the commands."
    )
    async for line in _typed():
        if advice := misspoken(line):
            tell(advice)
            continue
        if made := _MOD_OF.fullmatch(line.strip()):
            twitch.add_moderator(channel, made[1].lower())
            tell(f"{made[1].lower()} is a mod of #{channel}")
            continue
        user, text = spoken(line, channel)
        if text and await twitch.say(channel, user, text) is None:
            tell(f"{user} is banned or timed out: Twitch does not let them say that (!undo {user} lifts it)")


async def overhear(twitch: Sandbox, channels: Sequence[str], said: Callable[[str, str], None]) -> None:
    """Tell what bots say in the channels, which nobody typed, until cancelled."""
    heard = {channel: len(twitch.sent(channel)) for channel in channels}
    while True:
        for channel in channels:
            for line in twitch.sent(channel)[heard[channel] :]:
                heard[channel] += 1
                said(channel, line.text)
        await asyncio.sleep(0.02)


def spoken(line: str, streamer: str) -> tuple[str, str]:
    """Who says what: ``name: text``, or the streamer's own text."""
    match = _SAID_AS.fullmatch(line.rstrip())
    return (match[1].lower(), match[2]) if match else (streamer, line.strip())


def misspoken(line: str) -> str:
    """What to tell somebody whose line is hardly meant for the chat; empty for any other."""
    if line.strip().lower().removeprefix("/") in ("quit", "exit", "help"):
        return "Ctrl-C ends the demo; !chatwarden lists the commands."
    name, colon, text = line.strip().partition(":")
    if colon and name and " " not in name and not text.strip():
        return f"{name} says nothing yet: put the text behind the name, as in {name}: hello"
    if name and text[:1].isspace() and " " not in name and not _SAID_AS.fullmatch(line.rstrip()):
        return f"{name} is no login name at Twitch: those have a-z, 0-9 and _ only, as in bjorn: hello"
    return ""


async def _typed() -> AsyncIterator[str]:
    """Lines of the standard input as they come; none where it cannot be waited for, as on Windows or from a file."""
    loop, lines = asyncio.get_running_loop(), asyncio.Queue[str | None]()
    begun = bytearray()

    def read() -> None:
        # Not through a pipe transport: that makes the terminal non-blocking, for what is printed too.
        piece = os.read(source, 4096)
        *whole, rest = (bytes(begun) + piece).split(b"\n")
        begun[:] = rest
        for each in whole:
            lines.put_nowait(each.decode("utf-8", "replace"))
        if not piece:
            loop.remove_reader(source)
            lines.put_nowait(None)

    try:
        source = sys.stdin.fileno()
        loop.add_reader(source, read)
    except (OSError, ValueError, NotImplementedError):
        return
    try:
        while (line := await lines.get()) is not None:
            yield line
    finally:
        loop.remove_reader(source)
