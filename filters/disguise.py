"""How people misspell on purpose or by accident: stretched letters, typing slips, spelling by sound, affixes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import product

_ONE_LETTER = str.maketrans({"l": "i"})
_NO_VOWELS = dict.fromkeys(map(ord, "aeiou"))
_HARD_C = re.compile(r"ck|[cqk]+")
_UNSTRESSED = re.compile(r"(?:er|uh|ah|a|or|ar|u)(s?)$")
_RUN = re.compile(r"(.)\1*")
_STRETCHED = re.compile(r"(.)\1+")
_STRETCHED_FAR = re.compile(r"(.)\1\1+")

PREFIXES = frozenset(
    """
    all an are ass big bull da dat dip dumb fat fucking get go god hes hey hi horse im ima is its jack lil lol mega
    mf mini mo motha mother mr mudda mudder muh mutha my no not old omg pro real shes so some stupid such super the
    these this ultra ur we what wtf xx ya yo you youre
    """.split()
)
"""What chatters glue in front of a word. Closed, so that a term inside an innocent word is never found by chance."""

SUFFIXES = frozenset(
    """
    able all ass bag behavior behaviour bot boi boy boys bro dude ed er ers es face girl guy haha head hole
    in ing ings ish ism ist it kek kid kin like lmao lol lord man me men ness off omg people s some tard up
    wtf xd xx y you z
    """.split()
)
"""What chatters glue behind a word: endings and laughter."""

LONGEST_AFFIX = max(map(len, PREFIXES | SUFFIXES))

RECENT = 4096
"""Forms kept at hand: judging one word asks for the same ones several times."""
_HISSING = ("s", "x", "z", "ch", "sh")
_MOST_RUNS = 5
_UNDOUBLED = 2.0

_KEYBOARD = {
    letter: (row, column + row / 2)
    for row, letters in enumerate(("qwertyuiop", "asdfghjkl", "zxcvbnm"))
    for column, letter in enumerate(letters)
}


_DRAWN = {
    "l3": "b", "|3": "b", "|)": "d", "|<": "k", "|-|": "h", "/-/": "h", "|_|": "u", "(_)": "u", "()": "o", "/\\": "a",
    "\\/\\/": "w", "\\/": "v", "|\\|": "n", "|v|": "m", "><": "x",
}  # fmt: skip
_DRAWN_LETTER = re.compile("|".join(map(re.escape, sorted(_DRAWN, key=len, reverse=True))))


def drawn(word: str) -> str:
    """The word with letters drawn by several characters as those letters."""
    return _DRAWN_LETTER.sub(lambda match: _DRAWN[match[0]], word)


def collapse(word: str) -> str:
    """The word with every run of one letter as a single letter."""
    return _STRETCHED.sub(r"\1", word) if _STRETCHED.search(word) else word


def relax(word: str) -> str:
    """The word with runs of three letters and more as two."""
    return _STRETCHED_FAR.sub(r"\1\1", word)


def doubled(word: str) -> list[str]:
    """The letters that stand twice or more in a row, in order."""
    return [run[1] for run in _STRETCHED.finditer(word)]


def readings(word: str) -> Iterator[tuple[str, float]]:
    """What a stretched word may stand for: each run as one letter or two. With each reading its cost, in Zipf: a letter
    doubled among others that are stretched further is likely meant so.
    """
    runs = [match[0] for match in _RUN.finditer(word)]
    longest = max(map(len, runs), default=0)
    every = len(runs) > 1 and min(map(len, runs)) > 1
    if sum(len(run) > 1 for run in runs) > _MOST_RUNS:
        yield from ((reading, 0.0) for reading in {collapse(word), relax(word)} - {word})
        return
    ways = [
        [(run[0], (_UNDOUBLED if longest > 2 else 1.0) if len(run) == 2 and not every else 0.0)]
        + [(run[0] * 2, 0.0)] * (len(run) > 1)
        for run in runs
    ]
    for way in product(*ways):
        reading = "".join(letters for letters, _ in way)
        if reading != word:
            yield reading, sum(cost for _, cost in way)


@lru_cache(maxsize=RECENT)
def key(word: str) -> str:
    """What stretched and l-for-i spellings of a word share: runs collapsed, l and i (and so 1, !, |) as one letter."""
    return collapse(word.translate(_ONE_LETTER))


def consonants(word: str) -> str:
    """The word without its vowels, as chatters abbreviate."""
    return word.translate(_NO_VOWELS)


def inflected(word: str) -> set[str]:
    """The word as English inflects it: sluts, bitches, pussies; fucked, wanker, raping, shitters."""
    # A silent e keeps the consonant before it single: rape, raping; those rapping are other people.
    stems = {word.removesuffix("e") or word} if word[-1] in "aeiouywx" else {word, word + word[-1]}
    plural = word[:-1] + "ies" if word.endswith("y") else word + ("es" if word.endswith(_HISSING) else "s")
    return {plural} | {each + ending for each in stems for ending in ("ed", "er", "ers", "ing", "in")}


def missing_letters(word: str, term: str) -> int:
    """Of two words with one ``key``: in how many runs ``word`` has fewer letters than ``term``; 0 is a pure stretch."""
    runs = zip(_RUN.finditer(word.translate(_ONE_LETTER)), _RUN.finditer(term.translate(_ONE_LETTER)), strict=True)
    return sum(len(ours[0]) < len(theirs[0]) for ours, theirs in runs)


def deletions(word: str) -> set[str]:
    """The word with each one of its letters left out."""
    return {word[:at] + word[at + 1 :] for at in range(len(word))}


def slip(word: str, term: str) -> bool:
    """Whether one slip of a typist turns ``term`` into ``word``: a letter left out, two swapped, or a neighbouring key
    hit instead of, or besides, the right one. Letters off the Latin keyboard are neighbours of all.
    """
    at = next((i for i, (ours, theirs) in enumerate(zip(word, term, strict=False)) if ours != theirs), None)
    if at is None:
        at = min(len(word), len(term))
    ours, theirs = word[at:], term[at:]
    if len(word) == len(term):
        if ours[1:] == theirs[1:]:
            return ours == theirs or _neighbours(ours[0], theirs[0])
        return ours[:2] == theirs[:2][::-1] and ours[2:] == theirs[2:]
    if len(word) + 1 == len(term):
        return ours == theirs[1:]
    if len(word) == len(term) + 1 and ours[1:] == theirs:
        beside = word[at - 1 : at] + word[at + 1 : at + 2]
        return any(_neighbours(ours[0], letter) for letter in beside)
    return False


@lru_cache(maxsize=RECENT)
def sound(word: str) -> str:
    """What spellings by ear share: ph as f, c, k and q alike, z as s, v as u, and all unstressed endings alike."""
    word = word.replace("ph", "f").replace("gq", "g").replace("kh", "ch").replace("ch", "C")
    word = _HARD_C.sub("k", word).replace("z", "s").replace("v", "u")
    word = _UNSTRESSED.sub(r"~\1", word)
    return collapse(word.replace("uh", "er").replace("y", "i"))


def plainer(word: str) -> str:
    """Spellings that only dress a word up, undone: phuck, fvck, fukker, fuccer."""
    return word.replace("ph", "f").replace("v", "u").replace("kk", "ck").replace("cc", "ck")


def _neighbours(one: str, other: str) -> bool:
    if one not in _KEYBOARD or other not in _KEYBOARD:
        return True
    (row, column), (other_row, other_column) = _KEYBOARD[one], _KEYBOARD[other]
    return abs(row - other_row) <= 1 and abs(column - other_column) <= 1
