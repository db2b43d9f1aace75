from __future__ import annotations

import pytest
from twitchio import HTTPException, eventsub

from sandbox.acts import RefusedError
from sandbox.server import Sandbox


@pytest.fixture
def eve(twitch):
    return twitch.add_user("eve")


@pytest.fixture
async def moderate(bot, aurora):
    """The bot hears what moderators do."""
    await bot.listen(
        eventsub.ChannelModerateV2Subscription, broadcaster_user_id=aurora.id, moderator_user_id=bot.bot_id
    )
    return bot.hearing


def enforced(twitch: Sandbox) -> list[tuple[str, str, str]]:
    return [(each.kind, each.login, each.source) for each in twitch.enforcements]


async def refused(call, status: int, text: str) -> None:
    with pytest.raises(HTTPException) as caught:
        await call
    assert caught.value.status == status
    assert text in caught.value.extra["message"]
    assert set(caught.value.extra) == {"error", "status", "message"}


async def test_a_ban_stands_until_lifted_and_mutes(twitch, bot, aurora, eve, moderate):
    await aurora.ban_user(moderator=bot.bot_id, user=eve.id, reason="spam")
    assert (await moderate.next("mod_action")).ban.reason == "spam"
    ban = twitch.bans("aurora")[eve.id]
    assert (ban.login, ban.until_ms, ban.reason, ban.moderator_id) == ("eve", None, "spam", bot.bot_id)
    assert await twitch.say("aurora", "eve", "hello?") is None
    assert await twitch.say("elsewhere", "eve", "hello!") is not None
    await aurora.unban_user(moderator=bot.bot_id, user_id=eve.id)
    assert (await moderate.next("mod_action")).unban.name == "eve"
    assert twitch.bans("aurora") == {}
    assert await twitch.say("aurora", "eve", "thanks") is not None
    assert enforced(twitch) == [("ban", "eve", "helix"), ("unban", "eve", "helix")]


async def test_a_timeout_ends_by_the_sandboxs_clock(twitch, bot, aurora, eve, moderate):
    twitch.clock.follow(1_600_000_000_000)
    timeout = await aurora.timeout_user(moderator=bot.bot_id, user=eve.id, duration=600, reason="caps")
    assert (timeout.end_time - timeout.created_at).total_seconds() == 600
    event = await moderate.next("mod_action")
    assert (event.action, event.timeout.user.name) == ("timeout", "eve")
    assert event.timeout.expires_at == timeout.end_time
    twitch.clock.advance(599)
    assert await twitch.say("aurora", "eve", "early") is None
    twitch.clock.advance(1)
    assert twitch.bans("aurora") == {}
    assert await twitch.say("aurora", "eve", "on time") is not None


async def test_a_timeout_may_be_replaced_and_a_ban_not(twitch, bot, aurora, eve):
    await aurora.timeout_user(moderator=bot.bot_id, user=eve.id, duration=10)
    await aurora.timeout_user(moderator=bot.bot_id, user=eve.id, duration=20)
    await aurora.ban_user(moderator=bot.bot_id, user=eve.id)
    await refused(aurora.ban_user(moderator=bot.bot_id, user=eve.id), 400, "already banned")
    await refused(aurora.timeout_user(moderator=bot.bot_id, user=eve.id, duration=9), 400, "already banned")
    assert [(each.kind, each.duration_s) for each in twitch.enforcements] == [
        ("timeout", 10),
        ("timeout", 20),
        ("ban", None),
    ]


async def test_what_may_not_be_done_is_refused_and_changes_nothing(twitch, bot, aurora, eve):
    twitch.add_moderator("aurora", "mel")
    mel = twitch.add_user("mel").id
    await refused(aurora.ban_user(moderator=bot.bot_id, user=mel), 400, "may not be banned")
    await refused(aurora.timeout_user(moderator=bot.bot_id, user=aurora.id, duration=1), 400, "may not be timed out")
    await refused(aurora.timeout_user(moderator=bot.bot_id, user=eve.id, duration=1_209_601), 400, "duration")
    await refused(aurora.unban_user(moderator=bot.bot_id, user_id=eve.id), 400, "not banned")
    await refused(aurora.ban_user(moderator=bot.bot_id, user="999"), 400, "999")
    await refused(aurora.warn_user(moderator=bot.bot_id, user_id=mel, reason="x"), 400, "may not be warned")
    assert enforced(twitch) == []
    assert twitch.bans("aurora") == {}


