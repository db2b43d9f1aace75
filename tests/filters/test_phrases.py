"""Listed phrases: what each of their words may look like, and what would be too much."""

from __future__ import annotations

import pytest

from filters.lexicon import compile_lexicon
from filters.terms import Term
from filters.text import fold


def find(line: str, *terms: str | Term) -> tuple[str, str, int] | None:
    """The phrase found, by which technique, and the edits left."""
    listed = [Term(term) if isinstance(term, str) else term for term in terms]
    hit = compile_lexicon(listed).find(fold(line))
    return (hit.term.text, hit.technique, hit.distance) if hit else None


@pytest.mark.parametrize(
    ("line", "technique"),
    [
        ("what a snarf wadget!", "exact"),
        ("5n4rf wadget", "leet"),
        ("snarf w4dg3t", "leet"),
        ("snaaarf wadgettt", "repeats"),
        ("5n44rrf wadget", "repeats"),
        ("snarf wadgets", "glued"),
        ("supersnarf wadget", "glued"),
        ("snarf wadgetman", "glued"),
        ("snarf wadgetbehaviour", "glued"),
        ("snarf w*dget", "masking"),
        ("snarf w*dg*t!", "masking"),
        ("sn*rf wadget", "masking"),
        ("sn*rf w*dget", "masking"),
        ("snarph wadget", "sound"),
        ("snarf wdget", "typo"),
        ("nsarf wadget", "typo"),
        ("snarf wwdgettt", "typo"),  # stretched besides
    ],
)
def test_each_word_may_be_disguised(line: str, technique: str) -> None:
    assert find(line, "snarf wadget") == ("snarf wadget", technique, int(technique == "typo"))


@pytest.mark.parametrize(
    "line",
    [
        "snarf",
        "wadget snarf",
        "snarf big wadget",
        "snarfs wadget",  # an ending in the middle
        "snarf superwadget",
        "snarfquax wadget",
        "snarf quaxwadget",
        "snrf wdget",  # two slips
        "snarf w***et",
        "s*rf wadget",  # a mask as long as the letters it stands for
        "snarf wdgt",
    ],
)
def test_not_everything_is_a_disguise(line: str) -> None:
    assert find(line, "snarf wadget") is None


def test_a_phrase_matched_exactly_forgives_what_repeats_and_no_more() -> None:
    exact = Term("grub zonk", exact=True)
    assert find("gruuub zonk", exact) == ("grub zonk", "repeats", 0)
    for line in ("grub zonks", "supergrub zonk", "grub z*nk", "grubb zomk"):
        assert find(line, exact) is None


@pytest.mark.parametrize(
    ("phrase", "line", "technique"),
    [
        ("zonk git", "zonk gits", "glued"),
        ("zonk it", "zonk its", None),
        ("zonk kat", "zonk kta", "typo"),
        ("zon kat", "zon kta", None),
        ("zonkers at", "zonkers ta", None),
        ("zonk blat kut", "zonk blat qut", "sound"),
        ("zonk blat ku", "zonk blat coo", None),
        ("2 snarfs", "22 snarfs", None),
        ("2 snarfs", "3 snarfs", None),
    ],
)
def test_short_words_are_forgiven_less(phrase: str, line: str, technique: str | None) -> None:
    hit = find(line, phrase)
    assert (hit[1] if hit else None) == technique


@pytest.mark.parametrize(
    ("phrase", "line", "technique"),
    [
        ("snarf mase", "snarf maze", "sound"),
        ("snarf flowa", "snarf flower", None),  # a common word is meant as it stands
        ("snarf house", "snarf hose", "typo"),  # unless the rest tells
        ("snarf house", "5narf hose", None),
        ("good house", "good hose", None),
        ("snarf huose", "snarf house", None),
    ],
)
def test_a_real_word_is_rarely_a_disguise(phrase: str, line: str, technique: str | None) -> None:
    hit = find(line, phrase)
    assert (hit[1] if hit else None) == technique


