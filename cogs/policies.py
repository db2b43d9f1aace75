"""Which policy a channel is under: its latest revision in the log, or on the first start its file or the default."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from config.policy import DEFAULT_PRESET, Policy, PolicyError
from storage.database import now_ms
from storage.policies import PolicyLog, Revision

SHOWN = 3
"""Files named one by one where many are told of."""


@dataclass(frozen=True, slots=True)
class InForce:
    """What a channel is judged by, and since which revision; 0 before the first start."""

    policy: Policy
    number: int
    why: str

    @property
    def acts(self) -> str:
        """Whether it acts, in words."""
        return "DRY RUN: logs what it would do, and does nothing" if self.policy.dry_run else "acts"

    @property
    def source(self) -> str:
        """Where the policy is from, in words."""
        return f"revision {self.number} ({self.why})" if self.number else self.why


class PolicyBook:
    """The channels' policies as numbered revisions."""

    def __init__(self, revisions: PolicyLog, folder: Path) -> None:
        self._revisions = revisions
        self._folder = folder
        self.taken_up: set[str] = set()
        """Channels that had a revision when they were first asked about."""

    async def current(self, channel_id: str, channel: str) -> tuple[Policy, int]:
        """The channel's policy and revision number. PolicyError if it cannot be read; nothing is saved then."""
        found = await self.in_force(channel_id, channel)
        if found.number:
            self.taken_up.add(channel)
            return found.policy, found.number
        number = await self._revisions.save(
            channel_id,
            found.policy.to_toml(),
            author="chatwarden",
            reason=found.why,
            at_ms=now_ms(),
            login=channel,
        )
        return found.policy, number

    async def in_force(self, channel_id: str, channel: str) -> InForce:
        """What the channel is judged by, or will be from its first start on. PolicyError if that cannot be read."""
        revision = await self._revisions.current(channel_id)
        if revision is not None:
            by = f"by {revision.author}: {revision.reason}" if revision.number > 1 else revision.reason
            return InForce(_read(revision, channel), revision.number, by)
        path = self._file(channel)
        if path.exists():
            return InForce(Policy.load(path), 0, f"first start, from {path}")
        return InForce(Policy.preset(), 0, f"first start, preset {DEFAULT_PRESET}")

    async def revision(self, channel_id: str, channel: str, number: int) -> Policy:
        """One revision. PolicyError if there is none or it cannot be read."""
        revision = await self._revisions.get(channel_id, number)
        if revision is None:
            raise PolicyError(f"policy of {channel}: no revision {number}")
        return _read(revision, channel)

    async def news(self, after: int) -> tuple[int, dict[str, int]]:
        """The revisions saved since, as PolicyLog.news tells them."""
        return await self._revisions.news(after)

    def strays(self, channels: Sequence[str]) -> list[str]:
        """The files of the folder that belong to none of the channels, each in words, with what it may be meant for."""
        told = []
        for path in sorted(self._folder.glob("*.toml")):
            if path.stem not in channels:
                near = get_close_matches(path.stem.lower(), channels, n=1, cutoff=0.8)
                meant = f" (did you mean {self._file(near[0])}?)" if near else ""
                told.append(f"{path} is of no channel in CHATWARDEN_CHANNELS and is not read{meant}")
        more = len(told) - SHOWN
        return told if more <= 0 else [*told[:SHOWN], f"{self._folder}: {more} more of no channel"]

    def passed_over(self, channels: Iterable[str]) -> str:
        """The files of channels that have revisions, which count instead, in words; empty if there are none."""
        files = [str(path) for channel in sorted(channels) if (path := self._file(channel)).exists()]
        more = f" and {len(files) - SHOWN} more" if len(files) > SHOWN else ""
        return f"{', '.join(files[:SHOWN])}{more}" if files else ""

    def _file(self, channel: str) -> Path:
        return self._folder / f"{channel}.toml"


def _read(revision: Revision, channel: str) -> Policy:
    return Policy.stored(revision.toml, f"policy of {channel}, revision {revision.number}")
