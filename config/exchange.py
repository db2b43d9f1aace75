"""A policy's own words beside other lists and presets: what a list brings, what Twitch's list lacks, what stays."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass

from config.changes import with_items
from config.imports import Imported
from config.policy import Policy
from filters.regex import MOST_PATTERNS
from filters.terms import Problem
from filters.text import composed

SHORTEST, LONGEST = 2, 500
"""Characters of a blocked term (Twitch API reference, Add Blocked Term)."""
OWN = ("prefix", "language", "dry_run", "grants", "exempt")
OWN_OF_FILTERS = {
    "blocklist": ("terms", "allow"),
    "links": ("allow", "scams"),
    "regex": ("patterns",),
    "copy_paste": ("allow",),
    "learned": ("enabled", "lessons", "model"),
}
"""Settings that are a channel's own, whatever preset it takes: what it wrote itself, and who may do what."""


@dataclass(frozen=True, slots=True)
class Intake:
    """A policy with the words and expressions of a list: how many are new, how many it had, and what it cannot take."""

    policy: Policy
    added: int
    present: int
    refused: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class Outgo:
    """The entries Twitch's list lacks, how many of the policy's words it has, and what cannot stand there."""

    entries: tuple[str, ...]
    present: int
    refused: tuple[Problem, ...]


def with_preset(policy: Policy, name: str) -> Policy:
    """A preset with what is the channel's own; what was in dry run stays so. Raises PolicyError."""
    taken = Policy.preset(name).model_dump(mode="json")
    own = policy.model_dump(mode="json")
    taken |= {each: own[each] for each in OWN}
    for filter_name, settings in taken["filters"].items():
        for each in ("dry_run", *OWN_OF_FILTERS.get(filter_name, ())):
            settings[each] = own["filters"][filter_name][each]
    return Policy.of(taken)


def take_in(policy: Policy, found: Imported) -> Intake:
    """The policy with what a list holds. Raises PolicyError where it gets too large as a whole."""
    own = {composed(term.text) for term in policy.filters.blocklist.terms}
    terms = [term for term in found.terms if composed(term.text) not in own]
    listed = policy.filters.regex.patterns
    known = {pattern.pattern for pattern in listed}
    unknown = list({each.pattern: each for each in found.patterns if each.pattern not in known}.values())
    room = MOST_PATTERNS - len(listed)
    full = [
        Problem(0, pattern.note, f"there is room for {MOST_PATTERNS} expressions (remove some first)", refused=True)
        for pattern in unknown[room:]
    ]
    patterns = unknown[:room]
    richer = with_items(policy, "blocklist.terms", [asdict(term) for term in terms])
    richer = with_items(richer, "regex.patterns", [pattern.model_dump(mode="json") for pattern in patterns])
    added = len(terms) + len(patterns)
    refused = [each for each in found.problems if each.refused]
    return Intake(richer, added, len(found.terms) + len(found.patterns) - added - len(full), (*refused, *full))


def for_twitch(policy: Policy, theirs: Iterable[str]) -> Outgo:
    """The policy's own words as Twitch writes them, ``*word*`` where they are found inside longer words too.

    Twitch finds a term only as it is written, so disguises are not undone there; expressions it does not know at all.
    """
    listed = {text.casefold() for text in theirs}
    entries: list[str] = []
    refused: list[Problem] = []
    present = 0
    for number, term in enumerate(policy.filters.blocklist.terms, start=1):
        wide, text = f"*{term.text}*", term.text
        entry, covering = (wide, {wide}) if term.anywhere else (text, {text, f"{text}*", f"*{text}", wide})
        if not listed.isdisjoint(each.casefold() for each in covering):
            present += 1
        elif "*" in text:
            refused.append(Problem(number, text, "its * would stand for any letters at Twitch", refused=True))
        elif not SHORTEST <= len(entry) <= LONGEST:
            why = f"Twitch takes {SHORTEST} to {LONGEST} characters, and it has {len(entry)}"
            refused.append(Problem(number, text, why, refused=True))
        else:
            entries.append(entry)
    return Outgo(tuple(entries), present, tuple(refused))
