"""A back-test of a million chat lines, through the command people type: part of `make bench`, writes its page.

The lines are those of real chats, said again and again, each time later, by other people and in other words: rare words
are spelt anew, and of the common ones in longer lines some are others. So little that is remembered of one round helps
in the next, and what people of one round copied from each other is still a copy.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from itertools import accumulate, count, islice
from pathlib import Path
from typing import Any

from sandbox.demo import BUNDLED
from storage.chatlogs import read_chat

ROOT = Path(__file__).parent.parent
CHAT = ROOT.parent / "shared" / "data" / "dev" / "chat.jsonl.gz"
PAGE = ROOT / "docs" / "backtest.md"
LINES = 1_000_000
POLICIES = ("strict", "family")
"""The policy to try and the one to compare with: the two shipped ones that differ most."""
TARGET_S = 180
COMMON = 5
"""Times a word is said in the chats to be a common one, which people of another day say too."""
SWAPPED = 0.3
"""The share of a longer line's common words that are others in another round."""
LETTERS = "abcdefghijklmnopqrstuvwxyz"


class Chats:
    """A chat log without end: the rounds after the first are told anew.

    Of the development data a line in two and a word in seven are new then, about as in a new stretch of real chat.
    """

    def __init__(self, path: Path) -> None:
        self._lines = list(read_chat(path))
        counts = Counter(word for line in self._lines for word in line.text.split(" "))
        self._common = sorted(word for word, times in counts.items() if times >= COMMON)
        self._weights = list(accumulate(counts[word] for word in self._common))
        self._is_common = frozenset(self._common)
        times = [line.ts_s for line in self._lines]
        self._span_s = max(times) - min(times) + 86_400

    def rows(self) -> Iterator[dict[str, Any]]:
        """Chat lines as our JSONL has them."""
        for turn in count():
            told: dict[str, str] = {}
            for line in self._lines:
                if line.text not in told:
                    told[line.text] = self._anew(line.text, turn) if turn else line.text
                yield {
                    "ts": line.ts_s + turn * self._span_s,
                    "channel": line.channel,
                    "user": f"{line.user}_{turn}",
                    "text": told[line.text],
                }

    def _anew(self, text: str, turn: int) -> str:
        rng = random.Random(f"{turn} {text}")
        words = text.split(" ")
        longer = len(words) > 2
        for place, word in enumerate(words):
            if word not in self._is_common:
                words[place] = _respelt(word, rng)
            elif longer and rng.random() < SWAPPED:
                [words[place]] = rng.choices(self._common, cum_weights=self._weights)
        return " ".join(words)


def _respelt(word: str, rng: random.Random) -> str:
    places = [place for place, letter in enumerate(word) if letter.isascii() and letter.isalpha()]
    if not places:
        return word
    at = rng.choice(places)
    letter = rng.choice(LETTERS)
    return word[:at] + (letter.upper() if word[at].isupper() else letter) + word[at + 1 :]


def write(path: Path, lines: int) -> None:
    """A chat log of so many lines."""
    with path.open("w", encoding="utf-8") as file:
        for row in islice(Chats(CHAT if CHAT.exists() else BUNDLED).rows(), lines):
            file.write(json.dumps(row, ensure_ascii=False) + "\n")


def measure(log: Path) -> dict[str, Any]:
    """What the command reports of its work, with the seconds and the memory it took and how busy the machine was."""
    new, old = POLICIES
    command = [sys.executable, "-m", "bot", "backtest", new, "--against", old, "--messages", str(log), "--json"]
    busy = os.getloadavg()[0]
    started = time.perf_counter()
    answer = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=True)  # noqa: S603 - ourselves
    wall_s = time.perf_counter() - started
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return {
        **json.loads(answer.stdout),
        "busy": busy,
        "wall_s": wall_s,
        "cpu_s": used.ru_utime + used.ru_stime,
        "peak_mb": used.ru_maxrss / 1024,
    }


def report(found: dict[str, Any]) -> str:
    """The Markdown page."""
    lines = found["messages"]
    chat = "the development data's nine channels" if CHAT.exists() else "the demo"
    told, cores = f"chatwarden backtest {POLICIES[0]} --against {POLICIES[1]} --messages FILE", os.cpu_count()
    return f"""# A back-test of {lines:,} messages

Written by `make bench`: `{told}`, from the command to its answer.
The lines are those of {chat}, said again in other words, so that little is remembered from round to round.

| | measured | target |
|---|---:|---:|
| wall time on {cores} cores, load before it {found["busy"]:.1f} | {found["wall_s"]:,.0f} s | {TARGET_S} s |
| processor time of each of the two processes | {found["cpu_s"] / 2:,.0f} s | |
| memory of the largest process | {found["peak_mb"]:,.0f} MB | |
"""


def main() -> None:
    """Measure and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lines", type=int, default=LINES, help="how many chat lines to try; fewer are only printed")
    lines = parser.parse_args().lines
    if not CHAT.exists():
        print(f"{CHAT} is not there: measuring on {BUNDLED}", file=sys.stderr)
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "chat.jsonl"
        write(log, lines)
        page = report(measure(log))
    print(page)
    if lines == LINES:
        PAGE.write_text(page, encoding="utf-8")
        print(f"written: {PAGE.relative_to(ROOT)}", file=sys.stderr)


if __name__ == "__main__":
    main()
