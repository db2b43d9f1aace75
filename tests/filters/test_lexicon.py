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
from filters.realwords import real_words
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


def test_laughter_is_drawn_out_by_everybody() -> None:
    dutch = lexicon("lul")
    assert found("wat een lul", dutch) is not None
    assert found("LUUUUL that was LULLLL", dutch) is None

    assert found("L U L", dutch) is None


def test_short_words_and_letters_that_stand_together_by_chance_are_no_word_spelt_out() -> None:
    listed = lexicon("mona", "anal", "del", "gay", "s & m")
    assert found("I'M ON A LIST", listed) is None
    assert found("4 NA > #1 EU", listed) is None
    assert found("D E L E T E", listed) is None
    assert found("go T S M", listed) is None
    for line in ("m o n a", "a n al", "4 n 4 l", "d e l", "U R G A Y", "they like s m"):
        assert found(line, listed) is not None, line


def test_an_amount_is_no_leet() -> None:
    assert found("over >$1k", lexicon("sik")) is None


def test_words_of_chat_are_no_misspellings() -> None:
    listed = lexicon("lesbo", "sissy")
    assert found("lesgo chat, that is sussy", listed) is None
    assert found("lezbo", listed) is not None


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


@pytest.mark.parametrize(
    ("term", "line"),
    [
        ("damn", "well dmn"),  # vowels dropped
        ("damn", "dmned thing"),
        ("one trick pony", "1 trick pony"),
        ("one trick pony", "1trickpony"),
        ("plonker", "p1onkwr"),  # leet and a slip
        ("daft dingo", "draft dingo"),  # a real word, but the rest of the phrase tells
        ("damn", "goddamnedest"),
        ("damn", "dammmn"),
        ("damn", "superdmned"),  # a guise behind what chatters glue
        ("bitch", "beyotch"),
        ("bitch", "l3itch"),
        ("plonker", "plonkrz"),  # a letter left out of a plural
        ("bollocks", "b0llock"),  # a digit inside excuses no real word
        ("zib", "z!bs"),
        ("wazi", "w42!"),
        ("dimwit", "dlmwits"),
        ("muppet", "manymuppet"),  # run together with a common word
        ("put a sock in it", "put asock in it"),
        ("put a sock in it", "puta sock in it"),
        ("daft crow", "daft krow"),
        ("wazzock", "wazzoooock"),
        ("wazzock", "wwaazzoocckk"),
    ],
)
def test_what_chatters_do_besides(term: str, line: str) -> None:
    hit = found(line, lexicon(term))
    assert hit is not None
    assert hit.term.text == term


@pytest.mark.parametrize(
    ("term", "line"),
    [
        ("plonker", "rooPlonkr"),  # named like an emote
        ("plonker", "PlonkrGaming"),
        ("porno", "Pono was here"),  # a person's name
        ("tette", "il a tweeté"),  # accents are care
        ("tit", "7-1 7-1 7-1"),  # a score
        ("hoe", "H0-3"),
        ("porno", "ponoooo"),  # stretched and short: one or the other
        ("boobe", "bohee"),  # a letter changed and another doubled
        ("plonker", "Lettuce go!"),
        ("goi", "go!!!"),  # an exclamation
        ("bitch", "Beatchy"),  # a name
        ("wazzock", "isn't it"),
        ("muppet", "muppetry"),
        ("damn", "condemn"),
        ("ass", "a general ass-embly"),
    ],
)
def test_what_guesses_must_not_take_for_a_slip(term: str, line: str) -> None:
    assert found(line, lexicon(term)) is None


def test_real_words_one_letter_away_are_no_typos() -> None:
    terms = lexicon("bangers", "muppet", "stench")
    for innocent in ("hangers", "bankers", "puppet", "moppet", "trench", "stanch", "bangor"):
        assert found(innocent, terms) is None, innocent
    assert found("muppwt", terms) is not None


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


@pytest.mark.parametrize(
    ("latin", "word"),
    [("pot", "рот"), ("copa", "сора"), ("hope", "норе"), ("ton", "τον"), ("poco", "росо")],
)
def test_a_word_of_another_script_is_not_taken_for_a_latin_one(latin: str, word: str) -> None:
    known = real_words().zipf(word) > 0
    assert (found(word, lexicon(latin)) is None) == known


def test_vowel_marks_tell_words_apart_where_they_are_vowels() -> None:
    assert found("กำ", lexicon("กี่")) is None
    assert found("काम", lexicon("कीम")) is None


def test_foreign_letters_among_latin_ones_are_still_unmasked() -> None:
    assert found("такой plоnker", lexicon("plonker")) is not None


# --- Emotes and mentions


def test_an_emote_is_not_a_word_of_the_line() -> None:
    line = "plonker well played"
    assert found(line) is not None
    assert found(line, opaque=((0, 7),)) is None


def test_a_term_spelt_around_emotes_is_found() -> None:
    line = "n u m Kappa p t y"
    hit = found(line, opaque=((6, 11),))
    assert hit is not None
    assert hit.term.text == "numpty"
    assert hit.span == (0, len(line))


