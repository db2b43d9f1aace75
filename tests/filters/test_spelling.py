"""One word at a time: which spelling is a form of a listed term, by what, and which is just another word."""

from __future__ import annotations

import pytest

from filters.lexicon import compile_lexicon
from filters.realwords import real_words
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
        ("блоррпы", "блорпы", ("typo", 1)),  # one of a double letter
        ("plonker", "plonkخr", ("typo", 1)),  # no key is beside it, or every one
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
        ("blorpen", "bbllooppeenn", ("typo", 1)),
        ("blorpen", "blo-pen", ("typo", 1)),
        ("blorpen", "blo'pen", None),
        # plurals of a misspelling
        ("blorpen", "blopens", ("typo", 1)),
        ("blorpen", "blropenx", None),
        ("blorpen", "blopenx", None),  # no ending
        ("blorpen", "blropens", None),  # two slips
        ("blorp", "blops", None),  # too short to tell
        ("blorpe", "blopes", None),
        ("hangeer", "hangerz", None),  # of a real word
        # by ear
        ("blorf", "blorph", ("sound", 1)),
        ("kwob", "qwob", ("sound", 1)),
        ("zyqk", "ziq", None),  # sounds like it, but is too short to tell
        ("zib", "zip", None),
        # something glued on
        ("blorp", "superblorp", ("glued", 0)),
        ("blorp", "blorps", ("glued", 0)),
        ("zubs", "superzubs", ("glued", 0)),
        ("zubs", "zubsman", ("glued", 0)),
        ("zubs", "zubsy", ("glued", 0)),
        ("zib", "superzib", None),
        ("dimwit", "superdlmwit", ("glued", 0)),
        ("dimwit", "dlmwit", ("repeats", 0)),
        ("blorp", "quaxblorp", None),
        ("blorp", "houseblorp", ("compound", 0)),
        ("blorp", "blorphouse", ("compound", 0)),
        ("zubs", "housezubs", ("compound", 0)),
        ("zubs", "zubshouse", ("compound", 0)),
        ("zubs", "kitchenzubs", ("compound", 0)),
        ("blorp", "blorpthe", None),  # too short to tell
        ("zubs", "carzubs", None),
        ("zubs", "zubsgame", None),
        ("zib", "housezib", None),
        # telling words
        ("fuck", "fck", ("typo", 1)),
        ("fuck", "fcks", ("typo", 1)),
        ("fuck", "fckqx", None),
        ("fuck", "zqvw" * 15, None),
        ("fuck", "mcfuckington", None),  # inside, and neither what stands before nor what stands behind is glue
        ("fuck", "zqorgfuck", ("compound", 0)),
        ("fuck", "zqorgfucking", ("compound", 0)),
        ("fuck", "superfuckington", ("compound", 0)),
        ("fuck", "fuckington", ("compound", 0)),
        ("fuck", "zorgfuck", ("compound", 0)),
        ("bitch", "beetch", ("sound", 1)),
    ],
)
def test_latin_words(term: str, word: str, found: tuple[str, int] | None) -> None:
    assert find(word, term) == ((term, *found) if found else None)


@pytest.mark.parametrize(
    ("term", "word", "found"),
    [
        # many times rarer than the well-known word that they resemble
        ("fuck", "fuc", ("sound", 1)),
        ("damn", "danm", ("typo", 1)),
        ("fuck", "flick", None),
        ("pussy", "pissy", None),
        # with such a word at their end
        ("shit", "dipshits", ("compound", 0)),
        ("fuck", "unfuck", ("compound", 0)),
        ("damn", "damnable", ("compound", 0)),
        ("damn", "goddamn", None),  # known well enough to be listed itself
        ("shit", "shitake", None),
        ("shit", "cushitic", None),
        # stretched: what they read as best
        ("tit", "tiitt", ("repeats", 0)),
        ("thee", "theee", None),
        ("bangers", "hangerrrs", None),
    ],
)
def test_words_that_some_people_use(term: str, word: str, found: tuple[str, int] | None) -> None:
    assert find(word, term) == ((term, *found) if found else None)


@pytest.mark.parametrize("word", ["blopen", "blorph", "blorps", "superblorpen", "houseblorpen", "blorpenthousand"])
def test_a_term_matched_exactly_is_forgiven_none_of_it(word: str) -> None:
    assert find(word, Term("blorpen", exact=True), Term("blorf", exact=True), Term("blorp", exact=True)) is None
    assert find("wazock", Term("wazzock", exact=True)) is None


def test_an_exact_term_forgives_no_misspelling_but_undoes_disguises() -> None:
    exact = Term("plonker", exact=True)
    for word in ("plonker", "PLONKER", "pl0nker", "p l o n k e r", "plоnker", "plooonker"):
        assert find(word, exact) is not None, word
    for word in ("plonekr", "plonke", "megaplonker", "plonkerface"):
        assert find(word, exact) is None, word


