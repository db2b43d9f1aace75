"""One channel's judge: observe, find Evidence, decide one Action."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from operator import or_
from typing import Annotated

from pydantic import AfterValidator, Field, PlainSerializer

from filters.base import Filter, Roles, Settings
from filters.failure import Failure, outline
from filters.history import History
from filters.ladder import Ladder, Standing
from filters.types import NONE, Action, ActionKind, Evidence, Message, Role, Verdict

STREAM_STAFF = frozenset({Role.BROADCASTER, Role.MODERATOR})
"""Never acted on, whatever the policy says: Twitch would refuse, and it is their channel."""


def _logins(names: frozenset[str]) -> frozenset[str]:
    return frozenset(login for name in names if (login := name.strip().lstrip("@").lower()))


Names = Annotated[frozenset[str], AfterValidator(_logins), PlainSerializer(sorted)]
"""Login names, lower case; may be written as chat shows and mentions them: @NightBot."""

UNKNOWN = Standing()
"""The standing of somebody nothing is held against."""


class Exemptions(Settings):
    """Whom the policy leaves alone. The streamer and the mods always are."""

    roles: Roles = Field(frozenset({Role.VIP}), description="Roles no filter acts on.")
    chatters: Names = Field(frozenset(), description="Login names of regulars and bots no filter acts on.")

    def reason(self, message: Message) -> str:
        """Why the chatter is exempt, or an empty text."""
        for role in Role:
            if role in message.roles and (role in STREAM_STAFF or role in self.roles):
                return role.value
        return "exempt chatter" if message.chatter in self.chatters else ""


@dataclass(frozen=True, slots=True)
class Findings:
    """What the filters saw in one message, before anything is decided."""

    message: Message
    evidence: tuple[Evidence, ...]
    failed_filters: tuple[Failure, ...] = ()


class Engine:
    """Judges one channel's messages, in the order they arrive, under one revision of its policy.

    Pure but for its History: the same messages in the same order give the same Verdicts.
    """

    def __init__(
        self,
        filters: Sequence[Filter],
        ladder: Ladder,
        exempt: Exemptions,
        revision: int = 0,
        *,
        dry_run: bool = False,
        history: History | None = None,
    ) -> None:
        self.filters = tuple(each for each in filters if each.enabled)
        self.ladder = ladder
        self.exempt = exempt
        self.revision = revision
        self.dry_run = dry_run
        self.history = History() if history is None else history

    def examine(self, message: Message) -> Findings:
        """Remember the message and run every enabled filter over it. One that raises is left out and told."""
        self.history.observe(message)
        return self.look(message)

    def look(self, message: Message) -> Findings:
        """Run every enabled filter over a message the History has observed already."""
        evidence: list[Evidence] = []
        failed: list[Failure] = []
        for each in self.filters:
            if each.exempt and not each.exempt.isdisjoint(message.roles):
                continue
            try:
                found = each.check(message, self.history)
            except Exception as error:  # noqa: BLE001 - one broken filter must not switch the others off
                failed.append(Failure(each.name, outline(error)))
                continue
            if found is not None:
                evidence.append(found)
        return Findings(message, tuple(evidence), tuple(failed))

    def decide(self, findings: Findings, standing: Standing = UNKNOWN) -> Verdict:
        """Join the Evidence into one Action for a chatter of that standing: the strongest wins.

        Dry-run Evidence decides only where no live Evidence asks for more than review, and marks the Verdict.
        """
        if not findings.evidence:
            failed = findings.failed_filters
            return Verdict(findings.message, (), NONE, self.revision, standing.strikes, failed_filters=failed)
        live = self._join([e for e in findings.evidence if not e.dry_run], standing)
        dry = self._join([e for e in findings.evidence if e.dry_run], standing)
        only_dry = dry > live and not live.enforces
        exempt = self.exempt.reason(findings.message)
        return Verdict(
            message=findings.message,
            evidence=findings.evidence,
            action=NONE if exempt else (dry if only_dry else live),
            revision=self.revision,
            strikes=standing.strikes,
            dry_run=not exempt and (only_dry or (self.dry_run and live.kind > ActionKind.REVIEW)),
            exempt=exempt,
            failed_filters=findings.failed_filters,
        )

    def judge(self, message: Message, standing: Standing = UNKNOWN) -> Verdict:
        """Examine and decide in one step."""
        return self.decide(self.examine(message), standing)

    def aside(self) -> Engine:
        """The same judge with nothing to remember, for a line that is not in the chat."""
        return Engine(self.filters, self.ladder, self.exempt, self.revision, dry_run=self.dry_run)

    def _join(self, evidence: Sequence[Evidence], standing: Standing) -> Action:
        return reduce(or_, (self.ladder.action(each, standing) for each in evidence), NONE)
