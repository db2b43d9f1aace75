"""Lines that cannot be judged, filters that break, and what lines of JSON say."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bot import app
from filters.history import History
from filters.types import Message
from filters.zalgo import Zalgo

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


def test_a_filter_that_breaks_is_told_with_each_line_and_once_to_the_person(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail_on_quotes(_self: Zalgo, message: Message, _history: History) -> None:
        return {}[message.text] if "zugmonger" in message.text else None

    monkeypatch.setattr(Zalgo, "check", fail_on_quotes)
    result = CliRunner().invoke(app, ["check"], input="hello\nzugmonger\nzugmonger!\n")
    fine, *broken = map(json.loads, result.stdout.splitlines())
    assert "failed_filters" not in fine
    for line in broken:
        assert line["failed_filters"]["zalgo"].startswith("KeyError at tests/ops/test_check.py:")
    [told] = result.stderr.splitlines()
    assert told.startswith("-:2: zalgo failed: KeyError at tests/ops/test_check.py:")


def test_lines_of_nobody_in_particular_are_strangers_to_each_other() -> None:
    lines = "".join(json.dumps({"ts": n, "text": "what a lovely evening it is"[n:]}) + "\n" for n in range(12))
    result = CliRunner().invoke(app, ["check", "--jsonl"], input=lines)
    assert [json.loads(line)["action"] for line in result.stdout.splitlines()] == ["none"] * 12


def test_lines_of_one_chatter_in_time_show_what_one_line_cannot() -> None:
    lines = "".join(json.dumps({"ts": n / 10, "user": "eve", "text": "abcdefgh"[:n]}) + "\n" for n in range(1, 9))
    result = CliRunner().invoke(app, ["check", "--jsonl"], input=lines)
    assert "flood" in [each["filter"] for each in json.loads(result.stdout.splitlines()[-1])["evidence"]]


def test_a_mistyped_key_is_told_with_those_there_are() -> None:
    result = CliRunner().invoke(app, ["check", "--jsonl"], input='{"text": "hi"}\n{"text": "hi", "chatter": "eve"}\n')
    assert result.exit_code == 2
    assert "-:2: 'chatter' is unknown (a line has text, ts, channel, user)" in result.stderr
