"""What the pages tell people to type exists."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import typer.main

from bot import app
from cogs.handbook import all_commands
from config.changes import full_path

PAGES = [*sorted((Path(__file__).parents[1] / "docs").glob("*.md")), Path(__file__).parents[1] / "README.md"]
GENERATED = {"data-dictionary.md", "benchmarks.md", "console-speed.md", "evaluation.md"}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_chat_command_named_exists(page: Path) -> None:
    known = {command.name for command in all_commands()} | {alias for each in all_commands() for alias in each.aliases}
    named = set(re.findall(r"(?:^|[\s`(])!([a-z]+)", page.read_text(encoding="utf-8"), re.MULTILINE))
    assert named <= known


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_setting_a_filter_command_names_exists(page: Path) -> None:
    for path in re.findall(r"!filter (?:set|show) ([a-z_.]+)", page.read_text(encoding="utf-8")):
        assert full_path(path)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_shell_command_named_exists(page: Path) -> None:
    if page.name in GENERATED:
        pytest.skip("written by a command")
    root = typer.main.get_command(app)
    for words in re.findall(
        r"(?:^|[`\s(])chatwarden ((?:[a-z][a-z-]+ ?){1,2})", page.read_text(encoding="utf-8"), re.MULTILINE
    ):
        first, *rest = words.split()
        command = getattr(root, "commands", {}).get(first)
        if page.name != "README.md" or command is not None:
            assert command is not None, f"chatwarden {first}"
        if rest and getattr(command, "commands", None) and rest[0].isalpha():
            assert rest[0] in command.commands, f"chatwarden {first} {rest[0]}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_page_and_picture_linked_is_there(page: Path) -> None:
    links = re.findall(r"\]\((?!https?:)([^)#\s]+)", page.read_text(encoding="utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []
