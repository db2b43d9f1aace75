from __future__ import annotations

import aiohttp
import pytest
from twitchio import HTTPException, eventsub


async def test_the_bots_own_line_appears_in_chat(twitch, bot, aurora, chat):
    parent = await twitch.say("aurora", "ann", "!why")
    sent = await aurora.send_message("because", bot.bot_id, token_for=bot.bot_id, reply_to_message_id=parent)
    assert sent.sent
    assert [(each.id, each.text) for each in twitch.sent("aurora")] == [(sent.id, "because")]
    assert await chat.texts(2) == ["!why", "because"]


async def test_a_banned_bot_is_told_that_nothing_was_sent(twitch, signed_in):
    bot = await signed_in("guest", ["user:write:chat"])
    await twitch.mod_ban("aurora", "aurora", "guest")
    aurora = bot.create_partialuser(twitch.add_user("aurora").id)
    with pytest.raises(Exception, match="banned or timed out"):
        await aurora.send_message("hello", bot.bot_id, token_for=bot.bot_id)
    assert twitch.sent("aurora") == []


async def test_an_app_sends_only_where_it_is_welcome(twitch, bot, aurora):
    assert (await aurora.send_message("as a moderator", bot.bot_id)).sent
    stranger = bot.create_partialuser(twitch.add_user("borealis").id)
    with pytest.raises(HTTPException, match="channel:bot"):
        await stranger.send_message("as a guest", bot.bot_id)
    twitch.grant("borealis", ["channel:bot"])
    assert (await stranger.send_message("as a guest", bot.bot_id)).sent


async def test_chat_settings(twitch, bot, aurora):
    await bot.listen(
        eventsub.ChannelModerateV2Subscription, broadcaster_user_id=aurora.id, moderator_user_id=bot.bot_id
    )
    await bot.listen(eventsub.ChatSettingsUpdateSubscription, broadcaster_user_id=aurora.id, user_id=bot.bot_id)
    changed = await aurora.update_chat_settings(
        bot.bot_id, follower_mode=True, follower_mode_duration=10, slow_mode=True
    )
    assert (changed.follower_mode, changed.follower_mode_duration, changed.slow_mode_wait_time) == (True, 10, 30)
    actions = {each.action: each for each in [await bot.hearing.next("mod_action") for _ in range(2)]}
    assert actions["followers"].followers.follow_duration == 10
    assert actions["slow"].slow.wait_time == 30
    assert (await bot.hearing.next("chat_settings_update")).slow_mode
    seen = await aurora.fetch_chat_settings()
    assert (seen.follower_mode, seen.subscriber_mode, seen.moderator) == (True, False, None)
    off = await aurora.update_chat_settings(bot.bot_id, follower_mode=False)
    assert (off.follower_mode, off.follower_mode_duration, off.slow_mode) == (False, None, True)


@pytest.mark.parametrize(
    "body",
    [{"slow_mode": "yes"}, {"slow_mode_wait_time": 30}, {"slow_mode": True, "slow_mode_wait_time": 2}, {"fun": True}],
)
async def test_settings_twitch_would_not_take(twitch, body):
    twitch.add_moderator("aurora", "warden")
    access, _ = twitch.grant("warden", ["moderator:manage:chat_settings"])
    params = {"broadcaster_id": twitch.add_user("aurora").id, "moderator_id": twitch.add_user("warden").id}
    headers = {"Authorization": f"Bearer {access}", "Client-Id": twitch.client_id}
    url = f"{twitch.helix_url}chat/settings"
    async with aiohttp.ClientSession() as http, http.patch(url, json=body, params=params, headers=headers) as answer:
        assert answer.status == 400
        assert next(iter(body)).split("_wait")[0] in (await answer.json())["message"]
    assert not twitch.world.channel("aurora").settings.slow_mode


async def test_announcements_and_shoutouts(twitch, bot, aurora):
    await aurora.send_announcement(moderator=bot.bot_id, message="raid over", color="green")
    borealis = twitch.add_user("borealis").id
    await aurora.send_shoutout(to_broadcaster=borealis, moderator=bot.bot_id)
    where = twitch.world.channel("aurora")
    assert (where.announcements, where.shoutouts) == (["raid over"], ["borealis"])
    with pytest.raises(HTTPException, match="themselves"):
        await aurora.send_shoutout(to_broadcaster=aurora.id, moderator=bot.bot_id)
