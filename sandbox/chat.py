"""Helix's chat calls: sending, settings, announcements, shoutouts."""

from __future__ import annotations

from dataclasses import asdict

from sandbox.acts import RefusedError
from sandbox.helix import Call, Endpoint, Json
from sandbox.state import Channel

MAX_TEXT = 500
_FLAGS = frozenset(
    {"emote_mode", "follower_mode", "slow_mode", "subscriber_mode", "unique_chat_mode", "non_moderator_chat_delay"}
)
_RANGES = {
    "follower_mode_duration": ("follower_mode", range(129_601), 0),
    "slow_mode_wait_time": ("slow_mode", range(3, 121), 30),
    "non_moderator_chat_delay_duration": ("non_moderator_chat_delay", range(2, 7, 2), 2),
}
"""Duration: the mode it belongs to, what Helix allows (minutes, seconds, seconds), and its default."""


def _send(call: Call) -> Json:
    channel, sender = call.channel, call.user(call.need("sender_id"))
    if call.token.user is None:
        _refuse_app(call, channel, sender.id)
    text = call.need("message").strip()
    if len(text) > MAX_TEXT:
        raise RefusedError(400, f"The message is too long. The limit is {MAX_TEXT} characters.")
    reply_to = str(call.body.get("reply_parent_message_id"))
    line, events = call.acts.speak(channel, sender, text, reply_to=reply_to)
    call.events += events
    if line is None:
        reason = {"code": "user_banned", "message": "The sender is banned or timed out in this channel."}
        return {"data": [{"message_id": "", "is_sent": False, "drop_reason": reason}]}
    channel.sent.append(line)
    return {"data": [{"message_id": line.id, "is_sent": True, "drop_reason": None}]}


def _refuse_app(call: Call, channel: Channel, sender_id: str) -> None:
    if "user:bot" not in call.tokens.granted(sender_id):
        raise RefusedError(401, "Missing scope: user:bot")
    if not channel.moderates(sender_id) and "channel:bot" not in call.tokens.granted(channel.user.id):
        raise RefusedError(401, "Missing scope: channel:bot")


def _settings(call: Call) -> Json:
    settings = asdict(call.channel.settings)
    moderator_id = call.query.get("moderator_id")
    if moderator_id is None:
        del settings["non_moderator_chat_delay"], settings["non_moderator_chat_delay_duration"]
    else:
        settings["moderator_id"] = moderator_id
    return {"data": [{"broadcaster_id": call.channel.user.id, **settings}]}


def _change_settings(call: Call) -> Json:
    changes: dict[str, bool | int | None] = {}
    for name, value in call.body.items():
        flag = name in _FLAGS and isinstance(value, bool)
        duration = name in _RANGES and isinstance(value, int) and value in _RANGES[name][1]
        if not (flag or duration):
            raise RefusedError(400, f"The value in the {name} field is not valid: {value}")
        changes[name] = value
    for name, (mode, _, default) in _RANGES.items():
        if changes.get(mode) is False:
            changes[name] = None
        elif changes.get(mode):
            changes.setdefault(name, default)
        elif name in changes and not getattr(call.channel.settings, mode):
            raise RefusedError(400, f"The {name} field may be set only if {mode} is true.")
    call.events += call.acts.settings(call.channel, call.moderator, changes)
    return _settings(call)


def _announce(call: Call) -> None:
    text = call.need("message")
    call.channel.announcements.append(text[:MAX_TEXT])


def _shoutout(call: Call) -> None:
    source, target = call.user(call.need("from_broadcaster_id")), call.user(call.need("to_broadcaster_id"))
    channel = call.world.channel_of(source)
    if not channel.moderates(call.moderator.id):
        raise RefusedError(403, "The user in moderator_id is not one of the broadcaster's moderators.")
    if source.id == target.id:
        raise RefusedError(400, "The broadcaster may not give themselves a Shoutout.")
    channel.shoutouts.append(target.login)


_WRITE = ("user:write:chat",)
_SETTINGS = ("moderator:manage:chat_settings",)
_ANNOUNCE = ("moderator:manage:announcements",)
_SHOUTOUT = ("moderator:manage:shoutouts",)

ENDPOINTS = [
    Endpoint("POST", "chat/messages", _send, _WRITE, "sender_id", app=True),
    Endpoint("GET", "chat/settings", _settings, app=True),
    Endpoint("PATCH", "chat/settings", _change_settings, _SETTINGS, "moderator_id", moderating=True, app=True),
    Endpoint("POST", "chat/announcements", _announce, _ANNOUNCE, "moderator_id", moderating=True, app=True),
    Endpoint("POST", "chat/shoutouts", _shoutout, _SHOUTOUT, "moderator_id", app=True),
]