@pytest.mark.parametrize(
    ("term", "word", "found"),
    [
        ("blorp", "bl0rp", ("leet", 0)),
        ("blorp", "8l0rp", ("leet", 0)),
        ("blorp", "b|0rp!", ("leet", 0)),
        ("blorp", "(bl0rp)", ("leet", 0)),
        ("zobi", "(z0b!)", ("leet", 0)),
        ("zobs", "z0-bs", ("leet", 0)),
        ("zib", "z1b", ("leet", 0)),
        ("zib", "z1bs", ("leet", 0)),
        ("zib", "z1b$", ("leet", 0)),
        ("zib", "z0bs", None),
        ("zis", "$is", None),
        ("zobs", "z0b$", ("leet", 0)),
        ("blorp", "bl00000rp", ("leet", 0)),
        ("blorp", "8llllorp", ("leet", 0)),
        ("blorp", "superbl0rp", ("leet", 0)),
        ("motherfucker", "m0f0", ("leet", 0)),
        ("blorpen", "bl0pen", ("leet", 1)),
        ("bllorpen", "bl0rp3n", ("leet", 1)),
        ("blorp", "bl0pr", ("leet", 1)),
        ("blorpen", "8lorpem", None),  # no digit within, and a slip besides
        ("bangers", "h4ngers", None),  # a slip of a real word is none, whatever it is written with
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


def test_a_dot_beside_a_real_word_hides_no_letter_and_an_asterisk_does() -> None:
    assert find("so.it", "sobit") is None  # the French write soit
    assert find("zo.it", "zobit") == ("zobit", "masking", 1)
    exact = Term("thexrp", exact=True)
    assert find("the.rp", exact) is None
    assert find("the*rp", exact) == ("thexrp", "masking", 1)


def test_two_letters_are_masked_at_most() -> None:
    assert find("qui**lop", "quindlop") == ("quindlop", "masking", 2)
    assert find("qu***lop", "quindlop") is None


def test_four_letters_are_masked_once_at_most() -> None:
    assert find("z*bs", "zubs") == ("zubs", "masking", 1)
    assert find("z**s", "zubs") is None


@pytest.mark.parametrize("word", ["Blopen", "bloPen", "BlopenQuax", "blopén"])
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
    assert find("blorpe", "blirpe", "blorpex") == ("blorpex", "typo", 1)


def test_a_term_that_is_no_slip_away_hides_no_other() -> None:
    assert find("blopen", "alopen", "blopem") == ("blopem", "typo", 1)
    assert find("vlorp", "blorp", "vlirp") == ("vlirp", "typo", 1)


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


@pytest.mark.parametrize(
    ("term", "line"),
    [
        ("damn", "well dmn"),  # vowels dropped
        ("damn", "dmned thing"),
        ("plonker", "p1onkwr"),  # leet and a slip
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
        ("wazzock", "wazzoooock"),
        ("wazzock", "wwaazzoocckk"),
    ],
)
def test_what_chatters_do_besides(term: str, line: str) -> None:
    hit = find(line, term)
    assert hit is not None
    assert hit[0] == term


@pytest.mark.parametrize(
    ("term", "line"),
    [
        ("plonker", "rooPlonkr"),  # named like an emote
        ("plonker", "PlonkrGaming"),
        ("porno", "Pono was here"),  # a person's name
        ("tette", "il a tweeté"),  # accents are care
        ("tit", "7-1 7-1 7-1"),  # a score
        ("hoe", "H0-3"),
        ("sik", "over >$1k"),  # an amount
        ("porno", "ponoooo"),  # stretched and short: one or the other
        ("boobe", "bohee"),  # a letter changed and another doubled
        ("plonker", "Lettuce go!"),
        ("goi", "go!!!"),  # an exclamation
        ("bitch", "Beatchy"),  # a name
        ("wazzock", "isn't it"),
        ("muppet", "muppetry"),
        ("damn", "condemn"),
        ("ass", "a general ass-embly"),
        ("ass", "ass-emble the team"),
        ("blorf", "Blorph is here"),  # a name
        ("blorp", "houseBlorp"),  # an emote's
        ("роса", "hay poca gente"),  # looks like it, but is a word of its own
        ("собака", "много собак"),
    ],
)
def test_what_guesses_must_not_take_for_a_slip(term: str, line: str) -> None:
    assert find(line, term) is None


def test_real_words_one_letter_away_are_no_typos() -> None:
    for innocent in ("hangers", "bankers", "puppet", "moppet", "trench", "stanch", "bangor"):
        assert find(innocent, "bangers", "muppet", "stench") is None, innocent
    assert find("muppwt", "bangers", "muppet", "stench") is not None


def test_laughter_is_drawn_out_by_everybody() -> None:
    assert find("wat een lul", "lul") is not None
    assert find("LUUUUL that was LULLLL", "lul") is None
    assert find("L U L", "lul") is None


# --- Other scripts


@pytest.mark.parametrize(
    ("latin", "word"),
    [("pot", "рот"), ("copa", "сора"), ("hope", "норе"), ("ton", "τον"), ("poco", "росо")],
)
def test_a_word_of_another_script_is_not_taken_for_a_latin_one(latin: str, word: str) -> None:
    known = real_words().zipf(word) > 0
    assert (find(word, latin) is None) == known


def test_vowel_marks_tell_words_apart_where_they_are_vowels() -> None:
    assert find("กำ", "กี่") is None
    assert find("काम", "कीम") is None


def test_a_latin_word_with_foreign_letters_is_what_it_looks_like_though_people_use_it() -> None:
    assert find("røv", "rov") == ("rov", "homoglyph", 0)
    assert find("RØV", "rov") == ("rov", "homoglyph", 0)


def test_foreign_letters_among_latin_ones_are_still_unmasked() -> None:
    assert find("такой plоnker", "plonker") is not None


def test_a_word_of_another_script_is_found_stretched_though_its_own_letters_are_doubled() -> None:
    for word in ("мааассон", "массоон", "МАССОННН"):
        assert find(word, "массон") == ("массон", "repeats", 0), word


def test_a_term_in_its_own_letters_is_no_lookalike() -> None:
    for line, technique in (("ein snärf", "exact"), ("ein SNÄRF", "exact"), ("ein snаrf", "homoglyph")):
        assert find(line, "snärf") == ("snärf", technique, 0), line
