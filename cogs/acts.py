"""What people do, as Records: the same log, with the moderator's login as the one who decided."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import replace

from cogs.call import Target
from cogs.channel import CONTEXT_LINES, Channel
from cogs.enforce import Settled
from filters.duplicates import Line
from filters.types import Action, ActionKind, Category, Evidence, Message, Severity
from storage.database import now_ms
from storage.records import NewRecord, Outcome, OutcomeError, RecordLog, RecordQuery

MODERATOR = "moderator"
"""The filter that stands in Records of what a person decided."""
LATEST_RECORDS = 100
"""Records of one person looked at when somebody lets them back in."""
SLACK_MS = 60_000
"""How much longer than its length a timeout counts as in force: it began some time after the line it is about."""


def message_of_line(channel: Channel, line: Line) -> Message:
    """A remembered line as the Message it was, with its chatter's last roles; its fragments are not kept."""
    chatter = channel.engine.history.chatter(line.chatter_id)
    roles = chatter.roles if chatter else frozenset()
    return Message(line.id, line.ts_ms, channel.id, channel.name, line.chatter_id, line.chatter, line.text, roles=roles)


def last_message(channel: Channel, target: Target, message_id: str = "", text: str = "") -> Message:
    """The line an act is about: the one of that id, or the person's last; an empty one where none is remembered."""
    chatter = channel.engine.history.chatter(target.id)
    lines = chatter.lines if chatter else []
    for line in reversed(lines):
        if message_id in ("", line.id):
            return replace(message_of_line(channel, line), chatter=target.login or line.chatter)
    return Message(message_id, now_ms(), channel.id, channel.name, target.id, target.login, text)


def context_of(channel: Channel, message: Message) -> tuple[Message, ...]:
    """The lines said before a message, or the channel's last ones if it is long ago.

    Where an act is about no line in particular, the person's own last one is among them.
    """
    lines = channel.engine.history.before(message.id, CONTEXT_LINES)
    chatter = channel.engine.history.chatter(message.chatter_id)
    if not message.id and chatter and chatter.lines and not any(line.chatter_id == chatter.id for line in lines):
        lines = [chatter.lines[-1], *lines[1:]]
    return tuple(message_of_line(channel, line) for line in lines)


async def record_act(
    channel: Channel,
    records: RecordLog,
    message: Message,
    action: Action,
    evidence: Evidence,
    *,
    actor: str,
    outcome: Outcome | None = None,
    group_id: int | None = None,
    more: tuple[Evidence, ...] = (),
    dry_run: bool = False,
) -> int:
    """Record what somebody decided about a message; pending unless an outcome says that it is done already.

    Raises DatabaseError: it was not recorded, so it may not be done.
    """
    ladder = channel.engine.ladder
    since_ms = message.ts_ms - ladder.decay * 1000
    acted_on = await records.acted_on(channel.id, message.chatter_id, since_ms)
    at_ms = now_ms()
    return await records.open(
        NewRecord(
            message=message,
            leading=evidence,
            evidence=(evidence, *more),
            context=context_of(channel, message),
            action=action,
            revision=channel.engine.revision,
            strikes=ladder.standing(acted_on, message.ts_ms).strikes,
            dry_run=dry_run,
            exempt="",
            received_ms=at_ms,
            decided_ms=at_ms,
            actor=actor,
            outcome=outcome,
            group_id=group_id,
        )
    )


def act_evidence(
    rule: str,
    message: Message,
    detail: str = "",
    *,
    source: str = MODERATOR,
    category: Category = Category.CHANNEL_RULE,
    severity: Severity = Severity.MODERATE,
) -> Evidence:
    """Why a Record of a person's act exists: ``rule`` names the act, ``detail`` holds the person's own words."""
    return Evidence(source, rule, category, severity, (0, len(message.text)), detail=detail)


async def ending_of(order: asyncio.Future[Settled], patience_s: float | None = None) -> Settled | None:
    """How an Order ended; None if that is not known in time, or could not be written down."""
    await asyncio.wait([order], timeout=patience_s)
    return order.result() if order.done() and not order.cancelled() else None


async def settle_lifted(
    channel: Channel, records: RecordLog, target: Target, at_ms: int, *, actor: str, reason: str
) -> bool:
    """Settle as undone every Record whose ban or timeout was in force when somebody lifted it; False if none was."""
    undone = False
    for record in await records.list(RecordQuery(channel=channel.id, chatter=target.id, limit=LATEST_RECORDS)):
        until_ms = record.ts_ms + record.action.duration_s * 1000 + SLACK_MS
        timed_out = record.action.kind is ActionKind.TIMEOUT and at_ms <= until_ms
        in_force = record.action.kind is ActionKind.BAN or timed_out
        if record.outcome is Outcome.APPLIED and record.chatter_id == target.id and in_force:
            with suppress(OutcomeError):  # Twitch tells of one lifting in two events, and the other was first
                await records.settle(record.id, Outcome.UNDONE, reason=reason, actor=actor)
            undone = True
    return undone
