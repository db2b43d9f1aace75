"""What a blocklist lists: terms with their gravity and how they may be matched, and reading them from text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from filters.realwords import real_words
from filters.text import composed, plain, skeleton, squash
from filters.types import Category, Severity

LONGEST_TERM = 200
"""Characters; a Twitch line has 500."""
COMMON_ZIPF = 5.0
"""A word used more than a hundred times in a million hits innocent lines: doubtful, but a person may mean it."""
FUNCTION_ZIPF = 6.5
"""The most common words hold sentences together ("the", "que", "nicht"); no person means to block them."""
FLAGS = ("exact", "anywhere", "endings")


@dataclass(frozen=True, slots=True)
class Term:
    """One word or phrase to look for.

    ``exact`` forgives no misspelling (disguises are still undone), ``anywhere`` finds it inside longer words too,
    ``endings`` finds its English plural and verb forms too, unless they are words people use more than the term.
    """

    text: str
    severity: Severity = Severity.MODERATE
    category: Category = Category.CHANNEL_RULE
    lang: str = ""
    exact: bool = False
    anywhere: bool = False
    endings: bool = False

    @property
    def phrase(self) -> bool:
        """Whether it has more than one word."""
        return len(self.text.split()) > 1


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a line of a list. ``refused`` lines are left out, others are taken with this warning."""

    line_no: int
    term: str
    why: str
    refused: bool


def read_terms(lines: Iterable[str]) -> tuple[list[Term], list[Problem]]:
    """Read a list: a term a line, or tab-separated under a header of term and any of lang, severity, category, flags.

    Empty lines and lines that begin with ``#`` and a space are skipped. Nothing is raised: a list of thousands should
    not fail for one line; what is wrong is told with its line number.
    """
    terms: list[Term] = []
    problems: list[Problem] = []
    seen: dict[str, int] = {}
    for number, row in _rows(lines):
        text = row.get("term", "").strip()
        if not text:
            continue
        try:
            term = _term(text, row)
        except ValueError as error:
            problems.append(Problem(number, text, str(error), refused=True))
            continue
        fold = composed(text)
        if fold in seen:
            problems.append(Problem(number, text, f"stands in line {seen[fold]} already", refused=True))
            continue
        why, refused = _doubt(term)
        if why:
            problems.append(Problem(number, text, why, refused))
        if not refused:
            seen[fold] = number
            terms.append(term)
    return terms, problems


def _rows(lines: Iterable[str]) -> Iterator[tuple[int, dict[str, str]]]:
    columns: list[str] | None = None
    for number, line in enumerate(lines, start=1):
        line = line.rstrip("\r\n").removeprefix("\ufeff")
        if line.startswith("# ") or not line.strip():
            continue
        if columns is None:
            columns = line.split("\t") if line.split("\t")[0] == "term" else ["term"]
            if columns != ["term"] or line == "term":
                continue
        values = line.split("\t") if len(columns) > 1 else [line]
        yield number, dict(zip(columns, values, strict=False))


def _term(text: str, row: dict[str, str]) -> Term:
    if len(text) > LONGEST_TERM:
        raise ValueError(f"{len(text)} characters are above the limit of {LONGEST_TERM} (list the telling part alone)")
    severity = row.get("severity", "").strip() or str(int(Severity.MODERATE))
    if severity not in {"0", "1", "2", "3"}:
        raise ValueError(f"severity {severity!r} is not 0, 1, 2 or 3")
    category = row.get("category", "").strip() or Category.CHANNEL_RULE.value
    if category not in set(Category):
        raise ValueError(f"category {category!r} is none of {', '.join(Category)}")
    flags = row.get("flags", "").replace(",", " ").split()
    if unknown := [flag for flag in flags if flag not in FLAGS]:
        raise ValueError(f"flag {unknown[0]!r} is none of {', '.join(FLAGS)}")
    return Term(
        text,
        Severity(int(severity)),
        Category(category),
        row.get("lang", "").strip(),
        exact="exact" in flags,
        anywhere="anywhere" in flags,
        endings="endings" in flags,
    )


def _doubt(term: Term) -> tuple[str, bool]:
    """What is doubtful about a term, and whether that is reason to refuse it."""
    letters = squash(skeleton(term.text))
    if not letters:
        return "has no letter or digit left once folded, so it can never be found", True
    if len(composed(term.text)) == 1 and composed(term.text).isascii():
        return "is one letter and would hit nearly every line (list a word)", True
    zipf = real_words().zipf(squash(plain(term.text)))
    if zipf >= COMMON_ZIPF:
        return f"is a common word (one in {10 ** (9 - zipf):,.0f}) and will hit innocent lines", zipf >= FUNCTION_ZIPF
    if len(letters) <= 2:
        return f"has only {len(letters)} letters: it is matched exactly and may still hit innocent lines", False
    return "", False
