"""The streamer's commands: filters, listed terms and exceptions. Each change is a revision, live at once."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from pydantic import BaseModel
from twitchio.ext import commands

from cogs.acts import now_ms
from cogs.call import Call, ChatCommands, UsageError, number_of, told, words_of
from cogs.desk import Desk
from cogs.mods import ago, counted, shape_of
from cogs.permissions import Rank
from config import wordlists
from config.changes import Change, changed, difference, full_path, value_of, with_item, without_item
from config.policy import FilterSet, Policy, PolicyError
from filters.addresses import find_addresses
from filters.base import Filter
from filters.ladder import format_action
from filters.masking import masked
from filters.terms import read_terms
from filters.text import composed
from filters.types import Message, Severity, Verdict
from storage.policies import PolicyLog, StaleRevisionError

TERMS = "blocklist.terms"
ALLOWED_WORDS = "blocklist.allow"
ALLOWED_SITES = "links.allow"
HOW = ("on", "stopped", "dry run", "off")
"""How a filter stands; stopped is one the circuit breaker lets only log."""
SHOWN_REVISIONS = 4
SHOWN_CHANGES = 3
SHOWN_FINDINGS = 4
PLAIN = (bool, int, float, str)
"""Settings of these kinds are shown with their value, others with how many there are."""


class Streamers(ChatCommands):
    """What streamers change and try."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._revisions = PolicyLog(desk.database)
        self._turns: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

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
        value = _or_usage(lambda: value_of(call.place.policy, path))
        parts = _or_usage(lambda: full_path(path))
        if isinstance(value, BaseModel):
            about = value.summary() if isinstance(value, Filter) else ""
            settings = ", ".join(f"{name} {_shown(getattr(value, name))}" for name in type(value).model_fields)
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
        await self._change(call, lambda policy: _switched(policy, name, enabled=True, dry_run=False))

    @filters.command(extras=told(Rank.STREAMER, "<filter>", "filter off caps"))
    async def off(self, call: Call, *, rest: str = "") -> None:
        """Switch a filter off."""
        name = _filter_name(rest)
        await self._change(call, lambda policy: changed(policy, f"{name}.enabled", "false"))

    @filters.command(extras=told(Rank.STREAMER, "<filter>", "filter dry caps"))
    async def dry(self, call: Call, *, rest: str = "") -> None:
        """Let a filter only log what it would do."""
        name = _filter_name(rest)
        await self._change(call, lambda policy: _switched(policy, name, enabled=True, dry_run=True))

    @filters.command(name="set", extras=told(Rank.STREAMER, "<setting> <value>", "filter set caps.max_ratio 0.8"))
    async def set_value(self, call: Call, *, rest: str = "") -> None:
        """Change one setting, checked as the policy file would be."""
        path, _, value = " ".join(words_of(rest)).partition(" ")
        if not value:
            raise UsageError("Say which setting and its new value.")
        await self._change(call, lambda policy: changed(policy, path, value))

    @filters.command(extras=told(Rank.STREAMER, "<text>", "filter test BUY MY STUFF"))
    async def test(self, call: Call, *, rest: str = "") -> None:
        """Say what would happen to a line of somebody without strikes, and why."""
        verdict = call.place.engine.aside().judge(_line(call, rest))
        await call.answer(_foretold(verdict))

    @filters.command(extras=told(Rank.STREAMER, "", "filter history"))
    async def history(self, call: Call, *, rest: str = "") -> None:
        """Tell the latest revisions: who changed what, and when."""
        revisions = (await self._revisions.history(call.place.id))[: SHOWN_REVISIONS + 1]
        told_of: list[str] = []
        for new, old in zip(revisions, [*revisions[1:], None], strict=True):
            if len(told_of) == SHOWN_REVISIONS:
                break
            changes = difference(Policy.parse(old.toml), Policy.parse(new.toml)) if old else []
            what = _told(changes) if changes else new.reason or "no change"
            told_of.append(f"{new.number} by {new.author}, {ago(new.at_ms, now_ms())}: {what}")
        await call.answer(f"Revisions: {'; '.join(told_of)}.")

    @filters.command(extras=told(Rank.STREAMER, "<revision>", "filter restore 3"))
    async def restore(self, call: Call, *, rest: str = "") -> None:
        """Go back to an earlier revision, as a new one."""
        number = number_of(_one(rest, "Say which revision."))
        revision = None if number is None else await self._revisions.get(call.place.id, number)
        if revision is None:
            raise UsageError("There is no such revision of this channel's policy.")
        await self._change(call, lambda _: Policy.parse(revision.toml), reason=f"restores revision {revision.number}")

    @commands.group(
        invoke_fallback=True,
        apply_guards=False,
        case_insensitive=True,
        extras=told(Rank.STREAMER, "", "block add some phrase severity 2"),
    )
    async def block(self, call: Call, *, rest: str = "") -> None:
        """Say how many terms are listed."""
        if rest:
            raise UsageError("What to do with listed terms: add, remove, find, test.")
        blocklist = call.place.policy.filters.blocklist
        lists = ", ".join(blocklist.lists) or "none"
        await call.answer(f"{counted(len(blocklist.terms), 'own term')}; lists: {lists}.")

    @block.command(extras=told(Rank.STREAMER, "<term> [severity 0-3]", "block add some phrase severity 2"))
    async def add(self, call: Call, *, rest: str = "") -> None:
        """List a word or phrase; it is found in any disguise."""
        text, severity = _term(rest)
        if composed(text) in _own(call.place.policy):
            raise UsageError("That is listed already.")
        _, problems = read_terms([text])
        if problems and problems[0].refused:
            raise UsageError(f"That cannot be listed: {_without(problems[0].why, text)}.")
        doubt = f" Beware: {_without(problems[0].why, text)}." if problems else ""
        item = {"text": text, "severity": int(severity)}
        await self._change(
            call,
            lambda policy: with_item(policy, TERMS, item),
            done=f"Listed “{masked(text)}”, severity {severity.name.lower()}.{doubt}",
            hide=text,
        )

    @block.command(extras=told(Rank.STREAMER, "<term>", "block remove some phrase"))
    async def remove(self, call: Call, *, rest: str = "") -> None:
        """Take an own term off the list."""
        text = _one_text(rest)
        listed = _own(call.place.policy).get(composed(text))
        if listed is None:
            shipped = self._shipped(call.place.policy, text, exact=True)
            hint = f" It is of the list {next(iter(shipped))}; allow it with {call.prefix}allow add." if shipped else ""
            raise UsageError(f"That is no own term of this channel.{hint}")
        await self._change(
            call,
            lambda policy: without_item(policy, TERMS, listed),
            done=f"No longer listed: “{masked(text)}”.",
            hide=text,
        )

    @block.command(extras=told(Rank.STREAMER, "<text>", "block find phrase"))
    async def find(self, call: Call, *, rest: str = "") -> None:
        """Say how many listed terms hold a text, and in which lists."""
        text = _one_text(rest)
        blocklist = call.place.policy.filters.blocklist
        own = sum(composed(text) in composed(term.text) for term in blocklist.terms)
        found = {"own": own, **self._shipped(call.place.policy, text)}
        where = ", ".join(f"{count} in {name}" if name != "own" else f"{count} own" for name, count in found.items())
        await call.answer(f"Terms that hold “{masked(text)}”: {where}.")

    @block.command(name="test", extras=told(Rank.STREAMER, "<text>", "block test some line"))
    async def test_terms(self, call: Call, *, rest: str = "") -> None:
        """Say whether a listed term is found in a line, and by what disguise."""
        message, policy = _line(call, rest), call.place.policy
        found = next((each for each in call.place.engine.filters if each.name == "blocklist"), None)
        if found is None:
            raise UsageError("The filter blocklist is off.")
        evidence = found.check(message, call.place.engine.aside().history)
        if evidence is None:
            await call.answer("No listed term is in it.")
            return
        action = policy.ladder.action(evidence, policy.ladder.standing((), message.ts_ms))
        await call.answer(
            f"{evidence.detail[:1].upper()}{evidence.detail[1:]}{shape_of(message.text, evidence)},"
            f" severity {evidence.severity.name.lower()}, {evidence.score:.0%} sure: {format_action(action)}."
        )

    @commands.group(
        invoke_fallback=True,
        apply_guards=False,
        case_insensitive=True,
        extras=told(Rank.STREAMER, "", "allow add example.com"),
    )
    async def allow(self, call: Call, *, rest: str = "") -> None:
        """Say how many words and sites are allowed."""
        if rest:
            raise UsageError("What to do with what is allowed: add, remove.")
        filters = call.place.policy.filters
        words, sites = counted(len(filters.blocklist.allow), "word"), counted(len(filters.links.allow), "site")
        await call.answer(f"Allowed: {words} and {sites}.")

    @allow.command(name="add", extras=told(Rank.STREAMER, "<word | site>", "allow add example.com"))
    async def add_allowed(self, call: Call, *, rest: str = "") -> None:
        """Never act on a word, or let everybody link to a site."""
        text = _one_text(rest)
        path, kind = _allowed(text)
        done = f"The {kind} “{masked(text)}” is allowed."
        await self._change(call, lambda policy: with_item(policy, path, text), done=done, hide=text)

    @allow.command(name="remove", extras=told(Rank.STREAMER, "<word | site>", "allow remove example.com"))
    async def remove_allowed(self, call: Call, *, rest: str = "") -> None:
        """Allow a word or a site no more."""
        text = _one_text(rest)
        path, kind = _allowed(text)
        done = f"The {kind} “{masked(text)}” is allowed no more."
        await self._change(call, lambda policy: without_item(policy, path, text), done=done, hide=text)

    async def _list(self, call: Call) -> None:
        named: defaultdict[str, list[str]] = defaultdict(list)
        for each in call.place.policy.filters.all:
            stopped = each.name in call.place.breaker.tripped
            how = "off" if not each.enabled else "dry run" if each.dry_run else "stopped" if stopped else "on"
            named[how].append(each.name)
        all_dry = " The whole policy is in dry run." if call.place.policy.dry_run else ""
        stand = "; ".join(f"{how}: {', '.join(named[how])}" for how in HOW if named[how])
        await call.answer(f"Filters {stand}.{all_dry}")

    async def _change(
        self, call: Call, change: Callable[[Policy], Policy], *, reason: str = "", done: str = "", hide: str = ""
    ) -> None:
        """Save a changed policy as a revision by the one who asks, judge by it from the next line on, and say so."""
        place = call.place
        # The one channel's changes come one after the other: each is made from the one before.
        async with self._turns[place.id]:
            old, revision = place.policy, place.engine.revision
            new = _or_usage(lambda: change(old), hide)
            changes = difference(old, new)
            if not changes:
                raise UsageError("It is so already.")
            try:
                number = await self._revisions.save(
                    place.id,
                    new.to_toml(),
                    author=call.actor,
                    reason=reason or f"by chat command: {_told(changes)}",
                    at_ms=now_ms(),
                    parent=revision,
                    login=place.name,
                )
            except StaleRevisionError as error:
                raise UsageError("Somebody changed the policy a moment ago; look at it and do it again.") from error
            await call.note(f"revision {number}", ", ".join(each.path for each in changes)[:200])
            await place.adopt(new, number)
        back = f"Revision {number}; take it back with {call.prefix}filter restore {revision}."
        await call.answer(f"{done or _told(changes) + '.'} {back}")

    def _shipped(self, policy: Policy, text: str, *, exact: bool = False) -> dict[str, int]:
        sought = composed(text)
        found = {
            name: sum((sought == form if exact else sought in form) for form in _forms(name))
            for name in policy.filters.blocklist.lists
        }
        return {name: count for name, count in found.items() if count}