# --- What a list may ask for


def test_an_exact_term_forgives_no_misspelling_but_undoes_disguises() -> None:
    terms = lexicon(Term("plonker", exact=True))
    for line in ("plonker", "PLONKER", "pl0nker", "p l o n k e r", "plоnker", "plooonker"):
        assert found(line, terms) is not None, line
    for line in ("plonekr", "plonke", "megaplonker", "plonkerface"):
        assert found(line, terms) is None, line


def test_an_exact_phrase_forgives_none_either() -> None:
    terms = lexicon(Term("daft bat", exact=True))
    for line in ("daft bat", "d4ft b4t", "dafft baaat"):
        assert found(line, terms) is not None, line
    for line in ("daft bats", "dafter bat", "daft bta"):
        assert found(line, terms) is None, line


def test_a_word_of_another_script_is_found_stretched_though_its_own_letters_are_doubled() -> None:
    for line in ("мааассон", "массоон", "МАССОННН"):
        hit = found(line, lexicon("массон"))
        assert hit is not None, line
        assert (hit.term.text, hit.technique) == ("массон", "repeats")


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


# --- The oracle: slow and obvious, every window against every term

LETTERS = "abcdefghijklmnopqrstuvwxyz"
ORACLE_TERMS = ("blargfen", "snorvik", "quindlop", "trembost", "zib")
KEYS = {"a": "qwsz", "e": "wsdr", "o": "iklp", "i": "ujko", "n": "bhjm", "l": "kop", "r": "edft", "m": "njk"}
ORACLE = lexicon(*ORACLE_TERMS)


def slips(term: str) -> set[str]:
    """Every word one slip of a typist away."""
    near = set()
    for at in range(len(term)):
        near.add(term[:at] + term[at + 1 :])
        near.add(term[:at] + term[at + 1 : at + 2] + term[at] + term[at + 2 :])
        near.update(term[:at] + key + term[at + 1 :] for key in KEYS.get(term[at], ""))
    return near - {term}


def expected(tokens: list[str]) -> set[str]:
    hits = set()
    for start, end in itertools.combinations(range(len(tokens) + 1), 2):
        window = tokens[start:end]
        for term in ORACLE_TERMS:
            spelt_out = len(window) > 2 and all(len(token) == 1 for token in window)
            alone = (start == 0 or len(tokens[start - 1]) > 1) and (end == len(tokens) or len(tokens[end]) > 1)
            if "".join(window) == term and (len(window) == 1 or (spelt_out and alone)):
                hits.add(term)
            if len(window) == 1 and len(term) >= 6 and window[0] in slips(term) and not real_words().zipf(window[0]):
                hits.add(term)
    return hits


oracle_tokens = st.lists(
    st.one_of(
        st.sampled_from([*ORACLE_TERMS, "good", "game", "well", "played"]),
        st.sampled_from(ORACLE_TERMS[:4]).flatmap(lambda term: st.sampled_from(sorted(slips(term)))),
        st.sampled_from(LETTERS),
    ),
    max_size=6,
) | st.tuples(
    st.lists(st.sampled_from(["good", "game"]), max_size=2),
    st.sampled_from(ORACLE_TERMS).map(list),
    st.lists(st.sampled_from(["well", "played"]), max_size=2),
).map(lambda parts: [token for part in parts for token in part])


@settings(max_examples=400)
@given(oracle_tokens)
def test_the_fast_way_finds_what_the_slow_and_obvious_way_finds(tokens: list[str]) -> None:
    assert {hit.term.text for hit in ORACLE.find_all(fold(" ".join(tokens)))} >= expected(tokens)


@settings(max_examples=400)
@given(st.lists(st.text("abegilmnoqrstvz", min_size=2, max_size=9), max_size=4))
def test_the_fast_way_finds_nothing_far_from_every_term(tokens: list[str]) -> None:
    for hit in ORACLE.find_all(fold(" ".join(tokens))):
        shared = len(set(hit.folded) & set(hit.term.text)) / len(set(hit.term.text))
        assert shared >= 0.7, hit


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


def test_a_term_in_its_own_letters_is_no_lookalike() -> None:
    for line, technique in (("ein snärf", "exact"), ("ein SNÄRF", "exact"), ("ein snаrf", "homoglyph")):
        hit = found(line, lexicon("snärf"))
        assert hit is not None
        assert hit.technique == technique, line


@pytest.mark.parametrize(
    ("term", "line", "split"),
    [
        ("zibwob", "zib wob", True),
        ("zibwo", "zib wo", False),  # too short to tell
        ("zibwob", "zi bwob", True),
        ("zibwob", "z ibwob", False),
        ("penquern", "pen quern", False),  # two words, though one is rare
    ],
)
def test_two_halves_of_a_term(term: str, line: str, split: bool) -> None:
    hit = found(line, lexicon(term))
    assert (hit is not None and hit.technique == "split") is split
