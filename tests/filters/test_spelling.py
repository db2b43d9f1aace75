"""One word at a time: which spelling is a form of a listed term, by what, and which is just another word."""

from __future__ import annotations

import pytest

from filters.lexicon import compile_lexicon
from filters.terms import Term
from filters.text import fold


def find(word: str, *terms: str | Term) -> tuple[str, str, int] | None:
    """The term that the word is taken for, by which technique, and the edits left."""
    listed = [Term(term) if isinstance(term, str) else term for term in terms]
    hit = compile_lexicon(listed).find(fold(word))
    return (hit.term.text, hit.technique, hit.distance) if hit else None


@pytest.mark.parametrize(
    ("term", "word", "found"),
    [
        ("блорпы", "блорпы", ("exact", 0)),
        ("блорпы", "блоооорпы", ("repeats", 0)),
        ("блорпы", "блопы", ("typo", 1)),  # a letter left out
        ("блорпы", "блопры", ("typo", 1)),  # two swapped
        ("блорпы", "блормы", None),  # another key: whose neighbours are unknown
        ("блорпы", "блорпыы", ("repeats", 0)),
        ("сука", "cyka", ("homoglyph", 0)),
        ("сука", "cyкa", ("homoglyph", 0)),
        ("сука", "суккккка", ("repeats", 0)),
    ],
)
def test_words_of_other_scripts(term: str, word: str, found: tuple[str, int] | None) -> None:
    assert find(word, term) == ((term, *found) if found else None)


@pytest.mark.parametrize(
    ("term", "word", "found"),
    [
        # runs: stretched is a repeat, a letter short of a double one is a slip in long terms only
        ("blorp", "bloooorp", ("repeats", 0)),
        ("bllorpen", "blorpen", ("typo", 1)),
        ("bllorpenn", "blorpen", ("sound", 1)),  # twice
        ("bllrp", "blrp", ("typo", 1)),
        # slips
        ("blorpen", "blropen", ("typo", 1)),
        ("blorpen", "blopen", ("typo", 1)),
        ("blorpen", "blprpen", ("typo", 1)),  # p beside o
        ("blorpen", "blzrpen", None),
        ("blorp", "vlorp", None),  # the first letter of a short term stays
        ("blorpen", "vlorpen", ("typo", 1)),
        ("blorp", "blpp", None),
        ("blorpen", "bloooopen", ("typo", 1)),  # drawn out besides
        ("blorp", "blooop", None),
        # plurals of a misspelling
        ("blorpen", "blopens", ("typo", 1)),
        ("blorpen", "blropenx", None),
        # by ear
        ("blorf", "blorph", ("sound", 1)),
        ("zib", "zip", None),
        # something glued on
        ("blorp", "superblorp", ("glued", 0)),
        ("blorp", "blorps", ("glued", 0)),
        ("blorp", "quaxblorp", None),
        ("blorp", "houseblorp", ("compound", 0)),
        ("blorp", "blorphouse", ("compound", 0)),
        ("blorp", "blorpthe", None),  # too short to tell
        # telling words
        ("fuck", "fck", ("typo", 1)),
        ("fuck", "fcks", ("typo", 1)),
        ("fuck", "fckqx", None),
        ("fuck", "mcfuckington", None),  # inside, and neither what stands before nor what stands behind is glue
        ("fuck", "zorgfuck", ("compound", 0)),
    ],
)
def test_latin_words(term: str, word: str, found: tuple[str, int] | None) -> None:
    assert find(word, term) == ((term, *found) if found else None)


@pytest.mark.parametrize("word", ["blopen", "blorph", "blorps", "superblorpen", "houseblorpen", "blorpenthousand"])
def test_a_term_matched_exactly_is_forgiven_none_of_it(word: str) -> None:
    assert find(word, Term("blorpen", exact=True), Term("blorf", exact=True), Term("blorp", exact=True)) is None


@pytest.mark.parametrize(
    ("term", "word", "found"),
    [
        ("blorp", "bl0rp", ("leet", 0)),
        ("blorp", "8l0rp", ("leet", 0)),
        ("blorp", "b|0rp!", ("leet", 0)),
        ("zib", "z1b", ("leet", 0)),
        ("zib", "z1bs", ("leet", 0)),
        ("zis", "$is", None),
        ("zobs", "z0b$", ("leet", 0)),
        ("blorp", "bl00000rp", ("leet", 0)),
        ("blorp", "superbl0rp", ("leet", 0)),
        ("blorpen", "bl0pen", ("leet", 1)),
        ("blorp", "https://bl0rp", None),
        ("ioo", "100", None),
    ],
)
def test_leet(term: str, word: str, found: tuple[str, int] | None) -> None:
    assert find(word, term) == ((term, *found) if found else None)


@pytest.mark.parametrize(
    ("word", "found"),
    [
        ("bl*rp", ("masking", 1)),
        ("bl**p", ("masking", 2)),
        ("bl.rp", ("masking", 1)),
        ("b***p", None),  # more is hidden than told
        ("b*-rp", None),  # two different marks
        ("bl'rp", None),
        ("bl*", None),
        ("bl*rpen", None),
        ("the.rp", None),
    ],
)
def test_masks(word: str, found: tuple[str, int] | None) -> None:
    assert find(word, "blorp") == (("blorp", *found) if found else None)


def test_four_letters_are_masked_once_at_most() -> None:
    assert find("z*bs", "zubs") == ("zubs", "masking", 1)
    assert find("z**s", "zubs") is None


@pytest.mark.parametrize("word", ["Blopen", "BlopenQuax", "blopén"])
def test_what_is_written_like_a_name_is_no_guess(word: str) -> None:
    assert find("blopen", "blorpen") is not None
    assert find(word, "blorpen") is None


def test_a_term_is_found_between_marks_that_part_words() -> None:
    assert find("(blorp)", "blorp") == ("blorp", "exact", 0)
    assert find("quax/blorp", "blorp") == ("blorp", "exact", 0)
    assert find("b-l-o-r-p", "blorp") == ("blorp", "spacing", 0)


def test_the_longest_of_the_terms_one_slip_away_is_named() -> None:
    assert find("blorpe", "blorpen", "blorqe") == ("blorpen", "typo", 1)
    assert find("blorpe", "blorqe", "blorpen") == ("blorpen", "typo", 1)


@pytest.mark.parametrize(
    ("word", "found"),
    [
        ("чур*ан", True),
        ("ч*рб*н", True),
        ("чурб@н!", True),
        ("ч*р#ан", False),  # two signs
        ("ч***ан", False),
        ("чу*анов", False),
    ],
)
def test_letters_of_every_alphabet_may_be_hidden(word: str, found: bool) -> None:
    hits = compile_lexicon([Term("чурбан")]).find_all(fold(word))
    assert [hit.technique for hit in hits] == ["masking"] * found
