"""Self-repeat: the same line again and again from one chatter."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from filters.history import CHATTER_LINES, KEPT_S
from filters.self_repeat import SelfRepeat

REPEAT = SelfRepeat(max_repeats=2, window_s=60, min_characters=10, likeness=0.9)


def test_a_spammer_who_changes_a_letter_is_caught_and_a_talker_is_not(play) -> None:
    verdicts = play(
        REPEAT,
        """
        0 spam: follow my channel please
        1 ann: what a play that was
        2 spam: follow my channel please!
        3 ann: he should have waited though
        4 spam: f0llow my channel please .
        5 ann: i never saw that before
        """,
    )
    assert [bool(each) for each in verdicts] == [False, False, False, False, True, False]
    assert (verdicts[4].rule, verdicts[4].related) == ("max_repeats", ("m1", "m3"))
    assert "3 times in 60 s, 2 are allowed" in verdicts[4].detail


def test_lookalike_letters_do_not_make_it_another_line(play) -> None:
    log = "0 spam: follow my channel\n1 spam: fоllоw mу chаnnеl\n2 spam: ｆｏｌｌｏｗ my channel"
    assert play(REPEAT, log)[2] is not None


def test_short_lines_and_old_lines_may_be_repeated(play) -> None:
    assert not any(play(REPEAT, "\n".join(f"{n} ann: lol" for n in range(20))))
    assert not any(play(REPEAT, "\n".join(f"{n * 30} ann: when is the next game" for n in range(20))))


def test_a_line_just_long_enough_counts(play) -> None:
    assert not any(play(REPEAT, "\n".join(f"{n} ann: nine char" for n in range(5))))
    assert play(REPEAT, "\n".join(f"{n} ann: ten  chars" for n in range(3)))[2] is None, "spaces are read as one"
    assert play(REPEAT, "\n".join(f"{n} ann: ten charss" for n in range(3)))[2] is not None


def test_what_others_said_is_not_held_against_a_chatter(play) -> None:
    assert not any(play(REPEAT, "\n".join(f"{n} chatter{n}: when is the next game" for n in range(20))))


def test_exact_means_exact(play) -> None:
    exact = SelfRepeat(max_repeats=1, likeness=1.0)
    assert play(exact, "0 ann: when is the next game\n1 ann: when is the next games")[1] is None
    assert play(exact, "0 ann: when is the next game\n1 ann: WHEN is the next  game")[1] is not None


def test_a_slow_chat_may_be_let_be(play) -> None:
    fast = SelfRepeat(max_repeats=1, min_pace=5)
    repeated = "1 ann: when is the next game\n2 ann: when is the next game"
    assert play(fast, repeated)[1] is None
    assert play(fast, "0 bob: a\n0 cat: b\n0 dan: c\n" + repeated)[4] is not None


@pytest.mark.parametrize(
    "wrong",
    [
        {"likeness": 1.1},
        {"max_repeats": 0},
        {"min_characters": 501},
        {"window_s": KEPT_S + 1},  # older lines are not remembered
        {"max_repeats": CHATTER_LINES},  # nor more of one chatter
    ],
)
def test_settings_out_of_range_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValidationError):
        SelfRepeat(**wrong)
