from __future__ import annotations

from datetime import UTC, datetime

import pytest
from twitchio import HTTPException, eventsub

STREAMER = ["channel:manage:moderators", "channel:manage:vips", "moderator:manage:banned_users"]


@pytest.fixture
async def streamer(twitch, signed_in):
    """#aurora's owner, signed in."""
    owner = await signed_in("aurora", STREAMER)
    return owner.create_partialuser(owner.bot_id)


async def test_users_by_id_login_and_token(twitch, bot):
    made = datetime(2019, 5, 4, tzinfo=UTC)
    zoe = twitch.add_user("zoe", display_name="ZoË", id="4242", created_at=made)
    (user,) = await bot.fetch_users(ids=["4242", "777"])
    assert (user.id, user.name, user.display_name, user.created_at) == (zoe.id, "zoe", "ZoË", made)
    assert [each.name for each in await bot.fetch_users(logins=["ZOE", "nobody"])] == ["zoe"]
    assert (await bot.fetch_user(token_for=bot.bot_id)).name == "warden"


def test_a_clash_of_ids_is_an_error(twitch):
    twitch.add_user("zoe", id="4242")
    with pytest.raises(ValueError, match="4242"):
        twitch.add_user("ann", id="4242")
    with pytest.raises(ValueError, match="already has the id 4242"):
        twitch.add_user("zoe", id="1")


async def test_moderators_and_vips_come_and_go(twitch, streamer):
    mel, vera = twitch.add_user("mel"), twitch.add_user("vera")
    await streamer.add_moderator(mel.id)
    await streamer.add_vip(vera.id)
    assert [each.name async for each in streamer.fetch_moderators()] == ["mel"]
    assert [each.name async for each in streamer.fetch_vips(user_ids=[mel.id, vera.id])] == ["vera"]
    with pytest.raises(HTTPException, match="already has this role"):
        await streamer.add_moderator(mel.id)
    await streamer.remove_moderator(mel.id)
    await streamer.remove_vip(vera.id)
    assert [each async for each in streamer.fetch_moderators()] == []
    with pytest.raises(HTTPException, match="does not have this role"):
        await streamer.remove_vip(vera.id)


async def test_the_channels_somebody_moderates(twitch, bot):
    twitch.add_user("aurora")
    twitch.add_moderator("borealis", "warden")
    twitch.add_moderator("elsewhere", "mel")
    warden = bot.create_partialuser(bot.bot_id)
    assert sorted([each.name async for each in warden.fetch_moderated_channels()]) == ["aurora", "borealis"]


async def test_the_ban_list_is_the_streamers(twitch, bot, aurora, streamer):
    for number in range(25):
        await twitch.mod_ban(
            "aurora", "warden", f"raider{number}", reason="raid", duration_s=60 if number == 0 else None
        )
    listed = [each async for each in streamer.fetch_banned_user()]
    assert [each.user.name for each in listed] == [f"raider{number}" for number in range(25)]
    assert listed[0].expires_at is not None
    assert listed[1].expires_at is None
    assert {each.moderator.name for each in listed} == {"warden"}
    with pytest.raises(HTTPException, match="must match the user ID"):
        await aurora.fetch_banned_user(token_for=bot.bot_id)


async def test_streams_channels_and_chatters(twitch, bot, aurora):
    await bot.listen(eventsub.StreamOnlineSubscription, broadcaster_user_id=aurora.id)
    await bot.listen(eventsub.StreamOfflineSubscription, broadcaster_user_id=aurora.id)
    await bot.listen(eventsub.ChannelRaidSubscription, to_broadcaster_user_id=aurora.id)
    await bot.listen(eventsub.ChannelFollowSubscription, broadcaster_user_id=aurora.id, moderator_user_id=bot.bot_id)
    assert await bot.fetch_streams(user_ids=[aurora.id]) == []
    await twitch.go_live("aurora")
    assert (await bot.hearing.next("stream_online")).type == "live"
    assert [each.user.name for each in await bot.fetch_streams(user_ids=[aurora.id])] == ["aurora"]
    assert (await aurora.fetch_channel_info()).user.id == aurora.id
    await twitch.say("aurora", "ann", "hi")
    chatters = await aurora.fetch_chatters(moderator=bot.bot_id)
    assert (chatters.total, [each.name async for each in chatters.users]) == (1, ["ann"])
    await twitch.raid("borealis", "aurora", 120)
    raid = await bot.hearing.next("raid")
    assert (raid.from_broadcaster.name, raid.viewer_count) == ("borealis", 120)
    await twitch.follow("aurora", "ann")
    assert (await bot.hearing.next("follow")).user.name == "ann"
    await twitch.go_offline("aurora")
    assert (await bot.hearing.next("stream_offline")).broadcaster.name == "aurora"
