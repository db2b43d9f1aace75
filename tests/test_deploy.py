from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from typer.main import get_command

from bot import BAD_INPUT, app
from config.settings import PREFIX, SHARED, Settings

ROOT = Path(__file__).parents[1]
HOSTED = [ROOT / "deploy" / "Containerfile", ROOT / "docs" / "hosting.md", ROOT / "README.md"]


@pytest.mark.parametrize("file", HOSTED, ids=lambda file: file.name)
def test_every_setting_named_for_hosts_exists(file: Path) -> None:
    named = set(re.findall(rf"{PREFIX}([A-Z_]+)", file.read_text(encoding="utf-8")))
    assert named
    assert {name.lower() for name in named} <= set(Settings.model_fields) | {
        each.removeprefix(PREFIX).lower() for each in SHARED
    }


def test_the_unit_does_not_restart_on_bad_settings() -> None:
    unit = (ROOT / "deploy" / "chatwarden.service").read_text(encoding="utf-8")
    assert f"RestartPreventExitStatus={BAD_INPUT}" in unit.splitlines()


UNITS = sorted(path for path in (ROOT / "deploy").iterdir() if path.suffix in (".service", ".timer"))


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_every_unit_runs_a_command_there_is_and_a_timer_its_service(unit: Path) -> None:
    text = unit.read_text(encoding="utf-8")
    groups = get_command(app).commands  # type: ignore[attr-defined]
    if unit.suffix == ".timer":
        assert unit.with_suffix(".service") in UNITS
        return
    [words] = re.findall(r"^ExecStart=.*/bin/chatwarden ([\w -]+)", text, re.MULTILINE)
    names = words.split()
    command = groups[names[0]]
    if hasattr(command, "commands"):
        assert names[1] in command.commands
    assert {"UMask=0077", "NoNewPrivileges=yes", "ProtectSystem=strict", "User=chatwarden"} <= set(text.splitlines())


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs systemd")
@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_systemd_understands_every_line_of_every_unit(unit: Path, tmp_path: Path) -> None:
    for each in UNITS:
        text = each.read_text(encoding="utf-8").replace("/opt/chatwarden/.venv/bin/chatwarden", "/bin/true")
        (tmp_path / each.name).write_text(text)
    told = subprocess.run(
        ["systemd-analyze", "verify", str(tmp_path / unit.name)], capture_output=True, text=True, check=False
    )
    assert [line for line in told.stderr.splitlines() if "chatwarden" in line] == []


def test_the_bots_folder_is_its_own() -> None:
    unit = (ROOT / "deploy" / "chatwarden.service").read_text(encoding="utf-8")
    assert "StateDirectoryMode=0700" in unit.splitlines()
