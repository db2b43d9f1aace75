"""The words every other module speaks: Message in, Evidence and Verdict out, Action as the answer.

Plain frozen data. No I/O, no clock, no TwitchIO.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, StrEnum
from functools import cached_property, total_ordering

from filters.failure import Failure
from filters.text import Folded, fold


class Role(StrEnum):
    """What Twitch says a chatter is in a channel, from the badges, never from the display name."""

    BROADCASTER = "broadcaster"
    MODERATOR = "moderator"
    VIP = "vip"
    SUBSCRIBER = "subscriber"


class FragmentKind(StrEnum):
    """EventSub's kinds of piece a chat line is made of. A kind we do not know yet is read as text."""

    TEXT = "text"
    EMOTE = "emote"
    MENTION = "mention"
    CHEERMOTE = "cheermote"
    GIF = "gif"

    @classmethod
    def _missing_(cls, value: object) -> FragmentKind:
        return cls.TEXT


class Severity(IntEnum):
    """How bad a hit is; it picks the entry step of the ladder."""

    LOW = 0
    MODERATE = 1
    HIGH = 2
    EXTREME = 3


class Category(StrEnum):
    """The written rule a filter enforces. A Record always names one."""

    HATE = "hate"
    HARASSMENT = "harassment"
    SEXUAL = "sexual content"
    SPAM = "spam and scams"
    PRIVACY = "personal information"
    SELF_HARM = "self-harm"
    CHILD_SAFETY = "child safety"
    ILLEGAL_GOODS = "illegal goods"
    PROFANITY = "profanity"
    CHANNEL_RULE = "channel rule"


@dataclass(frozen=True, slots=True)
class Fragment:
    """One piece of a chat line. The fragments' texts joined are the Message's text."""

    kind: FragmentKind
    text: str


@dataclass(frozen=True)
class Message:
    """One chat line as the filters see it.

    ``ts_ms`` is the event's time in UTC milliseconds; filters know no other clock.
    ``account_created_ms`` is None when Twitch was not asked.
    """

    id: str
    ts_ms: int
    channel_id: str
    channel: str
    chatter_id: str
    chatter: str
    text: str
    display_name: str = ""
    roles: frozenset[Role] = frozenset()
    fragments: tuple[Fragment, ...] = ()
    account_created_ms: int | None = None

    @cached_property
    def folded(self) -> Folded:
        """The text in canonical form, folded once however many filters ask."""
        return fold(self.text)

    @cached_property
    def opaque(self) -> tuple[tuple[int, int], ...]:
        """Spans (start, end) of ``text`` that are emotes, mentions or cheermotes: never read as words. None where the
        fragments do not make up the text after all: whatever they would point at stands elsewhere.
        """
        spans: list[tuple[int, int]] = []
        at = 0
        for fragment in self.fragments:
            end = at + len(fragment.text)
            if fragment.kind is not FragmentKind.TEXT:
                spans.append((at, end))
            at = end
        return tuple(spans) if at == len(self.text) else ()


class ActionKind(IntEnum):
    """The steps of severity, weakest first; the order is the join."""

    NONE = 0
    REVIEW = 1
    DELETE = 2
    WARN = 3
    TIMEOUT = 4
    BAN = 5


@total_ordering
@dataclass(frozen=True, slots=True)
class Action:
    """What to do about a message. ``a | b`` is the stronger of the two: idempotent, commutative, associative.

    ``duration_s`` is whole seconds, 1 to 1,209,600 (Twitch's two weeks), and only a TIMEOUT has one.
    """

    kind: ActionKind = ActionKind.NONE
    duration_s: int = 0

    def __post_init__(self) -> None:
        if self.kind is ActionKind.TIMEOUT:
            if not 1 <= self.duration_s <= MAX_TIMEOUT_S:
                raise ValueError(f"timeout of {self.duration_s} s is outside 1 to {MAX_TIMEOUT_S} (use ban for longer)")
        elif self.duration_s:
            raise ValueError(f"{self.kind.name.lower()} takes no duration (got {self.duration_s} s)")

    def __or__(self, other: Action) -> Action:
        return max(self, other)

    def __lt__(self, other: Action) -> bool:
        return (self.kind, self.duration_s) < (other.kind, other.duration_s)

    def __bool__(self) -> bool:
        return self.kind is not ActionKind.NONE

    @property
    def enforces(self) -> bool:
        """Whether carrying it out changes anything at Twitch."""
        return self.kind >= ActionKind.DELETE

    def __str__(self) -> str:
        name = self.kind.name.lower()
        return f"{name} {self.duration_s}s" if self.kind is ActionKind.TIMEOUT else name


MAX_TIMEOUT_S = 1_209_600
NONE = Action()


@dataclass(frozen=True, slots=True)
class Evidence:
    """Why a filter fired.

    ``rule`` is the listed term or the setting that was passed, ``span`` the (start, end) characters of the
    original text, ``folded`` the canonical form of that piece, ``score`` the confidence in [0, 1] that a person
    would agree (1 for plain rules), ``distance`` the edits between ``folded`` and ``rule``, ``technique`` what was
    undone to see it, ``detail`` one plain sentence for people. ``related`` are the ids of other messages that
    belong to the same finding (a flood, a copy-paste cluster), oldest first. ``review_only`` says that the filter's
    settings want people to look and nothing to be done.
    """

    filter: str
    rule: str
    category: Category
    severity: Severity
    span: tuple[int, int]
    folded: str = ""
    score: float = 1.0
    distance: int = 0
    technique: str = "exact"
    detail: str = ""
    related: tuple[str, ...] = ()
    dry_run: bool = False
    review_only: bool = False


@dataclass(frozen=True, slots=True)
class Verdict:
    """All Evidence for one message and what the policy makes of it.

    ``exempt`` says why nothing is done although Evidence exists ("moderator", "permit"); ``dry_run`` that the
    action is only what would have been done; ``strikes`` how many stood against the chatter before this;
    ``failed_filters`` are those that raised and were left out.
    """

    message: Message
    evidence: tuple[Evidence, ...]
    action: Action
    revision: int
    strikes: int = 0
    dry_run: bool = False
    exempt: str = ""
    failed_filters: tuple[Failure, ...] = ()

    @property
    def leading(self) -> Evidence:
        """The Evidence a Record is filed under: live before dry run, what acts before what does not, then the worst."""
        return max(self.evidence, key=lambda each: (not each.dry_run, not each.review_only, each.severity, each.score))
