"""What every page works with: the database and the questions and deeds that other modules offer on it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from starlette.requests import Request

from config.policy import Grants, Policy, PolicyError
from ops.console.reckoner import Reckoner
from ops.console.visitors import Sessions
from storage.appeals import Appeals
from storage.audit import Audit
from storage.cases import CaseBook
from storage.database import Database
from storage.exposure import Exposure
from storage.group_reviews import GroupReviews
from storage.groups import Groups
from storage.notes import Notes
from storage.overview import Overview
from storage.policies import PolicyLog
from storage.queue import Queue
from storage.reading import Reader
from storage.requests import Requests
from storage.reviews import Reviews
from storage.roles import Roster
from storage.rules import Rules
from storage.sealed import Sealer


@dataclass(frozen=True, slots=True)
class Access:
    """How people sign in: the console's own address, and the Twitch application, or anybody as anyone (sandbox)."""

    url: str = "http://localhost:8420"
    client_id: str = ""
    client_secret: str = field(default="", repr=False)
    id_url: str = "https://id.twitch.tv/"
    helix_url: str = "https://api.twitch.tv/helix/"
    sandbox: bool = False

    @property
    def secure(self) -> bool:
        """Whether cookies may travel over https only."""
        return urlsplit(self.url).scheme == "https"

    @property
    def host(self) -> str:
        """The host name the console answers to."""
        return urlsplit(self.url).hostname or ""


class Desk:
    """One console over one open database. ``closing`` is set when it is about to stop, so that live pages let go."""

    def __init__(self, db: Database, access: Access, sealer: Sealer | None = None) -> None:
        self.db = db
        self.access = access
        self.sessions = Sessions()
        self.closing = asyncio.Event()
        self.reader = Reader(db)
        self.overview = Overview(db)
        self.revisions = PolicyLog(db)
        self.audit = Audit(db)
        self.requests = Requests(db)
        self.groups = Groups(db)
        self.group_reviews = GroupReviews(db)
        self.notes = Notes(db)
        self.roster = Roster(db)
        self.queue = Queue(db)
        self.reviews = Reviews(db, sealer)
        self.exposure = Exposure(db)
        self.appeals = Appeals(db)
        self.cases = CaseBook(db)
        self.rules = Rules(db)
        self.reckoner = Reckoner(db.path)
        self._parsed: dict[str, tuple[int, Policy]] = {}

    async def policy(self, channel_id: str) -> tuple[Policy, int]:
        """A channel's policy and its revision; the defaults and 0 before the first. Raises PolicyError."""
        latest = await self.revisions.current(channel_id)
        if latest is None:
            return Policy(), 0
        number, policy = self._parsed.get(channel_id, (0, None))
        if policy is None or number != latest.number:
            told = f"policy of channel {channel_id}, revision {latest.number}"
            policy = await asyncio.to_thread(Policy.stored, latest.toml, told)
            self._parsed[channel_id] = (latest.number, policy)
        return policy, latest.number

    async def grants(self, channel_id: str) -> Grants:
        """Whom the channel's policy grants what; nobody anything while it cannot be read, which locks out none."""
        try:
            policy, _ = await self.policy(channel_id)
        except PolicyError:
            return Grants()
        return policy.grants


def desk(request: Request) -> Desk:
    """The desk of the console that got this request."""
    found: Desk = request.app.state.desk
    return found
