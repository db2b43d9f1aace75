"""Which names belong together."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filters.clusters import Arrival, Arrivals


def arrive(*names: str, kept: int = 100) -> Arrivals:
    arrivals = Arrivals(kept)
    for at, name in enumerate(names):
        arrivals.observe(Arrival(at, f"id-{at}", f"m{at}", name))
    return arrivals


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("raid_bot_0137", "raid_bot_9"),
        ("freeviewers", "freeviewerz"),
        ("freeviewers", "frееviеwеrs"),
        ("hoss00312_abc", "hoss00312_zyxw"),
        ("best_viewers_1", "bestviewers_22"),
    ],
)
def test_names_cut_from_one_pattern_belong_together(one: str, other: str) -> None:
    members = arrive(one, "unrelated", other).get("id-2").namesakes.members
    assert [each.name for each in members] == [one, other]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("xx12", "xx99"),
        ("mike1", "mike2x"),
        ("anna", "hanna"),
        ("kevin1987", "karen1987"),
        ("thebest", "the_rest_of_us"),
    ],
)
def test_names_alike_by_chance_do_not(one: str, other: str) -> None:
    assert arrive(one, other).get("id-1").namesakes is None


def test_the_pattern_is_what_most_have_in_common() -> None:
    arrivals = arrive("raid_bot_1", "raidbot_2", "raid_bot_33", "raid_bot_444")
    assert arrivals.get("id-0").namesakes.pattern == "raid_bot_#"


@given(st.lists(st.text("ab1_", min_size=1, max_size=12), max_size=40), st.integers(1, 10))
def test_no_more_are_kept_than_said_and_groups_hold_only_those(names: list[str], kept: int) -> None:
    arrivals = arrive(*names, kept=kept)
    there = [each for number in range(len(names)) if (each := arrivals.get(f"id-{number}"))]
    assert len(there) == min(kept, len(names))
    for each in there:
        members = each.namesakes.members if each.namesakes else [each]
        assert each in members
        assert all(arrivals.get(other.chatter_id) is other for other in members)
