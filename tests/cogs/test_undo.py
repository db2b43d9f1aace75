"""What was done is taken back, at Twitch and in the log, by whoever asks: chat, shell or console."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from aiolimiter import AsyncLimiter

from cogs.acts import act_evidence, last_message, record_act
from cogs.call import Target
from cogs.enforce import WORKERS, Order
from cogs.undo import UndoError
from config.policy import Policy
from filters.types import Action, ActionKind
from sandbox.faults import Fault
from storage.database import DatabaseError
from storage.groups import Groups
from storage.policies import PolicyLog
from storage.records import Outcome
from storage.requests import RequestKind, Requests

POLICY = """
[filters.blocklist]
lists = []
terms = [{ text = "zugmonger", severity = 3 }, { text = "snarfwad", severity = 2 }, { text = "drongle", severity = 0 }]
"""


def channel_id(at: Any) -> str:
    return next(iter(at.bot.channels))


async def test_undoing_a_ban_lifts_it_and_takes_its_strike(stand: Any) -> None:
    async with stand(POLICY) as at:
        await at.say("eve", "you zugmonger")
        assert len(at.twitch.bans("aurora")) == 1
        assert await at.bot.desk.undo.record(1, actor="maud", reason="was a quote") == (
            "the ban is lifted and the strike gone"
        )
        assert at.twitch.bans("aurora") == {}
        details = await at.records.details(1)
        last = details.events[-1]
        assert (last.outcome, last.actor, last.reason) == (Outcome.UNDONE, "maud", "was a quote")
        await at.say("eve", "drongle")
        assert (await at.record(2)).strikes == 0


async def test_what_is_undone_already_and_what_did_nothing_say_so(stand: Any) -> None:
    async with stand(POLICY) as at:
        await at.say("eve", "drongle")
        undo = at.bot.desk.undo
        assert await undo.record(1, actor="maud") == "the strike is gone; a deleted line stays deleted"
        with pytest.raises(UndoError, match=r"^is undone already, by maud \ds ago$"):
            await undo.record(1, actor="maud")
        with pytest.raises(UndoError, match="does not exist"):
            await undo.record(99, actor="maud")


async def test_an_earlier_timeout_undone_leaves_a_moderators_later_ban_in_force(stand: Any) -> None:
    async with stand(POLICY) as at:
        await at.say("eve", "you snarfwad")
        await at.twitch.mod_ban("aurora", "maud", "eve")
        async with asyncio.timeout(10):
            while await at.records.last_id() < 2:
                await asyncio.sleep(0.01)
        assert (await at.record(2)).actor == "maud"
        told = await at.bot.desk.undo.record(1, actor="maud")
        assert told == (
            "a later Record keeps the person out; 1 more Record of the same burst still counts as the strike (#2)"
        )
        assert len(at.twitch.bans("aurora")) == 1


async def test_a_burst_is_one_strike_until_all_of_it_is_undone(stand: Any) -> None:
    async with stand(POLICY + "[filters.self_repeat]\nenabled = false\n[filters.flood]\nenabled = false\n") as at:
        for second in (0, 20, 22, 23, 24, 40):
            await at.say("eve", f"drongle {second}", ts=1_700_000_000 + second)
        undo = at.bot.desk.undo
        assert await undo.record(4, actor="maud") == (
            "a deleted line stays deleted; 3 more Records of the same burst still count as one strike (#2, #3, #5)"
        )
        assert await undo.record(2, actor="maud") == (
            "the warning they saw cannot be taken back, and a deleted line stays deleted;"
            " 2 more Records of the same burst still count as one strike (#3, #5)"
        )
        assert "1 more Record of the same burst still counts as the strike (#3)" in await undo.record(5, actor="maud")
        before = await at.records.acted_on(channel_id(at), (await at.record()).chatter_id, 0)
        assert await undo.record(3, actor="maud") == "the strike is gone; a deleted line stays deleted"
        after = await at.records.acted_on(channel_id(at), (await at.record()).chatter_id, 0)
        assert (len(before), len(after)) == (3, 2)


async def test_when_twitch_refuses_the_record_stands(stand: Any) -> None:
    async with stand(POLICY) as at:
        await at.say("eve", "you zugmonger")
        at.twitch.faults.add(Fault(kind="status", status=403, method="DELETE", path="moderation/bans"))
        with pytest.raises(UndoError, match="Twitch refuses: 403"):
            await at.bot.desk.undo.record(1, actor="maud")
        assert (await at.record()).outcome is Outcome.APPLIED
        assert await at.bot.desk.undo.record(1, actor="maud") == "the ban is lifted and the strike gone"


async def test_what_waits_its_turn_is_taken_back_at_once_and_what_is_under_way_when_it_is_done(stand: Any) -> None:
    async with stand(POLICY) as at:
        at.twitch.faults.add(Fault(kind="latency", method="POST", path="moderation/bans", delay_s=1, times=None))
        for number in range(WORKERS + 1):
            await at.twitch.say("aurora", f"{chr(97 + number) * 5}ette", "you zugmonger")
        await at.until(lambda: len(at.witness.verdicts) == WORKERS + 1)
        last = await at.eventually(lambda: at.records.get(WORKERS + 1))
        undo = at.bot.desk.undo
        assert await undo.record(last.id, actor="maud") == "taken back before it was carried out"
        assert await undo.record(1, actor="maud") == "the ban is lifted and the strike gone"
        await at.bot.drain()
        assert (await at.record(last.id)).outcome is Outcome.WITHHELD
        assert {last.chatter, (await at.record(1)).chatter}.isdisjoint(
            b.login for b in at.twitch.bans("aurora").values()
        )
        with pytest.raises(UndoError, match="did nothing"):
            await undo.record(last.id, actor="maud")


async def test_a_group_taken_back_while_its_bans_wait_for_their_turn_bans_nobody_more(stand: Any) -> None:
    async with stand(POLICY) as at:
        channel = at.bot.channels[channel_id(at)]
        channel.enforcer._bans = AsyncLimiter(4, 2)
        group = await Groups(at.bot.desk.database).open("nuke", channel.id, actor="maud", why="", started_ms=0)
        for number in range(30):
            target = Target(at.twitch.add_user(f"user{number}").id, f"user{number}")
            message = last_message(channel, target)
            evidence, ban = act_evidence("nuke", message), Action(ActionKind.BAN)
            record_id = await record_act(channel, at.records, message, ban, evidence, actor="maud", group_id=group)
            about = (record_id, ban, evidence.category, channel.id, target.id, target.login, "", message.ts_ms)
            channel.enforcer.submit(Order(*about))
        await at.until(lambda: len(at.twitch.bans("aurora")) >= 4)
        undone = await at.bot.desk.undo.group(group, actor="maud")
        assert (undone.undone + undone.withdrawn, undone.failed) == (30, 0)
        assert undone.undone == undone.lifted < 12
        await at.bot.drain()
        assert at.twitch.bans("aurora") == {}
        assert await at.records.pending() == []


async def finished(requests: Requests, number: int) -> str | None:
    async with asyncio.timeout(10):
        while True:
            request = await requests.get(number)
            assert request is not None
            if request.done_ms is not None:
                return request.failure
            await asyncio.sleep(0.01)


async def test_the_running_bot_does_what_shell_and_console_ask(stand: Any) -> None:
    async with stand(POLICY) as at:
        await at.say("eve", "you zugmonger")
        requests = Requests(at.bot.desk.database)
        first = await requests.ask(RequestKind.UNDO_RECORD, 1, channel_id(at), actor="ada", note="was a quote")
        assert await finished(requests, first) == ""
        assert at.twitch.bans("aurora") == {}
        again = await requests.ask(RequestKind.UNDO_RECORD, 1, channel_id(at), actor="ada")
        assert await finished(requests, again) == "", "a request seen to twice is no failure"
        missing = await requests.ask(RequestKind.UNDO_RECORD, 99, channel_id(at), actor="ada")
        assert await finished(requests, missing) == "#99 does not exist"
        empty = await Groups(at.bot.desk.database).open("nuke", channel_id(at), actor="maud", why="", started_ms=0)
        group = await requests.ask(RequestKind.UNDO_GROUP, empty, channel_id(at), actor="ada")
        assert await finished(requests, group) == ""


async def test_an_appeal_is_answered_at_twitch(stand: Any) -> None:
    async with stand(POLICY) as at:
        await at.say("eve", "you zugmonger")
        appeal = await at.twitch.request_unban("aurora", "eve", "I was quoting somebody")
        requests = Requests(at.bot.desk.database)
        number = await requests.ask(RequestKind.APPROVE_APPEAL, appeal, channel_id(at), actor="ada", note="granted")
        assert await finished(requests, number) == ""
        assert at.twitch.bans("aurora") == {}
        number = await requests.ask(RequestKind.DENY_APPEAL, appeal, channel_id(at), actor="ada")
        assert "already been resolved" in str(await finished(requests, number))


async def test_a_policy_saved_elsewhere_is_live_within_a_second_and_no_message_is_dropped(stand: Any) -> None:
    async with stand(POLICY) as at:
        await at.say("eve", "now a fribble")
        assert at.witness.verdicts[-1].evidence == ()
        stricter = Policy.parse(POLICY.replace("drongle", "fribble"))
        log = PolicyLog(at.bot.desk.database)
        number = await log.save(channel_id(at), stricter.to_toml(), author="console", reason="", at_ms=1)
        channel = at.bot.channels[channel_id(at)]
        sent = 0
        while channel.engine.revision != number:
            await at.say("ann", f"line {sent}")
            sent += 1
        await at.say("eve", "now a fribble again")
        verdict = at.witness.verdicts[-1]
        assert (verdict.revision, verdict.leading.rule) == (number, "fribble")
        assert len(at.witness.verdicts) == sent + 2


async def test_a_policy_that_cannot_be_read_leaves_the_former_in_force(stand: Any) -> None:
    async with stand(POLICY) as at:
        log = PolicyLog(at.bot.desk.database)
        channel = at.bot.channels[channel_id(at)]
        before = channel.engine.revision
        await log.save(channel_id(at), "prefix = 3", author="console", reason="", at_ms=1)
        good = await log.save(channel_id(at), Policy().to_toml(), author="console", reason="", at_ms=1)
        await at.until(lambda: channel.engine.revision == good)
        assert good == before + 2


async def test_a_request_the_bot_breaks_at_is_answered_and_the_next_one_seen_to(stand: Any) -> None:
    async with stand(POLICY) as at:
        await at.say("eve", "you zugmonger")
        requests = Requests(at.bot.desk.database)
        odd = await requests.ask(RequestKind.UNDO_RECORD, 10**30, channel_id(at), actor="ada")
        good = await requests.ask(RequestKind.UNDO_RECORD, 1, channel_id(at), actor="ada")
        assert await finished(requests, good) == ""
        assert "its own log says why" in str(await finished(requests, odd))


async def test_a_policy_is_adopted_while_a_request_waits_for_twitch(stand: Any) -> None:
    async with stand(POLICY) as at:
        await at.say("eve", "you zugmonger")
        at.twitch.faults.add(Fault(kind="latency", method="DELETE", path="moderation/bans", delay_s=60))
        requests = Requests(at.bot.desk.database)
        slow = await requests.ask(RequestKind.UNDO_RECORD, 1, channel_id(at), actor="ada")
        await at.until(lambda: not at.twitch.faults)
        log = PolicyLog(at.bot.desk.database)
        number = await log.save(channel_id(at), Policy().to_toml(), author="console", reason="", at_ms=1)
        await at.until(lambda: at.bot.channels[channel_id(at)].engine.revision == number)
        request = await requests.get(slow)
        assert request is not None
        assert request.done_ms is None


async def test_a_policy_that_could_not_be_read_for_a_moment_is_adopted_later(stand: Any) -> None:
    async with stand(POLICY) as at:
        read, failed = PolicyLog.current, []

        async def busy_once(log: PolicyLog, channel: str) -> Any:
            if not failed:
                failed.append(channel)
                raise DatabaseError("busy")
            return await read(log, channel)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(PolicyLog, "current", busy_once)
            log = PolicyLog(at.bot.desk.database)
            number = await log.save(channel_id(at), Policy().to_toml(), author="console", reason="", at_ms=1)
            await at.until(lambda: at.bot.channels[channel_id(at)].engine.revision == number)
        assert failed
