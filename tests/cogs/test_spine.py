"""One message through all eight steps: the real bot, sandbox sockets, the real log."""

from __future__ import annotations

import asyncio
import dataclasses
import time
from typing import Any

import pytest

from filters.types import Action, ActionKind, Message
from sandbox.books import differences
from sandbox.faults import Fault
from sandbox.server import Sandbox
from storage.records import NewRecord, Outcome, RecordQuery

POLICY = """
[filters.blocklist]
lists = []
terms = [
    { text = "snarfwad", severity = 0 },
    { text = "blorptastic", severity = 2 },
    { text = "zugmonger", severity = 3 },
]
[filters.flood]
max_messages = 4
window_s = 5
[filters.self_repeat]
enabled = false
"""


async def test_an_exact_hit_is_recorded_and_deleted(stand: Any) -> None:
    async with stand(POLICY) as bot:
        said = await bot.say("eve", "what a snarfwad")
        record = await bot.record()
        assert bot.twitch.deleted("aurora") == {said}
        assert record.outcome is Outcome.APPLIED
        assert record.action == Action(ActionKind.DELETE)
        assert (record.chatter, record.filter, record.rule) == ("eve", "blocklist", "snarfwad")
        assert record.received_ms <= record.decided_ms <= record.sent_ms <= record.done_ms


@pytest.mark.parametrize(
    "disguise",
    [
        "b l o r p t a s t i c",
        "bl0rpt4st1c",
        "blоrptаstic",
        "ｂｌｏｒｐｔａｓｔｉｃ",
        "blorp\u200btastic",
        "bloooorptastic",
    ],
)
async def test_an_evaded_hit_is_timed_out_with_the_matched_piece(stand: Any, disguise: str) -> None:
    async with stand(POLICY) as bot:
        await bot.say("eve", f"you {disguise} fool")
        record = await bot.record()
        (ban,) = bot.twitch.bans("aurora").values()
        assert (ban.login, record.outcome) == ("eve", Outcome.APPLIED)
        assert f"#{record.id}" in ban.reason
        assert "blorptastic" not in ban.reason
        (evidence,) = (await bot.records.details(record.id)).evidence
        start, end = evidence.span
        assert f"you {disguise} fool"[start:end] == disguise


@pytest.mark.parametrize("innocent", ["snarf wadding", "what a fantastic day", "snarfwadsworthshire", "SNARE wide"])
async def test_an_innocent_near_miss_gets_no_record(stand: Any, innocent: str) -> None:
    async with stand(POLICY) as bot:
        await bot.say("ann", innocent)
        assert await bot.records.count(RecordQuery()) == 0
        assert bot.twitch.enforcements == []


async def test_what_is_said_with_me_is_judged_as_said_without(stand: Any) -> None:
    policy = POLICY + "[filters.regex]\npatterns = [{ pattern = '^buy .* cheap$', severity = 0 }]\n"
    async with stand(policy) as bot:
        await bot.say("eve", "/me buy followers cheap")
        assert ((await bot.record()).filter, (await bot.record()).text) == ("regex", "buy followers cheap")
        fragments = [("text", "look, "), ("mention", "@maud"), ("text", " what a snarfwad")]
        await bot.say("eve", "/me look, @maud what a snarfwad", fragments=fragments)
        message = bot.witness.verdicts[-1].message
        assert [message.text[start:end] for start, end in message.opaque] == ["@maud"]
        assert bot.witness.verdicts[-1].leading.rule == "snarfwad"
        await bot.twitch.say("aurora", "maud", "/me !undo #1")
        await bot.say("ann", "hello")
        assert bot.twitch.sent("aurora") == []


async def test_a_flood_climbs_the_ladder_one_step_for_each_burst(stand: Any) -> None:
    async with stand(POLICY) as bot:
        for burst in range(3):
            for number in range(6):
                text = f"line {number} of speech {burst} about nothing"
                await bot.say("eve", text, ts=1_700_000_000 + burst * 60 + number * 0.2)
        records = sorted(await bot.records.list(RecordQuery()), key=lambda record: record.id)
        assert [str(record.action) for record in records] == [
            "delete", "delete", "warn", "delete", "timeout 600s",
        ]  # fmt: skip
        assert {record.filter for record in records} == {"flood"}
        assert differences(bot.twitch.enforcements, await bot.records.list(RecordQuery(outcome=Outcome.APPLIED))) == []


async def test_a_moderator_is_left_alone_and_the_log_says_why(stand: Any, twitch: Sandbox) -> None:
    twitch.add_user("aurora")
    twitch.add_user("maud")
    twitch.add_moderator("aurora", "maud")
    async with stand(POLICY) as bot:
        await bot.say("maud", "do not say zugmonger here")
        record = await bot.record()
        assert (record.exempt, record.action.kind) == ("moderator", ActionKind.NONE)
        assert bot.twitch.enforcements == []


async def test_a_dry_run_records_what_it_would_have_done_and_does_nothing(stand: Any) -> None:
    async with stand("dry_run = true" + POLICY) as bot:
        await bot.say("eve", "zugmonger")
        record = await bot.record()
        assert (record.outcome, record.action.kind) == (Outcome.DRY_RUN, ActionKind.BAN)
        assert bot.twitch.enforcements == []


