"""The fold: one canonical form for any text, however hostile."""

from __future__ import annotations

import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filters.text import blank, composed, fold, plain, skeleton, squash

any_text = st.text(st.characters(codec=None), max_size=200)  # every code point, lone surrogates too
hostile = {
    "lone surrogate": "bad\ud800word",
    "ten thousand marks": "b" + "\u0301" * 10_000 + "ad",
    "right-to-left override": "\u202edab\u202c",
    "joined emoji": "👩‍👩‍👧‍👦",
    "nul": "b\0ad",
    "private use": "\ue000\U0010fffd",
    "only spaces": " \t\u2003\u3000\n",
    "empty": "",
}


@given(any_text)
def test_folding_twice_is_folding_once(text: str) -> None:
    once = fold(text)
    assert fold(once.text).text == once.text
    assert once.original == text


def test_every_character_there_is_folds_to_itself_or_to_what_folds_to_itself() -> None:
    for code in range(sys.maxunicode + 1):
        for table in (skeleton, plain):
            assert table(table(chr(code))) == table(chr(code)), f"U+{code:04X}"


@given(any_text)
def test_the_canonical_form_has_single_spaces_lower_case_and_no_marks(text: str) -> None:
    folded = fold(text).text
    assert folded == " ".join(folded.split())
    assert skeleton(folded) == folded
    assert not any("A" <= char <= "Z" for char in folded)


@pytest.mark.parametrize("text", hostile.values(), ids=hostile.keys())
def test_hostile_text_is_folded_not_feared(text: str) -> None:
    for form in (fold(text).text, plain(text), composed(text), squash(skeleton(text))):
        assert "\0" not in form


@pytest.mark.parametrize(
    ("disguised", "seen"),
    [
        ("Ｗａｚｚｏｃｋ", "wazzock"),
        ("𝔴𝔞𝔷𝔷𝔬𝔠𝔨", "wazzock"),
        ("𝚠𝚊𝚣𝚣𝚘𝚌𝚔", "wazzock"),
        ("ⓦⓐⓩⓩⓞⓒⓚ", "wazzock"),
        ("🅆🄰🅉🅉🄾🄲🄺", "wazzock"),
        ("🇼🇦🇿🇿🇴🇨🇰", "wazzock"),
        ("ᴡᴀᴢᴢᴏᴄᴋ", "wazzock"),
        ("wаzzосk", "wazzock"),  # Cyrillic а, о, с
        ("ωαzzοcκ", "wazzock"),
        ("w\u200ba\u200dz\ufeffz\u00adock", "wazzock"),
        ("w̷a̷z̷z̷o̷c̷k̷", "wazzock"),
        ("wázzöçk", "wazzock"),
        ("w\u3164azzock", "wazzock"),
        ("STRASSE Straße", "strasse strasse"),
    ],
)
def test_a_disguise_is_seen_through(disguised: str, seen: str) -> None:
    assert fold(disguised).text == seen


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("ДУРАК", "дурак"),
        ("Βλάκας", "βλακασ"),
        ("ｱﾎ", "あほ"),  # katakana is hiragana in another hand
        ("Écureuil", "ecureuil"),
    ],
)
def test_its_own_script_is_kept_in_the_plain_reading(written: str, read: str) -> None:
    assert plain(written) == read


@given(any_text, st.data())
def test_blanking_keeps_every_other_character_in_its_place(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    blanked = blank(text, [(start, end)])
    assert blanked[:start] == text[:start]
    assert blanked[start:end] == " " * (end - start)
    assert blanked[end:] == text[end:]


def test_squashing_leaves_letters_and_digits() -> None:
    assert squash("b.a-d_w o|r d 1") == "badword1"


def test_a_word_of_its_own_script_is_squashed_and_keeps_its_marks() -> None:
    assert composed("W.a-z zöck!") == composed("wazzöck") == "wazzöck"
