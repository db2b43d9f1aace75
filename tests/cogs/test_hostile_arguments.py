"""Every command, given what nobody should give it: one answer each, in one line, and nothing breaks."""

from __future__ import annotations

from typing import Any

import pytest

from cogs.answers import LONGEST
from cogs.handbook import all_commands

POLICY = """
[grants]
streamer_roles = ["vip"]
[filters.blocklist]
lists = []
terms = [{ text = "snarfwad" }]
[filters.flood]
enabled = false
"""


@pytest.mark.parametrize(
    "argument",
    [
        "x" * 470,
        "@" + "x" * 400 + " y",
        "#99999999999999999999",
        "“it's” \"quoted 'half ” \\",
        "\u202egnirts \u200b\u2066 ｅ́́́́ 👩‍👩‍👧 \x07",
        "snarfwad www.example.com @maud /ban !ban",
        "-1 0 1e999 nan null None {} [] %s {0}",
        "٣ ² Ⅷ",
    ],
    ids=["long", "long name", "huge number", "quotes", "invisible", "unsayable", "numbers", "odd digits"],
)
async def test_a_hostile_argument_gets_one_presentable_answer(stand: Any, argument: str) -> None:
    async with stand(POLICY) as bot:
        for number, command in enumerate(all_commands()):
            asker = f"vip_{number}"
            bot.twitch.add_vip("aurora", asker)
            bot.twitch.add_moderator("aurora", asker)
            text = f"!{command.qualified_name} {argument}"[:500]
            if number % 15 == 14:  # answers have their rate; a new bot has its own
                bot.bot.desk.answers._channels.clear()
            told = await bot.ask(asker, text)
            assert "That did not work" not in told, text
            assert len(told) <= LONGEST
            assert "snarfwad" not in told
            assert "example.com" not in told.partition(" Example: ")[0]
            assert "@" not in told
            for running in list(bot.bot.desk.nukes.values()):
                await running.give_way()
        assert bot.twitch.warnings("aurora") == []
