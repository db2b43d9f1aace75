"""Which tests answer for which module when it is broken on purpose."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
import typer

from benchmarks import mutants
from benchmarks.mutants import SCENARIOS, answering, main, modules


@pytest.mark.parametrize("module", modules())
def test_every_module_has_tests_that_answer_for_it(module: str) -> None:
    assert [each for each in answering(module) if each != SCENARIOS]


def test_a_part_answers_to_the_tests_of_the_whole_too() -> None:
    assert answering("filters/addresses.py") == [
        "tests/filters/test_addresses.py",
        "tests/filters/test_links.py",
    ]
    matcher = [f"tests/filters/test_{name}.py" for name in ("lexicon", "spelling", "spelt_out", "phrases", "index")]
    assert answering("filters/words.py") == matcher
    assert answering("filters/tables.py") == ["tests/filters/test_tables.py", *matcher]
    assert answering("filters/phrases.py")[0] == "tests/filters/test_phrases.py"
    assert answering("filters/caps.py") == ["tests/filters/test_caps.py", SCENARIOS]
    assert answering("storage/records.py") == ["tests/storage/test_records.py"]


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A filter and its test, committed."""
    for name in ("filters/caps.py", "tests/filters/test_caps.py"):
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).write_text("")
    git = ["git", "-c", "user.name=ann", "-c", "user.email=ann@example.org"]
    for words in (["init", "-q"], ["add", "."], ["commit", "-qm", "Add caps"]):
        subprocess.run([*git, *words], cwd=tmp_path, check=True)
    monkeypatch.setattr(mutants, "ROOT", tmp_path)
    return tmp_path


@pytest.mark.parametrize("changed", ["filters/caps.py", "tests/filters/test_caps.py"])
def test_what_is_not_as_last_committed_is_refused_before_anything_is_measured(checkout: Path, changed: str) -> None:
    assert mutants.uncommitted("filters/caps.py") == []
    (checkout / changed).write_text("changed = True\n")
    with pytest.raises(typer.BadParameter, match=f"^the last commit is measured, without {changed}: commit first$"):
        main(["filters/caps.py"])


def test_a_module_that_is_new_or_not_there_is_refused_too(checkout: Path) -> None:
    (checkout / "filters/shouting.py").write_text("")
    with pytest.raises(typer.BadParameter, match=r"without filters/shouting\.py: commit first"):
        main(["filters/shouting.py"])
    with pytest.raises(typer.BadParameter, match=r"^filters/shoutng\.py: no such file"):
        main(["filters/caps.py", "filters/shoutng.py"])
