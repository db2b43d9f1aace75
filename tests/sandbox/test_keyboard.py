"""A newcomer types into the demo's chat and sees what the bot makes of it."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
from pathlib import Path

import pytest

from sandbox.keyboard import misspoken, spoken

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("line", "user", "text"),
    [
        ("eve: hello there", "eve", "hello there"),
        ("@Eve:  !why bob ", "eve", "!why bob"),
        ("good evening all", "aurora", "good evening all"),
        ("look: at https://example.com", "look", "at https://example.com"),
        ("https://example.com", "aurora", "https://example.com"),
        ("  ", "aurora", ""),
        ("two words: this", "aurora", "two words: this"),
    ],
)
def test_a_name_and_a_colon_say_who_speaks(line: str, user: str, text: str) -> None:
    assert spoken(line, "aurora") == (user, text)


@pytest.mark.parametrize(
    ("line", "advice"),
    [
        ("eve:", "eve says nothing yet"),
        ("Bjørn: hei", "Bjørn is no login name"),
        ("quit", "Ctrl-C ends the demo"),
        ("/help", "Ctrl-C ends the demo"),
        ("eve: hello", ""),
        ("two words: this", ""),
        ("https://example.com", ""),
        ("good evening :)", ""),
        (":", ""),
        ("", ""),
    ],
)
def test_what_is_hardly_meant_for_the_chat_is_told(line: str, advice: str) -> None:
    assert misspoken(line)[: len(advice) or None] == advice


async def test_what_is_typed_is_judged_and_a_mod_is_answered(tmp_path: Path) -> None:
    chat = tmp_path / "chat.jsonl"
    chat.write_text('{"ts": 1, "channel": "aurora", "user": "ada", "text": "hi"}\n')
    options = ["--replay", str(chat), "--speed", "max", "--stay", "--port", "0", "--database", str(tmp_path / "d.db")]
    demo = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bot", "demo", *options,
        cwd=ROOT, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    assert demo.stdin is not None
    assert demo.stdout is not None
    try:
        for said, seen in [
            ("", "Talk in #aurora"),
            ("eve: go kill yourself", "eve: blocklist"),
            ("eve: still here", "eve is banned or timed out"),
            ("demo_mod: !undo eve", "is lifted and the strike gone"),
        ]:
            demo.stdin.write(f"{said}\n".encode())
            async with asyncio.timeout(40):
                while seen not in (line := (await demo.stdout.readline()).decode()):
                    assert line, f"ended before: {seen}"
    finally:
        with contextlib.suppress(ProcessLookupError):
            demo.send_signal(signal.SIGINT)
        await demo.wait()
    assert demo.returncode == 0
