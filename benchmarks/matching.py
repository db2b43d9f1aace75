"""The matcher beside other packages, and how often it is right: `make bench`.

Time is measured on messages the caches have not seen, each contender at each size in a process of its own. Ratios are
to the bare Aho-Corasick scan of the same run: the floor, which undoes nothing.
"""

from __future__ import annotations

import argparse
import gzip
import json
import random
import resource
import statistics
import subprocess
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from functools import lru_cache
from pathlib import Path
from typing import Any

import wordfreq
from rich.console import Console
from rich.progress import track

from filters.lexicon import CONFIDENCE, Hit, Lexicon, Term
from filters.text import fold

ROOT = Path(__file__).parent.parent
DATA = ROOT.parent / "shared" / "data" / "dev"
TABLE = ROOT / "docs" / "benchmarks.md"
PLOT = ROOT / "docs" / "benchmarks.svg"
SIZES = (100, 1_000, 2_500, 10_000, 100_000)
FLOOR = "aho-corasick (floor)"
WARM, TIMED = 10_000, 10_000

GUESSES = ("typo", "sound", "compound", "glued")

Finder = Callable[[str], bool]


def chatwarden(terms: list[str]) -> Finder:
    """This project's matcher."""
    lexicon = Lexicon([Term(term) for term in terms])
    return lambda text: lexicon.find(fold(text)) is not None


def aho_corasick(terms: list[str]) -> Finder:
    """Exact substrings by ahocorasick_rs: nothing is undone, words inside words are hit."""
    import ahocorasick_rs

    finder = ahocorasick_rs.AhoCorasick([term.lower() for term in terms])
    return lambda text: bool(finder.find_matches_as_indexes(text.lower()))


def partial_ratio(terms: list[str]) -> Finder:
    """rapidfuzz: the best partial match of all terms."""
    from rapidfuzz import fuzz, process

    low = [term.lower() for term in terms]
    return lambda text: process.extractOne(text.lower(), low, scorer=fuzz.partial_ratio, score_cutoff=85) is not None


def token_ratio(terms: list[str]) -> Finder:
    """rapidfuzz: the best match of each word."""
    from rapidfuzz import fuzz, process

    low = [term.lower() for term in terms if " " not in term]
    return lambda text: any(
        process.extractOne(word, low, scorer=fuzz.ratio, score_cutoff=85) for word in text.lower().split()
    )


def symspell(terms: list[str]) -> Finder:
    """symspellpy: each word looked up with one edit."""
    from symspellpy import SymSpell, Verbosity

    index = SymSpell(max_dictionary_edit_distance=1, prefix_length=7)
    for term in terms:
        index.create_dictionary_entry(term.lower(), 1)
    return lambda text: any(index.lookup(word, Verbosity.TOP, 1) for word in text.lower().split())


def glin(terms: list[str]) -> Finder:
    """glin-profanity with aggressive leet."""
    from glin_profanity import Filter

    checker = Filter(
        {"detect_leetspeak": True, "leetspeak_level": "aggressive", "normalize_unicode": True,
         "cache_results": False, "custom_words": terms}
    )  # fmt: skip
    return checker.is_profane


def better_profanity(terms: list[str]) -> Finder:
    """better_profanity with the same terms."""
    from better_profanity import Profanity

    return Profanity([term for term in terms if len(term) < 30]).contains_profanity


CONTENDERS: dict[str, tuple[Callable[[list[str]], Finder], int, int]] = {
    "chatwarden": (chatwarden, TIMED, 100_000),
    FLOOR: (aho_corasick, TIMED, 100_000),
    "symspellpy": (symspell, TIMED, 100_000),
    "rapidfuzz token ratio": (token_ratio, 1_000, 10_000),
    "rapidfuzz partial_ratio": (partial_ratio, 300, 10_000),
    "glin-profanity": (glin, 300, 2_500),
    "better_profanity": (better_profanity, 50, 2_500),
}
"""Each with how many messages are timed and the longest list it is tried with."""


