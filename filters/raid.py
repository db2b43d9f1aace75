"""Raids: many newcomers at once who say the same or are named alike. Watches the channel, not the chatter.

How many look-alike newcomers it takes follows from how usual newcomers are: when a share p of the channel's lines
are somebody's first, n newcomers who say the same are chance with a probability of about p to the power n.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass

from pydantic import Field

from filters.base import Settings
from filters.clusters import Namesakes
from filters.duplicates import Group, Line
from filters.emotes import emote_spans
from filters.history import KEPT_S, History
from filters.ladder import DELETE, Duration, Step
from filters.text import blank
from filters.types import Message

WINDOW_S = 30
"""Seconds within which the members of a raid show up, and since the first line in which one is a newcomer."""
WARM_UP_S = 10
"""Seconds after the bot came in which all are new to it, and what many say tells nothing."""
FRIENDLY_S = 300
"""Seconds after a friendly raid in which its viewers greet."""
CHANCE = 1e-4
"""Probability of a false alarm at which so many look-alikes are no chance any more."""
MOST_NEW = 0.39
"""The greatest share of first lines reckoned with where most lines are none: ten look-alike newcomers are a raid there.
Where most are first lines, the bot has just come, or the chat is a crowd's."""
FEWEST = 5
"""Look-alike newcomers it takes at least."""
LETTERS, DIFFERENT = 8, 6
"""Letters, and different ones, a line needs besides emotes to tell something: "????????" is said by anybody."""
HALF_LIFE_S = 300
"""Seconds in which what was usual in the channel counts half."""
REMEMBERED = 500
"""Newcomers kept in mind."""


class RaidSettings(Settings):
    """What counts as a raid and what is done about it."""

    enabled: bool = Field(True, description="Watch for raids at all.")
    shield_mode: bool = Field(False, description="Switch Twitch's shield mode on.")
    followers_only_minutes: int = Field(
        10, ge=0, le=129_600, description="Minutes one must have followed to chat meanwhile; 0 leaves it as it is."
    )
    slow_s: int = Field(0, ge=0, le=120, description="Seconds between a chatter's lines meanwhile; 0 leaves it.")
    member_action: Step = Field(DELETE, description="What happens to the lines of those who take part.")
    hold: Duration = Field(120, ge=10, le=3_600, description="How long it lasts after the last one who took part.")


@dataclass(frozen=True, slots=True)
class Member:
    """One who takes part: who, under which name, and the message it shows by."""

    chatter_id: str
    chatter: str
    message_id: str


@dataclass(frozen=True, slots=True)
class RaidAlert:
    """A raid, as far as it is seen: ``started_ms`` (UTC) tells raids apart, ``members`` are those not told before,
    ``confidence`` in [0, 1] is that it is no chance, ``begins`` is whether this is the raid's first alert. ``akin`` are
    the ids of those who bear the sign as well and came too early to be told: what was done about them is of the raid.
    """

    started_ms: int
    members: tuple[Member, ...]
    why: str
    confidence: float
    begins: bool
    akin: tuple[str, ...] = ()


@dataclass(slots=True)
class _Newcomer:
    member: Member
    ts_ms: int
    line: Line

    @property
    def group(self) -> Group | None:
        """The lines like the newcomer's own, as soon as there are any."""
        return self.line.group


@dataclass(frozen=True, slots=True)
class _Likeness:
    newcomers: list[_Newcomer]
    sign: Group | Namesakes
    why: str
    akin: tuple[str, ...] = ()