async def test_a_call_twitch_refuses_closes_the_record_as_failed_with_the_reason(stand: Any, twitch: Sandbox) -> None:
    async with stand(POLICY) as bot:
        twitch.faults.add(Fault(kind="status", status=403, path="moderation/bans", method="POST", times=1))
        await bot.say("eve", "zugmonger")
        record = await bot.record()
        assert record.outcome is Outcome.FAILED
        assert "403" in record.reason
        assert bot.twitch.bans("aurora") == {}


async def test_a_call_that_fails_for_a_moment_is_tried_again(stand: Any, twitch: Sandbox) -> None:
    async with stand(POLICY) as bot:
        twitch.faults.add(Fault(kind="status", status=500, path="moderation/bans", method="POST", times=2))
        await bot.say("eve", "zugmonger")
        record = await bot.record()
        assert record.outcome is Outcome.APPLIED
        assert len(bot.twitch.bans("aurora")) == 1


async def test_a_record_left_pending_by_a_crash_is_carried_out_at_the_next_start(stand: Any) -> None:
    async with stand(POLICY) as bot:
        await bot.say("eve", "hello")
        (hello,) = bot.witness.verdicts
        engine = next(iter(bot.bot.channels.values())).engine
        crashed = engine.judge(retold(hello.message, "zugmonger"))
        record_id = await bot.records.open(NewRecord.from_verdict(crashed, [], received_ms=_now_ms()))
    async with stand(POLICY) as bot:
        await bot.bot.drain()
        record = await bot.record(record_id)
        assert record.outcome is Outcome.APPLIED
        assert [ban.login for ban in bot.twitch.bans("aurora").values()] == ["eve"]
        assert await bot.records.pending() == []


async def test_a_record_left_pending_for_too_long_is_closed_without_acting(stand: Any) -> None:
    async with stand(POLICY) as bot:
        await bot.say("eve", "hello")
        (hello,) = bot.witness.verdicts
        engine = next(iter(bot.bot.channels.values())).engine
        crashed = engine.judge(retold(hello.message, "zugmonger"))
        record_id = await bot.records.open(NewRecord.from_verdict(crashed, [], received_ms=_now_ms() - 3_600_000))
    async with stand(POLICY) as bot:
        await bot.bot.drain()
        record = await bot.record(record_id)
        assert record.outcome is Outcome.FAILED
        assert "too late" in record.reason
        assert bot.twitch.enforcements == []


async def test_events_around_a_reconnect_are_judged_once_each(stand: Any) -> None:
    async with stand(POLICY) as bot:
        await bot.say("ann", "before")
        handing_over = asyncio.ensure_future(bot.twitch.reconnect_sessions())
        for number in range(20):
            await bot.twitch.say("aurora", "ann", f"during {number}")
            await asyncio.sleep(0.01)
        await handing_over
        await bot.say("ann", "after")
        texts = [verdict.message.text for verdict in bot.witness.verdicts]
        assert texts == ["before", *(f"during {number}" for number in range(20)), "after"]


async def test_a_restart_keeps_the_log_its_strikes_and_its_policy_revision(stand: Any) -> None:
    async with stand(POLICY) as bot:
        await bot.say("eve", "snarfwad", ts=1_700_000_000)
    async with stand("dry_run = true  # this file is not read again") as bot:
        await bot.say("eve", "snarfwad", ts=1_700_000_060)
        first, second = await bot.record(1), await bot.record(2)
        assert (first.revision, second.revision) == (1, 1)
        assert [str(first.action), str(second.action)] == ["delete", "warn"]


def retold(message: Message, text: str) -> Message:
    """The same message with another text, as if it had come just before the crash."""
    return dataclasses.replace(message, text=text, fragments=())


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


async def test_somebody_known_for_a_week_gets_one_step_less_also_after_a_restart(stand: Any) -> None:
    policy = '[ladder]\nregular_after = "7d"\n[filters.blocklist]\nterms = [{ text = "snarfwad", severity = 2 }]\n'
    begun_s, week_s = time.time() - 8 * 86_400, 7 * 86_400
    async with stand(policy) as at:
        await at.say("oldfriend", "hello there", ts=begun_s)
    async with stand(policy) as at:
        for number, name in enumerate(("oldfriend", "newbie")):
            await at.say(name, "snarfwad", ts=begun_s + week_s + 60 + number)
        [friend, newcomer] = sorted(await at.records.list(RecordQuery(limit=None)), key=lambda each: each.id)
        assert friend.action < newcomer.action
        assert (friend.chatter, newcomer.action.kind) == ("oldfriend", ActionKind.TIMEOUT)


async def test_a_watcher_that_breaks_keeps_nobody_from_being_acted_on(
    stand: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with stand(POLICY) as bot:

        def broken(*_about: Any) -> None:
            raise RuntimeError("no screen")

        monkeypatch.setattr(bot.witness, "judged", broken)
        await bot.twitch.say("aurora", "eve", "zugmonger")
        await bot.until(lambda: bool(bot.witness.settlements))
        assert (await bot.record()).outcome is Outcome.APPLIED
