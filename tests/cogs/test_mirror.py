"""What moderators do by hand stands in the same log, and undoing what the bot did is seen."""

from __future__ import annotations

from typing import Any

from filters.types import Action, ActionKind
from sandbox.server import Sandbox
from storage.audit import Deed
from storage.records import Outcome, Record, RecordQuery

POLICY = """
[filters.blocklist]
lists = []
terms = [{ text = "snarfwad", severity = 0 }, { text = "zugmonger", severity = 3 }, { text = "blorp", severity = 2 }]
"""


async def records(bot: Any, count: int) -> list[Record]:
    """The log's Records, oldest first, once there are that many."""

    async def enough() -> list[Record]:
        found = await bot.records.list(RecordQuery())
        return sorted(found, key=lambda each: each.id) if len(found) >= count else []

    return await bot.eventually(enough)  # type: ignore[no-any-return]


async def settled(bot: Any, record_id: int, outcome: Outcome) -> Record:
    """A Record once it ended so."""

    async def so() -> Record | None:
        record = await bot.record(record_id)
        return record if record.outcome is outcome else None

    return await bot.eventually(so)  # type: ignore[no-any-return]


async def deed(bot: Any, verb: str) -> Deed:
    """The latest deed of that verb, once it is in the trail."""

    async def found() -> Deed | None:
        return next((each for each in await bot.bot.desk.audit.latest() if each.verb == verb), None)

    return await bot.eventually(found)  # type: ignore[no-any-return]


async def test_a_ban_by_hand_is_a_record_with_line_context_and_reason(stand: Any) -> None:
    async with stand(POLICY) as bot:
        await bot.say("ann", "good evening")
        await bot.say("eve", "buy my stuff")
        await bot.say("ann", "no thanks")
        await bot.twitch.mod_ban("aurora", "maud", "eve", reason="spam account")
        [record] = await records(bot, 1)
        assert (record.actor, record.filter, record.outcome) == ("maud", "moderator", Outcome.APPLIED)
        assert (record.chatter, record.action, record.text) == ("eve", Action(ActionKind.BAN), "buy my stuff")
        details = await bot.records.details(1)
        assert [line.text for line in details.context] == ["good evening"]
        assert details.evidence[0].detail == "spam account"


async def test_a_timeout_by_hand_keeps_its_length_and_a_deletion_its_line(stand: Any) -> None:
    async with stand(POLICY) as bot:
        said = await bot.say("eve", "look at this")
        await bot.say("eve", "and this")
        await bot.twitch.mod_delete("aurora", "maud", said)
        await bot.twitch.mod_ban("aurora", "maud", "eve", duration_s=300)
        deleted, timed_out = await records(bot, 2)
        assert (deleted.action.kind, deleted.message_id, deleted.text) == (ActionKind.DELETE, said, "look at this")
        assert (timed_out.action, timed_out.text) == (Action(ActionKind.TIMEOUT, 300), "and this")


async def test_a_warning_by_hand_and_its_acknowledgement(stand: Any) -> None:
    async with stand(POLICY) as bot:
        await bot.say("eve", "the butler did it")
        await bot.twitch.mod_warn("aurora", "maud", "eve", "no spoilers")
        [record] = await records(bot, 1)
        assert (record.actor, record.action.kind) == ("maud", ActionKind.WARN)
        await bot.twitch.acknowledge_warning("aurora", "eve")
        assert (await deed(bot, "warning acknowledged")).subject == f"person {record.person}"


async def test_the_bots_own_acts_are_not_mirrored(stand: Any) -> None:
    async with stand(POLICY) as bot:
        await bot.say("eve", "zugmonger")
        await bot.twitch.mod_ban("aurora", "maud", "mallory")
        assert [each.actor for each in await records(bot, 2)] == ["bot", "maud"]


async def test_an_unban_by_hand_marks_the_bots_record_undone_and_takes_the_strike(stand: Any) -> None:
    async with stand(POLICY) as bot:
        await bot.say("eve", "zugmonger")
        bot.twitch.rename("eve", "eve_again")
        await bot.twitch.mod_unban("aurora", "maud", "eve_again")
        record = await settled(bot, 1, Outcome.UNDONE)
        [*_, event] = (await bot.records.details(1)).events
        assert (event.actor, event.outcome) == ("maud", Outcome.UNDONE)
        assert await bot.records.acted_on(record.channel_id, record.chatter_id, 0) == []
        assert "It was undone by maud" in await bot.ask("maud", "!why #1")


async def test_a_ban_and_its_unban_by_hand_stay_in_order(stand: Any) -> None:
    async with stand(POLICY) as bot:
        for _ in range(5):
            await bot.twitch.mod_ban("aurora", "maud", "eve")
            await bot.twitch.mod_unban("aurora", "maud", "eve")
        for each in await records(bot, 5):
            await settled(bot, each.id, Outcome.UNDONE)


async def test_an_untimeout_leaves_a_timeout_that_ran_out_alone(stand: Any) -> None:
    async with stand(POLICY) as bot:
        await bot.say("eve", "blorp", ts=1_700_000_000)
        await bot.say("eve", "blorp", ts=1_700_005_000)
        await bot.twitch.mod_unban("aurora", "maud", "eve")
        await settled(bot, 2, Outcome.UNDONE)
        assert (await bot.record(1)).outcome is Outcome.APPLIED


async def test_letting_in_somebody_the_log_does_not_know_is_audited(stand: Any, twitch: Sandbox) -> None:
    await twitch.mod_ban("aurora", "aurora", "eve")
    async with stand(POLICY) as bot:
        await bot.twitch.mod_unban("aurora", "maud", "eve")
        assert (await deed(bot, "unban")).actor == "maud"
        assert await bot.records.count(RecordQuery()) == 0


async def test_a_suspicious_person_is_put_up_for_review_once(stand: Any) -> None:
    async with stand(POLICY) as bot:
        await bot.twitch.suspect("aurora", "maud", "eve")
        await bot.say("eve", "hello there")
        await bot.say("eve", "hello again")
        await bot.say("ann", "hi eve")
        [record] = await records(bot, 1)
        assert (record.filter, record.rule, record.outcome) == ("twitch", "suspicious", Outcome.REVIEW)
        assert (record.chatter, record.text) == ("eve", "hello there")
        noted = await deed(bot, "suspicious: active monitoring")
        assert (noted.actor, noted.subject) == ("maud", f"person {record.person}")


async def test_without_the_scopes_the_bot_still_moderates(stand: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr("twitch.scopes.BOT", ("moderator:manage:banned_users", "user:bot", "user:read:chat"))
    async with stand(POLICY) as bot:
        await bot.say("eve", "zugmonger")
        assert (await bot.record()).outcome is Outcome.APPLIED
        await bot.twitch.mod_ban("aurora", "maud", "mallory")
        await bot.say("ann", "still here")
        assert await bot.records.count(RecordQuery()) == 1
