"""What a policy would have done to chat that was said already, and how two policies differ in that."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import AsyncIterable, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from config.policy import FilterSet, Policy
from filters.base import Filter
from filters.engine import Engine, Findings
from filters.history import History
from filters.types import Action, ActionKind, Evidence, Message, Verdict

STEP = 2_000
"""Messages between two reports of progress, and in a block of a share."""


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


@dataclass(frozen=True, slots=True)
class Share:
    """Which of the chat's blocks of ``STEP`` messages are looked at: every ``of``-th, from this one on."""

    number: int = 0
    of: int = 1

    def has(self, place: int) -> bool:
        """Whether the message at that place in the chat is looked at."""
        return place // STEP % self.of == self.number


@dataclass(frozen=True, slots=True)
class Finding:
    """A message some filter minds, its place in the chat, and the Evidence by policy."""

    place: int
    message: Message
    evidence: tuple[tuple[Evidence, ...], ...]


@dataclass(frozen=True, slots=True)
class Look:
    """What the filters of some policies mind in a share of a chat of so many messages and people."""

    messages: int
    people: int
    findings: tuple[Finding, ...]


class _Filters:
    """One channel's filters of several policies over one History; a filter they have in common runs once."""

    def __init__(self, policies: Sequence[Policy]) -> None:
        self.history = History()
        self._policies = len(policies)
        engines = [policy.engine() for policy in policies]
        owners: list[tuple[Filter, list[int]]] = []
        for number, engine in enumerate(engines):
            for each in engine.filters:
                same = next((whose for other, whose in owners if other == each), None)
                if same is None:
                    owners.append((each, [number]))
                else:
                    same.append(number)
        groups: defaultdict[tuple[int, ...], list[Filter]] = defaultdict(list)
        for each, whose in owners:
            groups[tuple(whose)].append(each)
        # Only what decides differs between engines, and nothing is decided here.
        first = engines[0]
        self._groups = [
            (whose, Engine(filters, first.ladder, first.exempt, history=self.history))
            for whose, filters in groups.items()
        ]

    def look(self, message: Message) -> tuple[tuple[Evidence, ...], ...]:
        """The Evidence by policy, each in the order of the policy's filters; nothing at all where none minds it."""
        found: list[list[Evidence]] | None = None
        for whose, engine in self._groups:
            evidence = engine.look(message).evidence
            if evidence:
                found = found or [[] for _ in range(self._policies)]
                for number in whose:
                    found[number] += evidence
        return tuple(tuple(sorted(each, key=_rank)) for each in found) if found else ()


_RANKS = {name: rank for rank, name in enumerate(FilterSet.model_fields)}


def _rank(evidence: Evidence) -> int:
    return _RANKS[evidence.filter]


async def look_through(
    policies: Sequence[Policy],
    messages: AsyncIterable[Message],
    share: Share = Share(),
    progress: Callable[[int], None] = lambda _count: None,
) -> Look:
    """Run the policies' filters over a share of a chat; the rest of it is only remembered, as filters look back."""
    channels: dict[str, _Filters] = {}
    findings: list[Finding] = []
    people: set[tuple[str, str]] = set()
    place = 0
    async for message in messages:
        filters = channels.get(message.channel_id)
        if filters is None:
            filters = channels[message.channel_id] = _Filters(policies)
        people.add((message.channel_id, message.chatter_id))
        filters.history.observe(message)
        if share.has(place):
            evidence = filters.look(message)
            if evidence:
                findings.append(Finding(place, message, evidence))
        place += 1
        if place % STEP == 0:
            progress(STEP)
    progress(place % STEP)
    return Look(place, len(people), tuple(findings))


def decide(policies: Sequence[Policy], looks: Sequence[Look]) -> list[Trial]:
    """What each policy would have done, from what its filters mind in all shares of a chat, in the chat's order.

    Strikes follow from the trial's own verdicts as live. Differences from live: nobody is muted by a timeout, and raid
    mode and circuit breaker stay out of it.
    """
    findings = sorted((each for look in looks for each in look.findings), key=lambda each: each.place)
    return [
        Trial(looks[0].messages, looks[0].people, tuple(_hits(policy, number, findings)))
        for number, policy in enumerate(policies)
    ]


async def run_trials(policies: Sequence[Policy], messages: AsyncIterable[Message]) -> list[Trial]:
    """What each policy would have done about a chat."""
    return decide(policies, [await look_through(policies, messages)])


def _hits(policy: Policy, number: int, findings: Iterable[Finding]) -> Iterator[Hit]:
    judge = Engine((), policy.ladder, policy.exempt, dry_run=policy.dry_run)
    acted_on: defaultdict[tuple[str, str], list[tuple[int, Action]]] = defaultdict(list)
    for each in findings:
        message, evidence = each.message, each.evidence[number]
        if not evidence:
            continue
        strikes = acted_on[message.channel_id, message.chatter_id]
        verdict = judge.decide(Findings(message, evidence), judge.ladder.standing(strikes, message.ts_ms))
        if verdict.action.enforces:
            strikes.append((message.ts_ms, verdict.action))
            yield _hit(each.place, verdict)


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
