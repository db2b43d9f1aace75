from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from filters.needle import Needle
from filters.text import squash
from filters.types import Message


def line(text: str) -> Message:
    return Message("1", 0, "c", "studio", "u", "eve", text)


@pytest.mark.parametrize(
    ("sought", "said"),
    [
        ("free followers", "get FREE f0llowers now"),
        ("free followers", "ｆｒｅｅ ｆｏｌｌｏｗｅｒｓ"),
        ("gg7", "gg7!"),
        ("加我", "加我 now"),
        ("buy cheap hats", "b u y cheap hats now!!"),
        ("watch me live", "w a t c h  m e live"),
        ("selling accounts", "s e l l i n g accounts"),
        ("selling accounts", "I am selling a c c o u n t s"),
        ("what a game", "What a game, folks"),
        ("привет всем", "ПРИВЕТ всем друзья"),
        ("🍆🍆", "lol 🍆🍆"),
        ("/b[ui]y.*follow/", "Buy followers"),
        ("the quick brown fox jumps over the lazy dog", "the quick brown fox jumped over the lazy dogs"),
    ],
)
def test_what_is_sought_is_found_in_any_disguise(sought: str, said: str) -> None:
    assert Needle(sought).span(line(said)) is not None


@pytest.mark.parametrize(
    ("sought", "said"),
    [
        ("free followers", "followers are free to leave"),
        ("ggs", "eggs and ggswp"),
        ("buy cheap hats", "b u cheap hats"),
        ("but all of them", "b ut all of them came to see the game that was lost"),
        ("what a game", "what a gamer"),
        ("🍆🍆", "one 🍆"),
        ("/b[ui]y.*follow/", "bye"),
        ("the quick brown fox jumps over the lazy dog", "nobody in this chat has ever seen a better game than that"),
    ],
)
def test_what_only_looks_like_it_is_not(sought: str, said: str) -> None:
    assert Needle(sought).span(line(said)) is None


@pytest.mark.parametrize(
    ("sought", "said", "piece"),
    [
        ("free followers", "get FREE f0llowers now", "FREE f0llowers"),
        ("🍆🍆", "lol 🍆🍆!", "🍆🍆"),
        ("🍆🍆", "🍆🍆 lol 🍆🍆", "🍆🍆"),
        ("/b[ui]y/", "i buy it", "buy"),
        ("what a game", "and WHAT a game", "WHAT a game"),
        ("he не", "say: HE НЕ!", "say: HE НЕ!"),
        ("nobody here plays this map", "nobody here plays these maps", "nobody here plays these maps"),
    ],
)
def test_the_span_is_the_piece_that_was_found(sought: str, said: str, piece: str) -> None:
    start, end = Needle(sought).span(line(said)) or (0, 0)
    assert said[start:end] == piece


@pytest.mark.parametrize(
    ("sought", "why"),
    [
        ("/(/", r"missing \)"),
        ("/x*/", "^(?!Value error).*matches every line"),
        ("x" * 201, r"^201 characters are above the limit of 200 \(the telling part will do\)$"),
        (" ", "^there are no words to look for$"),
        ("//", "^the pattern is empty$"),
        ("/", "^words have at least 3 letters or digits"),
        ("e", "^words have at least 3 letters or digits"),
        ("^_^", "^words have at least 3 letters or digits"),
        ("🍆", "^words have at least 3 letters or digits"),
    ],
)
def test_what_cannot_be_sought_is_refused(sought: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        Needle(sought)


@settings(deadline=None)
@given(st.text("abcdefghij lmnopq", min_size=4, max_size=60).filter(lambda text: len(squash(text)) > 3))
def test_a_line_holds_itself(text: str) -> None:
    assert Needle(text).span(line(text)) is not None
