from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bot import app

WHOLE = gzip.compress(b"hello\n" * 100, mtime=0)


@pytest.mark.parametrize("content", [b"hello\n", WHOLE[:-12], WHOLE[:12] + b"\xff" * 20])
def test_what_is_no_whole_gzip_is_told(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "chat.gz"
    file.write_bytes(content)
    result = CliRunner().invoke(app, ["check", str(file)])
    assert result.exit_code == 2
    assert f"{file}: not gzip, or damaged" in result.stderr


def test_json_too_deep_to_read_is_told_with_its_line() -> None:
    result = CliRunner().invoke(app, ["check", "--jsonl"], input="[" * 100_000)
    assert result.exit_code == 2
    assert "-:1: not JSON" in result.stderr


def test_a_list_of_terms_cannot_steer_the_terminal(tmp_path: Path) -> None:
    terms = tmp_path / "terms.txt"
    terms.write_text("worse\x1b[2J\nworse\x1b[2J\n", encoding="utf-8")
    result = CliRunner().invoke(app, ["check", "--terms", str(terms)], input="hello\n")
    assert result.exit_code == 0
    assert "\x1b" not in result.stderr
    assert f"{terms}:2" in result.stderr
