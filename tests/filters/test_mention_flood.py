"""Mention flood: many people called at once."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from filters.mention_flood import MentionFlood

FILTER = MentionFlood(max_mentions=3, max_in_window=5, window_s=30)


def test_a_line_that_calls_too_many_is_caught(play) -> None:
    verdicts = play(FILTER, "0 ann: @one1 @two2 @three hi\n40 ann: @one1 @two2 @three @four hi")
    assert verdicts[0] is None
    assert verdicts[1].rule == "max_mentions"
    assert verdicts[1].detail == "4 people mentioned, 3 are allowed"


def test_calls_over_several_lines_add_up_and_grow_old(play) -> None:
    log = "0 ann: @one1 @two2 @three\n1 ann: @four @five\n{} ann: @six6"
    found = play(FILTER, log.format(2))[2]
    assert (found.rule, found.detail) == ("max_in_window", "6 mentions in 30 s, 5 are allowed")
    assert play(FILTER, "0 ann: @one1 @two2 @three\n1 ann: @four @five")[1] is None, "five are allowed"
    assert play(FILTER, log.format(2).replace("@six6", "and you?"))[2] is None
    assert play(FILTER, log.format(31))[2] is None


@pytest.mark.parametrize("text", ["mail me at a@example.com b@example.com c@example.com d@example.com", "@ @ @ @ @ @"])
def test_what_is_no_mention_does_not_count(say, text: str) -> None:
    assert say(FILTER, text) is None


def test_the_same_person_four_times_is_one_person(say) -> None:
    assert say(FILTER, "@Ann1 @ann1 @ANN1 @ann1") is None


@pytest.mark.parametrize("wrong", [{"max_mentions": 0}, {"max_in_window": 0}, {"window_s": -1}])
def test_settings_out_of_range_are_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ValidationError):
        MentionFlood(**wrong)
