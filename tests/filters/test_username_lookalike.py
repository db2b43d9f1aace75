"""Look-alike user names: accounts that arrive together under one pattern get one decision."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from filters.username_lookalike import UsernameLookalike

FILTER = UsernameLookalike(max_names=3, window_s=60)


def test_a_row_of_bots_is_caught_under_one_pattern_and_those_around_them_are_not(play) -> None:
    verdicts = play(
        FILTER,
        """
        0 ann: hello
        1 raid_bot_0137: hi
        2 raid_bot_0001: yo
        3 bob: how are you
        4 raid_bot_9: sup
        5 raid_bot_4711: free stuff
        6 carla: what is this
        7 raid_bot_0137: again
        """,
    )
    assert [bool(each) for each in verdicts] == [False, False, False, False, False, True, False, True]
    assert verdicts[5].folded == verdicts[7].folded == "raid_bot_#"
    assert verdicts[5].related == ("m2", "m3", "m5")
    assert verdicts[5].detail == "4 newcomers in 60 s are named like raid_bot_#, 3 are allowed"


def test_no_name_is_left_in_what_is_never_erased(play) -> None:
    log = "\n".join(
        f"{n} {name}: hi" for n, name in enumerate("hoss_voss_one hoss_voss_two hoss_voss_six hoss_voss_ten".split())
    )
    *_, last = play(FILTER, log)
    assert last.folded.startswith("hoss_voss_")
    assert (last.filter, last.rule) == ("username_lookalike", "max_names")


def test_the_same_names_over_an_hour_are_left_alone(play) -> None:
    assert not any(play(FILTER, "\n".join(f"{n * 300} raid_bot_{n}: hi" for n in range(12))))


def test_people_with_names_of_their_own_may_all_come_at_once(play) -> None:
    names = (
        "sunny_day moonwalker kevin1987 the_real_deal xx_sniper_xx catlover99 dogperson pixelart42 gg_master".split()
    )
    assert not any(play(FILTER, "\n".join(f"{n / 10} {name}: hi" for n, name in enumerate(names))))


@pytest.mark.parametrize("wrong", [{"max_names": 0}, {"window_s": 601}])
def test_settings_out_of_range_are_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ValidationError):
        UsernameLookalike(**wrong)
