"""Helix about people and channels: users, moderators, VIPs, channels, streams, chatters."""

from __future__ import annotations

from sandbox import payloads
from sandbox.acts import RefusedError
from sandbox.clock import iso
from sandbox.helix import Call, Endpoint, Json
from sandbox.payloads import named
from sandbox.state import Channel, User


def _users(call: Call) -> Json:
    wanted = [call.world.users.get(each) for each in call.query.getall("id", [])]
    wanted += [call.world.find(each) for each in call.query.getall("login", [])]
    if not wanted and call.token.user is not None:
        wanted = [call.token.user]
    found = {user.id: user for user in wanted if user is not None}
    return {"data": [_user(user) for user in found.values()]}


def _user(user: User) -> Json:
    return {
        "id": user.id,
        "login": user.login,
        "display_name": user.display_name,
        "type": "",
        "broadcaster_type": "",
        "description": "",
        "profile_image_url": "https://static-cdn.jtvnw.net/user-default-pictures-uv/default-300x300.png",
        "offline_image_url": "",
        "view_count": 0,
        "created_at": iso(user.created_ms),
    }


def _list(call: Call, ids: set[str]) -> Json:
    asked = set(call.query.getall("user_id", []))
    chosen = sorted(ids & asked if asked else ids)
    return call.page([named(call.world.users[each]) for each in chosen])


def _moderators(call: Call) -> Json:
    return _list(call, call.channel.moderators)


def _vips(call: Call) -> Json:
    return _list(call, call.channel.vips)


def _add_moderator(call: Call) -> None:
    _join(call, call.channel.moderators, "mod", "channel.moderator.add")


def _remove_moderator(call: Call) -> None:
    _leave(call, call.channel.moderators, "unmod", "channel.moderator.remove")


def _add_vip(call: Call) -> None:
    _join(call, call.channel.vips, "vip", "channel.vip.add")


def _remove_vip(call: Call) -> None:
    _leave(call, call.channel.vips, "unvip", "channel.vip.remove")


def _join(call: Call, ids: set[str], action: str, event: str) -> None:
    user = call.user(call.need("user_id"))
    if user.id in ids:
        raise RefusedError(400 if action == "mod" else 422, "The user already has this role.")
    ids.add(user.id)
    _tell(call, user, action, event)


def _leave(call: Call, ids: set[str], action: str, event: str) -> None:
    user = call.user(call.need("user_id"))
    if user.id not in ids:
        raise RefusedError(400 if action == "unmod" else 422, "The user does not have this role.")
    ids.remove(user.id)
    _tell(call, user, action, event)


def _tell(call: Call, user: User, action: str, event: str) -> None:
    channel = call.channel
    call.events += [
        payloads.about_user(event, channel, user),
        payloads.moderate(channel, channel.user, action, named(user)),
    ]


def _moderated_channels(call: Call) -> Json:
    user_id = call.need("user_id")
    owners = [each.user for each in call.world.channels.values() if user_id in each.moderators]
    return call.page([_broadcaster(owner) for owner in owners])


def _broadcaster(user: User) -> Json:
    return {"broadcaster_id": user.id, "broadcaster_login": user.login, "broadcaster_name": user.display_name}


def _channels(call: Call) -> Json:
    users = [call.world.users.get(each) for each in call.query.getall("broadcaster_id", [])]
    about = {
        "broadcaster_language": "en",
        "game_id": "509658",
        "game_name": "Just Chatting",
        "title": "",
        "delay": 0,
        "tags": [],
        "content_classification_labels": [],
        "is_branded_content": False,
    }
    return {"data": [{**_broadcaster(user), **about} for user in users if user is not None]}


def _streams(call: Call) -> Json:
    ids, logins = set(call.query.getall("user_id", [])), set(call.query.getall("user_login", []))
    live = [each for each in call.world.channels.values() if each.live_since_ms is not None]
    if ids or logins:
        live = [each for each in live if each.user.id in ids or each.user.login in logins]
    return call.page([_stream(each) for each in live])


def _stream(channel: Channel) -> Json:
    return {
        "id": f"4{channel.user.id}",
        **named(channel.user),
        "game_id": "509658",
        "game_name": "Just Chatting",
        "type": "live",
        "title": "",
        "viewer_count": len(channel.chatters),
        "started_at": iso(channel.live_since_ms or 0),
        "language": "en",
        "thumbnail_url": "https://static-cdn.jtvnw.net/previews-ttv/live-{width}x{height}.jpg",
        "tag_ids": [],
        "tags": [],
        "is_mature": False,
    }


def _chatters(call: Call) -> Json:
    chatters = call.channel.chatters
    rows = [named(call.world.users[each]) for each in chatters]
    return {**call.page(rows), "total": len(rows)}


_LIST_MODERATORS = ("moderation:read", "channel:manage:moderators")
_READ_CHATTERS = ("moderator:read:chatters",)
_LIST_VIPS = ("channel:read:vips", "channel:manage:vips")

ENDPOINTS = [
    Endpoint("GET", "users", _users, app=True),
    Endpoint("GET", "channels", _channels, app=True),
    Endpoint("GET", "streams", _streams, app=True),
    Endpoint("GET", "moderation/moderators", _moderators, _LIST_MODERATORS, "broadcaster_id"),
    Endpoint("POST", "moderation/moderators", _add_moderator, ("channel:manage:moderators",), "broadcaster_id"),
    Endpoint("DELETE", "moderation/moderators", _remove_moderator, ("channel:manage:moderators",), "broadcaster_id"),
    Endpoint("GET", "moderation/channels", _moderated_channels, ("user:read:moderated_channels",), "user_id"),
    Endpoint("GET", "channels/vips", _vips, _LIST_VIPS, "broadcaster_id"),
    Endpoint("POST", "channels/vips", _add_vip, ("channel:manage:vips",), "broadcaster_id"),
    Endpoint("DELETE", "channels/vips", _remove_vip, ("channel:manage:vips",), "broadcaster_id"),
    Endpoint("GET", "chat/chatters", _chatters, _READ_CHATTERS, "moderator_id", moderating=True, app=True),
]