def terms_of(size: int) -> list[str]:
    """A list of that size: the development list where it is there, filled up with changed copies, else made up."""
    rng = random.Random(3)
    if DATA.exists():
        source = "terms.txt" if size <= 2_500 else "terms_big.txt"
        base = [line.strip() for line in (DATA / source).open(encoding="utf-8") if line.strip()]
    else:
        base = [word[::-1] for word in wordfreq.top_n_list("en", 6_000)[1_000:] if len(word) > 4]
    rng.shuffle(base)
    seeds = list(base)
    while len(base) < size:
        seed = rng.choice(seeds)
        at = rng.randrange(len(seed) + 1)
        base.append(seed[:at] + "".join(rng.choices("abcdefghijklmnopqrstuvwxyz", k=3)) + seed[at:])
    return base[:size]


def messages() -> list[str]:
    """Chat in random order: the development sessions where they are there, else lines of common words."""
    rng = random.Random(7)
    if DATA.exists():
        with gzip.open(DATA / "chat.jsonl.gz", "rt", encoding="utf-8") as lines:
            chat = [json.loads(line)["text"] for line in lines]
        rng.shuffle(chat)
        return chat
    words = wordfreq.top_n_list("en", 30_000)
    weights = [1 / (rank + 3) for rank in range(len(words))]
    return [" ".join(rng.choices(words, weights, k=rng.randint(1, 12))) for _ in range(WARM + TIMED)]


