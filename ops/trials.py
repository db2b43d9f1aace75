"""What a policy would have done to chat that was said already, and how two policies differ in that."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import AsyncIterable, Callable, Iterable
from dataclasses import dataclass, field

from config.policy import Policy
from filters.engine import Engine
from filters.types import Action, ActionKind, Message, Verdict

STEP = 2_000
"""Messages between two reports of progress."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A message something would have been done about. ``number`` is its place in the chat, ``span`` the matched piece.

    ``action`` is what would have been done, also where the filter is in dry run.
    """

    number: int
    channel: str
    chatter: str
    text: str
    action: Action
    filter: str
    span: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Trial:
    """One policy's hits in a chat of so many messages and people."""

    messages: int
    people: int
    hits: tuple[Hit, ...]


@dataclass(frozen=True, slots=True)
class FilterChange:
    """What becomes of one filter: messages hit before and after, those newly hit and no longer, people newly hit."""

    filter: str
    before: int
    after: int
    new: int
    lost: int
    people: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two policies on the same chat. ``new`` and ``lost`` are the hits only one of them has."""

    messages: int
    people: int
    filters: tuple[FilterChange, ...]
    actions: dict[ActionKind, tuple[int, int]]
    new: tuple[Hit, ...]
    lost: tuple[Hit, ...]
    changed: int = field(default=0)
    """Messages both hit, with different actions."""


async def run_trial(
    policy: Policy, messages: AsyncIterable[Message], progress: Callable[[int], None] = lambda _count: None
) -> Trial:
    """Judge a chat in its order, each channel by itself, strikes following from the trial's own verdicts as live.

    Differences from live: nobody is muted by a timeout, and raid mode and circuit breaker stay out of it.
    """
    engines: dict[str, Engine] = {}
    acted_on: defaultdict[tuple[str, str], list[tuple[int, Action]]] = defaultdict(list)
    hits: list[Hit] = []
    people: set[tuple[str, str]] = set()
    number = 0
    async for message in messages:
        engine = engines.get(message.channel_id)
        if engine is None:
            engine = engines[message.channel_id] = policy.engine()
        who = (message.channel_id, message.chatter_id)
        people.add(who)
        findings = engine.examine(message)
        if findings.evidence:
            verdict = engine.decide(findings, engine.ladder.standing(acted_on[who], message.ts_ms))
            if verdict.action.enforces:
                acted_on[who].append((message.ts_ms, verdict.action))
                hits.append(_hit(number, verdict))
        number += 1
        if number % STEP == 0:
            progress(STEP)
    progress(number % STEP)
    return Trial(number, len(people), tuple(hits))


def compare(before: Trial, after: Trial) -> Comparison:
    """What the second policy would have done otherwise than the first."""
    old = {hit.number: hit for hit in before.hits}
    new = {hit.number: hit for hit in after.hits}
    gained = tuple(hit for number, hit in new.items() if number not in old)
    lost = tuple(hit for number, hit in old.items() if number not in new)
    names = dict.fromkeys(hit.filter for hit in (*before.hits, *after.hits))
    kinds = Counter(hit.action.kind for hit in before.hits), Counter(hit.action.kind for hit in after.hits)
    return Comparison(
        messages=before.messages,
        people=before.people,
        filters=tuple(
            sorted((_of_filter(name, before.hits, after.hits, gained, lost) for name in names), key=lambda c: -c.after)
        ),
        actions={kind: (kinds[0][kind], kinds[1][kind]) for kind in ActionKind if kinds[0][kind] or kinds[1][kind]},
        new=gained,
        lost=lost,
        changed=sum(number in old and old[number].action != hit.action for number, hit in new.items()),
    )


def _of_filter(
    name: str, before: Iterable[Hit], after: Iterable[Hit], gained: Iterable[Hit], lost: Iterable[Hit]
) -> FilterChange:
    new = [hit for hit in gained if hit.filter == name]
    return FilterChange(
        name,
        sum(hit.filter == name for hit in before),
        sum(hit.filter == name for hit in after),
        len(new),
        sum(hit.filter == name for hit in lost),
        len({(hit.channel, hit.chatter) for hit in new}),
    )


def _hit(number: int, verdict: Verdict) -> Hit:
    message, leading = verdict.message, verdict.leading
    return Hit(number, message.channel, message.chatter, message.text, verdict.action, leading.filter, leading.span)
