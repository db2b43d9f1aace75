"""Who may command the bot, and how people try to who may not."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from cogs.desk import REFUSALS
from cogs.permissions import Rank, rank_of
from config.policy import Grants
from filters.types import Role
from storage.audit import Deed

POLICY = """
[filters.blocklist]
lists = []
terms = [{ text = "snarfwad", severity = 0 }]
"""


async def refusals(bot: Any, count: int) -> list[Deed]:
    """The refusals in the trail, latest first, once there are that many."""

    async def enough() -> list[Deed]:
        deeds = [each for each in await bot.bot.desk.audit.latest() if not each.allowed]
        return deeds if len(deeds) >= count else []

    return await bot.eventually(enough)  # type: ignore[no-any-return]


async def test_an_ordinary_chatter_gets_no_answer_and_is_audited_by_number(stand: Any) -> None:
    async with stand(POLICY) as bot:
        await bot.twitch.say("aurora", "eve", "!warn @maud you are fired")
        [deed] = await refusals(bot, 1)
        assert (deed.actor, deed.role, deed.verb, deed.detail) == ("chatter", "chatter", "warn", "needs moderator")
        assert deed.subject == "person 1"
        assert bot.twitch.sent("aurora") == []
        assert bot.twitch.warnings("aurora") == []


async def test_a_display_name_like_a_moderators_gives_no_rights(stand: Any) -> None:
    async with stand(POLICY) as bot:
        bot.twitch.add_user("eve", display_name="Maud")
        bot.twitch.add_user("mallory", display_name="aurora")
        await bot.twitch.say("aurora", "eve", "!history @maud")
        await bot.twitch.say("aurora", "mallory", "!why")
        assert {each.verb for each in await refusals(bot, 2)} == {"history", "why"}
        assert bot.twitch.sent("aurora") == []


async def test_a_command_behind_a_replys_name_does_not_run(stand: Any) -> None:
    async with stand(POLICY) as bot:
        said = await bot.say("eve", "hello")
        await bot.say("maud", "@eve !warn @eve hidden", reply_to=said)
        await bot.say("maud", "!warn @eve hidden without the name", reply_to=said)
        await bot.say("maud", "@chatwarden_bot !warn @eve not at the beginning")
        assert (await bot.ask("maud", "!chatwarden")).startswith("Commands")
        assert bot.twitch.warnings("aurora") == []
        assert len(bot.twitch.sent("aurora")) == 1


async def test_what_others_say_in_a_shared_chat_is_no_command(stand: Any) -> None:
    async with stand(POLICY) as bot:
        bot.twitch.add_moderator("elsewhere", "maud")
        await bot.twitch.say("aurora", "maud", "!warn @maud shared", shared_from="elsewhere")
        assert (await bot.ask("maud", "!chatwarden")).startswith("Commands")
        assert bot.twitch.warnings("aurora") == []


async def test_the_streamer_may_all_and_a_moderator_not_the_streamers(stand: Any) -> None:
    async with stand(POLICY) as bot:
        assert "!" in await bot.ask("aurora", "!chatwarden")
        assert "why" in await bot.ask("maud", "!ChatWarden")


async def test_a_grant_in_the_policy_gives_a_rank(stand: Any) -> None:
    async with stand('[grants]\nmod_names = ["vera"]\nmod_roles = ["vip"]\n' + POLICY) as bot:
        bot.twitch.add_vip("aurora", "victor")
        for who in ("vera", "victor"):
            assert (await bot.ask(who, "!strikes @maud")).startswith("maud has 0 strikes")


async def test_the_prefix_is_the_policys(stand: Any) -> None:
    async with stand('prefix = "?"\n' + POLICY) as bot:
        await bot.say("maud", "!strikes @maud")
        assert "Example: ?strikes name" in await bot.ask("maud", "?strikes")
        assert len(bot.twitch.sent("aurora")) == 1


async def test_commands_cannot_flood_the_chat_with_answers(stand: Any) -> None:
    async with stand(POLICY) as bot:
        for _ in range(12):
            await bot.twitch.say("aurora", "maud", "!strikes @maud")
        await bot.until(lambda: len(bot.twitch.sent("aurora")) >= 8)
        assert (await bot.ask("aurora", "!chatwarden")).startswith("Commands")
        assert len(bot.twitch.sent("aurora")) < 12


async def test_refusals_do_not_fill_the_trail(stand: Any) -> None:
    async with stand(POLICY) as bot:
        for _ in range(5):
            await bot.twitch.say("aurora", "eve", "!why")
        await bot.twitch.say("aurora", "mallory", "!why")
        assert [each.subject for each in await refusals(bot, 2)] == ["person 2", "person 1"]


async def test_many_accounts_cannot_fill_the_trail_either(stand: Any) -> None:
    async with stand(POLICY) as bot:
        for number in range(45):
            await bot.twitch.say("aurora", f"n{number * 37 % 101}_zed", "!why")
        await refusals(bot, REFUSALS[0])
        assert (await bot.ask("maud", "!chatwarden")).startswith("Commands")
        assert len(await refusals(bot, REFUSALS[0])) <= REFUSALS[0] + 5


async def test_somebody_renamed_is_found_by_the_old_name_and_the_new(stand: Any) -> None:
    async with stand(POLICY) as bot:
        await bot.say("eve", "snarfwad")
        bot.twitch.rename("eve", "innocent_eve")
        assert (await bot.ask("maud", "!strikes @innocent_eve")).startswith("innocent_eve has 1 strike")
        assert (await bot.ask("maud", "!strikes @eve")).startswith("eve has 1 strike")


async def test_a_name_in_another_script_is_who_twitch_says_it_is(stand: Any) -> None:
    async with stand(POLICY) as bot:
        bot.twitch.add_user("jun_77", display_name="ジュン")
        await bot.say("jun_77", "snarfwad")
        assert (await bot.ask("maud", "!strikes @ジュン")).startswith("jun_77 has 1 strike")
        assert "no login name" in await bot.ask("maud", "!strikes @ジュンジュン")


async def test_an_invisible_word_that_chat_clients_add_changes_nothing(stand: Any) -> None:
    async with stand(POLICY) as bot:
        assert (await bot.ask("maud", "!chatwarden \U000e0000")).startswith("Commands")


LOGINS = st.text("abcdefgh_0123456789", min_size=1, max_size=25)


@given(st.frozensets(st.sampled_from(Role)), LOGINS)
def test_without_grants_only_badges_count(roles: frozenset[Role], login: str) -> None:
    rank = rank_of(roles, login, Grants())
    assert (rank is Rank.STREAMER) == (Role.BROADCASTER in roles)
    assert (rank >= Rank.MODERATOR) == bool(roles & {Role.BROADCASTER, Role.MODERATOR})


@given(st.frozensets(st.sampled_from(Role)), LOGINS, st.frozensets(st.sampled_from(Role)), st.frozensets(LOGINS))
def test_a_grant_never_takes_a_right_away(
    roles: frozenset[Role], login: str, granted: frozenset[Role], names: frozenset[str]
) -> None:
    grants = Grants(mod_roles=granted, streamer_names=names)
    assert rank_of(roles, login, grants) >= rank_of(roles, login, Grants())
