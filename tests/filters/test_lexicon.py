"""Listed terms are found through every disguise; innocents are left alone; nothing hostile hurts."""

from __future__ import annotations

import itertools
import json
import sys
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from filters.lexicon import CONFIDENCE, Hit, Lexicon, Term, compile_lexicon, read_terms
from filters.text import fold
from filters.types import Severity

DEV = Path(__file__).parents[2].parent / "shared" / "data" / "dev"
FUZZY = {"typo", "sound", "glued", "compound"}
CONFIDENCE_LINE = 0.9


def lexicon(*terms: str | Term, allow: tuple[str, ...] = ()) -> Lexicon:
    return compile_lexicon([Term(term) if isinstance(term, str) else term for term in terms], allow)


MILD = lexicon("wazzock", "plonker", "numpty", "nincompoop", "daft bat", "crackpot", "git")


def found(line: str, terms: Lexicon = MILD, opaque: tuple[tuple[int, int], ...] = ()) -> Hit | None:
    return terms.find(fold(line), opaque)


# --- One disguise after the other


@pytest.mark.parametrize(
    ("line", "term", "technique"),
    [
        ("what a wazzock", "wazzock", "exact"),
        ("What a WaZZocK!", "wazzock", "exact"),
        ("you git", "git", "exact"),
        ("such a daft bat, him", "daft bat", "exact"),
        ("a wаzzосk he is", "wazzock", "homoglyph"),
        ("ｎｕｍｐｔｙ", "numpty", "homoglyph"),
        ("𝓃𝓊𝓂𝓅𝓉𝓎", "numpty", "homoglyph"),
        ("ɴᴜᴍᴘᴛʏ", "numpty", "homoglyph"),
        ("🇳🇺🇲🇵🇹🇾", "numpty", "homoglyph"),
        ("n\u200bu\u200bmpty", "numpty", "homoglyph"),
        ("n̷u̷m̷p̷t̷y̷", "numpty", "homoglyph"),
        ("n u m p t y", "numpty", "spacing"),
        ("n.u.m.p.t.y", "numpty", "spacing"),
        ("n - u * m ~ p . t _ y", "numpty", "spacing"),
        ("num-pty", "numpty", "spacing"),
        ("g i t", "git", "spacing"),
        ("nuuuumptyyyy", "numpty", "repeats"),
        ("wwwaaazzzooocccckkk", "wazzock", "repeats"),
        ("w4zz0ck", "wazzock", "leet"),
        ("p10nk3r", "plonker", "leet"),
        ("p|onker", "plonker", "leet"),
        ("n*mpty", "numpty", "masking"),
        ("w*zz*ck", "wazzock", "masking"),
        ("plonekr", "plonker", "typo"),
        ("plonke", "plonker", "typo"),
        ("plonjer", "plonker", "typo"),
        ("plonkler", "plonker", "typo"),
        ("krakpott", "crackpot", "sound"),
        ("plonkerface", "plonker", "glued"),
        ("megaplonker", "plonker", "glued"),
        ("daft baaaat", "daft bat", "repeats"),
        ("d4ft b4t", "daft bat", "leet"),
        ("nincom poop", "nincompoop", "split"),
    ],
)
def test_a_disguise_is_undone_and_named(line: str, term: str, technique: str) -> None:
    hit = found(line)
    assert hit is not None
    assert (hit.term.text, hit.technique) == (term, technique)
    assert hit.confidence == CONFIDENCE[technique]


@pytest.mark.parametrize(
    "line",
    [
        "good game everyone",
        "digit legit gitar",  # the short term inside longer words
        "plan plane planner plunker planked",
        "put it in the pot",
        "a draft bath",
        "w a z",
        "I g o t it",
        "",
        "...",
        "1.2.3 10:30 50% $5",
        "https://example.org/w4zz0ck",
    ],
)
def test_innocents_are_left_alone(line: str) -> None:
    assert found(line) is None


# --- Own scripts


