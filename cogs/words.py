"""The streamer's commands about words: listed terms, exceptions, and Twitch's own blocked terms."""

from __future__ import annotations

from collections.abc import Sequence

from twitchio.ext import commands

from cogs.amendments import or_usage, without
from cogs.call import Call, ChatCommands, RefusedError, UsageError, told, words_of
from cogs.desk import Desk
from cogs.mods import shape_of
from cogs.permissions import Rank
from cogs.streamers import line_of
from cogs.wording import counted
from config import wordlists
from config.changes import with_item, without_item
from config.exchange import Outgo, for_twitch, take_in
from config.imports import read_twitch
from config.policy import Policy
from filters.addresses import find_addresses
from filters.ladder import format_action, format_duration
from filters.masking import masked
from filters.terms import Problem, read_terms
from filters.text import composed
from filters.types import Severity
from twitch.errors import TermsError
from twitch.terms import PACE, BlockedTerms

TERMS = "blocklist.terms"
ALLOWED_WORDS = "blocklist.allow"
ALLOWED_SITES = "links.allow"


class Words(ChatCommands):
    """What streamers list and allow."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._blocked: dict[str, BlockedTerms] = {}
        self._exporting: set[str] = set()

    @commands.group(
        invoke_fallback=True,
        apply_guards=False,
        case_insensitive=True,
        extras=told(Rank.STREAMER, "", "block add some phrase severity 2"),
    )
    async def block(self, call: Call, *, rest: str = "") -> None:
        """Say how many terms are listed."""
        if rest:
            raise UsageError("What to do with listed terms: add, remove, find, test, import, export.")
        blocklist = call.place.policy.filters.blocklist
        lists = ", ".join(blocklist.lists) or "none"
        await call.answer(f"{counted(len(blocklist.terms), 'own term')}; lists: {lists}.")

    @block.command(extras=told(Rank.STREAMER, "<term> [severity 0-3]", "block add some phrase severity 2"))
    async def add(self, call: Call, *, rest: str = "") -> None:
        """List a word or phrase; it is found in any disguise."""
        text, severity = _term(rest)
        if composed(text) in _own(call.place.policy):
            raise RefusedError("That is listed already.")
        _, problems = read_terms([text])
        if problems and problems[0].refused:
            raise RefusedError(f"That cannot be listed: it {without(problems[0].why, text)}.")
        doubt = f" Beware: it {without(problems[0].why, text)}." if problems else ""
        item = {"text": text, "severity": int(severity)}
        await self.desk.amendments.make(
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
            raise RefusedError(f"That is no own term of this channel.{hint}")
        await self.desk.amendments.make(
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
        message, policy = line_of(call, rest), call.place.policy
        found = next((each for each in call.place.engine.filters if each.name == "blocklist"), None)
        if found is None:
            raise RefusedError("The filter blocklist is off.")
        evidence = found.check(message, call.place.engine.aside().history)
        if evidence is None:
            await call.answer("No listed term is in it.")
            return
        action = policy.ladder.action(evidence, policy.ladder.standing((), message.ts_ms))
        await call.answer(
            f"{evidence.detail[:1].upper()}{evidence.detail[1:]}{shape_of(message.text, evidence)},"
            f" severity {evidence.severity.name.lower()}, {evidence.score:.0%} sure: {format_action(action)}."
        )

    @block.command(name="import", extras=told(Rank.STREAMER, "twitch", "block import twitch"))
    async def import_terms(self, call: Call, *, rest: str = "") -> None:
        """Take over Twitch's own blocked terms as own terms."""
        _only_twitch(rest)
        try:
            found = read_twitch(await self._list_of(call).texts())
        except TermsError as error:
            await call.answer(f"{error}.")
            return
        intake = or_usage(lambda: take_in(call.place.policy, found))
        counts = _counts("Taken over from Twitch", intake.added, intake.present, intake.refused)
        if not intake.added:
            await call.answer(counts)
            return
        await self.desk.amendments.make(
            call, lambda policy: take_in(policy, found).policy, reason="imports Twitch's blocked terms", done=counts
        )

    @block.command(name="export", extras=told(Rank.STREAMER, "twitch", "block export twitch"))
    async def export_terms(self, call: Call, *, rest: str = "") -> None:
        """Add the own terms that Twitch's blocked terms lack; Twitch then holds back lines with them."""
        _only_twitch(rest)
        place = call.place
        if place.id in self._exporting:
            raise RefusedError("That is under way already.")
        self._exporting.add(place.id)
        try:
            await self._export(call, for_twitch(place.policy, await self._list_of(call).texts()))
        except TermsError as error:
            await call.answer(f"{error}.")
        finally:
            self._exporting.remove(place.id)

    async def _export(self, call: Call, outgo: Outgo) -> None:
        many, seconds = PACE
        if len(outgo.entries) > many:
            about = format_duration(round((len(outgo.entries) - many) * seconds / many))
            await call.answer(f"{counted(len(outgo.entries), 'term')} under way, about {about}: Twitch takes no more.")
        added, refused, broken_off = 0, list(outgo.refused), ""
        try:
            for number, entry in enumerate(outgo.entries, start=1):
                why = await self._list_of(call).add(entry)
                if why:
                    refused.append(Problem(number, entry, why, refused=True))
                else:
                    added += 1
        except TermsError as error:
            broken_off = f" Broken off: {error}."
        await call.note("Twitch's blocked terms", f"{added} added")
        await call.answer(_counts("Added at Twitch", added, outgo.present, refused) + broken_off)

    def _list_of(self, call: Call) -> BlockedTerms:
        place, bot = call.place, self.desk.bot
        return self._blocked.setdefault(
            place.id, BlockedTerms(bot.create_partialuser(place.id, place.name), bot.bot_id)
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
        await self.desk.amendments.make(call, lambda policy: with_item(policy, path, text), done=done, hide=text)

    @allow.command(name="remove", extras=told(Rank.STREAMER, "<word | site>", "allow remove example.com"))
    async def remove_allowed(self, call: Call, *, rest: str = "") -> None:
        """Allow a word or a site no more."""
        text = _one_text(rest)
        path, kind = _allowed(text)
        done = f"The {kind} “{masked(text)}” is allowed no more."
        await self.desk.amendments.make(call, lambda policy: without_item(policy, path, text), done=done, hide=text)

    def _shipped(self, policy: Policy, text: str, *, exact: bool = False) -> dict[str, int]:
        sought = composed(text)
        found = {
            name: sum((sought == form if exact else sought in form) for form in _forms(name))
            for name in policy.filters.blocklist.lists
        }
        return {name: count for name, count in found.items() if count}


def _only_twitch(rest: str) -> None:
    if [word.lower() for word in words_of(rest)] != ["twitch"]:
        raise UsageError("Terms are exchanged with Twitch alone; files are for the shell.")


def _counts(what: str, added: int, present: int, refused: Sequence[Problem]) -> str:
    first = f" ({without(refused[0].why, refused[0].term)})" if refused else ""
    return f"{what}: {counted(added, 'term')}, {present} there already, {len(refused)} refused{first}."


def _own(policy: Policy) -> dict[str, str]:
    """The channel's own terms by their canonical form."""
    return {composed(term.text): term.text for term in policy.filters.blocklist.terms}


def _forms(name: str) -> list[str]:
    return [composed(term.text) for term in wordlists.load(name)]


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
