"""The action algebra is a law; a Message knows which of its characters are not words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filters.types import (
    MAX_TIMEOUT_S,
    NONE,
    Action,
    ActionKind,
    Category,
    Evidence,
    Fragment,
    FragmentKind,
    Message,
    Severity,
    Verdict,
)

actions = st.one_of(
    st.sampled_from([Action(kind) for kind in ActionKind if kind is not ActionKind.TIMEOUT]),
    st.builds(Action, st.just(ActionKind.TIMEOUT), st.integers(1, MAX_TIMEOUT_S)),
)


@given(actions, actions, actions)
def test_joining_is_idempotent_commutative_associative_and_none_is_neutral(a: Action, b: Action, c: Action) -> None:
    assert a | a == a
    assert a | b == b | a
    assert (a | b) | c == a | (b | c)
    assert a | NONE == a


@given(actions, actions)
def test_the_stronger_action_wins(a: Action, b: Action) -> None:
    assert (a | b) in (a, b)
    assert (a | b).kind == max(a.kind, b.kind)


@pytest.mark.parametrize("duration_s", [0, -1, MAX_TIMEOUT_S + 1])
def test_a_timeout_outside_twitchs_limits_is_refused(duration_s: int) -> None:
    with pytest.raises(ValueError, match="outside 1 to 1209600"):
        Action(ActionKind.TIMEOUT, duration_s)


def test_only_a_timeout_has_a_duration() -> None:
    with pytest.raises(ValueError, match=r"^ban takes no duration \(got 60 s\)$"):
        Action(ActionKind.BAN, 60)


def test_an_action_reads_as_people_say_it_and_nothing_is_no_action() -> None:
    shown = [str(each) for each in (Action(ActionKind.TIMEOUT, 600), Action(ActionKind.BAN), NONE)]
    assert shown == ["timeout 600s", "ban", "none"]
    assert [bool(Action(kind)) for kind in (ActionKind.NONE, ActionKind.REVIEW, ActionKind.BAN)] == [False, True, True]


def test_the_longer_of_two_timeouts_is_the_stronger() -> None:
    short, long = (Action(ActionKind.TIMEOUT, seconds) for seconds in (1, MAX_TIMEOUT_S))
    assert short < long
    assert short | long == long | short == long


def test_a_record_is_filed_under_what_acts_then_the_worst_then_the_surest() -> None:
    def found(rule: str, severity: int, score: float = 1.0, **how: bool) -> Evidence:
        return Evidence("blocklist", rule, Category.HATE, Severity(severity), (0, 1), score=score, **how)

    evidence = [
        found("only logged", 3, dry_run=True),
        found("only looked at", 3, review_only=True),
        found("mild", 1),
        found("less sure", 2, 0.7),
        found("leads", 2, 0.9),
    ]
    order = []
    while evidence:
        order.append(Verdict(Message("1", 0, "c", "c", "u", "u", "hey"), tuple(evidence), NONE, 1).leading)
        evidence.remove(order[-1])
    assert [each.rule for each in order] == ["leads", "less sure", "mild", "only looked at", "only logged"]


@pytest.mark.parametrize(
    ("kind", "enforces"), [("NONE", False), ("REVIEW", False), ("DELETE", True), ("WARN", True), ("BAN", True)]
)
def test_enforcing_starts_at_delete(kind: str, enforces: bool) -> None:
    assert Action(ActionKind[kind]).enforces is enforces


def test_emotes_and_mentions_are_opaque_and_text_is_not() -> None:
    pieces = (
        Fragment(FragmentKind.TEXT, "hey "),
        Fragment(FragmentKind.MENTION, "@ann"),
        Fragment(FragmentKind.TEXT, " "),
        Fragment(FragmentKind.EMOTE, "Kappa"),
    )
    message = Message("1", 0, "c", "c", "u", "u", "hey @ann Kappa", fragments=pieces)
    assert [message.text[start:end] for start, end in message.opaque] == ["@ann", "Kappa"]


def test_a_fragment_kind_twitch_invents_later_is_read_as_text() -> None:
    assert FragmentKind("hologram") is FragmentKind.TEXT
