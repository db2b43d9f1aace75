"""The streamer's commands: each change is a revision, live at once, and no message is lost."""

from __future__ import annotations

from typing import Any

from config.policy import Policy
from storage.policies import PolicyLog, Revision
from storage.records import Outcome, RecordQuery

POLICY = """
[filters.blocklist]
lists = []
terms = [{ text = "snarfwad", severity = 0 }]
[filters.caps]
enabled = true
min_letters = 8
[filters.self_repeat]
enabled = false
[filters.repetition]
enabled = false
[filters.flood]
enabled = false
"""


def place(bot: Any) -> Any:
    return next(iter(bot.bot.channels.values()))


async def revisions(bot: Any) -> list[Revision]:
    return await PolicyLog(bot.bot.desk.database).history(place(bot).id)


async def test_a_setting_is_changed_from_the_next_line_on_and_kept_as_a_revision(stand: Any) -> None:
    async with stand(POLICY) as bot:
        told = await bot.ask("aurora", "!filter set caps.max_ratio 0.4")
        assert told.startswith("caps.max_ratio: ")
        assert told.endswith("-> 0.4. Revision 2; take it back with !filter restore 1.")
        await bot.say("ann", "HALF of THIS IS LOUD and half is not")
        assert (await bot.record()).revision == 2
        new, old = await revisions(bot)
        assert (new.number, new.parent, new.author) == (2, 1, "aurora")
        assert Policy.parse(new.toml).filters.caps.max_ratio == 0.4
        assert Policy.parse(old.toml).filters.caps.max_ratio != 0.4
        [deed] = await bot.bot.desk.audit.latest()
        assert (deed.actor, deed.role, deed.verb, deed.subject) == ("aurora", "streamer", "filter set", "revision 2")
        assert deed.detail == "caps.max_ratio"


async def test_a_value_the_file_would_not_take_is_refused_and_changes_nothing(stand: Any) -> None:
    async with stand(POLICY) as bot:
        assert (await bot.ask("aurora", "!filter set caps.max_ratio 3")).startswith(
            "filters.caps.max_ratio: 3 is above 1.0. Example: !filter set caps.max_ratio 0.8"
        )
        assert "did you mean max_ratio?" in await bot.ask("aurora", "!filter set caps.max_ratoi 0.5")
        assert "It is so already." in await bot.ask("aurora", "!filter set caps.min_letters 8")
        assert "its new value" in await bot.ask("aurora", "!filter set caps.max_ratio")
        assert len(await revisions(bot)) == 1


async def test_filters_are_listed_shown_and_switched(stand: Any) -> None:
    async with stand(POLICY) as bot:
        assert "off: " in await bot.ask("aurora", "!filter")
        assert "lines written mostly in capital letters" in await bot.ask("aurora", "!filter show caps")
        assert (await bot.ask("aurora", "!filter show caps.min_letters")).startswith("caps.min_letters is 8. ")
        assert "caps.dry_run: false -> true" in await bot.ask("aurora", "!filter dry caps")
        await bot.say("ann", "LOUD AND LOUDER AND LOUDEST")
        assert (await bot.record()).outcome is Outcome.DRY_RUN
        assert "dry run: caps" in await bot.ask("aurora", "!filter list")
        assert "caps.enabled: true -> false" in await bot.ask("aurora", "!filter off caps")
    async with stand("dry_run = true  # not read again") as bot:
        assert "caps.dry_run: true -> false" in await bot.ask("aurora", "!filter on caps")
        assert await bot.ask("aurora", "!filter on caps") == "caps is on."
        assert "no such filter; there are blocklist" in await bot.ask("aurora", "!filter on snarf")
        assert "list, show, on, off" in await bot.ask("aurora", "!filter nonsense")


async def test_a_filter_that_was_stopped_for_running_away_is_let_act_again(stand: Any) -> None:
    async with stand("[breaker]\nactions_per_minute = 2\n" + POLICY) as bot:
        for number in range(4):
            await bot.say(f"eve_{number}", "snarfwad", ts=1_700_000_000 + number)
        assert (await bot.record(4)).outcome is Outcome.DRY_RUN
        await bot.until(lambda: any("!filter on blocklist" in line.text for line in bot.twitch.sent("aurora")))
        await bot.ask("aurora", "!filter set caps.max_ratio 0.4")
        assert "; stopped: blocklist; off: " in await bot.ask("aurora", "!filter"), (
            "other filters' settings do not mend it"
        )
        assert await bot.ask("aurora", "!Filter ON blocklist") == "blocklist is on."
        await bot.say("eve_9", "snarfwad", ts=1_700_000_010)
        [record] = await bot.records.list(RecordQuery(chatter="eve_9"))
        assert record.outcome is Outcome.APPLIED


