"""How often the matcher is right: recall per technique and language, false hits, and what its confidences rest on."""

from __future__ import annotations

import gzip
import hashlib
import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import Any

from benchmarks.disguises import HOSTS, disguised
from config import wordlists
from filters.lexicon import CONFIDENCE, Hit, Lexicon, Term
from filters.text import fold

ROOT = Path(__file__).parent.parent
DATA = ROOT.parent / "shared" / "data" / "dev"
DEMO = ROOT / "sandbox" / "demo_chat.jsonl"
BUNDLED = "the bundled demo chat and the lists that come with the bot"
"""What is measured on where the development data is not there, as on most machines."""

GUESSES = ("typo", "sound", "compound", "glued", "slang")
READ = Path(__file__).parent / "read_by_eye.tsv"
"""Hits on benign and further chat that were read one by one: the start of the line's SHA-256, and right or wrong."""
CLAIMED_TOO_MUCH = 3


def is_hit(text: str) -> bool:
    """Whether the list hits a line; for ``score.py --call benchmarks.quality:is_hit``."""
    return _found(text) is not None


def demo_chat() -> list[str]:
    """The lines of the bundled demo chat."""
    return [row["text"] for row in _rows(DEMO)]


def report() -> list[str]:
    """All tables, as Markdown."""
    if not DATA.exists():
        hits = [(text, hit) for text in demo_chat() if (hit := _found(text))]
        return [*_script_table(), "", *_benign_table(hits)]
    hits_on_benign = [(row, _found(row["text"])) for row in _benign()]
    return [
        *_technique_table(
            [(row["text"], hit is not None) for row, hit in hits_on_benign],
            [(text, is_hit(text)) for text in _further_chat()],
        ),
        "",
        *_language_table(),
        "",
        *_script_table(),
        "",
        *_benign_table([(row["text"], hit) for row, hit in hits_on_benign if hit]),
    ]


def calibrate() -> int:
    """Print, per technique, the least share of hits that are right, every hit on benign chat counted as wrong. Returns
    the exit code: CLAIMED_TOO_MUCH where the table of confidences is above that.
    """
    if not DATA.exists():
        print("no labelled lines, so nothing to calibrate on")
        return 0
    right: defaultdict[str, list[bool]] = defaultdict(list)
    for row in _evasions():
        if hit := _found(row["text"]):
            right[hit.technique].append(bool(row["label"]))
    for row in _benign():
        if hit := _found(row["text"]):
            right[hit.technique].append(False)
    code = 0
    for technique, claimed in CONFIDENCE.items():
        hits = right[technique]
        share = sum(hits) / len(hits) if hits else 1.0
        code = CLAIMED_TOO_MUCH if claimed > share else code
        print(
            f"{technique:10} {share:.3f} of {len(hits):4}   the table says {claimed}{' TOO MUCH' * (claimed > share)}"
        )
    return code


def _technique_table(benign: list[tuple[str, bool]], further: list[tuple[str, bool]]) -> list[str]:
    rows: defaultdict[tuple[int, str], list[bool]] = defaultdict(list)
    for row in _evasions():
        rows[row["label"], row["technique"]].append(is_hit(row["text"]))
    recall = [hit for (label, _), hits in rows.items() if label for hit in hits]
    false = [hit for (label, _), hits in rows.items() if not label for hit in hits]
    table = [
        "## Right and wrong on the development data",
        "",
        "2,500 terms; rows marked unreasonable do not count. Benign chat: lines without a listed word as a whole word.",
        "Further chat: such lines of the whole sessions that are not among the benign ones, each once.",
        "",
        "| | n | hit |",
        "|---|---:|---:|",
        f"| **evasions found** | {len(recall):,} | **{_share(recall)}** |",
        f"| **false hits, hard negatives** | {len(false):,} | **{_share(false)}** |",
        f"| **hits on benign chat** | {len(benign):,} | **{_share([hit for _, hit in benign], 2)}** |",
        *_read_rows(benign),
        f"| **hits on further chat** | {len(further):,} | **{_share([hit for _, hit in further], 2)}** |",
        *_read_rows(further),
    ]
    for (label, technique), hits in sorted(rows.items(), key=lambda item: (-item[0][0], item[0][1])):
        table.append(f"| {'' if label else 'negative: '}{technique} | {len(hits)} | {_share(hits)} |")
    return table


def _read_rows(benign: list[tuple[str, bool]]) -> list[str]:
    """What reading these hits one by one says of them."""
    read = dict(line.split("\t") for line in READ.read_text().splitlines())
    said = [read.get(_mark(text), "unread") if hit else "" for text, hit in benign]
    names = {"right": "the term or a form of it", "wrong": "another word", "unread": "not read yet"}
    return [
        f"| of those, read one by one: {name} | {len(benign):,} | {_share([each == word for each in said], 2)} |"
        for word, name in names.items()
    ]


