"""The streamer's commands about filters. Each change is a revision, live at once."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace

from pydantic import BaseModel
from twitchio.ext import commands

from cogs.amendments import changes_told, or_usage
from cogs.call import Call, ChatCommands, RefusedError, UsageError, number_of, told, words_of
from cogs.desk import Desk
from cogs.mods import shape_of
from cogs.permissions import Rank
from cogs.wording import ago, counted
from config.changes import Change, changed, difference, full_path, value_of
from config.policy import FilterSet, Policy, PolicyError
from filters.base import Filter
from filters.ladder import format_action
from filters.types import Message, Verdict
from storage.database import now_ms
from storage.policies import PolicyLog, Revision

HOW = ("on", "stopped", "dry run", "off")
"""How a filter stands; stopped is one the circuit breaker lets only log."""
SHOWN_REVISIONS = 4
SHOWN_FINDINGS = 4
PLAIN = (bool, int, float, str)
"""Settings of these kinds are shown with their value, others with how many there are."""


class Streamers(ChatCommands):
    """What streamers change and try."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._revisions = PolicyLog(desk.database)

    @commands.group(
        name="filter",
        invoke_fallback=True,
        apply_guards=False,
        case_insensitive=True,
        extras=told(Rank.STREAMER, "", "filter show caps"),
    )
    async def filters(self, call: Call, *, rest: str = "") -> None:
        """Say which filters are on, in dry run, and off."""
        if rest:
            raise UsageError("What to do with filters: list, show, on, off, dry, set, test, history, restore.")
        await self._list(call)

    @filters.command(name="list", extras=told(Rank.STREAMER, "", "filter list"))
    async def list_filters(self, call: Call, *, rest: str = "") -> None:
        """Say which filters are on, in dry run, and off."""
        await self._list(call)

    @filters.command(extras=told(Rank.STREAMER, "<filter | setting>", "filter show caps.max_ratio"))
    async def show(self, call: Call, *, rest: str = "") -> None:
        """Show what a filter catches and its settings, or what one setting is for."""
        path = _one(rest, "Say which filter or setting.")
        value = or_usage(lambda: value_of(call.place.policy, path))
        parts = or_usage(lambda: full_path(path))
        if isinstance(value, BaseModel):
            about = value.summary() if isinstance(value, Filter) else ""
            shown = [name for name, field in type(value).model_fields.items() if field.repr]
            settings = ", ".join(f"{name} {_shown(getattr(value, name))}" for name in shown)
            await call.answer(f"{path}: {about} {settings}.")
            return
        group = value_of(call.place.policy, ".".join(parts[:-1])) if len(parts) > 1 else call.place.policy
        description = type(group).model_fields[parts[-1]].description or ""
        await call.answer(f"{path} is {_shown(value)}. {description}")

    @filters.command(extras=told(Rank.STREAMER, "<filter>", "filter on caps"))
    async def on(self, call: Call, *, rest: str = "") -> None:
        """Switch a filter on, out of dry run too, and after it was stopped for acting too often."""
        name = _filter_name(rest)
        place = call.place
        now = getattr(place.policy.filters, name)
        if now.enabled and not now.dry_run:
            await call.note(f"filter {name}", "let act again")
            place.breaker.reset(name)
            await call.answer(f"{name} is on.")
            return
        await self.desk.amendments.make(call, lambda policy: _switched(policy, name, enabled=True, dry_run=False))

    @filters.command(extras=told(Rank.STREAMER, "<filter>", "filter off caps"))
    async def off(self, call: Call, *, rest: str = "") -> None:
        """Switch a filter off."""
        name = _filter_name(rest)
        await self.desk.amendments.make(call, lambda policy: changed(policy, f"{name}.enabled", "false"))

    @filters.command(extras=told(Rank.STREAMER, "<filter>", "filter dry caps"))
    async def dry(self, call: Call, *, rest: str = "") -> None:
        """Let a filter only log what it would do."""
        name = _filter_name(rest)
        await self.desk.amendments.make(call, lambda policy: _switched(policy, name, enabled=True, dry_run=True))

    @filters.command(name="set", extras=told(Rank.STREAMER, "<setting> <value>", "filter set caps.max_ratio 0.8"))
    async def set_value(self, call: Call, *, rest: str = "") -> None:
        """Change one setting, checked as the policy file would be."""
        path, _, value = " ".join(words_of(rest)).partition(" ")
        if not value:
            raise UsageError("Say which setting and its new value.")
        await self.desk.amendments.make(call, lambda policy: changed(policy, path, value))

    @filters.command(extras=told(Rank.STREAMER, "<text>", "filter test BUY MY STUFF"))
    async def test(self, call: Call, *, rest: str = "") -> None:
        """Say what would happen to a line of somebody without strikes, and why."""
        verdict = call.place.engine.aside().judge(line_of(call, rest))
        call.place.report(verdict.failed_filters)
        await call.answer(_foretold(verdict))

    @filters.command(extras=told(Rank.STREAMER, "", "filter history"))
    async def history(self, call: Call, *, rest: str = "") -> None:
        """Tell the latest revisions: who changed what, and when."""
        revisions = (await self._revisions.history(call.place.id))[: SHOWN_REVISIONS + 1]
        told_of: list[str] = []
        for new, old in zip(revisions, [*revisions[1:], None], strict=True):
            if len(told_of) == SHOWN_REVISIONS:
                break
            changes = _between(old, new) if old else []
            what = changes_told(changes) if changes else new.reason or "no change"
            told_of.append(f"{new.number} by {new.author}, {ago(new.at_ms, now_ms())}: {what}")
        await call.answer(f"Revisions: {'; '.join(told_of)}.")

    @filters.command(extras=told(Rank.STREAMER, "<revision>", "filter restore 3"))
    async def restore(self, call: Call, *, rest: str = "") -> None:
        """Go back to an earlier revision, as a new one."""
        number = number_of(_one(rest, "Say which revision."))
        revision = None if number is None else await self._revisions.get(call.place.id, number)
        if revision is None:
            raise RefusedError("There is no such revision of this channel's policy.")
        await self.desk.amendments.make(
            call, lambda _: Policy.stored(revision.toml), reason=f"restores revision {revision.number}"
        )

    async def _list(self, call: Call) -> None:
        named: defaultdict[str, list[str]] = defaultdict(list)
        for each in call.place.policy.filters.all:
            stopped = each.name in call.place.breaker.tripped
            how = "off" if not each.enabled else "dry run" if each.dry_run else "stopped" if stopped else "on"
            named[how].append(each.name)
        all_dry = " The whole policy is in dry run." if call.place.policy.dry_run else ""
        stand = "; ".join(f"{how}: {', '.join(named[how])}" for how in HOW if named[how])
        await call.answer(f"Filters {stand}.{all_dry}")


