"""What the policy commands of the shell share: a channel's revisions opened, read, saved, and what changed told."""

from __future__ import annotations

from collections.abc import Coroutine, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import typer

from config.changes import Change, difference
from config.policy import DEFAULT_PRESET, Policy, PolicyError
from filters.masking import visible
from ops.command import USAGE, at_keyboard, errors, fail, run
from storage.audit import Audit
from storage.database import Database, DatabaseError, now_ms
from storage.policies import PolicyLog, Revision

ChannelArgument = Annotated[str, typer.Argument(help="The channel: login or id.")]
AuthorOption = Annotated[str, typer.Option(help="Who changes it, if not your user name.")]
ReasonOption = Annotated[str, typer.Option(help="Why; kept with the revision.")]


@dataclass(frozen=True, slots=True)
class Desk:
    """One channel's policy, open for work."""

    db: Database
    log: PolicyLog
    channel_id: str
    channel: str
    latest: Revision
    policy: Policy

    @classmethod
    async def of(cls, db: Database, channel: str) -> Desk:
        """The desk of the channel of this login or id. Raises DatabaseError, PolicyError."""
        log = PolicyLog(db)
        found = await log.find_channel(channel)
        if found is None:
            known = ", ".join(await log.channels()) or "none yet"
            raise DatabaseError(
                f"{channel}: no policy of this channel in the database (there are: {known}); `chatwarden run` makes it"
                f" on its first start, from {channel}.toml in the folder of CHATWARDEN_POLICIES if that file is there"
                f" (what it does not say is as in {DEFAULT_PRESET}; to begin with another preset, copy that to it)"
            )
        latest = await log.current(found[0])
        assert latest is not None
        return cls(db, log, *found, latest, read(latest, found[1]))

    async def revision(self, number: int) -> Revision:
        """One revision. Raises DatabaseError."""
        revision = await self.log.get(self.channel_id, number)
        if revision is None:
            raise DatabaseError(f"{self.channel}: no revision {number} (there are 1 to {self.latest.number})")
        return revision

    async def save(self, policy: Policy, author: str, reason: str, verb: str) -> None:
        """Save a changed policy as the next revision, keep that in audit, and tell how to go back."""
        changes = difference(self.policy, policy)
        if not changes:
            errors.print("Nothing to change: it is so already")
            return
        number = await self.log.save(
            self.channel_id,
            policy.to_toml(),
            author=at_keyboard(author),
            reason=reason,
            at_ms=now_ms(),
            parent=self.latest.number,
        )
        await self.note(author, verb, f"revision {number}")
        put_changes(changes)
        back = f"chatwarden policy restore {self.channel} {self.latest.number}"
        errors.print(f"{self.channel}: revision {number} saved; to go back: {back}")

    async def note(self, author: str, verb: str, subject: str, detail: str = "") -> None:
        """Keep in audit what was done from the shell."""
        await Audit(self.db).note(
            actor=at_keyboard(author),
            role="shell",
            surface="shell",
            verb=verb,
            subject=subject,
            detail=detail,
            channel_id=self.channel_id,
        )


def read(revision: Revision, channel: str) -> Policy:
    """A revision's policy. Raises PolicyError, which names it."""
    return Policy.stored(revision.toml, f"policy of {channel}, revision {revision.number}")


def put_changes(changes: Sequence[Change]) -> None:
    """Write changes to standard output, one a line."""
    for change in changes:
        typer.echo(visible(str(change)))


def run_policy(work: Coroutine[Any, Any, Any]) -> None:
    """Run a command to the end; what is wrong with a policy is told, and exit code 2."""
    try:
        run(work)
    except PolicyError as error:
        fail(str(error), USAGE)
