from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.changes import changed, difference, full_path, value_of, with_item, without_item
from config.policy import Policy, PolicyError, preset_names
from filters.types import Action, ActionKind, Role

POLICY = Policy()


@pytest.mark.parametrize(
    ("path", "text", "value"),
    [
        ("caps.max_ratio", "0.8", 0.8),
        ("filters.caps.max_ratio", "0.8", 0.8),
        ("caps.enabled", "false", False),
        ("caps.enabled", "off", False),
        ("ladder.decay", "7d", 7 * 86_400),
        ("prefix", "?", "?"),
        ("prefix", "1", "1"),
        ("prefix", '"!!"', "!!"),
        ("exempt.roles", "vip, subscriber", frozenset({Role.VIP, Role.SUBSCRIBER})),
        ("exempt.roles", '["vip"]', frozenset({Role.VIP})),
        ("exempt.chatters", "", frozenset()),
        ("raid.member_action", "timeout 10m", Action(ActionKind.TIMEOUT, 600)),
        ("blocklist.lists", "starter", ("starter",)),
    ],
)
def test_a_setting_is_changed_by_what_a_person_would_type(path: str, text: str, value: object) -> None:
    assert value_of(changed(POLICY, path, text), path) == value


@pytest.mark.parametrize(
    ("path", "text", "told"),
    [
        ("caps.max_ratio", "3", "filters.caps.max_ratio: 3 is above 1"),
        ("caps.max_ratoi", "0.5", "filters.caps.max_ratoi: no such setting (did you mean max_ratio?)"),
        ("cap.max_ratio", "0.5", "cap: no such setting (did you mean caps?)"),
        ("max_messages", "5", "max_messages: no such setting (did you mean flood.max_messages?)"),
        ("max_ratio", "0.5", "max_ratio: no such setting (did you mean caps.max_ratio or symbols.max_ratio or "),
        ("caps", "0.5", "caps: is a group of settings (name one of it, e.g. caps.enabled)"),
        ("caps.max_ratio.more", "1", "filters.caps.max_ratio.more: no such setting"),
        ("ladder.decay", "soon", "'soon' is not a span of time"),
        ("exempt.roles", "nobody", "exempt.roles"),
        ("caps.max_ratio", "[" * 5_000, "is no number"),
        ("caps.max_ratio", "9" * 5_000, "is above 1"),
        ("blocklist.lists", "starter, nonesuch", "nonesuch"),
    ],
)
def test_a_bad_change_says_what_is_wrong(path: str, text: str, told: str) -> None:
    with pytest.raises(PolicyError) as refused:
        changed(POLICY, path, text)
    assert told in str(refused.value)


def test_items_come_and_go_by_their_text() -> None:
    more = with_item(POLICY, "blocklist.terms", {"text": "snarfwad", "severity": 2})
    assert [term.text for term in more.filters.blocklist.terms] == ["snarfwad"]
    with pytest.raises(PolicyError, match="SNARFWAD is there already"):
        with_item(more, "blocklist.terms", {"text": "SNARFWAD"})
    assert without_item(more, "blocklist.terms", "Snarfwad") == POLICY
    with pytest.raises(PolicyError, match="snarfwad is not there"):
        without_item(POLICY, "blocklist.terms", "snarfwad")
    with pytest.raises(PolicyError, match="is no list"):
        with_item(POLICY, "caps.max_ratio", 1)


def test_an_expression_that_differs_in_a_capital_is_another_one() -> None:
    more = POLICY
    for expression in (r"zug\d", r"zug\D"):
        more = with_item(more, "regex.patterns", {"pattern": expression})
    assert [each.pattern for each in without_item(more, "regex.patterns", r"zug\d").filters.regex.patterns] == [
        r"zug\D"
    ]
    with pytest.raises(PolicyError, match="is there already"):
        with_item(more, "regex.patterns", {"pattern": r"zug\D"})


def test_differences_read_like_what_was_done() -> None:
    new = with_item(
        changed(changed(POLICY, "caps.max_ratio", "0.9"), "raid.enabled", "false"), "blocklist.allow", "dick"
    )
    assert [str(change) for change in difference(POLICY, new)] == [
        "raid.enabled: true -> false",
        "blocklist.allow: +dick",
        f"caps.max_ratio: {POLICY.filters.caps.max_ratio} -> 0.9",
    ]
    many = new
    for word in ("one", "two", "three", "four"):
        many = with_item(many, "blocklist.allow", f"word{word}")
    assert [str(change) for change in difference(new, many)] == ["blocklist.allow: 4 added, 0 removed"]


@given(st.sampled_from(preset_names()), st.sampled_from(preset_names()))
def test_differences_lead_from_one_policy_to_the_other(first: str, second: str) -> None:
    old, new = Policy.preset(first), Policy.preset(second)
    changes = difference(old, new)
    assert bool(changes) == (old != new)
    for change in changes:
        assert full_path(change.path)
        assert change.before != change.after


@pytest.mark.parametrize(
    "path", [change.path for change in difference(Policy.preset("relaxed"), Policy.preset("strict"))]
)
def test_every_path_a_difference_names_can_be_set(path: str) -> None:
    assert value_of(POLICY, path) is not None


def test_a_value_for_a_name_of_two_settings_is_for_the_one_that_takes_values() -> None:
    policy = changed(Policy(), "language", "de")
    assert (policy.language, policy.filters.language) == ("de", Policy().filters.language)
    with pytest.raises(PolicyError, match="ladder: is a group of settings"):
        changed(Policy(), "ladder", "3")
