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
        ("botty1", "botty2222"),
        ("freefloor", "xreefloor"),  # one letter in five
        ("freeviewer", "xreeviewex"),
        ("thegreatestviewerbots", "xhegreatestxiewxrbots"),
        ("viewbots12", "wiewbots3"),  # with digits one in eight
        ("thebigviewrobots1", "xhebigviewrobotz2"),
        ("viewmastabcdefgh", "viewmastzyxwvuts"),  # half of the name is its beginning
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
        ("bott1", "bott2222"),
        ("freefloor", "xreefloox"),
        ("thegreatestviewerbots", "xhegreatestxiewxrboxs"),
        ("viewbot12", "wiewbot3"),
        ("thebigviewrobot1", "xhebigviewroboz2"),
        ("free_viewers", "freeviewer12"),
        ("freeviewer12", "free_viewers"),
        ("viewmastabcdefgh", "viewmastzyxwvutsr"),
        ("viewmaszyxwvut", "viewmasabcdefg"),
    ],
)
def test_names_alike_by_chance_do_not(one: str, other: str) -> None:
    assert arrive(one, other).get("id-1").namesakes is None


def test_who_is_like_two_belongs_to_the_greater_group() -> None:
    arrivals = arrive("freeviewyy", "xxeeviewer", "xxeeviewes", "freeviewer")
    assert arrivals.get("id-0").namesakes is None
    assert [each.name for each in arrivals.get("id-3").namesakes.members] == ["xxeeviewer", "xxeeviewes", "freeviewer"]


def test_who_is_forgotten_is_like_nobody_any_more() -> None:
    arrivals = arrive("freeviewers", "moonwalker", "freeviewerz", "freeviewerx", kept=2)
    assert [each.name for each in arrivals.get("id-3").namesakes.members] == ["freeviewerz", "freeviewerx"]
    assert arrivals.get("id-1") is None


def test_namesakes_are_asked_for_by_when_they_came() -> None:
    namesakes = arrive("raid_bot_1", "raid_bot_2", "raid_bot_3").get("id-0").namesakes
    assert [each.ts_ms for each in namesakes.since(0)] == [1, 2]


def test_who_has_come_stays_as_they_came() -> None:
    arrivals = arrive("raid_bot_1", "raid_bot_2")
    arrivals.observe(Arrival(9, "id-1", "m9", "raid_bot_2"))
    assert [each.message_id for each in arrivals.get("id-1").namesakes.members] == ["m0", "m1"]


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
