"""What the sandbox's Twitch knows: people, channels and what was done in them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Literal

from sandbox.clock import Clock

Kind = Literal["ban", "timeout", "unban", "delete", "clear", "warn"]
FIRST_USER_ID = 100_001
ACCOUNT_AGE_MS = 3 * 365 * 86_400_000
"""How old the account of a chatter is that nobody introduced: three years, so it is no newcomer by accident."""


@dataclass(frozen=True, slots=True)
class User:
    """A Twitch account. ``created_ms`` is UTC milliseconds."""

    id: str
    login: str
    display_name: str
    created_ms: int


@dataclass(frozen=True, slots=True)
class Ban:
    """A ban, or a timeout where ``until_ms`` (UTC milliseconds) is given."""

    user_id: str
    login: str
    until_ms: int | None
    reason: str
    moderator_id: str
    created_ms: int


@dataclass(frozen=True, slots=True)
class Enforcement:
    """One thing a moderator did and Twitch accepted. ``wall_ms`` is real time, ``ts_ms`` the sandbox's.

    ``source`` tells a call through Helix from a person's click in Twitch's own pages.
    """

    kind: Kind
    channel: str
    user_id: str
    login: str
    moderator_id: str
    source: Literal["helix", "page"]
    wall_ms: int
    ts_ms: int
    message_id: str | None = None
    reason: str | None = None
    duration_s: int | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """One delivered chat message. ``ts_ms`` is the chat's time, ``real_ms`` the clock's real one."""

    id: str
    user_id: str
    text: str
    ts_ms: int
    real_ms: int


@dataclass(frozen=True, slots=True)
class ChatWarning:
    """A warning a chatter was given."""

    user_id: str
    moderator_id: str
    reason: str
    ts_ms: int


@dataclass(slots=True)
class BlockedTerm:
    """A term AutoMod holds in one channel, until ``expires_ms`` where AutoMod itself put it there."""

    id: str
    text: str
    moderator_id: str
    created_ms: int
    expires_ms: int | None = None


@dataclass(slots=True)
class UnbanRequest:
    """A chatter's appeal."""

    id: str
    user: User
    text: str
    created_ms: int
    status: str = "pending"
    moderator: User | None = None
    resolved_ms: int | None = None
    resolution_text: str = ""


@dataclass(slots=True)
class Suspicion:
    """How a channel treats a suspicious chatter (``ACTIVE_MONITORING`` or ``RESTRICTED``)."""

    status: str
    moderator_id: str
    updated_ms: int


@dataclass(slots=True)
class Held:
    """A message AutoMod keeps back for a moderator."""

    id: str
    user: User
    text: str
    category: str
    level: int
    held_ms: int


@dataclass(slots=True)
class ChatSettings:
    """A channel's chat modes. Durations as Helix counts them: followers in minutes, the others in seconds."""

    emote_mode: bool = False
    follower_mode: bool = False
    follower_mode_duration: int | None = None
    slow_mode: bool = False
    slow_mode_wait_time: int | None = None
    subscriber_mode: bool = False
    unique_chat_mode: bool = False
    non_moderator_chat_delay: bool = False
    non_moderator_chat_delay_duration: int | None = None


@dataclass(slots=True)
class Shield:
    """Shield mode: on or off, who touched it last, when it was last switched on."""

    active: bool = False
    moderator: User | None = None
    activated_ms: int | None = None