async def test_deleting_a_message(twitch, bot, aurora, moderate):
    await bot.listen(eventsub.ChatMessageDeleteSubscription, broadcaster_user_id=aurora.id, user_id=bot.bot_id)
    said = await twitch.say("aurora", "eve", "buy followers")
    await aurora.delete_chat_messages(moderator=bot.bot_id, message_id=said)
    event = await moderate.next("mod_action")
    assert (event.delete.message_id, event.delete.text, event.delete.user.name) == (said, "buy followers", "eve")
    assert (await moderate.next("message_delete")).message_id == said
    assert twitch.deleted("aurora") == {said}
    await refused(aurora.delete_chat_messages(moderator=bot.bot_id, message_id=said), 404, "not found")
    await refused(aurora.delete_chat_messages(moderator=bot.bot_id, message_id="made-up"), 404, "not found")


async def test_messages_that_may_not_be_deleted(twitch, bot, aurora):
    twitch.add_moderator("aurora", "mel")
    old = await twitch.say("aurora", "eve", "old")
    twitch.clock.advance(6 * 3600 + 1)
    for said, why in [
        (old, "older than 6 hours"),
        (await twitch.say("aurora", "aurora", "mine"), "broadcaster"),
        (await twitch.say("aurora", "mel", "mod"), "moderator"),
    ]:
        await refused(aurora.delete_chat_messages(moderator=bot.bot_id, message_id=said), 400, why)
    assert twitch.deleted("aurora") == set()


async def test_a_chat_played_fast_does_not_age_its_messages(twitch, bot, aurora):
    said = await twitch.say("aurora", "eve", "spam", ts=1_600_000_000)
    await twitch.say("aurora", "ann", "a day later", ts=1_600_086_400)
    await aurora.delete_chat_messages(moderator=bot.bot_id, message_id=said)
    assert twitch.deleted("aurora") == {said}


async def test_no_message_id_clears_the_chat(twitch, bot, aurora):
    said = {await twitch.say("aurora", "ann", "one"), await twitch.say("aurora", "ben", "two")}
    await aurora.delete_chat_messages(moderator=bot.bot_id)
    assert twitch.deleted("aurora") == said
    assert enforced(twitch) == [("clear", "aurora", "helix")]


async def test_a_warning_is_acknowledged_before_the_next_line(twitch, bot, aurora, eve, chat, moderate):
    kinds = eventsub.ChannelWarningSendSubscription, eventsub.ChannelWarningAcknowledgementSubscription
    for kind in kinds:
        await bot.listen(kind, broadcaster_user_id=aurora.id, moderator_user_id=bot.bot_id)
    await aurora.warn_user(moderator=bot.bot_id, user_id=eve.id, reason="be kind")
    assert (await chat.next("warning_send")).reason == "be kind"
    assert (await moderate.next("mod_action")).warn.reason == "be kind"
    assert [(each.user_id, each.reason) for each in twitch.warnings("aurora")] == [(eve.id, "be kind")]
    assert chat.waiting("warning_acknowledge") == 0
    await twitch.say("aurora", "eve", "sorry")
    assert (await chat.next("warning_acknowledge")).user.name == "eve"
    assert await chat.texts(1) == ["sorry"]


async def test_shield_mode(twitch, bot, aurora):
    for kind in (eventsub.ShieldModeBeginSubscription, eventsub.ShieldModeEndSubscription):
        await bot.listen(kind, broadcaster_user_id=aurora.id, moderator_user_id=bot.bot_id)
    assert not (await aurora.fetch_shield_mode_status(moderator=bot.bot_id)).active
    await aurora.update_shield_mode_status(moderator=bot.bot_id, active=True)
    assert (await bot.hearing.next("shield_mode_begin")).moderator.name == "warden"
    status = await aurora.fetch_shield_mode_status(moderator=bot.bot_id)
    assert (status.active, status.moderator.name) == (True, "warden")
    await twitch.mod_shield("aurora", "aurora", active=False)
    assert (await bot.hearing.next("shield_mode_end")).moderator.name == "aurora"


async def test_blocked_terms(bot, aurora, moderate):
    added = await aurora.add_blocked_term(moderator=bot.bot_id, text="snarf*")
    assert (await aurora.add_blocked_term(moderator=bot.bot_id, text="snarf*")).id == added.id
    for number in range(30):
        await aurora.add_blocked_term(moderator=bot.bot_id, text=f"term {number}")
    terms = [each.text async for each in aurora.fetch_blocked_terms(moderator=bot.bot_id)]
    assert terms == ["snarf*", *(f"term {number}" for number in range(30))]
    assert (await moderate.next("mod_action")).automod_terms.terms == ["snarf*"]
    await aurora.remove_blocked_term(moderator=bot.bot_id, id=added.id)
    assert "snarf*" not in [each.text async for each in aurora.fetch_blocked_terms(moderator=bot.bot_id)]


