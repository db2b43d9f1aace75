"""Copy-paste: one line from many chatters; copy-pasta a channel likes is left alone."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from filters.copy_paste import CopyPaste

PASTA = "I am a real gamer and I only watch this stream for the plot"
FILTER = CopyPaste(max_chatters=3, window_s=30, min_length=30)


def said(text: str, times: int, every_s: float = 1) -> str:
    return "\n".join(f"{n * every_s} chatter{n}: {text}" for n in range(times))


def test_the_chatter_after_the_last_allowed_one_is_caught(play) -> None:
    verdicts = play(FILTER, said(PASTA, 5))
    assert [bool(each) for each in verdicts] == [False, False, False, True, True]
    assert verdicts[3].rule == "max_chatters"
    assert verdicts[3].related == ("m1", "m2", "m3")
    assert verdicts[3].detail == "4 chatters said this in 30 s, 3 are allowed"


def test_copies_with_a_few_letters_changed_count_unless_the_policy_wants_them_exact(play) -> None:
    log = "\n".join(f"{n} chatter{n}: {PASTA} {n * 37}" for n in range(5))
    assert [bool(each) for each in play(FILTER, log)] == [False, False, False, True, True]
    assert not any(play(CopyPaste(max_chatters=3, min_length=30, near=False), log))


def test_one_chatter_who_repeats_is_not_many(play) -> None:
    assert not any(play(FILTER, "\n".join(f"{n} ann: {PASTA}" for n in range(10))))


def test_spread_over_a_long_time_it_is_left_alone(play) -> None:
    assert not any(play(FILTER, said(PASTA, 10, every_s=10)))


def test_short_cheers_may_be_said_by_everybody(play) -> None:
    assert not any(play(FILTER, said("PogChamp PogChamp", 30)))


def test_a_line_counts_from_the_length_set_on(play) -> None:
    assert any(play(CopyPaste(max_chatters=3, min_length=len(PASTA)), said(PASTA, 5)))
    assert not any(play(CopyPaste(max_chatters=3, min_length=len(PASTA) + 1), said(PASTA, 5)))


def test_what_hides_behind_copy_pasta_the_channel_likes_is_caught(play) -> None:
    liked = CopyPaste(max_chatters=3, min_length=30, allow=(PASTA,))
    assert any(play(liked, said(PASTA + ", and everybody gets free followers in my channel", 10)))
    assert not any(play(liked, said(PASTA + "!!", 10)))


@pytest.mark.parametrize("allowed", [PASTA, PASTA.upper() + "!", PASTA + " and the emotes"])
def test_the_channels_own_copy_pasta_is_left_alone(play, allowed: str) -> None:
    assert not any(play(CopyPaste(max_chatters=3, min_length=30, allow=(allowed,)), said(PASTA, 10)))
    other = "A wholly different line that everybody copies from each other"
    assert any(play(CopyPaste(max_chatters=3, min_length=30, allow=(allowed,)), said(other, 10)))


def test_a_slow_chat_may_be_let_be(play) -> None:
    fast = CopyPaste(max_chatters=1, min_length=30, min_pace=10)
    assert not any(play(fast, said(PASTA, 9)))
    assert play(fast, said("hi", 9) + f"\n9 a: {PASTA}\n9 b: {PASTA}")[-1] is not None
    assert play(fast, said("hi", 8) + f"\n9 a: {PASTA}\n9 b: {PASTA}")[-1] is not None
    assert play(fast, said("hi", 7) + f"\n9 a: {PASTA}\n9 b: {PASTA}")[-1] is None


@pytest.mark.parametrize("wrong", [{"max_chatters": 0}, {"max_chatters": 64}, {"min_length": 7}, {"window_s": 601}])
def test_settings_out_of_range_are_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ValidationError):
        CopyPaste(**wrong)
