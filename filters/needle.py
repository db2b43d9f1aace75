"""What a moderator looks for in what was said or will be: words, however disguised, or a pattern."""

from __future__ import annotations

import unicodedata

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
FEWEST = 3
"""Letters or digits that words need to tell something; "e" or "//" is in lines of anybody. An ideograph or an emoji,
which may be a word of its own, counts for two."""

_NOWHERE = History()
"""What the filters behind a needle may look at: they judge the line alone."""


class Needle:
    """Finds the lines that hold some words in any disguise, are nearly the same as they, or match ``/a pattern/``.

    ValueError says what is wrong with the words or the pattern.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self.pattern = len(text) > 1 and text[0] == text[-1] == "/"
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
        if not self.pattern and _spread(self._form, message.folded.text):
            return (0, len(message.text))
        if len(self._form) >= SHORTEST_SKETCHED and ratio(self._form, message.folded.text, score_cutoff=SIMILAR):
            return (0, len(message.text))
        return None


def _letters(form: str) -> str:
    """The words without their punctuation, each between spaces."""
    return f" {' '.join(filter(None, map(squash, form.split())))} "


def _spread(sought: str, said: str) -> bool:
    """Whether the words are said in a row, some of them letter by letter: ``b u y cheap hats``."""
    words, pieces = sought.split(), said.split()
    if len(words) < 2:
        return False
    return any(_spread_from(words, pieces[start:]) for start in range(len(pieces) - len(words)))


def _spread_from(words: list[str], pieces: list[str]) -> bool:
    for word in words:
        letters = [squash(piece) for piece in pieces[: len(word)]]
        if letters[:1] == [squash(word)]:
            del pieces[:1]
        elif letters == list(squash(word)):
            del pieces[: len(word)]
        else:
            return False
    return True


def _telling(text: str) -> int:
    """How much words tell, in letters and digits."""
    text = unicodedata.normalize("NFKC", text)
    return sum(2 if unicodedata.east_asian_width(char) == "W" else char.isalnum() for char in text)


def _filter(text: str, *, pattern: bool) -> Filter:
    try:
        if pattern:
            if len(text) == 2:
                raise ValueError("the pattern is empty")
            return Regex(patterns=(Pattern(pattern=text[1:-1]),))
        if not text.strip():
            raise ValueError("there are no words to look for")
        if len(text) > LONGEST_NEEDLE:
            raise ValueError(
                f"{len(text)} characters are above the limit of {LONGEST_NEEDLE} (the telling part will do)"
            )
        if _telling(text) < FEWEST:
            raise ValueError(f"words have at least {FEWEST} letters or digits (a pattern may have fewer)")
        return Blocklist(lists=(), terms=(BlockedTerm(text=text),))
    except ValidationError as error:
        raise ValueError(error.errors()[0]["msg"].removeprefix("Value error, ")) from None