@pytest.mark.parametrize(
    ("term", "line"),
    [
        ("дурак", "ну ты и дурак!"),
        ("дурак", "ДУРАК"),
        ("дурак", "дураааак"),
        ("дурак", "д у р а к"),
        ("дурак", "д.у.р.а.к"),
        ("старый дурак", "ах ты старый дурак"),
        ("مرد احمق", "تو مرد احمق هستی"),
        ("βλάκας", "είσαι βλακας ρε"),
        ("غبي", "انت غبي جدا"),
        ("मूर्ख", "तुम मूर्ख हो"),
        ("โง่", "คุณโง่มาก"),
        ("바보", "너 바보야"),
        ("ばか", "ほんとばかだね"),
        ("馬鹿", "お前は馬鹿だ"),
        ("笨蛋", "你是个大笨蛋啊"),
        ("笨蛋", "笨 蛋"),
        ("笨蛋", "你是笨笨笨笨蛋"),
        ("дурак", "дуpaк"),  # Latin p and a
        ("дурак", "dypak"),
        ("дурак", "дур@к"),
        ("балбес", "6албес"),
        ("придурок", "прдиурок"),
        ("придурок", "придрок"),
        ("старый дурак", "стaрый дуррррак"),
        ("احمق", "احـــمق"),
        ("ばか", "ほんとバカだね"),
        ("ばか", "ﾊﾞｶ"),
        ("바보", "너 \u1107\u1161\u1107\u1169야"),
    ],
)
def test_a_term_matches_in_its_own_script(term: str, line: str) -> None:
    hit = found(line, lexicon(term))
    assert hit is not None
    assert hit.term.text == term
    assert line[slice(*hit.span)].strip()


# --- Emotes


def test_an_emote_is_not_a_word_of_the_line() -> None:
    line = "plonker well played"
    assert found(line) is not None
    assert found(line, opaque=((0, 7),)) is None


# --- What a list may ask for


def test_a_term_flagged_anywhere_is_found_inside_words() -> None:
    terms = lexicon(Term("plonk", anywhere=True))
    hit = found("xxplonkyy", terms)
    assert hit is not None
    assert hit.span == (2, 7)
    assert found("xxplonkyy", lexicon("plonk")) is None


@pytest.mark.parametrize(
    ("allowed", "innocent", "not_so"),
    [
        ("Snumptyford", "in snumptyford!", "in snumptyfords"),
        ("wazzock goose", "a Wazzock-goose or a WAZZOCK goose", "a wazzock, goose and wazzock"),
        ("daft bat cave", "daft bat cave", "daft bat"),
        ("馬鹿貝", "美味しい馬鹿貝です", "馬鹿です"),
    ],
)
def test_what_is_allowed_is_no_hit_in_whole_or_in_part(allowed: str, innocent: str, not_so: str) -> None:
    terms = lexicon("wazzock", "daft bat", Term("numpty", anywhere=True), "馬鹿", allow=(allowed,))
    assert terms.find_all(fold(innocent)) == []
    assert terms.find(fold(not_so)) is not None


def test_an_allowed_word_is_never_a_hit() -> None:
    terms = lexicon("plonker", allow=("Plonker", "plonkers"))
    assert found("plonker", terms) is None
    assert found("PLONKERS", terms) is None
    assert found("plonkerface", terms) is not None


def test_of_two_terms_equally_grave_the_surer_is_reported() -> None:
    for line in ("plonekr and a wazzock", "wazzock and a plonekr"):
        hit = found(line)
        assert hit is not None
        assert hit.term.text == "wazzock"


def test_every_term_of_a_line_is_told() -> None:
    line = "well n u m p t y, indeed b l o r p, that daft bat and that wazzock"
    hits = lexicon("numpty", "blorp", "daft bat", "wazzock").find_all(fold(line))
    assert {hit.term.text for hit in hits} == {"numpty", "blorp", "daft bat", "wazzock"}
    assert {line[slice(*hit.span)] for hit in hits} == {"n u m p t y", "b l o r p", "daft bat", "wazzock"}


def test_the_gravest_of_two_terms_is_reported() -> None:
    terms = lexicon(Term("numpty", Severity.LOW), Term("wazzock", Severity.EXTREME))
    for line in ("numpty wazzock", "wazzock numpty"):
        hit = found(line, terms)
        assert hit is not None
        assert hit.term.text == "wazzock"


def test_the_graver_of_two_entries_for_one_word_counts() -> None:
    for pair in itertools.permutations([Term("wazzock", Severity.LOW), Term("WAZZOCK", Severity.HIGH)]):
        hit = found("wazzock", lexicon(*pair))
        assert hit is not None
        assert hit.term.severity is Severity.HIGH


