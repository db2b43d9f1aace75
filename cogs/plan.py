"""How a nuke is asked for: what to look for, and what to do about whoever says it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from cogs.call import UsageError, seconds_of
from filters.history import KEPT_S
from filters.ladder import parse_action
from filters.needle import Needle
from filters.types import MAX_TIMEOUT_S, Action, ActionKind

LOOK_BACK_S = 300
WATCH_S = 300
LONGEST_WATCH_S = 3_600
TIMEOUT = Action(ActionKind.TIMEOUT, 600)

_OPTIONS = {
    "dry": "dry",
    "dryrun": "dry",
    "confirm": "confirmed",
    "timeout": "action",
    "ban": "action",
    "delete": "action",
    "last": "back_s",
    "for": "watch_s",
}
"""What each word of an option sets."""
_LONGEST_S = {"last": KEPT_S, "for": LONGEST_WATCH_S, "timeout": MAX_TIMEOUT_S}
IN_QUOTES = 'A text that holds such a word stands in quotes, "like this".'
_QUOTES = '"“”„«»'
_QUOTED = re.compile(rf"[{_QUOTES}]([^{_QUOTES}]*)[{_QUOTES}](?:\s+(.*))?")
_PATTERN = re.compile(r"(/.*?/)(?:\s+(.*))?")


@dataclass(frozen=True, slots=True)
class Plan:
    """A nuke as it was asked for: seconds to look back and to watch, what to do, and whether to do it."""

    needle: Needle
    action: Action = TIMEOUT
    back_s: int = LOOK_BACK_S
    watch_s: int = WATCH_S
    dry: bool = False
    confirmed: bool = False

    @classmethod
    def parse(cls, words: Sequence[str]) -> Plan:
        """Read the words of the command: what to look for, then options in any order. Raises UsageError.

        A nuke acts on many at once, so nothing is guessed: what stands behind the first word of an option has to be
        options, and a text that holds such a word stands in quotes.
        """
        text, left = _text_and_options(" ".join(words))
        options: dict[str, object] = {}
        while left:
            word = bare(left.pop(0))
            name = _OPTIONS.get(word)
            if name is None:
                raise UsageError(
                    "Not done: behind the text stand options alone (last 10m, for 5m, timeout 10m, ban, delete, dry,"
                    f" confirm). {IN_QUOTES}"
                )
            if name in options:
                raise UsageError("Only one of timeout, ban and delete, and no option twice.")
            options[name] = _value(word, left)
        try:
            return cls(Needle(text), **options)  # type: ignore[arg-type]
        except ValueError as error:
            raise UsageError(f"That cannot be looked for: {_without_words(str(error))}.") from error


def _text_and_options(line: str) -> tuple[str, list[str]]:
    for begin, whole, missing in (
        (_QUOTES, _QUOTED, "The text lacks its closing quote."),
        ("/", _PATTERN, "A pattern ends with a slash; a text that begins with one stands in quotes."),
    ):
        if line[:1] and line[0] in begin:
            found = whole.fullmatch(line)
            if found is None:
                raise UsageError(missing)
            return found[1], (found[2] or "").split()
    words = line.split()
    first = next((number for number, word in enumerate(words) if bare(word) in _OPTIONS), len(words))
    return " ".join(words[:first]), words[first:]


def bare(word: str) -> str:
    """A word as it is meant: ``Dry!``, ``--dry`` and full-width letters are ``dry``."""
    return "".join(char for char in unicodedata.normalize("NFKC", word).casefold() if char.isalnum())


def _value(option: str, left: list[str]) -> object:
    """What an option says, its time taken off what is left."""
    if option in ("ban", "delete"):
        return parse_action(option)
    most_s = _LONGEST_S.get(option)
    if most_s is None:
        return True
    if not left or not left[0][:1].isdigit():
        raise UsageError(f"The option {option} wants a time, like {option} 5m. {IN_QUOTES}")
    seconds = seconds_of(left.pop(0), most_s)
    return Action(ActionKind.TIMEOUT, seconds) if option == "timeout" else seconds


def _without_words(error: str) -> str:
    """An error about a pattern without the pattern, which may be what nobody should read."""
    return error.rpartition("': ")[2].partition(": ")[0]