def measure(name: str, size: int) -> dict[str, float]:
    """µs per message (median, p99), s to build, MB taken; in this process."""
    build, count, _ = CONTENDERS[name]
    terms, chat = terms_of(size), messages()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    started = time.perf_counter()
    find = build(terms)
    built_s = time.perf_counter() - started
    for text in chat[: WARM if count == TIMED else count // 5]:
        find(text)
    taken = []
    for text in chat[WARM : WARM + count]:
        started = time.perf_counter()
        find(text)
        taken.append((time.perf_counter() - started) * 1e6)
    taken.sort()
    return {
        "median": statistics.median(taken),
        "p99": taken[int(len(taken) * 0.99)],
        "build": built_s,
        "mb": max(0, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024,
    }


def bench() -> None:
    """Measure every contender at every size and write the table and the plot."""
    console = Console(stderr=True)
    runs = [(name, size) for name, (_, _, most) in CONTENDERS.items() for size in SIZES if size <= most]
    results: dict[tuple[str, int], dict[str, float]] = {}
    for name, size in track(runs, "measuring", console=console):
        command = [sys.executable, "-m", "benchmarks.matching", "--one", name, str(size)]
        answer = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=True)  # noqa: S603 - ourselves
        results[name, size] = json.loads(answer.stdout.splitlines()[-1])
    TABLE.write_text(report(results), encoding="utf-8")
    plot(results)
    console.print(f"written: {TABLE.relative_to(ROOT)}, {PLOT.relative_to(ROOT)}")


def report(results: dict[tuple[str, int], dict[str, float]]) -> str:
    """The Markdown page."""
    what = "the development chat and lists" if DATA.exists() else "made-up chat and lists (fixed seed)"
    lines = [
        "# Benchmarks",
        "",
        f"Written by `make bench` on {what}. One process a row, one core, messages the caches have not seen.",
        f"Ratios are to the {FLOOR} of the same run, which finds exact substrings and undoes nothing.",
        "",
        "![µs per message by number of terms](benchmarks.svg)",
        "",
        "| | terms | median µs | p99 µs | median ÷ floor | build s | memory MB |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    for (name, size), row in results.items():
        ratio = row["median"] / results[FLOOR, size]["median"]
        lines.append(
            f"| {name} | {size:,} | {row['median']:,.1f} | {row['p99']:,.0f} | {ratio:,.1f} "
            f"| {row['build']:.2f} | {row['mb']:.0f} |"
        )
    if DATA.exists():
        lines += ["", *quality_table()]
    return "\n".join(lines) + "\n"


def plot(results: dict[tuple[str, int], dict[str, float]]) -> None:
    """Median µs by number of terms, both on log scales."""
    import matplotlib as mpl

    mpl.use("svg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(figsize=(8, 4.5))
    for name in CONTENDERS:
        points = [(size, row["median"]) for (each, size), row in results.items() if each == name]
        axes.plot(*zip(*points, strict=True), marker="o", label=name, linewidth=3 if name == "chatwarden" else 1.5)
    axes.set(xscale="log", yscale="log", xlabel="terms", ylabel="µs per message (median)")
    axes.grid(visible=True, alpha=0.3)
    axes.legend(fontsize=8)
    figure.tight_layout()
    figure.savefig(PLOT, metadata={"Date": None})


@lru_cache(maxsize=1)
def _lexicon() -> Lexicon:
    return Lexicon([Term(line.strip()) for line in (DATA / "terms.txt").open(encoding="utf-8") if line.strip()])


def is_hit(text: str) -> bool:
    """Whether the development list hits a line; for ``score.py --call benchmarks.matching:is_hit``."""
    return _lexicon().find(fold(text)) is not None


def _found(text: str) -> Hit | None:
    return _lexicon().find(fold(text))


def quality_table() -> list[str]:
    """Recall per technique and language, false hits per class and every hit on benign chat, as Markdown."""
    rows: defaultdict[tuple[int, str], list[bool]] = defaultdict(list)
    for row in _evasions():
        rows[row["label"], row["technique"]].append(is_hit(row["text"]))
    hits_on_benign = [(row, _found(row["text"])) for row in _lines("chat_fp.jsonl") if not row["exact"]]
    benign = [hit is not None for _, hit in hits_on_benign]
    recall = [hit for (label, _), hits in rows.items() if label for hit in hits]
    false = [hit for (label, _), hits in rows.items() if not label for hit in hits]
    table = [
        "## Right and wrong on the development data",
        "",
        "2,500 terms; rows marked unreasonable do not count. Benign chat: lines without a listed word as a whole word.",
        "",
        "| | n | hit |",
        "|---|---:|---:|",
        f"| **evasions found** | {len(recall):,} | **{_share(recall)}** |",
        f"| **false hits, hard negatives** | {len(false):,} | **{_share(false)}** |",
        f"| **hits on benign chat** | {len(benign):,} | **{_share(benign)}** |",
    ]
    for (label, technique), hits in sorted(rows.items(), key=lambda item: (-item[0][0], item[0][1])):
        table.append(f"| {'' if label else 'negative: '}{technique} | {len(hits)} | {_share(hits)} |")
    return [
        *table,
        "",
        *language_table(),
        "",
        *benign_table([(row["text"], hit) for row, hit in hits_on_benign if hit]),
    ]


def language_table() -> list[str]:
    """Recall per language of the term: evaded, and as listed in the middle of a line of another language."""
    lines = (DATA / "terms.tsv").read_text("utf-8").splitlines()[1:]
    languages = {term: lang for term, lang, *_ in (line.split("\t") for line in lines)}
    evaded: defaultdict[str, list[bool]] = defaultdict(list)
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


def benign_table(hits: list[tuple[str, Hit]]) -> list[str]:
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


def calibrate() -> None:
    """Print, per technique, the least share of hits that are right: every hit on benign chat counts as wrong."""
    right: defaultdict[str, list[bool]] = defaultdict(list)
    for row in _evasions():
        if hit := _found(row["text"]):
            right[hit.technique].append(bool(row["label"]))
    for row in _lines("chat_fp.jsonl"):
        if not row["exact"] and (hit := _found(row["text"])):
            right[hit.technique].append(False)
    for technique in CONFIDENCE:
        hits = right[technique]
        share = f"{sum(hits) / len(hits):.2f} of {len(hits)}" if hits else "never"
        print(f"{technique:10} {share}   (table: {CONFIDENCE[technique]})")


def _evasions() -> Iterable[dict[str, Any]]:
    return (row for row in _lines("evasion.jsonl") if row.get("reasonable", True))


def _lines(name: str) -> Iterable[dict[str, Any]]:
    with (DATA / name).open(encoding="utf-8") as lines:
        yield from map(json.loads, lines)


def _share(hits: list[bool]) -> str:
    return f"{sum(hits) / len(hits):.1%}"


def main() -> None:
    """Run the benchmark, or one of its parts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--one", nargs=2, metavar=("NAME", "SIZE"), help="measure one contender at one size")
    parser.add_argument("--quality", action="store_true", help="print recall, false hits and hits on benign chat")
    parser.add_argument("--calibrate", action="store_true", help="print precision per technique")
    arguments = parser.parse_args()
    if arguments.one:
        print(json.dumps(measure(arguments.one[0], int(arguments.one[1]))))
    elif not (arguments.quality or arguments.calibrate):
        bench()
    elif not DATA.exists():
        sys.exit(f"{DATA}: not there; this needs the development data")
    elif arguments.quality:
        print("\n".join(quality_table()))
    else:
        calibrate()


if __name__ == "__main__":
    main()