def _own(policy: Policy) -> dict[str, str]:
    """The channel's own terms by their canonical form."""
    return {composed(term.text): term.text for term in policy.filters.blocklist.terms}


def _forms(name: str) -> list[str]:
    return [composed(term.text) for term in wordlists.load(name)]


def _or_usage(work: Callable[[], Any], hide: str = "") -> Any:
    """What the work gives; a PolicyError is told to the one who asks, without a text that nobody should read."""
    try:
        return work()
    except PolicyError as error:
        raise UsageError(f"{_without(str(error).splitlines()[0], hide)}.") from error


def _without(told_of: str, text: str) -> str:
    return told_of.replace(text, masked(text)) if text else told_of


def _switched(policy: Policy, name: str, *, enabled: bool, dry_run: bool) -> Policy:
    switched = changed(policy, f"{name}.enabled", str(enabled).lower())
    return changed(switched, f"{name}.dry_run", str(dry_run).lower())


def _filter_name(rest: str) -> str:
    name = _one(rest, "Say which filter.").lower()
    if name not in FilterSet.model_fields:
        raise UsageError(f"There is no such filter; there are {', '.join(FilterSet.model_fields)}.")
    return name


def _one(rest: str, missing: str) -> str:
    words = words_of(rest)
    if not words:
        raise UsageError(missing)
    return words[0]


