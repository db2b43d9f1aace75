from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import bot
from ops.calling import called, typed

TEXT = "no such database (chatwarden demo and run make one); `chatwarden log list`"


def elsewhere(monkeypatch: pytest.MonkeyPatch, *command: str, python: tuple[str, ...] = ()) -> None:
    """This process as if called so, where the shell finds no chatwarden by itself."""
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setattr(sys, "argv", [*command])
    monkeypatch.setattr(sys, "orig_argv", [*python, *command])


@pytest.mark.parametrize(
    ("python", "command", "program"),
    [
        (("/venv/bin/python",), (".venv/bin/chatwarden", "demo"), ".venv/bin/chatwarden"),
        (("/venv/bin/python",), ("my tools/chatwarden", "demo"), "'my tools/chatwarden'"),
        (("python3", "-X", "dev"), ("bot.py", "demo", "--stay"), "python3 -X dev bot.py"),
        (("/venv/bin/python",), ("/venv/bin/pytest",), "chatwarden"),
    ],
)
def test_a_command_works_as_it_is_printed(
    monkeypatch: pytest.MonkeyPatch, python: tuple[str, ...], command: tuple[str, ...], program: str
) -> None:
    elsewhere(monkeypatch, *command, python=python)
    assert called() == program
    assert typed(TEXT) == f"no such database ({program} demo and run make one); `{program} log list`"


def test_the_name_alone_will_do_where_the_shell_finds_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    elsewhere(monkeypatch, ".venv/bin/chatwarden", "demo")
    program = tmp_path / "chatwarden"
    program.touch(mode=0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert typed(TEXT) == TEXT


@pytest.mark.parametrize("text", ["chatwarden: no", "!chatwarden nuke", "another chatwarden", "x/chatwarden demo"])
def test_what_is_no_command_of_the_shell_stays(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    elsewhere(monkeypatch, ".venv/bin/chatwarden", "demo")
    assert typed(text) == text


@pytest.mark.parametrize("arguments", [("log", "list", "--database", "absent.sqlite3"), ("log", "list", "--nonsense")])
def test_errors_and_usage_name_what_was_called(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    command = [sys.executable, bot.__file__, *arguments]
    told = subprocess.run(
        command, cwd=tmp_path, env={"PATH": "/nowhere"}, capture_output=True, text=True, timeout=60, check=False
    )
    assert told.returncode == 2, told.stderr
    assert f"{sys.executable} {bot.__file__}" in told.stderr.replace("\n", "")
