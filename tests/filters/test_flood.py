"""Flood: too many lines in a time, on event time."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from filters.flood import Flood
from filters.history import CHATTER_LINES

FLOOD = Flood(max_messages=3, window_s=10)


def test_the_line_after_the_last_allowed_one_is_a_flood_and_names_the_others(play) -> None:
    verdicts = play(
        FLOOD,
        """
        0 troll: a
        1 ann: hello
        2 troll: b
        3 troll: c
        4 troll: d
        """,
    )
    assert verdicts[:4] == [None] * 4
    assert verdicts[4].detail == "4 messages in 10 s, 3 are allowed"
    assert verdicts[4].related == ("m1", "m3", "m4")
    assert (verdicts[4].rule, verdicts[4].span) == ("max_messages", (0, 1))


def test_lines_of_before_the_window_do_not_count(play) -> None:
    log = "0 ann: a\n1 ann: b\n2 ann: c\n10 ann: d"
    assert play(FLOOD, log) == [None] * 4
    assert play(FLOOD, log.replace("10 ann", "9.999 ann"))[3] is not None


def test_everybody_has_a_window_of_their_own(play) -> None:
    assert not any(play(FLOOD, "\n".join(f"{n / 100} chatter{n}: hi" for n in range(50))))


def test_the_greatest_setting_can_still_be_passed(play) -> None:
    most = Flood(max_messages=CHATTER_LINES - 1, window_s=600)
    verdicts = play(most, "\n".join(f"{n} ann: hi" for n in range(CHATTER_LINES)))
    assert [bool(each) for each in verdicts] == [False] * (CHATTER_LINES - 1) + [True]


@pytest.mark.parametrize(
    "wrong", [{"max_messages": 0}, {"max_messages": CHATTER_LINES}, {"window_s": 0}, {"window": 5}]
)
def test_settings_out_of_range_or_unknown_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValidationError):
        Flood(**wrong)
