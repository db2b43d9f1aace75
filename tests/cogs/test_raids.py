"""Raid mode through the real bot: a raid is seen, acted on as one group, ends by itself and is undone as one."""

from __future__ import annotations

import asyncio
import random
from typing import Any

import pytest

from filters.types import ActionKind
from sandbox.faults import Fault
from storage.groups import Groups
from storage.records import Outcome, RecordQuery

START_S = 1_767_225_600.0
REGULARS = "moonly cattea foxheart skysmith teabag_o lunabee quietfrog oldpine".split()
THREAT = "you are all trash, go watch somebody who can play"
QUIET = "[filters.copy_paste]\nenabled = false\n[filters.username_lookalike]\nenabled = false\n[filters.self_repeat]\nenabled = false\n"


def channel_id(at: Any) -> str:
    return next(iter(at.bot.channels))


async def small_talk(at: Any, begin_s: float, lines: int, every_s: float = 1.0) -> float:
    """Regulars talk; returns the time after it, in seconds since the start."""
    for number in range(lines):
        text = ("nice one", "what was that", "he should go left", "this map again", "no way")[number % 5]
        await at.say(REGULARS[number % len(REGULARS)], text, ts=START_S + begin_s + number * every_s)
    return begin_s + lines * every_s


def odd(number: int) -> str:
    """A name like no other."""
    pick = random.Random(number)
    return "".join(pick.choice("abcdefghijklmnopqrstuvwxyz") for _ in range(pick.randint(6, 14)))


async def raid(at: Any, begin_s: float, accounts: int) -> None:
    for number in range(accounts):
        await at.say(odd(number), THREAT, ts=START_S + begin_s + number * 0.05)


async def said(at: Any, count: int) -> list[str]:
    await at.until(lambda: len(at.twitch.sent("aurora")) >= count)
    return [line.text for line in at.twitch.sent("aurora")]


async def test_a_raid_is_one_group_of_deletions_told_once_and_undone_as_one(stand: Any) -> None:
    async with stand(QUIET) as at:
        now_s = await small_talk(at, 0, 60)
        await raid(at, now_s, 30)
        [told] = await said(at, 1)
        assert told.startswith("Raid: ")
        assert "followers-only (10 min)" in told
        settings = at.twitch.world.channel("aurora").settings
        assert (settings.follower_mode, settings.follower_mode_duration) == (True, 10)

        records = await at.records.list(RecordQuery(filter="raid", limit=None))
        assert len(records) == 30
        assert {record.action.kind for record in records} == {ActionKind.DELETE}
        await at.bot.drain()
        assert len(at.twitch.deleted("aurora")) == 30
        [group] = await Groups(at.bot.desk.database).latest(channel_id(at))
        assert (group.kind, group.records, group.actor) == ("raid", 30, "bot")

        await at.say(REGULARS[0], "what a night", ts=START_S + now_s + 400)
        over = (await said(at, 2))[1]
        assert over.startswith("Raid over: 30 accounts took part. Chat modes are as before.")
        assert at.twitch.world.channel("aurora").settings.follower_mode is False

        undone = await at.bot.desk.undo.group(group.id, actor="maud")
        assert (undone.undone, undone.failed) == (30, 0)
        outcomes = {record.outcome for record in await at.records.list(RecordQuery(filter="raid", limit=None))}
        assert outcomes == {Outcome.UNDONE}
        assert (await at.bot.desk.undo.group(group.id, actor="maud")).undone == 0


async def test_whoever_is_banned_in_a_raid_is_let_back_in_by_undo(stand: Any) -> None:
    async with stand(QUIET + '[raid]\nmember_action = "ban"\nfollowers_only_minutes = 0\nslow_s = 30\n') as at:
        now_s = await small_talk(at, 0, 60)
        await raid(at, now_s, 12)
        await said(at, 1)
        await at.bot.drain()
        assert len(at.twitch.bans("aurora")) == 12
        assert at.twitch.world.channel("aurora").settings.slow_mode_wait_time == 30
        [group] = await Groups(at.bot.desk.database).latest(channel_id(at))
        undone = await at.bot.desk.undo.group(group.id, actor="maud")
        assert (undone.undone, undone.lifted, undone.failed) == (12, 12, 0)
        assert at.twitch.bans("aurora") == {}


