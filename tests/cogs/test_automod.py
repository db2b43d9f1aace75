"""What AutoMod holds: recorded, and settled by the policy, by command or by hand. Unban requests become appeals."""

from __future__ import annotations

from typing import Any

import pytest
from structlog.testing import capture_logs

from filters.types import ActionKind, Category
from filters.zalgo import Zalgo
from storage.appeals import Appeals
from storage.records import Outcome, Record, RecordQuery

POLICY = """
automod = "{mode}"
[filters.blocklist]
lists = []
terms = [{{ text = "snarfwad", severity = 0 }}, {{ text = "zugmonger", severity = 3 }}]
"""


async def records(bot: Any, count: int, **query: Any) -> list[Record]:
    async def enough() -> list[Record]:
        found = await bot.records.list(RecordQuery(**query))
        return sorted(found, key=lambda each: each.id) if len(found) >= count else []

    return await bot.eventually(enough)  # type: ignore[no-any-return]


async def test_a_hold_is_recorded_for_review_and_left_to_people(stand: Any) -> None:
    async with stand(POLICY.format(mode="leave")) as bot:
        await bot.twitch.hold("aurora", "eve", "you are a zugmonger", category="bullying", level=4)
        [record] = await records(bot, 1)
        assert (record.filter, record.rule, record.actor) == ("automod", "bullying 4", "automod")
        assert (record.outcome, record.category, record.text) == (
            Outcome.REVIEW, Category.HARASSMENT, "you are a zugmonger",
        )  # fmt: skip
        assert await bot.ask("maud", "!automod") == "AutoMod holds 1 line: #1 by eve (bullying 4)."


@pytest.mark.parametrize(
    ("mode", "clean_is_held", "bad_is_held"),
    [("leave", True, True), ("approve", False, True), ("deny", True, False), ("both", False, False)],
)
async def test_the_policy_settles_what_its_own_filters_are_sure_of(
    stand: Any, mode: str, clean_is_held: bool, bad_is_held: bool
) -> None:
    async with stand(POLICY.format(mode=mode)) as bot:
        clean = await bot.twitch.hold("aurora", "ann", "darn it")
        bad = await bot.twitch.hold("aurora", "eve", "what a snarfwad")
        await records(bot, 2)
        held = bot.twitch.world.channel("aurora").held
        expected = {name for name, is_held in ((clean, clean_is_held), (bad, bad_is_held)) if is_held}
        await bot.until(lambda: set(held) == expected)
        if not bad_is_held:
            [record] = await records(bot, 1, chatter="eve", outcome=Outcome.APPLIED)
            assert (record.action.kind, record.filter, record.actor) == (ActionKind.DELETE, "blocklist", "bot")
            evidence = (await bot.records.details(record.id)).evidence
            assert [each.filter for each in evidence] == ["blocklist", "automod"]
        if not clean_is_held:
            await bot.until(lambda: [each.message.text for each in bot.witness.verdicts] == ["darn it"])


async def test_what_a_filter_fails_on_is_left_to_people(stand: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Zalgo, "check", lambda _self, message, _history: {"darn it": None}[message.text])
    async with stand(POLICY.format(mode="approve")) as bot:
        with capture_logs() as lines:
            unclear = await bot.twitch.hold("aurora", "ann", "darn it all")
            clean = await bot.twitch.hold("aurora", "ann", "darn it")
            await records(bot, 2)
            held = bot.twitch.world.channel("aurora").held
            await bot.until(lambda: clean not in held)
        assert set(held) == {unclear}
        assert [each["filter"] for each in lines if each["event"] == "filter_failed"] == ["zalgo"]


async def test_a_moderator_settles_holds_by_command(stand: Any) -> None:
    async with stand(POLICY.format(mode="leave")) as bot:
        for who in ("ann", "bert", "eve"):
            await bot.twitch.hold("aurora", who, "darn it")
        await records(bot, 3)
        assert await bot.ask("maud", "!automod approve #1") == "The line of ann, Record #1, is let through."
        assert await bot.ask("maud", "!automod deny") == "The line of eve is denied, Record #4."
        denied = await bot.record(4)
        assert (denied.actor, denied.action.kind, denied.outcome) == ("maud", ActionKind.DELETE, Outcome.APPLIED)
        assert [held.user.login for held in bot.twitch.world.channel("aurora").held.values()] == ["bert"]
        assert "404" in await bot.ask("maud", "!automod approve #1")
        assert "of no line that AutoMod held" in await bot.ask("maud", "!automod deny #4")
        assert "approved or denied" in await bot.ask("maud", "!automod maybe")
        verbs = [each.verb for each in await bot.bot.desk.audit.latest()]
        assert verbs[::-1][:2] == ["automod approve", "automod deny"]


