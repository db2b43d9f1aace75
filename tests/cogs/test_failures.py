"""What breaks unforeseen is told in the process log by kind and place, never by its text: that may quote chat."""

from __future__ import annotations

from typing import Any, NoReturn

import pytest
from structlog.testing import capture_logs

from filters.caps import Caps
from filters.history import History
from filters.types import Message

QUOTE = "eve said zugmonger"


async def _break(*_arguments: Any, **_options: Any) -> NoReturn:
    raise RuntimeError(QUOTE)


@pytest.mark.parametrize("command", ["!history @maud", "!note @maud friendly"])
async def test_a_command_that_breaks_says_so_in_chat_and_quotes_nothing_in_the_log(
    stand: Any, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    async with stand() as bot:
        for verb in ("about", "add"):
            monkeypatch.setattr(bot.bot.desk.notes, verb, _break)
        with capture_logs() as lines:
            assert "did not work" in await bot.ask("maud", command)
        [line] = [each for each in lines if each["event"] == "command_failed"]
        assert line["error"].startswith("RuntimeError at tests/cogs/test_failures.py:")
        assert QUOTE not in str(lines)


async def test_an_errand_that_breaks_is_tried_again_and_quotes_nothing(
    stand: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with capture_logs() as lines:
        monkeypatch.setattr("cogs.shadow.Shadows.visit", _break)
        async with stand() as bot:
            await bot.until(lambda: sum(each["event"] == "errand_failed" for each in lines) >= 2)
    assert QUOTE not in str(lines)


async def test_a_chore_that_ends_by_itself_is_told(stand: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cogs.modbot.keep_house", _break)
    with capture_logs() as lines:
        async with stand() as bot:
            await bot.until(lambda: any(each["event"] == "chore_ended" for each in lines))
    assert QUOTE not in str(lines)


async def test_a_filter_that_breaks_is_told_once_with_its_place_and_to_whoever_tries_a_line(
    stand: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail_on_quotes(_self: Caps, message: Message, _history: History) -> None:
        return {}[message.text] if QUOTE in message.text else None

    monkeypatch.setattr(Caps, "check", fail_on_quotes)
    async with stand() as bot:
        with capture_logs() as lines:
            await bot.say("ann", QUOTE)
            await bot.say("ann", f"{QUOTE} again")
            answer = await bot.ask("aurora", f"!filter test {QUOTE}")
        [line] = [each for each in lines if each["event"] == "filter_failed"]
        assert line["filter"] == "caps"
        assert line["error"].startswith("KeyError at tests/cogs/test_failures.py:")
        assert QUOTE not in str(lines)
        assert "no other filter minds it" in answer
        assert answer.endswith("caps failed on this line; the bot's log says why.")
        assert "failed" not in await bot.ask("aurora", "!filter test good evening")