def test_of_phrases_that_begin_alike_the_one_that_is_there_is_found() -> None:
    assert find("a zonk blarg", "zonk blarg quee", "zonk blarg") == ("zonk blarg", "exact", 0)
    assert find("a zonk blarg quee", "zonk blarg quee") == ("zonk blarg quee", "exact", 0)


@pytest.mark.parametrize(
    ("line", "there"),
    [
        ("they like s m", True),
        ("s m it is", True),
        ("t s m", False),
        ("s m t", False),
        ("go t s m now", False),
        ("x they s m", True),
        ("s m they x", True),
    ],
)
def test_a_phrase_of_letters_is_not_in_a_longer_word_spelt_out(line: str, there: bool) -> None:
    assert (find(line, "s & m") is not None) is there


@pytest.mark.parametrize(
    ("line", "technique"),
    [
        ("сор бва где", "exact"),
        ("и сооор бва где", "repeats"),
        ("сор бва", None),
        ("сор", None),
        ("cop bba rde", None),  # Latin letters
        ("сор бва кто", None),
    ],
)
def test_phrases_of_other_scripts_are_found_in_that_script(line: str, technique: str | None) -> None:
    hit = find(line, "сор бва где")
    assert (hit[1] if hit else None) == technique


@pytest.mark.parametrize(
    ("line", "span"),
    [
        ("you d a f t bat", (4, 15)),
        ("you daft b a t", (4, 14)),
        ("i d a f t bat", (2, 13)),
        ("bring a m i l k pudding w i t h skin", None),
        ("milk p u d d i n g skin", (0, 23)),
        ("m i l k pudding skin", (0, 20)),
        ("milk pudding s k i n a g a i n", (0, 20)),
        ("d a f t as a bat", None),
        ("d a f t", None),
        ("b a t s daft", None),
    ],
)
def test_one_word_of_a_phrase_may_be_spelt_out(line: str, span: tuple[int, int] | None) -> None:
    hits = compile_lexicon([Term("daft bat"), Term("milk pudding skin")]).find_all(fold(line))
    assert [(hit.span, hit.technique) for hit in hits] == ([(span, "spacing")] if span else [])


def test_who_is_in_a_hurry_writes_u_for_you() -> None:
    phrases = compile_lexicon([Term("shave yourself"), Term("you are a turnip"), Term("polish your nose", exact=True)])
    assert [hit.term.text for hit in phrases.find_all(fold("go shave urself"))] == ["shave yourself"]
    [hit] = phrases.find_all(fold("u are a turnip"))
    assert (hit.technique, hit.confidence < 0.9) == ("sound", True)
    assert not phrases.find_all(fold("polish ur nose"))
    assert not phrases.find_all(fold("u r a star, shave u later"))


@pytest.mark.parametrize(
    ("phrase", "line"),
    [
        ("one trick pony", "1 trick pony"),
        ("one trick pony", "1trickpony"),
        ("daft dingo", "draft dingo"),  # a real word, but the rest of the phrase tells
        ("put a sock in it", "put asock in it"),
        ("put a sock in it", "puta sock in it"),
        ("daft crow", "daft krow"),
    ],
)
def test_what_chatters_do_to_phrases_besides(phrase: str, line: str) -> None:
    hit = find(line, phrase)
    assert hit is not None
    assert hit[0] == phrase


def test_an_exact_phrase_may_be_stretched_or_written_in_leet_and_no_more() -> None:
    exact = Term("daft bat", exact=True)
    for line in ("daft bat", "d4ft b4t", "dafft baaat"):
        assert find(line, exact) is not None, line
    for line in ("daft bats", "dafter bat", "daft bta"):
        assert find(line, exact) is None, line


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("please shave your self now", "shave your self"),
        ("sha ve yourself", ""),  # its first word is none
        ("shave yo ur self", ""),  # two spaces too many
        ("she gave your self help book back", ""),
        ("shave yourself", "shave yourself"),
    ],
)
def test_a_phrase_may_have_a_space_too_many(line: str, found: str) -> None:
    hits = compile_lexicon([Term("shave yourself")]).find_all(fold(line))
    assert [line[slice(*hit.span)] for hit in hits] == ([found] if found else [])
