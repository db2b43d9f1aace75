"""The commands as they are written down are the commands there are."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from cogs.call import UsageError
from cogs.handbook import all_commands, command_table
from cogs.permissions import Rank
from cogs.plan import Plan

README = Path(__file__).parents[2] / "README.md"


def test_the_readme_has_the_table_of_commands() -> None:
    assert command_table() in README.read_text(encoding="utf-8"), "run: python -m cogs.handbook, and put it in README"


@pytest.mark.parametrize("command", list(all_commands()), ids=lambda each: str(each.qualified_name))
def test_every_command_says_for_whom_it_is_what_it_does_and_how_it_goes(command: object) -> None:
    extras = command.extras  # type: ignore[attr-defined]
    assert extras["rank"] in (Rank.MODERATOR, Rank.STREAMER)
    assert extras["example"].startswith(command.qualified_name)  # type: ignore[attr-defined]
    assert command.callback.__doc__.splitlines()[0].endswith(".")  # type: ignore[attr-defined]


def test_the_nukes_example_can_be_read() -> None:
    [nuke] = [each for each in all_commands() if each.name == "nuke"]
    try:
        plan = Plan.parse(nuke.extras["example"].split()[1:])
    except UsageError as error:
        pytest.fail(str(error))
    assert (plan.needle.text, plan.back_s, plan.dry) == ("free followers", 600, True)


def test_the_nukes_of_the_moderators_page_can_be_read() -> None:
    page = (README.parent / "docs" / "mods.md").read_text(encoding="utf-8")
    nukes = re.findall(r"^!nuke (.+?)(?:  .*)?$", page, re.MULTILINE) + re.findall(r"`!nuke (.+?)`", page)
    plans = {words: Plan.parse(words.split()) for words in nukes if words not in ("stop",)}
    assert len(plans) >= 3
    assert {plan.dry for words, plan in plans.items() if "dry" in words.split()} == {True}
