"""What the bot says in chat: one line, nothing the channel's own filters mind, and within Twitch's limits."""

from __future__ import annotations

import re
from dataclasses import replace

import aiohttp
import structlog
from aiolimiter import AsyncLimiter
from twitchio import HTTPException
from twitchio.exceptions import MessageRejectedError

from cogs.channel import Channel
from cogs.enforce import describe
from filters.history import History
from filters.masking import masked, visible
from filters.types import Message
from twitch.client import Client

log = structlog.get_logger(__name__)

LONGEST = 500
"""Characters of a chat line, Twitch's limit."""
PER_CHANNEL = 20
"""Answers in one channel in 30 seconds: what Twitch grants anybody, and more than people can read."""
PER_ACCOUNT = 100
"""Answers in all channels in 30 seconds: what Twitch grants an account where it is a moderator."""
CONTENT_FILTERS = frozenset({"blocklist", "links", "regex"})
"""Filters that mind what is said, not how often; the answer has to pass them too."""
MOST_PIECES = 20

_NO_WORD = re.compile(r"^[\W_]+")


class Answers:
    """Answers people in chat. What does not fit the rate is dropped with a line in the process log, never queued."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._account = AsyncLimiter(PER_ACCOUNT, 30)
        self._channels: dict[str, AsyncLimiter] = {}

    async def say(self, channel: Channel, text: str, reply_to: str | None = None) -> bool:
        """Say a line, as a reply to a message where its id is given; whether it went out."""
        limiter = self._channels.setdefault(channel.id, AsyncLimiter(PER_CHANNEL, 30))
        if not (limiter.has_capacity() and self._account.has_capacity()):
            log.warning("answer_dropped", channel=channel.name, limit=f"{PER_CHANNEL} in 30 s")
            return False
        await limiter.acquire()
        await self._account.acquire()
        try:
            await self._client.create_partialuser(channel.id, channel.name).send_message(
                presentable(text, channel),
                sender=self._client.bot_id,
                token_for=self._client.bot_id,
                reply_to_message_id=reply_to,
            )
        except (HTTPException, MessageRejectedError, aiohttp.ClientError, TimeoutError) as error:
            log.warning("answer_not_sent", channel=channel.name, error=describe(error))
            return False
        return True


def presentable(text: str, channel: Channel) -> str:
    """The text as it may stand in chat: what the channel's filters mind is masked, nobody is pinged, no command."""
    line = _NO_WORD.sub("", visible(" ".join(text.replace("@", "").split())))
    if line.startswith(channel.policy.prefix):
        line = f"Answer: {line}"
    line = _inoffensive(line, channel)
    return line if len(line) <= LONGEST else line[: LONGEST - 1] + "…"


def _inoffensive(line: str, channel: Channel) -> str:
    said = Message("", 0, channel.id, channel.name, "", "", line)
    history = History()
    for each in channel.engine.filters:
        if each.name not in CONTENT_FILTERS:
            continue
        for _ in range(MOST_PIECES):
            found = each.check(said, history)
            if found is None:
                break
            start, end = found.span
            line = line[:start] + masked(line[start:end]) + line[end:]
            if line == said.text:
                return masked(line)
            said = replace(said, text=line)
        else:
            return masked(line)
    return line
