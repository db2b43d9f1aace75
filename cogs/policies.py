"""Which policy a channel is under: its latest revision in the log, or on the first start its file or the default."""

from __future__ import annotations

import time
from pathlib import Path

from config.policy import DEFAULT_PRESET, Policy, PolicyError
from storage.policies import PolicyLog


class PolicyBook:
    """The channels' policies as numbered revisions."""

    def __init__(self, revisions: PolicyLog, folder: Path) -> None:
        self._revisions = revisions
        self._folder = folder

    async def current(self, channel_id: str, channel: str) -> tuple[Policy, int]:
        """The channel's policy and revision number. PolicyError if it cannot be read; nothing is saved then."""
        revision = await self._revisions.current(channel_id)
        if revision is not None:
            return Policy.stored(revision.toml, f"policy of {channel}, revision {revision.number}"), revision.number
        path = self._folder / f"{channel}.toml"
        policy, reason = (
            (Policy.load(path), f"first start, from {path}")
            if path.exists()
            else (Policy.preset(), f"first start, preset {DEFAULT_PRESET}")
        )
        number = await self._revisions.save(
            channel_id,
            policy.to_toml(),
            author="chatwarden",
            reason=reason,
            at_ms=time.time_ns() // 1_000_000,
            login=channel,
        )
        return policy, number

    async def revision(self, channel_id: str, channel: str, number: int) -> Policy:
        """One revision. PolicyError if there is none or it cannot be read."""
        revision = await self._revisions.get(channel_id, number)
        if revision is None:
            raise PolicyError(f"policy of {channel}: no revision {number}")
        return Policy.stored(revision.toml, f"policy of {channel}, revision {number}")

    async def news(self, after: int) -> tuple[int, dict[str, int]]:
        """The revisions saved since, as PolicyLog.news tells them."""
        return await self._revisions.news(after)
