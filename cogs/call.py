"""One chat command as somebody gave it, and the component that answers it."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import structlog
import twitchio
from twitchio.ext import commands

from cogs.channel import Channel
from cogs.permissions import Rank, rank_of
from filters.failure import outline
from filters.ladder import format_duration, parse_duration
from filters.types import Message

if TYPE_CHECKING:
    from cogs.desk import Desk
    from cogs.modbot import ModBot

log = structlog.get_logger(__name__)

_NUMBER = re.compile(r"#?(\d+)[.,:;!?]*", re.ASCII)

GREATEST = 2**63 - 1
"""The greatest number SQLite can look for: what is greater is no Record's either."""


class RefusedError(Exception):
    """A command that is given rightly and cannot be carried out. The text is the whole answer."""


class UsageError(RefusedError):
    """A command that is given wrongly. The text is the answer; an example of the right form is added to it."""


@dataclass(frozen=True, slots=True)
class Target:
    """Whom a command is about."""

    id: str
    login: str


class Call(commands.Context[Any]):
    """The Context of our commands: the channel, who asks with which rank, and ways to answer and to leave a trail.

    ``line`` is the chat line it was given in.
    """

    def __init__(self, payload: twitchio.ChatMessage, line: Message, *, bot: ModBot) -> None:
        super().__init__(payload, bot=bot)
        self.line = line

    async def prepare(self) -> None:
        """Find the command. A reply holds none: Twitch puts a name before its text, so it could hide behind that."""
        if self.message is not None and self.message.reply is None:
            await super().prepare()

    @property
    def desk(self) -> Desk:
        """What commands share."""
        shared: Desk = self.bot.desk
        return shared

    @cached_property
    def place(self) -> Channel:
        """The channel it was given in."""
        return self.desk.channels[self.broadcaster.id]

    @cached_property
    def rank(self) -> Rank:
        """What the one who asks may do here."""
        return rank_of(self.line.roles, self.line.chatter, self.place.policy.grants)

    @property
    def actor(self) -> str:
        """The login of the one who asks."""
        return self.line.chatter

    @property
    def mentioned(self) -> list[twitchio.PartialUser]:
        """The people Twitch says the line mentions."""
        assert self.message is not None
        return [each.mention for each in self.message.fragments if each.mention is not None]

    async def answer(self, text: str) -> None:
        """Answer in chat, as a reply to the one who asked."""
        await self.desk.answers.say(self.place, text, reply_to=self.line.id)

    async def note(self, subject: str, detail: str = "") -> None:
        """Leave in the audit trail that this was done. No chatter's name and no chat text in it."""
        assert self.command is not None
        await self.desk.audit.note(
            actor=self.actor,
            role=str(self.rank),
            surface="chat",
            verb=self.command.qualified_name,
            subject=subject,
            detail=detail,
            channel_id=self.place.id,
        )


class ChatCommands(commands.Component):
    """Where people's commands are taken: answers what was given wrongly, and keeps failures out of chat."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk

    async def component_command_error(self, payload: commands.CommandErrorPayload) -> bool | None:
        """Answer a wrong command with how it goes; log one that broke; pass over one that was not allowed."""
        call, error = payload.context, payload.exception
        if isinstance(error, commands.GuardFailure):
            return False
        assert isinstance(call, Call)
        cause = (isinstance(error, commands.CommandInvokeError) and error.original) or error
        if isinstance(cause, UsageError):
            await call.answer(f"{cause}{example_of(call, call.command)}")
            return False
        if isinstance(cause, RefusedError):
            await call.answer(str(cause))
            return False
        log.error("command_failed", command=str(call.command), channel=call.place.name, error=outline(cause))
        await call.answer("That did not work; the reason is in the bot's own log.")
        return False


def told(rank: Rank, usage: str = "", example: str = "") -> dict[str, Any]:
    """What a command tells of itself: who may use it, its arguments, and an example with them."""
    return {"rank": rank, "usage": usage, "example": example}


def example_of(call: Call, command: commands.Command[Any, ...] | None) -> str:
    """How a command is given, as the end of an answer."""
    example = command.extras["example"] if command else ""
    return f" Example: {call.place.policy.prefix}{example}" if example else ""


def words_of(rest: str) -> list[str]:
    """The words of a command; one of invisible characters alone, which chat clients add to repeat a line, is none."""
    return [word for word in rest.split() if any(unicodedata.category(char)[0] != "C" for char in word)]


def number_of(word: str) -> int | None:
    """The number of a Record or revision, written ``#12`` or ``12``; None for another word."""
    found = _NUMBER.fullmatch(word)
    return min(int(found[1]), GREATEST) if found else None


def seconds_of(word: str, most_s: int) -> int:
    """A span of time as whole seconds, at least one. Raises UsageError."""
    try:
        seconds = parse_duration(word.lower())
    except ValueError as error:
        raise UsageError("A time is written like 90s, 10m or 1h30m.") from error
    if not 1 <= seconds <= most_s:
        raise UsageError(f"The time is at least 1s and at most {format_duration(most_s)}.")
    return seconds
