"""Taking back from chat: one Record, a person's latest, a nuke, a raid; and permits and raid mode by hand."""

from __future__ import annotations

import asyncio
import re
from typing import Any

from cogs.acts import act_evidence, record_act
from cogs.call import Target
from filters.types import Action, ActionKind, Message
from storage.records import Outcome, RecordQuery

POLICY = """
[filters.blocklist]
lists = []
terms = [{ text = "snarfwad", severity = 0 }, { text = "zugmonger", severity = 3 }]
[filters.self_repeat]
enabled = false
[raid]
followers_only_minutes = 0
"""


async def test_undo_lifts_the_ban_at_twitch_and_takes_the_strike(stand: Any) -> None:
    async with stand(POLICY) as bot:
        await bot.say("eve", "zugmonger")
        told = await bot.ask("maud", "!undo #1")
        assert told == "Record #1 for eve: the ban is lifted and the strike gone."
        assert bot.twitch.bans("aurora") == {}
        record = await bot.record()
        assert record.outcome is Outcome.UNDONE
        assert (await bot.records.details(1)).events[-1].actor == "maud"
        assert (await bot.ask("maud", "!strikes eve")).startswith("eve has 0 strikes")
        told = await bot.ask("aurora", "!undo #1, please")
        assert re.fullmatch(r"Record #1 is undone already, by maud \ds ago\.", told)
        assert re.search(r" It was undone by maud \ds ago\.$", await bot.ask("maud", "!why #1"))


async def test_undo_of_a_person_takes_the_latest_that_stands(stand: Any) -> None:
    async with stand(POLICY) as bot:
        await bot.say("eve", "snarfwad", ts=1_700_000_000)
        await bot.say("eve", "snarfwad", ts=1_700_000_100)
        await bot.say("ann", "snarfwad", ts=1_700_000_200)
        bot.twitch.rename("eve", "eve_again")
        for record_id in (2, 1):
            assert (await bot.ask("maud", "!undo @eve_again")).startswith(f"Record #{record_id} for eve")
        assert "nothing to undo" in await bot.ask("maud", "!undo @eve_again")
        assert (await bot.record(3)).outcome is Outcome.APPLIED


async def test_undo_alone_undoes_nothing_and_says_how(stand: Any) -> None:
    async with stand(POLICY) as bot:
        assert await bot.ask("maud", "!undo") == "There is nothing to undo."
        await bot.say("ann", "snarfwad", ts=1_700_000_000)
        await bot.say("eve", "zugmonger", ts=1_700_000_100)
        told = await bot.ask("maud", "!undo", ts=1_700_000_105)
        assert told == (
            "Nothing is undone yet. The latest that stands is Record #2: ban for eve, 5s ago. To undo it: !undo #2"
        )
        assert {(await bot.record(number)).outcome for number in (1, 2)} == {Outcome.APPLIED}


async def test_undo_of_two_at_once_undoes_none_and_words_behind_a_name_do_not_matter(stand: Any) -> None:
    async with stand(POLICY) as bot:
        await bot.say("ann", "snarfwad")
        await bot.say("eve", "snarfwad")
        told = await bot.ask("maud", "!undo @eve @ann")
        assert told == "Nothing is undone: name one at a time, as in !undo eve."
        assert "one at a time" in await bot.ask("maud", "!undo #1 #2")
        assert (await bot.ask("maud", "!undo @eve please, she was joking")).startswith("Record #2 for eve:")


async def test_what_keeps_a_person_out_comes_first(stand: Any) -> None:
    async with stand(POLICY) as bot:
        await bot.say("eve", "zugmonger", ts=1_700_000_000)
        await later_deletion(bot, bot.bot.channels[bot.twitch.add_user("aurora").id])
        assert (await bot.ask("maud", "!why eve")).startswith("Record #1: ban for eve")
        assert (await bot.ask("maud", "!undo eve")).startswith("Record #1 for eve: the ban is lifted")
        assert (await bot.ask("maud", "!why eve")).startswith("Record #2: delete for eve")
        assert (await bot.ask("maud", "!undo eve")).startswith("Record #2 for eve")


async def later_deletion(bot: Any, channel: Any) -> None:
    """A deletion recorded after what keeps the person out, as in a raid."""
    target = Target(bot.twitch.add_user("eve").id, "eve")
    message = Message("m2", 1_700_000_001_000, channel.id, channel.name, target.id, target.login, "hello")
    evidence, delete = act_evidence("delete", message), Action(ActionKind.DELETE)
    await record_act(channel, bot.records, message, delete, evidence, actor="bot", outcome=Outcome.APPLIED)