def _between(old: Revision, new: Revision) -> list[Change]:
    """What changed; nothing where another version of chatwarden made one, which this one cannot read."""
    try:
        return difference(Policy.stored(old.toml), Policy.stored(new.toml))
    except PolicyError:
        return []


def _switched(policy: Policy, name: str, *, enabled: bool, dry_run: bool) -> Policy:
    switched = changed(policy, f"{name}.enabled", str(enabled).lower())
    return changed(switched, f"{name}.dry_run", str(dry_run).lower())


def _filter_name(rest: str) -> str:
    name = _one(rest, "Say which filter.").lower()
    if name not in FilterSet.model_fields:
        raise RefusedError(f"There is no such filter; there are {', '.join(FilterSet.model_fields)}.")
    return name


def _one(rest: str, missing: str) -> str:
    words = words_of(rest)
    if not words:
        raise UsageError(missing)
    return words[0]


def line_of(call: Call, rest: str) -> Message:
    """The text as if somebody without roles had said it."""
    if not rest.strip():
        raise UsageError("Say which text to try.")
    return replace(
        call.line, id="", chatter_id="", chatter="", display_name="", text=rest, roles=frozenset(), fragments=()
    )


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, PLAIN):
        return str(value)
    if isinstance(value, (tuple, frozenset, list)):
        return f"({counted(len(value), 'entry').replace('entrys', 'entries')})"
    return str(value)


def _foretold(verdict: Verdict) -> str:
    failed = "".join(f" {each.filter} failed on this line; the bot's log says why." for each in verdict.failed_filters)
    if not verdict.evidence:
        minds = "no other filter minds it" if failed else "no filter minds it"
        return f"Nothing would happen: {minds}. Floods, repeats and raids do not show on one line.{failed}"
    found = "; ".join(
        f"{each.filter}{' (dry run)' if each.dry_run else ''}: {each.detail}{shape_of(verdict.message.text, each)}"
        for each in verdict.evidence[:SHOWN_FINDINGS]
    )
    dry = " (dry run)" if verdict.dry_run else ""
    return f"It would bring {format_action(verdict.action)}{dry}. {found}.{failed}"