async def test_a_filter_that_was_stopped_acts_again_once_its_own_settings_are_changed(stand: Any) -> None:
    async with stand("[breaker]\nactions_per_minute = 2\n" + POLICY) as bot:
        for number in range(3):
            await bot.say(f"eve_{number}", "snarfwad", ts=1_700_000_000 + number)
        assert "stopped: blocklist" in await bot.ask("aurora", "!filter")
        await bot.ask("aurora", "!block add blorptastic")
        assert "stopped" not in await bot.ask("aurora", "!filter")


async def test_what_would_happen_is_told_without_doing_it(stand: Any) -> None:
    async with stand(POLICY) as bot:
        assert await bot.ask("aurora", "!filter test what a lovely day") == (
            "Nothing would happen: no filter minds it. Floods, repeats and raids do not show on one line."
        )
        told = await bot.ask("aurora", "!filter test you s n a r f w a d fool")
        assert told == "It would bring delete. blocklist: a listed word (spacing) in “• • • • • • • •”."
        assert (await bot.ask("aurora", "!block test a snarfw4d")).startswith("A listed word (leet) in “••••••••”")
        assert await bot.ask("aurora", "!block test a lovely day") == "No listed term is in it."
        assert await bot.records.count(RecordQuery(chatter="ann")) == 0
        assert bot.twitch.enforcements == []


async def test_history_tells_who_changed_what_and_restore_goes_back(stand: Any) -> None:
    async with stand('[grants]\nstreamer_names = ["maud"]\n' + POLICY) as bot:
        await bot.ask("aurora", "!filter set caps.max_ratio 0.4")
        await bot.ask("maud", "!block add blorptastic")
        told = await bot.ask("aurora", "!filter history")
        assert "3 by maud, 0s ago: blocklist.terms: 1 added, 0 removed; 2 by aurora" in told
        assert "1 by chatwarden" in told
        assert "take it back with !filter restore 3" in await bot.ask("aurora", "!filter restore 1")
        assert [each.number for each in await revisions(bot)] == [4, 3, 2, 1]
        assert (await revisions(bot))[0].toml == (await revisions(bot))[3].toml
        assert "no such revision" in await bot.ask("aurora", "!filter restore 99")


async def test_the_way_back_is_told_with_the_prefix_that_counts_from_now_on(stand: Any) -> None:
    async with stand(POLICY) as bot:
        told = await bot.ask("aurora", "!filter set prefix ?")
        assert "take it back with ?filter restore 1" in told
        assert "take it back with !filter restore 2" in await bot.ask("aurora", "?filter restore 1")


async def test_a_moderator_changes_nothing_unless_granted(stand: Any) -> None:
    async with stand(POLICY) as bot:
        for command in ("!filter set caps.max_ratio 0.4", "!block add blorp", "!allow add blorp", "!filter nonsense"):
            await bot.twitch.say("aurora", "maud", command)
        assert (await bot.ask("maud", "!chatwarden")).startswith("Commands")
        assert len(await revisions(bot)) == 1
        assert len(bot.twitch.sent("aurora")) == 1


async def test_no_message_is_lost_while_the_policy_changes(stand: Any) -> None:
    async with stand(POLICY) as bot:
        for number in range(5):
            for line in range(20):
                await bot.twitch.say("aurora", "ann", f"line {line} of part {number}")
            await bot.twitch.say("aurora", "aurora", f"!filter set caps.max_ratio 0.{number + 4}")
        await bot.until(lambda: len(bot.twitch.sent("aurora")) == 5)
        await bot.bot.drain()
        said = [verdict.message.text for verdict in bot.witness.verdicts if verdict.message.chatter == "ann"]
        assert said == [f"line {line} of part {number}" for number in range(5) for line in range(20)]
        assert [each.number for each in await revisions(bot)] == [6, 5, 4, 3, 2, 1]
        assert place(bot).engine.revision == 6
