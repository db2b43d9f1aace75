"""The nuke, dropped on a sandbox chat."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cogs.call import UsageError
from cogs.plan import Plan
from filters.types import Action, ActionKind
from sandbox.faults import Fault
from storage.records import Outcome, RecordQuery

QUIET = """
[filters.blocklist]
enabled = false
[filters.copy_paste]
enabled = false
[filters.self_repeat]
enabled = false
"""

NAMES = (
    "tulip oak_tree brisk42 nova_k the_baker quartz lumen juniper old_sailor pixelfrog marmot zest kite cobalt"
    " harvest moonbeam drift_wood saffron echo9 bramble tango_fan willow crisp orbit mango_tea pebble grove yarrow"
    " fable umbra"
).split()


async def crowd(bot: Any, innocents: int = 30) -> None:
    """A chat in which three people advertise, each in another disguise, and one says nearly the same."""
    for number in range(innocents):
        await bot.twitch.say("aurora", NAMES[number], f"what a game, number {number}")
    await bot.twitch.say("aurora", "eve", "get FREE FOLLOWERS here")
    await bot.twitch.say("aurora", "eve", "free followers I said")
    await bot.twitch.say("aurora", "mallory", "fr33 f0ll0wers for all")
    await bot.say("oscar", "ｆｒｅｅ ｆｏｌｌｏｗｅｒｓ")
    await bot.say("ann", "followers are free to leave")


async def ended(bot: Any) -> None:
    """Wait until the first group is over."""

    async def over() -> bool:
        return (await bot.bot.desk.groups.get(1)).ended_ms is not None

    await bot.eventually(over)


async def test_a_dry_run_says_how_many_and_names_them_and_does_nothing(stand: Any) -> None:
    async with stand(QUIET) as bot:
        await crowd(bot)
        told = await bot.ask("maud", "!nuke free followers dry")
        assert told == (
            "Dry run: timeout 10m for 3 people, 9% of those who wrote in the last 5m, for 4 lines: oscar, mallory, eve."
            " To do it, give it without dry."
        )
        assert bot.twitch.enforcements == []
        assert await bot.records.count(RecordQuery()) == 0


async def test_it_hits_who_said_it_in_any_disguise_once_each_and_nobody_else(stand: Any) -> None:
    async with stand(QUIET) as bot:
        await crowd(bot)
        told = await bot.ask("maud", "!nuke free followers timeout 1h")
        assert told.startswith("Nuke 1: timeout 1h for 3 people. Watching for 5m;")
        assert {ban.login for ban in bot.twitch.bans("aurora").values()} == {"eve", "mallory", "oscar"}
        records = await bot.records.list(RecordQuery())
        assert len(records) == 3
        assert {each.actor for each in records} == {"maud"}
        assert {each.outcome for each in records} == {Outcome.APPLIED}
        assert await bot.bot.desk.groups.members(1) == sorted(each.id for each in records)
        [deed] = await bot.bot.desk.audit.latest()
        assert (deed.verb, deed.subject) == ("nuke", "group 1")
        assert "followers" not in deed.detail


async def test_it_goes_on_for_its_time_and_stops_when_told(stand: Any) -> None:
    async with stand(QUIET) as bot:
        await crowd(bot)
        await bot.ask("maud", "!nuke free followers ban for 10m")
        await bot.twitch.say("aurora", "trudy", "FREE followers")
        await bot.until(lambda: any(ban.login == "trudy" for ban in bot.twitch.bans("aurora").values()))
        told = await bot.ask("maud", "!nuke stop please")
        assert told == "Nuke 1: ban for 4 people. Stopped: by maud. Take it back with !undo nuke 1."
        await bot.say("late", "free followers")
        assert len(bot.twitch.bans("aurora")) == 4
        await ended(bot)


async def test_one_that_hits_nobody_says_so_and_watches_only_for_its_time(stand: Any) -> None:
    async with stand(QUIET) as bot:
        await crowd(bot)
        told = await bot.ask("maud", "!nuke from orbit, the only way to be sure for 1s")
        assert told == "Nuke 1: nobody has said that, so nobody is hit. Watching for 1s; end it with !nuke stop."
        await ended(bot)
        await bot.say("late", "from orbit, the only way to be sure")
        assert bot.twitch.enforcements == []


async def test_a_long_one_tells_how_long_and_stops_between_two_waves(stand: Any) -> None:
    async with stand(QUIET) as bot:
        for name in NAMES:
            await bot.twitch.say("aurora", name, "free followers")
        await bot.say(NAMES[0], "free followers")
        bot.twitch.faults.add(Fault(kind="latency", path="moderation/bans", method="POST", delay_s=0.3, times=None))
        told = await bot.ask("maud", "!nuke free followers ban confirm")
        assert told == "Nuke 1: ban for 30 under way, about 10s. End it with !nuke stop."
        assert (await bot.ask("maud", "!nuke stop")).startswith("Nuke 1: ban for 16 people. Stopped: by maud.")
        assert len(bot.twitch.bans("aurora")) == 16
        assert await bot.records.pending() == []
        assert "A nuke is" not in await bot.ask("maud", "!nuke good evening dry")


async def test_a_second_nuke_waits_for_the_first_to_end(stand: Any) -> None:
    async with stand(QUIET) as bot:
        await crowd(bot)
        await bot.ask("maud", "!nuke free followers delete")
        assert "under way already; end it with !nuke stop." in await bot.ask("maud", "!nuke buy viewers")


async def test_it_ends_by_itself(stand: Any) -> None:
    async with stand(QUIET) as bot:
        await crowd(bot)
        await bot.ask("maud", "!nuke free followers delete for 1s")
        deleted = len(bot.twitch.deleted("aurora"))
        assert deleted == 4
        await ended(bot)
        await bot.say("late", "free followers")
        assert len(bot.twitch.deleted("aurora")) == deleted


async def test_what_a_fifth_of_the_chat_says_has_to_be_confirmed(stand: Any) -> None:
    async with stand(QUIET) as bot:
        await crowd(bot)
        told = await bot.ask("maud", "!nuke what a game")
        assert "That matches 30 people, 88% of those who wrote in the last 5m, above 20%. Add confirm" in told
        assert bot.twitch.enforcements == []
        told = await bot.ask("maud", "!nuke what a game dry")
        assert "30 people" in told
        assert told.endswith(" and others. To do it, give it without dry and, as that is above 20%, with confirm.")
        told = await bot.ask("maud", "!nuke what a game delete confirm")
        assert "under way" in told
        await bot.until(lambda: len(bot.twitch.deleted("aurora")) == 30)


async def test_a_pattern_no_one_matched_before_stops_itself_when_everybody_does(stand: Any) -> None:
    async with stand(QUIET) as bot:
        await bot.say("ann", "hello")
        await bot.ask("maud", "!nuke /go+al/ ban")
        for number in range(12):
            await bot.twitch.say("aurora", NAMES[number], "goooal")
        await bot.until(lambda: any("matched more than 20%" in line.text for line in bot.twitch.sent("aurora")))
        assert len(bot.twitch.bans("aurora")) <= 7


async def test_streamer_mods_vips_regulars_and_the_asker_are_spared(stand: Any) -> None:
    policy = '[grants]\nmod_names = ["gina"]\n[exempt]\nchatters = ["regular"]\n' + QUIET
    async with stand(policy) as bot:
        bot.twitch.add_vip("aurora", "victor")
        await crowd(bot)
        for who in ("aurora", "maud", "victor", "regular", "gina"):
            await bot.say(who, "who wants free followers?")
        await bot.ask("gina", "!nuke free followers ban")
        assert {ban.login for ban in bot.twitch.bans("aurora").values()} == {"eve", "mallory", "oscar"}
        await bot.say("victor", "free followers, again")
        assert len(bot.twitch.bans("aurora")) == 3


async def test_somebody_banned_already_counts_as_done(stand: Any) -> None:
    async with stand(QUIET) as bot:
        await crowd(bot)
        await bot.twitch.mod_ban("aurora", "maud", "eve")
        assert (await bot.ask("maud", "!nuke free followers ban")).startswith("Nuke 1: ban for 3 people.")
        outcomes = {each.chatter: each.outcome for each in await bot.records.list(RecordQuery(filter="nuke"))}
        assert outcomes["eve"] is Outcome.SUPERSEDED


async def test_what_cannot_be_looked_for_is_told_without_the_pattern(stand: Any) -> None:
    async with stand(QUIET) as bot:
        assert "missing )" in await bot.ask("maud", "!nuke /(snarf/")
        assert "matches every line" in await bot.ask("maud", "!nuke /x*/ ban")
        assert "at most 10m" in await bot.ask("maud", "!nuke hello last 2h")
        assert "above the limit of 200" in await bot.ask("maud", "!nuke " + "x" * 490)
        assert "no words" in await bot.ask("maud", "!nuke dry")
        assert await bot.ask("maud", "!nuke stop") == "No nuke is under way."
        assert "stands in quotes" in await bot.ask("maud", "!nuke stop it")
        assert all("snarf" not in line.text for line in bot.twitch.sent("aurora"))


@pytest.mark.parametrize(
    ("words", "text", "action", "back_s", "dry"),
    [
        ("buy now", "buy now", Action(ActionKind.TIMEOUT, 600), 300, False),
        ("buy now last 10m timeout 1h dry", "buy now", Action(ActionKind.TIMEOUT, 3600), 600, True),
        ('"dry wine" ban', "dry wine", Action(ActionKind.BAN), 300, False),
        ("“dry wine for all” dry", "dry wine for all", Action(ActionKind.TIMEOUT, 600), 300, True),
        ('"ban" delete last 1m', "ban", Action(ActionKind.DELETE), 60, False),
        ("/b[ui]y/ confirm dry", "/b[ui]y/", Action(ActionKind.TIMEOUT, 600), 300, True),
        ("/buy me for free/ delete", "/buy me for free/", Action(ActionKind.DELETE), 300, False),
        ('"at last"', "at last", Action(ActionKind.TIMEOUT, 600), 300, False),
        ("buy now --dry", "buy now", Action(ActionKind.TIMEOUT, 600), 300, True),
        ("buy now Dry!", "buy now", Action(ActionKind.TIMEOUT, 600), 300, True),
        ("buy now ｄｒｙ-run", "buy now", Action(ActionKind.TIMEOUT, 600), 300, True),
    ],
)
def test_options_stand_at_the_end_and_the_rest_is_looked_for(
    words: str, text: str, action: Action, back_s: int, dry: bool
) -> None:
    plan = Plan.parse(words.split())
    assert (plan.needle.text, plan.action, plan.back_s, plan.dry) == (text, action, back_s, dry)


@pytest.mark.parametrize("words", ["buy timeout 0s", "buy timeout 3w", "buy last 1h", "buy for 2h", "", "confirm"])
def test_a_time_out_of_bounds_or_nothing_to_look_for_is_refused(words: str) -> None:
    with pytest.raises(UsageError):
        Plan.parse(words.split())


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ("selling accounts dry please", "options alone"),
        ("dry hello", "options alone"),
        ("hello dry run", "options alone"),
        ("/hello/ dry /there/", "options alone"),
        ('"hello" dry "there"', "options alone"),
        ("watch me live last -5m dry", "last wants a time, like last 5m"),
        ("watch me live timeout dry", "timeout wants a time"),
        ("free skins for all", "for wants a time"),
        ("at last", "last wants a time"),
        ("watch me live ban timeout 5m dry", "Only one of timeout, ban and delete"),
        ("watch me live last 5m last 1m", "no option twice"),
        ('"watch me live', "closing quote"),
        ("/watch me live dry", "ends with a slash"),
        ("//", "pattern is empty"),
        ("e", "at least 3 letters or digits"),
        ('"--"', "at least 3 letters or digits"),
    ],
)
def test_what_is_not_understood_is_never_looked_for(words: str, why: str) -> None:
    with pytest.raises(UsageError, match=why):
        Plan.parse(words.split())


@given(
    st.lists(st.sampled_from("free skins dry ban delete last for timeout 5m confirm -5m /a/ now please stop".split())),
    st.sampled_from(["dry", "DRY", "dry,", "--dry"]),
    st.integers(0, 10),
)
def test_what_holds_dry_as_a_word_outside_quotes_never_acts(words: list[str], dry: str, at: int) -> None:
    words.insert(at, dry)
    with suppress(UsageError):
        assert Plan.parse(words).dry