async def test_a_timeout_that_is_over_is_said_to_be(stand: Any) -> None:
    policy = POLICY + '[ladder]\nsteps = ["timeout 1s"]\nentry = [0, 0, 0, 0]\n'
    async with stand(policy) as bot:
        await bot.say("eve", "snarfwad")
        await asyncio.sleep(1.1)
        told = await bot.ask("maud", "!why #1")
        assert told.endswith("The timeout is over; the strike counts. To undo it: !undo #1")
        assert await bot.ask("maud", "!undo #1") == "Record #1 for eve: the strike is gone; the timeout was over."


async def test_undo_of_a_nuke_stops_it_and_takes_all_of_it_back(stand: Any) -> None:
    async with stand(POLICY) as bot:
        for who in ("ann", "bert", "carla", "dora", "emil", "franz", "greta", "hugo", "ida", "jan", "kim"):
            await bot.say(who, f"hello, {who} here")
        for who in ("eve", "mallory"):
            await bot.say(who, "free followers")
        await bot.ask("maud", "!nuke free followers ban")
        assert len(bot.twitch.bans("aurora")) == 2
        assert "There is no nuke of that number" in await bot.ask("maud", "!undo nuke 2")
        assert "There is no raid of that number" in await bot.ask("maud", "!undo raid 1")
        assert len(bot.twitch.bans("aurora")) == 2
        told = await bot.ask("maud", "!undo nuke 1")
        assert told == "Nuke 1: 2 Records undone, 2 lifted at Twitch."
        assert bot.twitch.bans("aurora") == {}
        assert re.fullmatch(r"Nuke 1 is undone already, by maud \ds ago\.", await bot.ask("maud", "!undo nuke"))
        await bot.say("late", "free followers")
        assert await bot.records.count(RecordQuery(filter="nuke", outcome=Outcome.UNDONE)) == 2
        assert "There was no raid here" in await bot.ask("maud", "!undo raid")


async def test_a_permit_opens_links_for_its_time(stand: Any) -> None:
    async with stand(POLICY) as bot:
        await bot.say("eve", "look at example.com", ts=1_700_000_000)
        assert await bot.ask("maud", "!permit @eve 5m", ts=1_700_000_010) == "eve may post links for 5m."
        await bot.say("eve", "look at example.com", ts=1_700_000_100)
        await bot.say("eve", "look at example.com", ts=1_700_000_400)
        records = await bot.records.list(RecordQuery(filter="links"))
        assert sorted(each.ts_ms // 1000 - 1_700_000_000 for each in records) == [0, 400]
        assert "at most 1d" in await bot.ask("maud", "!permit eve 3w")


async def test_raid_mode_is_switched_by_hand(stand: Any) -> None:
    async with stand(POLICY) as bot:
        bot.twitch.add_moderator("aurora", "gina")
        assert await bot.ask("maud", "!raid") == "No raid."
        assert (await bot.ask("maud", "!raid on")).startswith("Raid: switched on by hand.")
        assert "is on already" in await bot.ask("aurora", "!raid on")
        assert (await bot.ask("maud", "!raid off")).startswith("Raid over: 0 accounts took part.")
        assert "is off already" in await bot.ask("maud", "!raid off")
        assert [each.detail for each in await bot.bot.desk.audit.latest()] == ["off", "off", "on", "on"]
        usage = "Nothing is done; it is !raid on, !raid off or !raid status."
        assert await bot.ask("aurora", "!raid maybe") == usage
        assert await bot.ask("aurora", "!raid on friday night") == usage
        assert (await bot.ask("aurora", "!raid on")).startswith("Raid: ")
        assert await bot.ask("aurora", "!raid status please") == "Raid on: 0 accounts so far; switched on by hand."
        assert (await bot.ask("gina", "!raid stop please")).startswith("Raid over")


async def test_undo_of_a_raid_that_is_on_ends_it(stand: Any) -> None:
    async with stand(POLICY) as bot:
        await bot.ask("maud", "!raid on")
        told = await bot.ask("maud", "!undo raid")
        assert told == "Raid 1 did nothing that could be undone. Raid mode is off now."
        assert await bot.ask("maud", "!raid") == "No raid."


async def test_undo_of_an_earlier_raid_says_that_one_is_on(stand: Any) -> None:
    async with stand(POLICY) as bot:
        await bot.ask("maud", "!raid on")
        await bot.ask("maud", "!raid off")
        await bot.ask("maud", "!raid on")
        told = await bot.ask("maud", "!undo raid 1")
        assert told.endswith("Raid mode is still on, for raid 2: !raid off.")
        assert "accounts so far" in await bot.ask("maud", "!raid")