async def test_what_people_settle_by_hand_is_recorded_under_their_name(stand: Any) -> None:
    async with stand(POLICY.format(mode="leave")) as bot:
        good = await bot.twitch.hold("aurora", "ann", "darn it")
        bad = await bot.twitch.hold("aurora", "eve", "worse")
        await records(bot, 2)
        await bot.twitch.mod_settle("aurora", "maud", good, allow=True)
        await bot.twitch.mod_settle("aurora", "maud", bad, allow=False)
        [record] = await records(bot, 1, outcome=Outcome.APPLIED)
        assert (record.actor, record.rule, record.chatter, record.text) == ("maud", "automod deny", "eve", "worse")
        [deed] = await bot.eventually(bot.bot.desk.audit.latest)
        assert (deed.actor, deed.verb, deed.subject) == ("maud", "automod approve", "record 1")


async def test_in_dry_run_nothing_is_settled(stand: Any) -> None:
    async with stand("dry_run = true" + POLICY.format(mode="both")) as bot:
        await bot.twitch.hold("aurora", "ann", "darn it")
        await bot.twitch.hold("aurora", "eve", "what a snarfwad")
        await records(bot, 2)
        assert "2 lines" in await bot.ask("maud", "!automod")
        assert len(bot.twitch.world.channel("aurora").held) == 2


async def test_what_people_settle_before_it_is_recorded_is_not_held(stand: Any) -> None:
    async with stand(POLICY.format(mode="leave")) as bot:
        good = await bot.twitch.hold("aurora", "ann", "darn it")
        await bot.twitch.mod_settle("aurora", "maud", good, allow=True)
        await records(bot, 1)
        assert await bot.ask("maud", "!automod") == "AutoMod holds 0 lines."


async def test_a_chatter_cannot_settle_holds(stand: Any) -> None:
    async with stand(POLICY.format(mode="leave")) as bot:
        await bot.twitch.hold("aurora", "eve", "darn it")
        await records(bot, 1)
        for command in ("!automod approve", "!automod", "!automod nonsense"):
            await bot.twitch.say("aurora", "eve", command)
        [deed] = await bot.eventually(bot.bot.desk.audit.latest)
        assert not deed.allowed
        assert (await bot.ask("maud", "!automod")).startswith("AutoMod holds 1 line")
        assert len(bot.twitch.sent("aurora")) == 1


async def test_an_unban_request_is_an_appeal_against_the_record_and_its_approval_undoes_it(stand: Any) -> None:
    async with stand(POLICY.format(mode="leave")) as bot:
        await bot.say("eve", "zugmonger")
        request = await bot.twitch.request_unban("aurora", "eve", "I am sorry")
        appeals = Appeals(bot.bot.desk.database)
        [appeal] = await bot.eventually(appeals.list)
        assert (appeal.chatter, appeal.text, appeal.record_id) == ("eve", "I am sorry", 1)
        await bot.twitch.mod_resolve("aurora", "maud", request, "approved")

        async def undone() -> bool:
            return (await bot.record()).outcome is Outcome.UNDONE

        assert await bot.eventually(undone)
        assert (await bot.records.details(1)).events[-1].actor == "maud"

        async def closed() -> bool:
            return await appeals.list() == []

        assert await bot.eventually(closed)


async def test_requests_made_while_the_bot_was_away_are_taken_in(stand: Any, twitch: Any) -> None:
    await twitch.mod_ban("aurora", "aurora", "eve")
    await twitch.request_unban("aurora", "eve", "let me in")
    async with stand(POLICY.format(mode="leave")) as bot:
        [appeal] = await Appeals(bot.bot.desk.database).list()
        assert (appeal.chatter, appeal.record_id) == ("eve", None)
