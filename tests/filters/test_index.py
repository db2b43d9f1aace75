"""The tables of a list: what leads to a term, and what must not."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from filters.disguise import sound
from filters.index import Index, Phrase
from filters.lexicon import compile_lexicon
from filters.realwords import real_words
from filters.terms import Term
from filters.text import fold
from filters.types import Severity


def index(*terms: str | Term) -> Index:
    return Index([Term(term) if isinstance(term, str) else term for term in terms])


def test_telling_words_are_those_that_strange_words_hold_only_as_forms_of_them() -> None:
    listed = index("fuck", "shit", "bitch", "damn", "rape", "crack", "anal", "cock", "ass", Term("slut", exact=True))
    assert listed.telling == {"fuck", "shit", "bitch", "damn"}  # grape, firecracker, analysis, peacock, assess
    assert listed.roots == ["fuck", "shit", "bitch", "damn"]
    assert index("plonker", "zibzib").telling == frozenset()


def test_well_known_words_are_kept_with_how_common_they_are() -> None:
    listed = index("fuck", "cock", "wank", "plonker")
    assert set(listed.well_known) == {"fuck", "cock"}
    assert 5 < listed.well_known["fuck"] < 6


def test_how_chat_shortens_telling_words() -> None:
    assert index("fuck", "shit", "wank").abbreviations == {"fck": "fuck", "fuk": "fuck", "sht": "shit"}
    assert index("fuck", "fuk").abbreviations == {"fck": "fuck"}, "listed itself"
    assert index("titties").abbreviations == {}, "not known enough"


@pytest.mark.parametrize(
    ("term", "forgiven"),
    [
        (Term("blorp"), True),
        (Term("blor"), False),
        (Term("shit"), True),  # short, but telling
        (Term("blorp", exact=True), False),
    ],
)
def test_which_terms_are_forgiven_a_slip(term: Term, forgiven: bool) -> None:
    listed = index(term)
    assert listed.forgives(term.text) is forgiven
    slipped = term.text[:2] + term.text[3:] + "x"
    assert (term.text in listed.near.near(slipped[:-1])) is forgiven


@pytest.mark.parametrize(
    ("term", "heard"), [(Term("kwob"), True), (Term("kwo"), False), (Term("kwob", exact=True), False)]
)
def test_which_terms_are_known_by_theirsound(term: Term, heard: bool) -> None:
    listed = index(term)
    assert (term.text in listed.near.sounding(sound(term.text))) is heard


def test_a_phrase_with_a_word_of_one_letter_is_not_forgiven_that_one() -> None:
    assert not index("2 snarfs").forgives("2snarfs")
    assert index("ab snarfs").forgives("absnarfs")


def test_of_a_term_listed_twice_the_graver_one_counts() -> None:
    mild, grave = Term("blorp"), Term("Blorp", severity=Severity.HIGH)
    assert index(mild, grave).terms["blorp"] is grave
    assert index(grave, mild).terms["blorp"] is grave
    first = Term("blorp", lang="en")
    assert index(first, mild).terms["blorp"] is first, "of equals the first"


@pytest.mark.parametrize("text", ["дурак", "старый дурак", "göt", "snärf", "バカ", "กี่", "blorp"])
@pytest.mark.parametrize("graver_first", [True, False])
def test_so_it_does_in_every_script_and_inside_words(text: str, graver_first: bool) -> None:
    pair = [Term(text, anywhere=True), Term(text.upper(), severity=Severity.HIGH, anywhere=True)]
    hits = compile_lexicon(pair[::-1] if graver_first else pair).find_all(fold(f"ja {text.title()} ne"))
    assert hits
    assert {hit.term.severity for hit in hits} == {Severity.HIGH}


def test_a_term_with_accents_does_not_take_the_place_of_the_word_without_them() -> None:
    listed = index("got", "göt")
    assert (listed.native["got"].text, listed.native["göt"].text) == ("got", "göt")


def test_a_phrase_is_known_by_its_words_with_one_space_left_out() -> None:
    listed = index("go to hell", "snarf wad")
    assert dict(listed.phrases) == {
        ("go", "to"): [Phrase("gotohell", ("go", "to", "hell"))],
        ("goto", "hell"): [Phrase("gotohell", ("goto", "hell"))],
        ("go", "tohell"): [Phrase("gotohell", ("go", "tohell"))],
        ("snarf", "wad"): [Phrase("snarfwad", ("snarf", "wad"))],
    }
    assert dict(index("blorp").phrases) == {}


def test_a_phrase_with_a_number_is_known_by_its_digit_too() -> None:
    listed = index("two snarfs")
    assert set(listed.terms) == {"twosnarfs", "2snarfs"}
    assert listed.phrases["2", "snarfs"] == [Phrase("2snarfs", ("2", "snarfs"))]
    assert listed.phrases["two", "snarfs"] == [Phrase("twosnarfs", ("two", "snarfs"))]


def test_words_of_phrases_are_forgiven_and_heard_from_three_letters_on() -> None:
    near = index("daf ba").near_phrase_words
    assert (near.near("df"), near.near("b")) == ({"daf"}, set())
    assert (list(near.sounding(sound("daf"))), list(near.sounding(sound("ba")))) == (["daf"], [])


def test_a_term_of_another_script_is_known_by_itself_and_by_what_it_looks_like() -> None:
    listed = index("сор", "ба")
    assert listed.terms == {}
    assert set(listed.native) == {"сор", "ба"}
    assert listed.spelt_out == {"cop": "сор"}
    assert dict(listed.native_phrases) == {}


def test_a_phrase_of_another_script_is_known_by_its_first_word() -> None:
    [phrases] = index("сор бва").native_phrases.values()
    assert [(each.letters, len(each.parts)) for each in phrases] == [("сорбва", 2)]


def test_slips_are_forgiven_in_other_scripts_from_six_letters_on() -> None:
    listed = index("блорпы", "снарф", Term("квиндлоп", exact=True))
    for term, forgiven in (("блорпы", True), ("снарф", False), ("квиндлоп", False)):
        assert (term in listed.near_native.near(term[:2] + term[3:])) is forgiven
        assert not list(listed.near_native.sounding(sound(term)))


def test_without_its_accents_a_term_may_be_another_word() -> None:
    assert set(index("göt").native) == {"göt"}  # got
    assert index("göt").terms == {}
    assert set(index("mañoso").native) == {"mañoso", "manoso"}
    assert set(index("mañoso").terms) == {"manoso"}
    assert set(index("znäf").terms) == {"znaf"}
    assert index("znä").terms == {}, "three letters could be anything"
    assert index("pâté").terms == {}, "a real word"


def test_scripts_without_spaces_are_searched_within_the_line() -> None:
    assert [form for form, _ in index("ばか", "か", "blorp", Term("snarf", anywhere=True)).embedded] == [
        "ばか",
        "snarf",
    ]
    assert index("blorp").embedded_finder is None


def test_endings_and_slang_lead_to_the_term_that_has_them() -> None:
    ends = index(Term("snarf", endings=True), Term("blorp"))
    assert ends.akin["snarfs"] == ("snarf", "glued")
    assert ends.akin["snarfed"] == ("snarf", "glued")
    assert not any(form.startswith("blorp") for form in ends.akin)
    assert index("motherfucker").akin["mofo"] == ("motherfucker", "slang")
    assert index("motherfucker", "mofo").akin.get("mofo") is None, "listed itself"
    assert index(Term("motherfucker", exact=True)).akin == {}


@pytest.mark.parametrize(
    ("term", "has"),
    [
        (Term("snarf", endings=True), True),
        (Term("snarf", endings=True, lang="en"), True),
        (Term("snarf", endings=True, lang="de"), False),
        (Term("snarf", endings=True, exact=True), False),
        (Term("snar f", endings=True), False),
        (Term("snarf"), False),
    ],
)
def test_which_terms_have_endings(term: Term, has: bool) -> None:
    assert ("snarfs" in index(term).akin) is has


def test_a_form_people_say_more_often_than_the_term_is_another_word() -> None:
    akin = index(Term("butt", endings=True)).akin
    assert "butter" not in akin
    assert akin["butts"] == ("butt", "glued")


# --- The oracle: slow and obvious, every window against every term

LETTERS = "abcdefghijklmnopqrstuvwxyz"
ORACLE_TERMS = ("blargfen", "snorvik", "quindlop", "trembost", "zib")
KEYS = {"a": "qwsz", "e": "wsdr", "o": "iklp", "i": "ujko", "n": "bhjm", "l": "kop", "r": "edft", "m": "njk"}
ORACLE = compile_lexicon([Term(term) for term in ORACLE_TERMS])


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