def test_equal_lists_share_one_lexicon() -> None:
    assert lexicon("wazzock", allow=("a",)) is lexicon("wazzock", allow=("a",))


def test_no_terms_no_hits() -> None:
    assert found("anything at all", lexicon()) is None


def test_a_fuzzy_match_alone_stays_below_the_line_that_bans() -> None:
    assert all(CONFIDENCE[technique] < CONFIDENCE_LINE for technique in ("typo", "sound"))
    assert all(0 < confidence <= 1 for confidence in CONFIDENCE.values())


# --- Laws

any_line = st.text(st.characters(codec=None), max_size=120)
near_terms = st.lists(
    st.one_of(
        st.sampled_from(["wazzock", "pl0nker", "n u m p t y", "daft", "bat", "дурак", "plоnkr", "nincom", "poop", "g"]),
        st.text("wazockplnkerumty.*-@ ", max_size=9),
        any_line,
    ),
    max_size=8,
).map(" ".join)
any_terms = st.lists(st.text(st.characters(codec=None), min_size=1, max_size=12), max_size=5)


@given(near_terms)
def test_spans_lie_inside_the_line_and_the_best_hit_is_one_of_all(line: str) -> None:
    folded = fold(line)
    hits = MILD.find_all(folded)
    best = MILD.find(folded)
    assert (best is None) == (not hits)
    assert best is None or best in hits
    for hit in hits:
        start, end = hit.span
        assert 0 <= start < end <= len(line)
        assert line[start:end].strip()
        assert hit.technique in CONFIDENCE


@settings(max_examples=60, deadline=None)
@given(any_terms, any_line, st.booleans(), st.booleans())
def test_any_terms_and_any_line_are_borne(texts: list[str], line: str, exact: bool, anywhere: bool) -> None:
    terms = Lexicon([Term(text, exact=exact, anywhere=anywhere) for text in texts])
    for hit in [*terms.find_all(fold(line)), *terms.find_all(fold(line + " " + " ".join(texts)))]:
        assert 0 <= hit.span[0] < hit.span[1]


@given(near_terms, st.data())
def test_looking_twice_or_after_other_lines_gives_the_same(line: str, data: st.DataObject) -> None:
    fresh = Lexicon([Term("wazzock"), Term("daft bat")])
    first = fresh.find_all(fold(line))
    fresh.find_all(fold(data.draw(near_terms)))
    assert fresh.find_all(fold(line)) == first


# --- Hostile input


def work(look: Callable[[], object]) -> int:
    """Calls made, Python's and C's: a measure of time that does not depend on the machine."""
    calls = 0

    def count(frame: FrameType, event: str, arg: Any) -> None:
        nonlocal calls
        calls += event in ("call", "c_call")

    sys.setprofile(count)
    try:
        look()
    finally:
        sys.setprofile(None)
    return calls


