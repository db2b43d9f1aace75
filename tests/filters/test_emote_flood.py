"""Emote flood, and what counts as an emote."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from filters.emote_flood import EmoteFlood
from filters.emotes import emote_spans
from filters.history import History
from filters.types import Fragment, FragmentKind, Message

FILTER = EmoteFlood(max_emotes=3)


def test_the_span_begins_with_the_first_emote_too_many(say) -> None:
    text = "hi PogChamp PogChamp TriHard 4Head forsenE bye"
    evidence = say(FILTER, text)
    assert text[slice(*evidence.span)] == "4Head forsenE"
    assert (evidence.rule, evidence.detail) == ("max_emotes", "5 emotes, 3 are allowed")
    assert say(FILTER, "hi PogChamp PogChamp TriHard bye") is None


def test_emoji_count_one_each_however_they_are_put_together(say) -> None:
    assert say(FILTER, "👨‍👩‍👧‍👦👍🏽❤️") is None
    assert say(FILTER, "👨‍👩‍👧‍👦👍🏽❤️😂").detail == "4 emotes, 3 are allowed"


def test_emotes_in_fragments_are_found_at_their_places() -> None:
    parts = (
        Fragment(FragmentKind.TEXT, "look "),
        Fragment(FragmentKind.EMOTE, "kappa"),
        Fragment(FragmentKind.TEXT, " and "),
        Fragment(FragmentKind.EMOTE, "PogChamp"),
    )
    text = "".join(part.text for part in parts)
    line = Message("m", 0, "1", "s", "7", "ada", text, fragments=parts)
    assert [text[slice(*span)] for span in emote_spans(line)] == ["kappa", "PogChamp"]
    assert EmoteFlood(max_emotes=1).check(line, History()) is not None


def test_names_emoji_and_emotes_of_one_line_are_counted_together() -> None:
    emote, rest = Fragment(FragmentKind.EMOTE, "kappa"), Fragment(FragmentKind.TEXT, "😂 PogChamp hi 👍")
    line = Message("m", 0, "1", "s", "7", "ada", emote.text + rest.text, fragments=(emote, rest))
    assert [line.text[slice(*span)] for span in emote_spans(line)] == ["kappa", "😂", "PogChamp", "👍"]


@pytest.mark.parametrize("text", ["hello Everybody HOW are you", "a B c D e F g", "v2 v3 v4 v5 v6", ""])
def test_words_are_no_emotes(say, text: str) -> None:
    assert say(FILTER, text) is None


@pytest.mark.parametrize("wrong", [-1, 251])
def test_limits_out_of_range_are_refused(wrong: int) -> None:
    with pytest.raises(ValidationError):
        EmoteFlood(max_emotes=wrong)


@pytest.mark.parametrize("text", ["", "Kappa", "Kappa Kappa Kappa Kappa!"])
def test_fragments_that_are_not_the_text_in_pieces_point_at_nothing(text: str) -> None:
    line = Message("m", 0, "1", "s", "7", "ada", text, fragments=(Fragment(FragmentKind.EMOTE, "kappa"),) * 4)
    assert line.opaque == ()
    assert emote_spans(line) == []


@pytest.mark.timeout(20)
def test_a_long_word_of_changing_case_takes_no_time_to_tell_from_an_emote(say) -> None:
    assert say(FILTER, "aB" * 50_000 + "-") is None
