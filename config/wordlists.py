"""Word lists a streamer starts with: our own graded one, and one a language from a kept package.

``starter`` is ours (``config/lists``). The others are the dictionaries of ``glin-profanity`` (MIT), read where it is
installed: 23 languages, ungraded, so each term counts as moderate profanity.
"""

from __future__ import annotations

import json
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

from filters.terms import Term, read_terms
from filters.types import Category, Severity

OWN = Path(__file__).parent / "lists"
_NO_LIST = "globalWhitelist"


class WordlistError(ValueError):
    """A word list that does not exist or cannot be read. The text names it and those there are."""


@lru_cache(maxsize=1)
def _packaged() -> Path:
    """The package's folder, found without the import: that would load its scanners, which nobody here uses."""
    found = find_spec("glin_profanity")
    assert found is not None
    assert found.origin is not None
    return Path(found.origin).parent / "data" / "dictionaries"


@lru_cache(maxsize=1)
def names() -> tuple[str, ...]:
    """The names of all lists, ours first."""
    ours = sorted(path.stem for path in OWN.glob("*.tsv"))
    packaged = sorted(each.stem for each in _packaged().glob("*.json"))
    return (*ours, *(name for name in packaged if name not in (*ours, _NO_LIST)))


def require(name: str) -> None:
    """Raise WordlistError unless there is such a list."""
    if name not in names():
        raise WordlistError(f"no word list {name!r} (there are {', '.join(names())})")


@lru_cache(maxsize=64)
def load(name: str) -> tuple[Term, ...]:
    """The terms of a list. Lines the matcher cannot use are left out. Raises WordlistError for an unknown name."""
    require(name)
    path = OWN / f"{name}.tsv"
    if path.exists():
        with path.open(encoding="utf-8") as lines:
            return tuple(read_terms(lines)[0])
    words = json.loads((_packaged() / f"{name}.json").read_text(encoding="utf-8"))["words"]
    listed = read_terms(words)[0]
    return tuple(Term(term.text, Severity.MODERATE, Category.PROFANITY) for term in listed)