@pytest.mark.parametrize("every_s", [2.0, 4.0])
async def test_who_was_timed_out_for_the_name_before_it_showed_belongs_to_the_raid(stand: Any, every_s: float) -> None:
    policy = "[filters.copy_paste]\nenabled = false\n[raid]\nfollowers_only_minutes = 0\n"
    async with stand(policy) as at:
        now_s = await small_talk(at, 0, 20, every_s=3.0)
        for number in range(16):
            words = f"line {odd(number)} {odd(number + 100)}"
            ts = START_S + now_s + number * every_s if number < 8 else START_S + now_s + 7 * every_s + number * 0.1
            await at.say(f"hoss00312_{number:04}", words, ts=ts)
        await said(at, 1)
        await at.bot.drain()
        [group] = await Groups(at.bot.desk.database).latest(channel_id(at))
        by_name = await at.records.list(RecordQuery(filter="username_lookalike"))
        assert by_name
        timed_out = await at.records.list(RecordQuery(action=ActionKind.TIMEOUT))
        assert {each.id for each in timed_out} <= set(await at.bot.desk.groups.members(group.id))
        assert at.twitch.bans("aurora")
        await at.bot.desk.undo.group(group.id, actor="maud")
        assert at.twitch.bans("aurora") == {}


async def test_the_viewers_a_streamer_sends_may_greet(stand: Any) -> None:
    async with stand(QUIET) as at:
        now_s = await small_talk(at, 0, 60)
        await at.twitch.raid("borealis", "aurora", 200)
        await asyncio.sleep(0.05)
        for number in range(40):
            await at.say(odd(number), "BOREALIS RAID hello everybody", ts=START_S + now_s + number * 0.1)
        assert await at.records.list(RecordQuery(filter="raid")) == []
        assert at.twitch.sent("aurora") == []


async def test_staff_who_play_along_are_left_alone(stand: Any) -> None:
    async with stand(QUIET) as at:
        now_s = await small_talk(at, 0, 60)
        await raid(at, now_s, 15)
        await at.say("maud", THREAT, ts=START_S + now_s + 2)
        await at.say("aurora", THREAT, ts=START_S + now_s + 2)
        await said(at, 1)
        chatters = {record.chatter for record in await at.records.list(RecordQuery(filter="raid", limit=None))}
        assert chatters
        assert not chatters & {"maud", "aurora"}


async def test_in_dry_run_a_raid_is_only_recorded(stand: Any) -> None:
    async with stand("dry_run = true\n" + QUIET) as at:
        now_s = await small_talk(at, 0, 60)
        await raid(at, now_s, 12)
        [told] = await said(at, 1)
        assert "Dry run" in told
        records = await at.records.list(RecordQuery(filter="raid", limit=None))
        assert {record.outcome for record in records} == {Outcome.DRY_RUN}
        assert at.twitch.world.channel("aurora").settings.follower_mode is False
        assert at.twitch.enforcements == []


async def test_chat_modes_people_changed_meanwhile_stay_theirs(stand: Any) -> None:
    async with stand(QUIET) as at:
        now_s = await small_talk(at, 0, 60)
        await raid(at, now_s, 12)
        await said(at, 1)
        settings = at.twitch.world.channel("aurora").settings
        settings.follower_mode_duration = 1_440
        await at.say(REGULARS[0], "what a night", ts=START_S + now_s + 400)
        await said(at, 2)
        assert (settings.follower_mode, settings.follower_mode_duration) == (True, 1_440)


async def test_a_restart_in_a_raid_puts_the_chat_modes_back(stand: Any) -> None:
    async with stand(QUIET) as at:
        now_s = await small_talk(at, 0, 60)
        await raid(at, now_s, 12)
        await said(at, 1)
    async with stand(QUIET) as at:
        settings = at.twitch.world.channel("aurora").settings
        await at.until(lambda: not at.twitch.world.channel("aurora").settings.follower_mode)
        assert settings.follower_mode is False
        [group] = await Groups(at.bot.desk.database).latest(channel_id(at))
        assert group.ended_ms is not None