def _mark(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _language_table() -> list[str]:
    """Recall per language of the term: evaded, and as listed in the middle of a line of another language."""
    evaded: defaultdict[str, list[bool]] = defaultdict(list)
    languages = {term.text: term.lang for term in _terms()}
    for row in _evasions():
        if row["label"]:
            evaded[languages.get(row["term"], "other")].append(is_hit(row["text"]))
    listed: defaultdict[str, list[bool]] = defaultdict(list)
    for term, language in languages.items():
        listed[language].append(is_hit(f"hello {term} again"))
    table = [
        "## By language of the term",
        "",
        "| | evasions | found | terms | found as listed |",
        "|---|---:|---:|---:|---:|",
    ]
    for language in sorted(listed, key=lambda each: -len(listed[each])):
        found = evaded[language]
        share = _share(found) if found else "–"
        table.append(f"| {language} | {len(found)} | {share} | {len(listed[language])} | {_share(listed[language])} |")
    return table


def _script_table() -> list[str]:
    """Recall per language with a script of its own and per disguise made by rule."""
    found: defaultdict[str, defaultdict[str, list[bool]]] = defaultdict(lambda: defaultdict(list))
    for term in _terms():
        if term.lang in HOSTS and not any(char.isascii() and char.isalpha() for char in term.text):
            for name, text in disguised(term.text).items():
                found[name][term.lang].append(is_hit(HOSTS[term.lang].format(text)))
    languages = sorted({language for row in found.values() for language in row})
    table = [
        "## In scripts other than Latin",
        "",
        "Every listed term in each disguise its chatters use (`benchmarks/disguises.py`), inside an innocent line. An",
        "empty place: the disguise changes nothing there.",
        "",
        f"| | {' | '.join(languages)} |",
        f"|---|{'---:|' * len(languages)}",
    ]
    table += [
        f"| {name} | {' | '.join(_share(row[language], 0) if row[language] else '' for language in languages)} |"
        for name, row in sorted(found.items(), key=lambda item: item[0] == "as listed")
    ]
    everything = [_share([hit for row in found.values() for hit in row[language]]) for language in languages]
    return [*table, f"| **all** | {' | '.join(everything)} |"]


def _benign_table(hits: list[tuple[str, Hit]]) -> list[str]:
    """Every hit on benign chat, masked, for a person to judge."""
    dressed = sum(hit.technique not in GUESSES for _, hit in hits)
    seen: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for text, hit in hits:
        seen[hit.technique][f"{_masked(text[slice(*hit.span)])} for {_masked(hit.term.text)}"] += 1
    table = [
        "## Hits on benign chat",
        "",
        f"All {len(hits)} count as false above. In {dressed} the line has the listed term itself, stretched, masked,",
        f"spaced or in leet: what the matcher is for. {len(hits) - dressed} are guesses ({', '.join(GUESSES)}),",
        "right or wrong.",
        "",
        "| | |",
        "|---|---|",
    ]
    for technique, pieces in sorted(seen.items()):
        each = ", ".join(piece + (f" ({count} times)" if count > 1 else "") for piece, count in sorted(pieces.items()))
        table.append(f"| {technique} | {each} |")
    return table


def _masked(word: str) -> str:
    """The word with every other letter hidden: enough to judge by, not to read aloud."""
    return "".join("·" if at % 2 and char.isalnum() else char for at, char in enumerate(word.replace("|", "/")))


def _found(text: str) -> Hit | None:
    return _lexicon(_terms()).find(fold(text))


def _terms() -> tuple[Term, ...]:
    return _development_terms() if DATA.exists() else wordlists.load("starter")


@lru_cache(maxsize=1)
def _development_terms() -> tuple[Term, ...]:
    lines = (DATA / "terms.tsv").read_text("utf-8").splitlines()[1:]
    languages = {term: lang for term, lang, *_ in (line.split("\t") for line in lines)}
    listed = (DATA / "terms.txt").read_text("utf-8").splitlines()
    return tuple(Term(text.strip(), lang=languages.get(text.strip(), "")) for text in listed if text.strip())


@lru_cache(maxsize=2)
def _lexicon(terms: tuple[Term, ...]) -> Lexicon:
    return Lexicon(terms)


def _evasions() -> Iterable[dict[str, Any]]:
    return (row for row in _rows(DATA / "evasion.jsonl") if row.get("reasonable", True))


def _benign() -> Iterable[dict[str, Any]]:
    return (row for row in _rows(DATA / "chat_fp.jsonl") if not row["exact"])


def _further_chat() -> Iterable[str]:
    """Lines of the sessions that are not among the benign ones and hold no listed word as a whole word, each once."""
    seen = {row["text"] for row in _rows(DATA / "chat_fp.jsonl")}
    listed = "|".join(re.escape(term.text.casefold()) for term in _terms())
    exact = re.compile(rf"(?<!\w)(?:{listed})(?!\w)")
    for row in _rows(DATA / "chat.jsonl.gz"):
        if row["text"] not in seen:
            seen.add(row["text"])
            if not exact.search(row["text"].casefold()):
                yield row["text"]


def _rows(path: Path) -> Iterable[dict[str, Any]]:
    with (gzip.open if path.suffix == ".gz" else open)(path, "rt", encoding="utf-8") as lines:
        yield from map(json.loads, lines)


def _share(hits: list[bool], places: int = 1) -> str:
    return f"{sum(hits) / len(hits):.{places}%}"
