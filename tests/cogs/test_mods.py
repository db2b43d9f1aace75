"""The moderators' commands, asked in a sandbox chat."""

from __future__ import annotations

import re
from typing import Any

from cogs.handbook import all_commands
from filters.types import ActionKind
from storage.records import Outcome

POLICY = """
[filters.blocklist]
lists = []
terms = [
    { text = "snarfwad", severity = 0, category = "profanity" },
    { text = "zugmonger", severity = 3 },
]
"""


async def test_why_tells_rule_masked_piece_and_strikes_and_never_the_word(stand: Any) -> None:
    async with stand(POLICY) as bot:
        await bot.say("eve", "you s n a r f w a d fool")
        told = await bot.ask("maud", "!why")
        assert "Record #1: delete for eve" in told
        assert "blocklist (profanity), a listed word (spacing) in “• • • • • • • •”, 97% sure" in told
        assert told.endswith("0 strikes before. It stands. To undo it: !undo #1")
        assert "snarfwad" not in told
        assert "@eve" not in told
        assert await bot.ask("maud", "!why #1") == await bot.ask("maud", "!why @eve") == told


async def test_strikes_count_what_stands_and_say_what_is_next(stand: Any) -> None:
    async with stand(POLICY) as bot:
        await bot.say("eve", "snarfwad", ts=1_700_000_000)
        told = await bot.ask("maud", "!strikes eve", ts=1_700_000_300)
        assert told.startswith("eve has 1 strike within 30d, the last 5m ago.")
        assert "low warn" in told
        await bot.say("mia", "hello", ts=1_700_000_000)
        assert (await bot.ask("maud", "!strikes @mia")).startswith("mia has 0 strikes")


async def test_a_note_is_counted_in_chat_and_not_shown(stand: Any) -> None:
    async with stand(POLICY) as bot:
        await bot.say("eve", "hello")
        assert (
            await bot.ask("maud", "!note @eve asks for addresses")
            == "Noted about eve; the console shows it on their page."
        )
        told = await bot.ask("maud", "!history @eve")
        assert told == "eve: no Record in this channel, 1 note."
        [note] = await bot.bot.desk.notes.about(bot.twitch.add_user("aurora").id, bot.twitch.add_user("eve").id)
        assert (note.author, note.text) == ("maud", "asks for addresses")
        [deed] = await bot.bot.desk.audit.latest()
        assert (deed.actor, deed.role, deed.verb, deed.allowed) == ("maud", "moderator", "note", True)
        assert "eve" not in deed.subject + deed.detail


async def test_a_warning_is_recorded_under_the_moderators_name_and_at_the_time_of_the_command(stand: Any) -> None:
    async with stand(POLICY) as bot:
        await bot.say("eve", "snarfwad", ts=1_700_000_000)
        await bot.say("eve", "the butler did it", ts=1_700_000_010)
        for second in range(20, 26):
            await bot.say("ann", f"line {second}", ts=1_700_000_000 + second)
        assert await bot.ask("maud", "!warn @eve no spoilers please", ts=1_700_000_200) == (
            "eve is warned, Record #2. To take the strike back: !undo #2"
        )
        record = await bot.record(2)
        assert (record.actor, record.action.kind, record.outcome) == ("maud", ActionKind.WARN, Outcome.APPLIED)
        assert (record.ts_ms, record.strikes, record.text) == (1_700_000_200_000, 1, "")
        details = await bot.records.details(2)
        assert details.context[0].text == "the butler did it"
        assert details.evidence[0].span == (0, 0)
        [warning] = bot.twitch.warnings("aurora")
        assert warning.reason == "no spoilers please (#2)"
        assert bot.twitch.deleted("aurora") == {record.message_id for record in [await bot.record(1)]}
        told = await bot.ask("maud", "!why eve", ts=1_700_000_205)
        assert "warn for eve, 5s ago, by maud." in told
        assert (await bot.ask("maud", "!undo #2")) == (
            "Record #2 for eve: the strike is gone; the warning they saw cannot be taken back."
        )


async def test_whom_twitch_lets_nobody_warn_is_told_and_not_recorded(stand: Any) -> None:
    async with stand(POLICY) as bot:
        bot.twitch.add_moderator("aurora", "mike")
        await bot.say("mike", "hello")
        for who, why in (("mike", "a moderator"), ("maud", "a moderator"), ("aurora", "the streamer")):
            told = await bot.ask("maud", f"!warn @{who} behave")
            assert told == f"{who} is not warned: Twitch takes no warning for {why}."
        bot_login = next(user.login for user in bot.twitch.world.users.values() if user.id == bot.bot.bot_id)
        assert "for the bot." in await bot.ask("aurora", f"!warn @{bot_login} behave")
        assert await bot.records.last_id() == 0


async def test_a_moderator_the_bot_has_not_met_is_not_warned_and_the_record_says_why(stand: Any) -> None:
    async with stand(POLICY) as bot:
        bot.twitch.add_moderator("aurora", "mike")
        told = await bot.ask("maud", "!warn @mike behave")
        assert told.startswith("mike is not warned; Twitch says: 400")
        assert ".." not in told
        assert (await bot.record()).outcome is Outcome.FAILED


async def test_history_sums_up_what_bot_and_people_did(stand: Any) -> None:
    async with stand(POLICY) as bot:
        await bot.say("eve", "snarfwad")
        await bot.ask("maud", "!warn eve calm down")
        told = await bot.ask("maud", "!history eve")
        assert told.startswith("eve: 2 Records (1 warn, 1 delete; 0 undone, 1 by people), 0 notes. Latest: #2, warn")


async def test_what_is_missing_is_told_with_an_example(stand: Any) -> None:
    async with stand(POLICY) as bot:
        assert await bot.ask("maud", "!strikes") == "Say whom you mean. Example: !strikes name"
        assert "a warning gives a reason" in await bot.ask("maud", "!warn @maud")
        assert "no login name" in await bot.ask("maud", "!history @" + "x" * 490)


async def test_an_example_is_given_where_the_form_was_wrong_and_names_no_real_record(stand: Any) -> None:
    async with stand(POLICY) as bot:
        nobody = "There is nobody of that name at Twitch or in the log."
        assert await bot.ask("maud", "!history @nobody_at_all") == nobody
        for number in ("#7", "#" + "9" * 20, "9" * 400):
            told = await bot.ask("aurora", f"!why {number}")
            assert told == "There is no Record of that number in this channel."
        assert await bot.ask("maud", "!why #-1") == "A Record is named by its number. Example: !why #record"
    assert not any(re.search(r"#\d", command.extras["example"]) for command in all_commands())


async def test_the_commands_one_may_use_are_listed(stand: Any) -> None:
    async with stand(POLICY) as bot:
        told = await bot.ask("maud", "!chatwarden")
        assert "why, strikes, history, note, warn" in told
        assert "Keep a note about a chatter" in await bot.ask("maud", "!chatwarden note")