async def test_mods_begin_and_end_a_raid_themselves(stand: Any) -> None:
    async with stand() as at:
        watch: Any = at.bot.channels[channel_id(at)].lookout
        assert watch.status() == "No raid."
        assert await watch.begin("maud", "maud says so")
        assert not await watch.begin("maud", "again")
        assert "maud says so" in watch.status()
        await at.until(lambda: at.twitch.world.channel("aurora").settings.follower_mode)
        group_id = await watch.end("maud")
        assert group_id is not None
        await at.until(lambda: not at.twitch.world.channel("aurora").settings.follower_mode)
        assert await watch.end("maud") is None


async def test_two_mods_who_begin_at_once_begin_one_raid(stand: Any) -> None:
    async with stand() as at:
        for who in ("maud", "aurora"):
            await at.twitch.say("aurora", who, "!raid on")
        lines = await said(at, 2)
        assert sorted(line.split(":")[0].split(".")[0] for line in lines) == ["Raid", "Raid mode is on already"]
        [group] = await Groups(at.bot.desk.database).latest(channel_id(at))
        assert (group.actor, group.ended_ms) == ("maud", None)


async def test_a_raid_that_ends_while_the_chat_modes_change_puts_them_back(stand: Any) -> None:
    async with stand() as at:
        watch: Any = at.bot.channels[channel_id(at)].lookout
        at.twitch.faults.add(Fault(kind="latency", path="chat/settings", method="GET", delay_s=0.3, times=1))
        await watch.begin("maud", "maud says so")
        await watch.end("maud")
        on, over = await said(at, 2)
        assert "On now: followers-only" in on
        assert "Chat modes are as before." in over
        assert not at.twitch.world.channel("aurora").settings.follower_mode


async def test_a_raid_after_a_raid_has_its_chat_modes_too(stand: Any) -> None:
    async with stand() as at:
        watch: Any = at.bot.channels[channel_id(at)].lookout
        await watch.begin("maud", "maud says so")
        await said(at, 1)
        at.twitch.faults.add(Fault(kind="latency", path="chat/settings", method="PATCH", delay_s=0.3, times=1))
        await watch.end("maud")
        await watch.begin("maud", "they are back")
        assert "followers-only" in (await said(at, 3))[2]
        assert at.twitch.world.channel("aurora").settings.follower_mode
        await watch.end("maud")
        await said(at, 4)
        assert not at.twitch.world.channel("aurora").settings.follower_mode


async def test_the_line_that_shows_a_raid_is_judged_also_if_a_mod_ends_it_just_then(stand: Any) -> None:
    async with stand(QUIET) as at:
        watch: Any = at.bot.channels[channel_id(at)].lookout
        act_on, over = watch._act_on, []

        async def ended_meanwhile(*about: Any) -> None:
            await act_on(*about)
            over.append(await watch.end("maud"))

        watch._act_on = ended_meanwhile
        now_s = await small_talk(at, 0, 60)
        await raid(at, now_s, 6)
        await at.bot.drain()
        assert any(over)
        assert len(at.witness.verdicts) == 66


async def test_followers_only_without_a_minimum_is_put_back_as_it_was(stand: Any) -> None:
    async with stand() as at:
        settings = at.twitch.world.channel("aurora").settings
        settings.follower_mode, settings.follower_mode_duration = True, 0
        watch: Any = at.bot.channels[channel_id(at)].lookout
        await watch.begin("maud", "maud says so")
        await said(at, 1)
        assert settings.follower_mode_duration == 10
        await watch.end("maud")
        assert "Chat modes are as before." in (await said(at, 2))[1]
        assert (settings.follower_mode, settings.follower_mode_duration) == (True, 0)


async def test_missing_consent_is_told_and_the_lines_go_all_the_same(stand: Any) -> None:
    async with stand(QUIET) as at:
        at.twitch.faults.add(Fault(kind="status", status=403, method="PATCH", path="chat/settings"))
        now_s = await small_talk(at, 0, 60)
        await raid(at, now_s, 12)
        [told] = await said(at, 1)
        assert "could not be changed" in told
        await at.bot.drain()
        assert len(at.twitch.deleted("aurora")) == 12
