"""What the bot answers to slips: a mistyped command, too many of them, a name it cannot read. And what it lets be."""

from __future__ import annotations

from typing import Any

from storage.records import RecordQuery

FLOOD = """
[filters.flood]
max_messages = 2
"""


async def test_commands_of_moderators_are_no_flood_and_no_record(stand: Any) -> None:
    async with stand(FLOOD) as bot:
        for _ in range(5):
            await bot.ask("maud", "!strikes eve")
        await bot.say("maud", "!notours but of some other bot")
        assert await bot.records.list(RecordQuery()) == []
        for _ in range(3):
            await bot.say("eve", "!strikes eve")
        [record] = await bot.records.list(RecordQuery())
        assert (record.chatter, record.filter) == ("eve", "flood")


async def test_a_moderators_listed_word_in_a_line_that_is_no_command_is_still_seen(stand: Any) -> None:
    async with stand('[filters.blocklist]\nterms = [{ text = "snarfwad" }]') as bot:
        await bot.say("maud", "!notours snarfwad")
        await bot.say("maud", "!note eve snarfwad")
        [record] = await bot.records.list(RecordQuery())
        assert record.text == "!notours snarfwad"


async def test_a_slip_in_a_command_is_told_to_moderators_alone(stand: Any) -> None:
    async with stand() as bot:
        assert await bot.ask("maud", "!udno #3") == "Did you mean !undo?"
        assert await bot.ask("maud", "!hstory eve") == "Did you mean !history?"
        for line in ("!uptime", "!who", "!undoing"):
            await bot.say("maud", line)
        await bot.say("eve", "!udno #3")
        assert len(bot.twitch.sent("aurora")) == 2


async def test_too_many_commands_are_told_once(stand: Any) -> None:
    async with stand() as bot:
        for _ in range(8):
            assert "left alone" in await bot.ask("maud", "!strikes maud")
        assert (await bot.ask("maud", "!note eve mind her")).startswith("Not done, and nothing more for a moment: 8")
        await bot.say("maud", "!note eve mind her")
        assert "left alone" in await bot.ask("aurora", "!strikes aurora")
        assert len(bot.twitch.sent("aurora")) == 10


async def test_a_name_that_is_none_and_a_number_that_is_none_are_told_apart(stand: Any) -> None:
    async with stand() as bot:
        assert (await bot.ask("maud", "!strikes Bjørn")).startswith("That is no login name: those have a-z, 0-9 and _")
        assert (await bot.ask("maud", "!why #-1")).startswith("A Record is named by its number.")
        assert "There is no Record of that number" in await bot.ask("maud", "!why #999999999999999999")
        for command in ("!warn", "!note", "!permit", "!strikes", "!history"):
            bot.bot.desk._paces.clear()
            assert (await bot.ask("maud", command)).startswith("Say whom you mean.")


async def test_who_is_left_alone_has_no_next_step(stand: Any) -> None:
    async with stand() as bot:
        bot.twitch.add_vip("aurora", "vera")
        await bot.say("vera", "hello")
        await bot.say("maud", "hello")
        for who, why in (("maud", "moderator"), ("aurora", "streamer"), ("vera", "vip")):
            assert await bot.ask("maud", f"!strikes {who}") == f"{who} is left alone: {why}."


async def test_a_permit_ends_when_it_is_taken_back(stand: Any) -> None:
    async with stand("[filters.links]\nenabled = true") as bot:
        await bot.say("eve", "hello")
        assert await bot.ask("maud", "!permit eve 5m") == "eve may post links for 5m."
        await bot.say("eve", "look at shop.example.com")
        assert await bot.ask("maud", "!permit eve off") == "eve may post no links any more."
        await bot.say("eve", "look at shop.example.com")
        assert [each.filter for each in await bot.records.list(RecordQuery())] == ["links"]


async def test_the_word_that_cannot_be_listed_is_masked_and_the_sentence_is_not(stand: Any) -> None:
    async with stand() as bot:
        told = await bot.ask("aurora", "!block add e")
        assert told.startswith("That cannot be listed: it is one letter")
