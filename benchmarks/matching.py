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
from collections.abc import Callable
from pathlib import Path

import wordfreq
from rich.console import Console
from rich.progress import track

from benchmarks import quality
from config import wordlists
from filters.lexicon import Lexicon, Term
from filters.text import fold

ROOT = Path(__file__).parent.parent
TABLE = ROOT / "docs" / "benchmarks.md"
PLOT = ROOT / "docs" / "benchmarks.svg"
SIZES = (100, 1_000, 2_500, 10_000, 100_000)
FLOOR = "aho-corasick (floor)"
WARM, TIMED = 10_000, 10_000

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
    """A list of that size: the development list where it is there, else all lists that come with the bot, filled up
    with changed copies.
    """
    rng = random.Random(3)
    if quality.DATA.exists():
        source = "terms.txt" if size <= 2_500 else "terms_big.txt"
        base = [line.strip() for line in (quality.DATA / source).open(encoding="utf-8") if line.strip()]
    else:
        base = sorted({term.text for name in wordlists.names() for term in wordlists.load(name)})
    rng.shuffle(base)
    seeds = list(base)
    while len(base) < size:
        seed = rng.choice(seeds)
        at = rng.randrange(len(seed) + 1)
        base.append(seed[:at] + "".join(rng.choices("abcdefghijklmnopqrstuvwxyz", k=3)) + seed[at:])
    return base[:size]


def messages() -> list[str]:
    """Chat in random order: the development sessions where they are there, else lines of the bundled demo, each with a
    word put in so that no line is seen twice.
    """
    rng = random.Random(7)
    if quality.DATA.exists():
        with gzip.open(quality.DATA / "chat.jsonl.gz", "rt", encoding="utf-8") as lines:
            chat = [json.loads(line)["text"] for line in lines]
        rng.shuffle(chat)
        return chat
    demo, words = quality.demo_chat(), wordfreq.top_n_list("en", 30_000)
    return [f"{rng.choice(demo)} {rng.choice(words)}" for _ in range(WARM + TIMED)]


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
    what = "the development chat and lists" if quality.DATA.exists() else quality.BUNDLED
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
    return "\n".join([*lines, "", *quality.report()]) + "\n"


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


def main() -> None:
    """Run the benchmark, or one of its parts."""
    sys.stdout.reconfigure(encoding="utf-8")  # type: ignore[union-attr]
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--one", nargs=2, metavar=("NAME", "SIZE"), help="measure one contender at one size")
    parser.add_argument("--quality", action="store_true", help="print recall, false hits and hits on benign chat")
    parser.add_argument(
        "--calibrate", action="store_true", help="print precision per technique; 3 if the table claims more"
    )
    arguments = parser.parse_args()
    if not quality.DATA.exists() and not arguments.one:
        print(f"{quality.DATA} is not there: measuring on {quality.BUNDLED}", file=sys.stderr)
    if arguments.one:
        print(json.dumps(measure(arguments.one[0], int(arguments.one[1]))))
    elif arguments.quality:
        print("\n".join(quality.report()))
    elif arguments.calibrate:
        sys.exit(quality.calibrate())
    else:
        bench()


if __name__ == "__main__":
    main()
