from __future__ import annotations

import re
from pathlib import Path

import pytest

from bot import BAD_INPUT
from config.settings import PREFIX, Settings

ROOT = Path(__file__).parents[1]
HOSTED = [ROOT / "deploy" / "Containerfile", ROOT / "docs" / "hosting.md", ROOT / "README.md"]


@pytest.mark.parametrize("file", HOSTED, ids=lambda file: file.name)
def test_every_setting_named_for_hosts_exists(file: Path) -> None:
    named = set(re.findall(rf"{PREFIX}([A-Z_]+)", file.read_text(encoding="utf-8")))
    assert named
    assert {name.lower() for name in named} <= set(Settings.model_fields)


def test_the_unit_does_not_restart_on_bad_settings() -> None:
    unit = (ROOT / "deploy" / "chatwarden.service").read_text(encoding="utf-8")
    assert f"RestartPreventExitStatus={BAD_INPUT}" in unit.splitlines()