def _one_text(rest: str) -> str:
    text = " ".join(words_of(rest))
    if not text:
        raise UsageError("Say which text.")
    return text


def _term(rest: str) -> tuple[str, Severity]:
    words = words_of(rest)
    severity = Severity.MODERATE
    if len(words) > 2 and words[-2].lower() == "severity":
        if words[-1] not in {"0", "1", "2", "3"}:
            raise UsageError("The severity is 0 (low), 1, 2 or 3 (extreme).")
        severity = Severity(int(words[-1]))
        words = words[:-2]
    return _one_text(" ".join(words)), severity


def _allowed(text: str) -> tuple[str, str]:
    """Where an allowed text belongs, and what it is."""
    return (ALLOWED_SITES, "site") if find_addresses(text.removeprefix("*."), ()) else (ALLOWED_WORDS, "word")


def _line(call: Call, rest: str) -> Message:
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


def _told(changes: list[Change]) -> str:
    """Changes in a few words. What comes into lists and goes is counted: it may be what nobody should read."""
    told_of = [
        f"{each.path}: {len(each.added)} added, {len(each.removed)} removed"
        if isinstance(each.before, list) or isinstance(each.after, list)
        else str(each)
        for each in changes[:SHOWN_CHANGES]
    ]
    more = len(changes) - SHOWN_CHANGES
    return ", ".join(told_of) + (f" and {more} more" if more > 0 else "")


def _foretold(verdict: Verdict) -> str:
    if not verdict.evidence:
        return "Nothing would happen: no filter minds it."
    found = "; ".join(
        f"{each.filter}{' (dry run)' if each.dry_run else ''}: {each.detail}{shape_of(verdict.message.text, each)}"
        for each in verdict.evidence[:SHOWN_FINDINGS]
    )
    dry = " (dry run)" if verdict.dry_run else ""
    return f"It would bring {format_action(verdict.action)}{dry}. {found}."
