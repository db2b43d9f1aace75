from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from filters.masking import masked, visible
from ops.shown import marked


@given(st.text())
def test_what_is_shown_keeps_its_length_and_prints(text: str) -> None:
    assert len(visible(text)) == len(masked(text)) == len(text)
    assert visible(text).isprintable()


@given(st.text())
def test_a_mask_shows_only_where_words_are(text: str) -> None:
    assert set(masked(text)) <= {"•", " "}
    assert [char == " " for char in masked(text)] == [char.isspace() for char in text]


@given(st.text("abc "), st.lists(st.tuples(st.integers(-3, 30), st.integers(-3, 30))))
def test_marks_only_add_brackets_that_pair(text: str, spans: list[tuple[int, int]]) -> None:
    shown = marked(text, spans)
    assert shown.replace("«", "").replace("»", "") == text
    brackets = [char for char in shown if char in "«»"]
    assert brackets == ["«", "»"] * (len(brackets) // 2)


def test_pieces_that_touch_become_one() -> None:
    assert marked("you bad word here", [(8, 12), (4, 8), (13, 17)]) == "you «bad word» «here»"