HOSTILE: dict[str, Callable[[int], str]] = {
    "one word": lambda size: "wazock" * (size // 6),
    "one letter": lambda size: "w" * size,
    "single letters": lambda size: "w a z " * (size // 6),
    "dotted letters": lambda size: "w.a.z." * (size // 6),
    "masks": lambda size: "w*" * (size // 2),
    "marks": lambda size: "w" + "\u0301" * (size - 1),
    "overrides": lambda size: "\u202e" * size,
    "joined emoji": lambda size: "👩\u200d" * (size // 2),
    "nul": lambda size: "\0" * size,
    "surrogates": lambda size: "\ud800" * size,
    "leet": lambda size: "w4" * (size // 2),
    "first words of a phrase": lambda size: "daft " * (size // 5),
    "affixes": lambda size: "mega" * (size // 4),
    "words": lambda size: "".join(f"word{at} " for at in range(size // 9)),
}


@pytest.mark.parametrize("attack", HOSTILE.values(), ids=HOSTILE.keys())
def test_work_grows_no_faster_than_the_line(attack: Callable[[int], str]) -> None:
    terms = [Term("wazzock"), Term("daft bat"), Term("plonker")]
    small = work(lambda: Lexicon(terms).find_all(fold(attack(3_000))))
    large = work(lambda: Lexicon(terms).find_all(fold(attack(30_000))))
    assert large <= 13 * small


@pytest.mark.parametrize("attack", HOSTILE.values(), ids=HOSTILE.keys())
def test_no_line_of_chat_takes_much_work(attack: Callable[[int], str]) -> None:
    lexicon_ = Lexicon([Term(text) for text in ("wazzock", "wa", "zw", "daft bat", "plonker", "w-a-z-w-a")])
    assert work(lambda: lexicon_.find_all(fold(attack(500)))) < 20_000


@pytest.mark.parametrize("attack", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_line_of_a_hundred_thousand_characters_is_borne(attack: Callable[[int], str]) -> None:
    line = attack(100_000)
    for hit in lexicon("wazzock", "daft bat", "plonker").find_all(fold(line)):
        assert 0 <= hit.span[0] < hit.span[1] <= len(line)


@pytest.mark.parametrize(
    "line",
    [
        "\u202ekcozzaw",
        "👩‍👩‍👧‍👦" * 50,
        "bad\ud800",
        "\0",
        "n\0u\0m\0p\0t\0y",
        "b" + "\u0301" * 10_000,
        "\u2028\x1c\x85",
    ],
)
def test_hostile_lines_raise_nothing(line: str) -> None:
    for hit in MILD.find_all(fold(line)):
        assert 0 <= hit.span[0] < hit.span[1] <= len(line)


@pytest.mark.timeout(60)
def test_letters_that_are_many_in_one_are_borne() -> None:
    """One character of Arabic is a whole blessing: 18 letters, so that 500 characters are a word of 9,000."""
    assert lexicon("wazzock", "plonker").find_all(fold("\ufdfa" * 15_000)) == []


# --- Real chat, where it is at hand


def test_recall_and_false_hits_on_labelled_chat() -> None:
    if not (DEV / "evasion.jsonl").exists():
        pytest.skip("labelled chat is not part of the project: needs ../shared/data/dev")
    terms, _ = read_terms((DEV / "terms.txt").read_text("utf-8").splitlines())
    listed = compile_lexicon(terms)

    def rows(name: str) -> list[dict[str, Any]]:
        return [json.loads(line) for line in (DEV / name).read_text("utf-8").splitlines()]

    hit: defaultdict[int, list[bool]] = defaultdict(list)
    for row in rows("evasion.jsonl"):
        if row["reasonable"]:
            hit[row["label"]].append(listed.find(fold(row["text"])) is not None)
    benign = [listed.find(fold(row["text"])) is not None for row in rows("chat_fp.jsonl") if not row["exact"]]
    assert sum(hit[1]) / len(hit[1]) >= 0.97
    assert sum(hit[0]) / len(hit[0]) <= 0.0075
    assert sum(benign) / len(benign) < 0.0045


# --- What a hit says


@pytest.mark.parametrize(
    ("line", "span", "folded", "technique", "distance"),
    [
        ("well (numpty), he is", (6, 12), "numpty", "exact", 0),
        ("what a nmupty.", (7, 13), "nmupty", "typo", 1),
        ("well *n u m p t y* then", (6, 17), "numpty", "spacing", 0),
        ("he is a wazz ock", (8, 16), "wazzock", "split", 0),
    ],
)
def test_a_hit_says_what_stood_where(
    line: str, span: tuple[int, int], folded: str, technique: str, distance: int
) -> None:
    hit = found(line)
    assert hit is not None
    assert (hit.span, hit.folded, hit.technique, hit.distance) == (span, folded, technique, distance)
    assert hit.confidence == CONFIDENCE[technique]


@pytest.mark.parametrize(
    ("line", "span", "technique"),
    [
        ("quaxsnarfwib", (4, 9), "exact"),
        ("quaxsnaaarfwib", (4, 11), "repeats"),
        ("quaxsnaarfwib", None, None),  # a pair is no stretch
        ("éé quaxsnarfwib", (7, 12), "exact"),
    ],
)
def test_a_hit_inside_a_word_says_so_too(line: str, span: tuple[int, int] | None, technique: str | None) -> None:
    hit = found(line, lexicon(Term("snarf", anywhere=True)))
    if span is None:
        assert hit is None
        return
    assert hit is not None
    assert (hit.span, hit.folded, hit.technique, hit.distance) == (span, "snarf", technique, 0)


def test_a_term_inside_a_word_is_told_once_for_a_place() -> None:
    hits = lexicon(Term("snarf", anywhere=True)).find_all(fold("quaxsnarfwib quaxsnarf"))
    assert [hit.span for hit in hits] == [(4, 9), (17, 22)]
