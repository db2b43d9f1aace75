"""Taking back from chat: one Record, a person's latest, a nuke, a raid; and permits and raid mode by hand."""

from __future__ import annotations

from typing import Any

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
        assert "is undone already" in await bot.ask("maud", "!undo 1")


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
        assert (await bot.ask("maud", "!undo")).startswith("Record #3 for ann")


async def test_undo_of_a_nuke_stops_it_and_takes_all_of_it_back(stand: Any) -> None:
    async with stand(POLICY) as bot:
        for who in ("ann", "bert", "carla", "dora", "emil", "franz", "greta", "hugo", "ida", "jan", "kim"):
            await bot.say(who, f"hello, {who} here")
        for who in ("eve", "mallory"):
            await bot.say(who, "free followers")
        await bot.ask("maud", "!nuke free followers ban")
        assert len(bot.twitch.bans("aurora")) == 2
        await bot.twitch.say("aurora", "maud", "!undo nuke")
        await bot.until(lambda: any("2 lifted at Twitch" in line.text for line in bot.twitch.sent("aurora")))
        assert bot.twitch.bans("aurora") == {}
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
        assert await bot.ask("maud", "!raid") == "No raid."
        assert (await bot.ask("maud", "!raid on")).startswith("Raid: switched on by hand.")
        assert "is on already" in await bot.ask("aurora", "!raid on")
        assert (await bot.ask("maud", "!raid off")).startswith("Raid over: 0 accounts took part.")
        assert "is off already" in await bot.ask("maud", "!raid off")
        assert [each.detail for each in await bot.bot.desk.audit.latest()] == ["off", "off", "on", "on"]
        assert "on or off" in await bot.ask("aurora", "!raid maybe")


async def test_undo_of_a_raid_that_is_on_ends_it(stand: Any) -> None:
    async with stand(POLICY) as bot:
        await bot.ask("maud", "!raid on")
        await bot.twitch.say("aurora", "maud", "!undo raid")
        await bot.until(lambda: len(bot.twitch.sent("aurora")) == 3)
        told = sorted(line.text for line in bot.twitch.sent("aurora")[1:])
        assert [line.partition(":")[0] for line in told] == ["Raid over", "The raid 1"]
        assert await bot.ask("maud", "!raid") == "No raid."
