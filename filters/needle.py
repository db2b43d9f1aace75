"""What a moderator looks for in what was said or will be: words, however disguised, or a pattern."""

from __future__ import annotations

from pydantic import ValidationError
from rapidfuzz.fuzz import ratio

from filters.base import Filter
from filters.blocklist import BlockedTerm, Blocklist
from filters.duplicates import SHORTEST_SKETCHED, SIMILAR
from filters.history import History
from filters.regex import Pattern, Regex
from filters.text import fold, squash
from filters.types import Message

LONGEST_NEEDLE = 200
"""Characters of the words, as of a listed term."""

_NOWHERE = History()
"""What the filters behind a needle may look at: they judge the line alone."""


class Needle:
    """Finds the lines that hold some words in any disguise, are nearly the same as they, or match ``/a pattern/``.

    ValueError says what is wrong with the words or the pattern.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self.pattern = len(text) > 2 and text[0] == text[-1] == "/"
        self._form = "" if self.pattern else fold(text).text
        self._symbols = "" if self.pattern or squash(text) else text
        self._filter = _filter(text, pattern=self.pattern)

    def span(self, message: Message) -> tuple[int, int] | None:
        """Where the message holds it, the whole line if it is all nearly the same; else None."""
        if self._symbols:
            start = message.text.find(self._symbols)
            return (start, start + len(self._symbols)) if start >= 0 else None
        if found := self._filter.check(message, _NOWHERE):
            return found.span
        # The matcher passes over short words of two scripts; a moderator who asks for them means it.
        if not self.pattern and _letters(self._form) in _letters(message.folded.text):
            return (0, len(message.text))
        if len(self._form) >= SHORTEST_SKETCHED and ratio(self._form, message.folded.text, score_cutoff=SIMILAR):
            return (0, len(message.text))
        return None


def _letters(form: str) -> str:
    """The words without their punctuation, each between spaces."""
    return f" {' '.join(filter(None, map(squash, form.split())))} "


def _filter(text: str, *, pattern: bool) -> Filter:
    try:
        if pattern:
            return Regex(patterns=(Pattern(pattern=text[1:-1]),))
        if not text.strip():
            raise ValueError("there are no words to look for")
        if len(text) > LONGEST_NEEDLE:
            raise ValueError(
                f"{len(text)} characters are above the limit of {LONGEST_NEEDLE} (the telling part will do)"
            )
        return Blocklist(lists=(), terms=(BlockedTerm(text=text),))
    except ValidationError as error:
        raise ValueError(error.errors()[0]["msg"].removeprefix("Value error, ")) from None
