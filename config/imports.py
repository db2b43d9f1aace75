"""Word lists as other bots and Twitch keep them, read as terms and patterns of a blocklist.

Read are one entry a line or entries with commas between (Nightbot, StreamElements), ``~/expression/flags`` (Nightbot),
``*`` for any letters (Nightbot, Twitch), Twitch's blocked terms as Helix writes them (JSON), and our own lists
(tab-separated, see ``filters.terms.read_terms``).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from pydantic import ValidationError

from filters.regex import Pattern
from filters.terms import Problem, Term, read_terms
from filters.text import composed

_NIGHTBOT = re.compile(r"~?/(?P<pattern>.+)/(?P<flags>[a-z]*)$")


@dataclass(frozen=True, slots=True)
class Imported:
    """What a list holds, and what is wrong with its lines."""

    terms: tuple[Term, ...]
    patterns: tuple[Pattern, ...]
    problems: tuple[Problem, ...]


def read_blocklist(text: str) -> Imported:
    """Read a list. Nothing is raised: what cannot be taken is told with its line number."""
    return _read(_entries(text))


def read_twitch(texts: Iterable[str]) -> Imported:
    """Read Twitch's blocked terms, which know no expressions. ``*term*`` and ``term`` together are the former."""
    entries: dict[str, str] = {}
    for text in texts:
        bare = text.strip("*")
        key = composed(bare) if text in (bare, f"*{bare}*") else text
        if key not in entries or text.startswith("*"):
            entries[key] = text
    return _read(enumerate(entries.values(), start=1), expressions=False)


def _read(entries: Iterable[tuple[int, str]], *, expressions: bool = True) -> Imported:
    patterns: list[Pattern] = []
    problems: list[Problem] = []
    words: list[tuple[int, str, bool]] = []
    for number, entry in entries:
        expression = _NIGHTBOT.match(entry) if expressions else None
        try:
            if expression:
                patterns.append(_pattern(expression["pattern"], entry, case="i" not in expression["flags"]))
            elif "*" in entry.strip("*") or entry.startswith("*") != entry.endswith("*"):
                patterns.append(_pattern(_wild(entry), entry, case=False))
            elif entry.strip("*"):
                words.append((number, entry.strip("*"), entry.startswith("*")))
            else:
                problems.append(Problem(number, entry, "would hit every line", refused=True))
        except ValueError as error:
            problems.append(Problem(number, entry, str(error), refused=True))
    terms, doubts = read_terms(["term", *(word for _, word, _ in words)])
    anywhere = {word for _, word, inside in words if inside}
    # read_terms counts the header as line 1.
    problems += [replace(each, line_no=words[each.line_no - 2][0]) for each in doubts]
    problems.sort(key=lambda each: each.line_no)
    found = [replace(term, anywhere=True) if term.text in anywhere else term for term in terms]
    return Imported(tuple(found), tuple(patterns), tuple(problems))


def read_list(text: str) -> Imported:
    """Read any list: our own tab-separated form where it begins so, otherwise as ``read_blocklist`` does."""
    first = next((line for line in text.splitlines() if line.strip() and not line.startswith("# ")), "")
    if "\t" not in first:
        return read_blocklist(text)
    terms, problems = read_terms(text.splitlines())
    return Imported(tuple(terms), (), tuple(problems))


def _entries(text: str) -> Iterator[tuple[int, str]]:
    """Each entry with the number of its line; in JSON, its place."""
    text = text.removeprefix("\ufeff")
    if text.lstrip().startswith(("{", "[")):
        yield from _json_entries(text)
        return
    for number, line in enumerate(text.splitlines(), start=1):
        line = line.strip()
        if line.startswith("# "):
            continue
        # A comma stands between words; in an expression it may be part of it.
        for entry in [line] if _NIGHTBOT.match(line) else line.split(","):
            if entry.strip():
                yield number, entry.strip()


def _json_entries(text: str) -> Iterator[tuple[int, str]]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        # A list may begin with a bracket and be no JSON.
        yield from ((number, line.strip()) for number, line in enumerate(text.splitlines(), start=1) if line.strip())
        return
    rows = found.get("data", []) if isinstance(found, dict) else found
    for number, row in enumerate(rows if isinstance(rows, list) else [], start=1):
        entry = row.get("text", "") if isinstance(row, dict) else row
        if isinstance(entry, str) and entry.strip():
            yield number, entry.strip()


def _wild(entry: str) -> str:
    """An entry with ``*`` for any letters as an expression for whole words."""
    return _edge(entry[0], "^") + r"\S*".join(re.escape(part) for part in entry.split("*")) + _edge(entry[-1], "$")


def _edge(char: str, end: str) -> str:
    """What must stand beside an entry that begins or ends so; ``end`` is the line's. Beside a sign or a star nothing:
    what belongs to a word's other end does.
    """
    if not (char.isalnum() or char == "_"):
        return ""
    # RE2 knows the edges of words in ASCII alone: beside a letter of another script there never is one.
    return r"\b" if char.isascii() else rf"(?:{end}|[^\pL\pM\pN_])"


def _pattern(expression: str, entry: str, *, case: bool) -> Pattern:
    try:
        return Pattern(pattern=expression, case=case, note=f"imported: {entry}"[:200])
    except ValidationError as error:
        raise ValueError(error.errors()[0]["msg"].removeprefix("Value error, ")) from None