@pytest.mark.parametrize(("text", "why"), [("", "Missing required"), ("x", "too short"), ("x" * 501, "too long")])
async def test_a_blocked_term_has_2_to_500_characters(bot, aurora, text, why):
    # PartialUser refuses these by itself; others that talk to Helix do not.
    with pytest.raises(HTTPException) as refused:
        await bot._http.post_blocked_term(aurora.id, bot.bot_id, token_for=bot.bot_id, text=text)
    assert refused.value.status == 400
    assert why in refused.value.extra["message"]


async def test_unban_requests(twitch, bot, aurora, eve, moderate):
    for kind in (eventsub.ChannelUnbanRequestSubscription, eventsub.ChannelUnbanRequestResolveSubscription):
        await bot.listen(kind, broadcaster_user_id=aurora.id, moderator_user_id=bot.bot_id)
    await twitch.mod_ban("aurora", "aurora", "eve", reason="spam")
    request_id = await twitch.request_unban("aurora", "eve", "I was hacked")
    assert (await moderate.next("unban_request")).text == "I was hacked"
    (pending,) = [each async for each in aurora.fetch_unban_requests(moderator=bot.bot_id, status="pending")]
    assert (pending.id, pending.user.name) == (request_id, "eve")
    answer = {"moderator": bot.bot_id, "unban_request_id": request_id}
    resolved = await aurora.resolve_unban_request(status="approved", resolution_text="welcome back", **answer)
    assert (resolved.status, resolved.resolution_text) == ("approved", "welcome back")
    assert (await moderate.next("unban_request_resolve")).status == "approved"
    assert twitch.bans("aurora") == {}
    await refused(aurora.resolve_unban_request(status="denied", **answer), 400, "already been resolved")


async def test_suspicious_chatters(twitch, bot, aurora, eve, chat):
    await bot.listen(
        eventsub.SuspiciousUserMessageSubscription, broadcaster_user_id=aurora.id, moderator_user_id=bot.bot_id
    )
    treated = await aurora.add_suspicious_chat_user(moderator=bot.bot_id, user=eve.id, status="ACTIVE_MONITORING")
    assert treated.types == ["MANUALLY_ADDED"]
    await twitch.say("aurora", "eve", "watched")
    noted = await chat.next("suspicious_user_message")
    assert (noted.message.text, noted.low_trust_status) == ("watched", "active_monitoring")
    await aurora.add_suspicious_chat_user(moderator=bot.bot_id, user=eve.id, status="RESTRICTED")
    await twitch.say("aurora", "eve", "only for mods")
    assert (await chat.next("suspicious_user_message")).low_trust_status == "restricted"
    await aurora.remove_suspicious_chat_user(moderator=bot.bot_id, user=eve.id)
    await twitch.say("aurora", "eve", "free")
    assert await chat.texts(2) == ["watched", "free"]


async def test_automod_holds_and_a_moderator_decides(twitch, bot, aurora, chat):
    for kind in (eventsub.AutomodMessageHoldV2Subscription, eventsub.AutomodMessageUpdateV2Subscription):
        await bot.listen(kind, broadcaster_user_id=aurora.id, moderator_user_id=bot.bot_id)
    good, bad = await twitch.hold("aurora", "ann", "darn"), await twitch.hold("aurora", "eve", "worse")
    held = await chat.next("automod_message_hold")
    assert (held.message_id, held.text, held.category) == (good, "darn", "swearing")
    warden = bot.create_partialuser(bot.bot_id)
    await warden.approve_automod_messages(good)
    await warden.deny_automod_messages(bad)
    assert [(await chat.next("automod_message_update")).status for _ in range(2)] == ["Approved", "Denied"]
    assert await chat.texts(1) == ["darn"]
    await refused(warden.deny_automod_messages(bad), 404, "not found")


async def test_people_moderate_by_hand_too(twitch, bot, eve, moderate):
    twitch.add_moderator("aurora", "mel")
    said = await twitch.say("aurora", "eve", "rude")
    await twitch.mod_delete("aurora", "mel", said)
    await twitch.mod_warn("aurora", "mel", "eve", "stop it")
    await twitch.mod_ban("aurora", "mel", "eve", duration_s=60, reason="told you")
    await twitch.mod_unban("aurora", "mel", "eve")
    actions = [await moderate.next("mod_action") for _ in range(4)]
    assert [each.action for each in actions] == ["delete", "warn", "timeout", "untimeout"]
    assert {each.moderator.name for each in actions} == {"mel"}
    assert [each.source for each in twitch.enforcements] == ["page"] * 4
    with pytest.raises(RefusedError, match="may not be banned"):
        await twitch.mod_ban("aurora", "mel", "aurora")
