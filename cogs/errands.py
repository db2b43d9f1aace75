"""What shell and console want of the running bot: their requests, and the policies they saved meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping

import aiohttp
import structlog
from twitchio import HTTPException, PartialUser

from cogs.channel import Channel
from cogs.enforce import describe
from cogs.policies import PolicyBook
from cogs.raids import RaidWatch
from cogs.shadow import Shadows
from cogs.undo import NothingToUndoError, Undo, UndoError
from config.policy import PolicyError
from filters.failure import outline
from storage.database import DatabaseError
from storage.requests import Request, RequestKind, Requests
from twitch.client import Client

log = structlog.get_logger(__name__)

EVERY_S = 0.5
"""How often the bot looks: a saved policy is live within a second."""
LONGEST_ANSWER = 500
"""Characters of an answer to an unban request, Twitch's limit."""


class Errands:
    """Looks for requests and new revisions, and sees to them."""

    def __init__(
        self,
        client: Client,
        channels: Mapping[str, Channel],
        requests: Requests,
        undo: Undo,
        raids: Mapping[str, RaidWatch],
        policies: PolicyBook,
        shadows: Shadows,
    ) -> None:
        self._client = client
        self._channels = channels
        self._requests = requests
        self._undo = undo
        self._raids = raids
        self._policies = policies
        self._shadows = shadows
        self._seen = 0

    async def run(self) -> None:
        """Look until cancelled."""
        # Beside each other: a group undone at Twitch takes minutes, and a saved policy is to be live within a second.
        await asyncio.gather(_again_and_again(self._keep_up), _again_and_again(self._obey))

    async def _keep_up(self) -> None:
        """Judge by what was saved or put on trial meanwhile."""
        seen, changed = await self._policies.news(self._seen)
        for channel_id, number in changed.items():
            channel = self._channels.get(channel_id)
            if channel is not None and channel.engine.revision < number:
                await self._adopt(channel, number)
        # Only now: what could not be read for a moment is looked for again.
        self._seen = seen
        await self._shadows.visit()

    async def _adopt(self, channel: Channel, number: int) -> None:
        try:
            policy, number = await self._policies.current(channel.id, channel.name)
        except PolicyError as error:
            log.error("policy_not_adopted", channel=channel.name, revision=number, error=str(error))
            return
        await channel.adopt(policy, number)
        log.info("policy_adopted", channel=channel.name, revision=number)

    async def _obey(self) -> None:
        """Carry out what was asked for meanwhile."""
        for request in await self._requests.open():
            try:
                failure = await self._see_to(request)
            except DatabaseError:
                raise
            except Exception as error:  # noqa: BLE001 - asked for again for ever, it would keep the others waiting
                log.error("errand_failed", request=request.id, error=outline(error))
                failure = "the bot failed at it; its own log says why"
            await self._requests.finish(request.id, failure)

    async def _see_to(self, request: Request) -> str:
        """Carry out one request; return why it failed, or an empty text."""
        if request.channel_id not in self._channels:
            return "the bot does not moderate this channel"
        try:
            return await self._carry_out(request)
        except NothingToUndoError as error:
            # A request may be seen to twice, after a crash: what is undone already is no failure.
            return "" if "already" in str(error) else f"#{request.subject} {error}"
        except UndoError as error:
            return f"#{request.subject} {error}"
        except (HTTPException, aiohttp.ClientError, TimeoutError) as error:
            return f"Twitch refuses: {describe(error)}"
        except ValueError:
            return f"{request.subject!r} is not a number"

    async def _carry_out(self, request: Request) -> str:
        match request.kind:
            case RequestKind.UNDO_RECORD:
                await self._undo.record(int(request.subject), actor=request.actor, reason=request.note)
            case RequestKind.UNDO_GROUP:
                done = await self._undo.group(int(request.subject), actor=request.actor, reason=request.note)
                return f"{done.failed} of its Records could not be undone" if done.failed else ""
            case RequestKind.END_RAID:
                watch = self._raids[request.channel_id]
                # The one that was seen to be on, and no later one.
                if watch.group_id == int(request.subject):
                    await watch.end(request.actor)
            case RequestKind.APPROVE_APPEAL | RequestKind.DENY_APPEAL:
                await self._answer(request)
        return ""

    async def _answer(self, request: Request) -> None:
        broadcaster: PartialUser = self._client.create_partialuser(request.channel_id)
        await broadcaster.resolve_unban_request(
            moderator=self._client.bot_id,
            status="approved" if request.kind is RequestKind.APPROVE_APPEAL else "denied",
            unban_request_id=request.subject,
            resolution_text=request.note[:LONGEST_ANSWER] or None,
        )


async def _again_and_again(look: Callable[[], Awaitable[None]]) -> None:
    while True:
        try:
            await look()
        except DatabaseError as error:
            log.warning("errands_not_seen", error=str(error))
        except Exception as error:  # noqa: BLE001 - one errand must not end the rest
            log.error("errand_failed", error=outline(error))
        await asyncio.sleep(EVERY_S)