class RaidDetector:
    """Watches one channel for raids, on event time. Only who takes part in the raid under way is kept beyond a window.

    Call ``observe`` for each message after the History has observed it, and ``friendly_raid`` when Twitch tells of
    one. A raid ends by itself when nobody has joined it for ``settings.hold``.
    """

    def __init__(self, settings: RaidSettings) -> None:
        self.settings = settings
        self._newcomers: OrderedDict[str, _Newcomer] = OrderedDict()
        self._told: set[str] = set()
        self._signs: set[Group | Namesakes] = set()
        self._started_ms = 0
        self._last_ms: int | None = None
        self._lines, self._first_lines, self._usual_ms = 0.0, 0.0, 0
        self._friendly_until_ms, self._greeters = 0, 0

    def friendly_raid(self, ts_ms: int, viewers: int) -> None:
        """Twitch says that a streamer sends so many viewers: that many newcomers may greet alike."""
        self._friendly_until_ms = ts_ms + FRIENDLY_S * 1000
        self._greeters = viewers

    def active(self, ts_ms: int) -> bool:
        """Whether a raid is on at this time (UTC ms)."""
        return self._last_ms is not None and ts_ms <= self._last_ms + self.settings.hold * 1000

    def includes(self, message: Message) -> bool:
        """Whether the message is from somebody who takes part in the raid under way."""
        return message.chatter_id in self._told and self.active(message.ts_ms)

    def begin(self, ts_ms: int) -> None:
        """Take it that a raid is on from this time (UTC ms): somebody says so."""
        self._last_ms = ts_ms

    def end(self) -> None:
        """Take it that the raid is over; who takes part in it again begins another."""
        self._last_ms = None
        self._told.clear()
        self._signs.clear()

    def observe(self, message: Message, history: History) -> RaidAlert | None:
        """Return an alert when a raid begins and for each who joins it; the first names all who took part so far."""
        if not self.settings.enabled:
            return None
        active = self.active(message.ts_ms)
        newcomer = self._newcomer(message, history)
        self._learn(message, history)
        if not active:
            self._told.clear()
            self._signs.clear()
        if newcomer is None or message.chatter_id in self._told:
            return None
        likeness = self._likeness(newcomer, message, history)
        if likeness is None:
            return None
        found = [each for each in likeness.newcomers if each.member.chatter_id not in self._told]
        if not active:
            self._started_ms = min(each.ts_ms for each in found)
        akin = likeness.akin if likeness.sign not in self._signs else ()
        self._signs.add(likeness.sign)
        self._last_ms = message.ts_ms
        self._told.update(each.member.chatter_id for each in found)
        why = f"{len(likeness.newcomers)} newcomers {likeness.why}"
        confidence = 1 - self._chance(len(likeness.newcomers))
        members = tuple(each.member for each in found)
        return RaidAlert(self._started_ms, members, why, confidence, begins=not active, akin=akin)

    def _chance(self, found: int) -> float:
        """The probability that so many look-alike newcomers are none; what they said themselves does not count."""
        # One line in twenty is taken for a first one until more is known.
        share = max(1.0, self._first_lines - found + 1) / max(20.0, self._lines - found + 20)
        return min(MOST_NEW if share < 0.5 else 1.0, share) ** found

    def _learn(self, message: Message, history: History) -> None:
        chatter = history.chatter(message.chatter_id)
        if self._usual_ms:
            fade = 0.5 ** (max(0, message.ts_ms - self._usual_ms) / 1000 / HALF_LIFE_S)
            self._lines *= fade
            self._first_lines *= fade
        self._usual_ms = message.ts_ms
        self._lines += 1
        self._first_lines += chatter is not None and len(chatter.lines) == 1 and chatter.first_seen_ms == message.ts_ms

    def _newcomer(self, message: Message, history: History) -> _Newcomer | None:
        chatter = history.chatter(message.chatter_id)
        if chatter is None or chatter.first_seen_ms < message.ts_ms - WINDOW_S * 1000:
            return None
        line = history.line(message)
        if line is None:
            return None
        newcomer = _Newcomer(Member(message.chatter_id, message.chatter, message.id), message.ts_ms, line)
        self._newcomers[message.chatter_id] = newcomer
        self._newcomers.move_to_end(message.chatter_id)
        since_ms = message.ts_ms - WINDOW_S * 1000
        while len(self._newcomers) > REMEMBERED or next(iter(self._newcomers.values())).ts_ms < since_ms:
            self._newcomers.popitem(last=False)
        return newcomer

    def _likeness(self, newcomer: _Newcomer, message: Message, history: History) -> _Likeness | None:
        """What makes the newcomer one of a raid: a sign of the present one, or more of their like than is chance."""
        likenesses = [*self._named_alike(message, history), *self._saying_alike(newcomer, message, history)]
        for likeness in likenesses:
            if likeness.sign in self._signs:
                return likeness
        for likeness in likenesses:
            fresh = sum(each.member.chatter_id not in self._told for each in likeness.newcomers)
            if fresh >= FEWEST and self._chance(fresh) <= CHANCE:
                return likeness
        return None

    def _may_tell(self, sign: Group | Namesakes, size: int) -> bool:
        """Whether so many of a kind can be a raid at all; most newcomers are like nobody, and are done with here."""
        return size >= FEWEST or sign in self._signs

    def _named_alike(self, message: Message, history: History) -> Iterator[_Likeness]:
        arrival = history.arrival(message)
        namesakes = arrival and arrival.namesakes
        if namesakes and self._may_tell(namesakes, len(namesakes.members)):
            alike = namesakes.since(message.ts_ms - WINDOW_S * 1000)
            named = [self._newcomers[each.chatter_id] for each in alike if each.chatter_id in self._newcomers]
            akin = tuple(each.chatter_id for each in namesakes.since(message.ts_ms - KEPT_S * 1000))
            # Why a raid was seen stays for good; a pattern without digits is somebody's name, which must not.
            pattern = namesakes.pattern
            why = f"are named like {pattern}" if "#" in pattern else "have look-alike names"
            yield _Likeness(named, namesakes, why, akin)

    def _saying_alike(self, newcomer: _Newcomer, message: Message, history: History) -> Iterator[_Likeness]:
        group = newcomer.group
        if group is None or not self._may_tell(group, len(group.lines)) or not _tells(message):
            return
        if history.begun_ms is None or message.ts_ms < history.begun_ms + WARM_UP_S * 1000:
            return
        said = [each for each in self._newcomers.values() if each.group is group]
        known = {each.chatter_id for each in group.within(message.ts_ms - WINDOW_S * 1000)} - self._newcomers.keys()
        hype = len(known) * 2 >= len(said)  # Those who are at home here say it too.
        greeting = message.ts_ms < self._friendly_until_ms and len(said) <= self._greeters
        if not hype and not greeting:
            yield _Likeness(said, group, "say nearly the same")


def _tells(message: Message) -> bool:
    """Whether there is enough in a line for others who say it to be no chance."""
    text = blank(message.text, (*message.opaque, *emote_spans(message))).casefold()
    return len(set(text)) > DIFFERENT and sum(map(str.isalpha, text)) > LETTERS
