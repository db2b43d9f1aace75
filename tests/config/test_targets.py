from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from config.targets import Targets, TargetsError

KPIS = (Path(__file__).parents[2] / "docs" / "kpis.md").read_text(encoding="utf-8")


def test_docs_list_every_target_with_its_default_and_meaning() -> None:
    rows = re.findall(r"^\| `((?:max|min)_\w+)` \| ([\d.]+) \| (.+) \|$", KPIS, re.MULTILINE)
    fields = Targets.model_fields
    assert [(name, float(default), meaning) for name, default, meaning in rows] == [
        (name, field.default, field.description) for name, field in fields.items()
    ]


def test_the_example_in_docs_can_be_used(tmp_path: Path) -> None:
    [example] = re.findall(r"```toml\n(.*?)```", KPIS, re.DOTALL)
    file = tmp_path / "targets.toml"
    file.write_text(example)
    targets = Targets.read(file)
    assert targets.min_precision == tomllib.loads(example)["min_precision"] != Targets().min_precision
    assert targets.min_sla == Targets().min_sla


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("min_precision = 95", "min_precision"),
        ("min_precison = 0.9", "min_precison"),
        ("min_precision = ", "write a TOML file such as"),
    ],
)
def test_what_cannot_be_is_named(tmp_path: Path, text: str, told: str) -> None:
    file = tmp_path / "targets.toml"
    file.write_text(text)
    with pytest.raises(TargetsError, match=re.escape(str(file))) as error:
        Targets.read(file)
    assert told in str(error.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(TargetsError, match="No such file"):
        Targets.read(tmp_path / "none.toml")
