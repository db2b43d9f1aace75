"""The README says what the code says."""

from __future__ import annotations

import re
from pathlib import Path

from bot import app
from config.policy import FilterSet, preset_names

README = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")


def test_the_table_of_filters_is_the_filters() -> None:
    rows = [f"| `{each.name}` | {each.summary().removeprefix('Catches ')} |" for each in FilterSet().all]
    there = README.partition("| Filter |")[2].partition("\n\n")[0].splitlines()[2:]
    missing, stale = sorted({*rows} - {*there}), sorted({*there} - {*rows})
    assert not missing, "put these rows into README's table of filters:\n" + "\n".join(missing)
    assert not stale, "take these rows out of README's table of filters:\n" + "\n".join(stale)


def test_every_preset_is_named() -> None:
    assert all(f"`{name}`" in README for name in preset_names())


def test_every_command_shown_exists() -> None:
    commands = {command.name or command.callback.__name__ for command in app.registered_commands}
    groups = {group.name for group in app.registered_groups}
    shown = set(re.findall(r"chatwarden (\w+)", README))
    assert shown <= commands | groups
    assert {"demo", "run", "login", "doctor", "check", "log"} <= shown