@dataclass
class Channel:
    """A broadcaster's channel. Sets hold user ids; ``chatters`` keeps who spoke, in order of first line."""

    user: User
    moderators: set[str] = field(default_factory=set)
    vips: set[str] = field(default_factory=set)
    subscribers: set[str] = field(default_factory=set)
    bans: dict[str, Ban] = field(default_factory=dict)
    lines: dict[str, Line] = field(default_factory=dict)
    deleted: set[str] = field(default_factory=set)
    warnings: list[ChatWarning] = field(default_factory=list)
    unacknowledged: set[str] = field(default_factory=set)
    settings: ChatSettings = field(default_factory=ChatSettings)
    shield: Shield = field(default_factory=Shield)
    blocked_terms: dict[str, BlockedTerm] = field(default_factory=dict)
    unban_requests: dict[str, UnbanRequest] = field(default_factory=dict)
    suspicious: dict[str, Suspicion] = field(default_factory=dict)
    held: dict[str, Held] = field(default_factory=dict)
    sent: list[Line] = field(default_factory=list)
    announcements: list[str] = field(default_factory=list)
    shoutouts: list[str] = field(default_factory=list)
    chatters: dict[str, None] = field(default_factory=dict)
    live_since_ms: int | None = None

    def moderates(self, user_id: str) -> bool:
        """Whether the user may moderate here: a moderator or the broadcaster."""
        return user_id == self.user.id or user_id in self.moderators

    def badges(self, user_id: str) -> list[dict[str, str]]:
        """The badges the user wears here, in EventSub's shape."""
        worn = [("broadcaster", user_id == self.user.id), ("moderator", user_id in self.moderators)]
        worn += [("vip", user_id in self.vips), ("subscriber", user_id in self.subscribers)]
        return [{"set_id": name, "id": "1", "info": "1" if name == "subscriber" else ""} for name, on in worn if on]


class World:
    """Every account, every channel, and the list of what was enforced."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.users: dict[str, User] = {}
        self.channels: dict[str, Channel] = {}
        self.enforcements: list[Enforcement] = []
        self._by_login: dict[str, User] = {}
        self._next_id = FIRST_USER_ID

    def add_user(
        self, login: str, *, display_name: str | None = None, user_id: str | None = None, created_ms: int | None = None
    ) -> User:
        """The account with this login, made on first use. Raises ValueError if it exists and differs."""
        login = login.lower()
        known = self._by_login.get(login)
        if known is not None:
            if user_id is not None and user_id != known.id:
                raise ValueError(f"user {login!r} already has the id {known.id}, not {user_id} (use another login)")
            return known
        if user_id is None:
            while str(self._next_id) in self.users:
                self._next_id += 1
            user_id = str(self._next_id)
        elif user_id in self.users:
            raise ValueError(f"id {user_id} already belongs to {self.users[user_id].login!r} (use another id)")
        created_ms = self.clock.now_ms() - ACCOUNT_AGE_MS if created_ms is None else created_ms
        user = User(user_id, login, display_name or login, created_ms)
        self.users[user_id] = self._by_login[login] = user
        return user

    def rename(self, login: str, new: str) -> User:
        """Give an account another login; everything else, its id above all, stays. KeyError for nobody's login."""
        old = self._by_login.pop(login)
        user = replace(old, login=new, display_name=new)
        self.users[user.id] = self._by_login[new] = user
        return user

    def mentioned(self, name: str) -> User | None:
        """The account people write ``@name`` for, which picks the display name where that is in another script."""
        shown = next((user for user in self.users.values() if user.display_name == name), None)
        return self.find(name) or shown

    def find(self, login: str) -> User | None:
        """The account with this login, if there is one."""
        return self._by_login.get(login.lower())

    def channel(self, login: str) -> Channel:
        """The channel of this login; account and channel are made on first use."""
        return self.channel_of(self.add_user(login))

    def channel_of(self, user: User) -> Channel:
        """The user's own channel."""
        return self.channels.setdefault(user.id, Channel(user))

    def ban(self, channel: Channel, user_id: str) -> Ban | None:
        """The user's ban or timeout if one is in force now; a timeout that ran out is forgotten."""
        ban = channel.bans.get(user_id)
        if ban is not None and ban.until_ms is not None and ban.until_ms <= self.clock.now_ms():
            del channel.bans[user_id]
            return None
        return ban

    def live_bans(self, channel: Channel) -> Iterator[Ban]:
        """Bans and timeouts in force now, oldest first."""
        for user_id in list(channel.bans):
            ban = self.ban(channel, user_id)
            if ban is not None:
                yield ban
