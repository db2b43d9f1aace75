"""Helix's moderation calls."""

from __future__ import annotations

from typing import Any

from sandbox.acts import TREATMENTS, RefusedError
from sandbox.clock import iso
from sandbox.helix import Call, Endpoint, Json
from sandbox.payloads import named
from sandbox.state import Ban, BlockedTerm, Channel, UnbanRequest, User


def _ban(call: Call) -> Json:
    channel, moderator = call.channel, call.moderator
    about = _data(call)
    duration = about.get("duration")
    if duration is not None and (not isinstance(duration, int) or isinstance(duration, bool)):
        raise RefusedError(400, "The value in the duration field must be an integer.")
    _spend(call, channel)
    user = call.user(call.need("user_id"))
    reason = str(about.get("reason") or "")
    ban, events = call.acts.ban(channel, moderator, user, duration_s=duration, reason=reason)
    call.events += events
    return {
        "data": [
            {
                **_ids(channel, moderator),
                "user_id": user.id,
                "created_at": iso(ban.created_ms),
                "end_time": _end(ban) or None,
            }
        ]
    }


def _unban(call: Call) -> None:
    _spend(call, call.channel)
    call.events += call.acts.unban(call.channel, call.moderator, call.user(call.need("user_id")))


def _spend(call: Call, channel: Channel) -> None:
    budget = call.ban_budget(channel)
    if budget is not None and not budget.take():
        raise RefusedError(429, "The app has exceeded the number of requests it may make for this broadcaster.")


def _banned(call: Call) -> Json:
    asked = set(call.query.getall("user_id", []))
    bans = [each for each in call.world.live_bans(call.channel) if not asked or each.user_id in asked]
    return call.page([_banned_row(call, each) for each in bans])


def _banned_row(call: Call, ban: Ban) -> Json:
    user, moderator = call.world.users[ban.user_id], call.world.users[ban.moderator_id]
    return {
        **named(user),
        "expires_at": _end(ban),
        "created_at": iso(ban.created_ms),
        "reason": ban.reason,
        "moderator_id": moderator.id,
        "moderator_login": moderator.login,
        "moderator_name": moderator.display_name,
    }


def _end(ban: Ban) -> str:
    return "" if ban.until_ms is None else iso(ban.until_ms)


def _delete(call: Call) -> None:
    message_id = call.query.get("message_id")
    if message_id is None:
        call.events += call.acts.clear(call.channel, call.moderator)
    else:
        call.events += call.acts.delete(call.channel, call.moderator, message_id)


def _warn(call: Call) -> Json:
    channel, moderator, user = call.channel, call.moderator, call.user(call.need("user_id"))
    reason = str(_data(call).get("reason") or "")
    call.events += call.acts.warn(channel, moderator, user, reason)
    return {"data": [{**_ids(channel, moderator), "user_id": user.id, "reason": reason}]}


def _shield(call: Call) -> Json:
    shield = call.channel.shield
    moderator = shield.moderator
    names: tuple[str, ...] = ("", "", "")
    if moderator is not None:
        names = (moderator.id, moderator.login, moderator.display_name)
    keys = ("moderator_id", "moderator_login", "moderator_name")
    last = "" if shield.activated_ms is None else iso(shield.activated_ms)
    return {"data": [{"is_active": shield.active, **dict(zip(keys, names, strict=True)), "last_activated_at": last}]}


def _set_shield(call: Call) -> Json:
    active = call.body.get("is_active")
    if not isinstance(active, bool):
        raise RefusedError(400, 'Missing required parameter "is_active"')
    call.events += call.acts.shield(call.channel, call.moderator, active=active)
    return _shield(call)


def _blocked_terms(call: Call) -> Json:
    channel = call.channel
    return call.page([_term(channel, each) for each in channel.blocked_terms.values()])


def _block_term(call: Call) -> Json:
    term, events = call.acts.block_term(call.channel, call.moderator, call.need("text"))
    call.events += events
    return {"data": [_term(call.channel, term)]}


def _unblock_term(call: Call) -> None:
    call.events += call.acts.unblock_term(call.channel, call.moderator, call.need("id"))


def _term(channel: Channel, term: BlockedTerm) -> Json:
    made = iso(term.created_ms)
    about = {"created_at": made, "updated_at": made, "expires_at": iso(term.expires_ms) if term.expires_ms else None}
    ids = {"broadcaster_id": channel.user.id, "moderator_id": term.moderator_id}
    return {**ids, "id": term.id, "text": term.text, **about}


def _unban_requests(call: Call) -> Json:
    status, user_id = call.need("status"), call.query.get("user_id")
    channel = call.channel
    chosen = [each for each in channel.unban_requests.values() if each.status == status]
    return call.page([_request(channel, each) for each in chosen if user_id in (None, each.user.id)])


def _resolve(call: Call) -> Json:
    text = call.query.get("resolution_text", "")
    request, events = call.acts.resolve(
        call.channel, call.moderator, call.need("unban_request_id"), call.need("status"), text
    )
    call.events += events
    return {"data": [_request(call.channel, request)]}


def _request(channel: Channel, request: UnbanRequest) -> Json:
    moderator = request.moderator
    return {
        "id": request.id,
        "broadcaster_id": channel.user.id,
        "broadcaster_login": channel.user.login,
        "broadcaster_name": channel.user.display_name,
        "moderator_id": moderator.id if moderator else "",
        "moderator_login": moderator.login if moderator else "",
        "moderator_name": moderator.display_name if moderator else "",
        **named(request.user),
        "text": request.text,
        "status": request.status,
        "created_at": iso(request.created_ms),
        "resolved_at": "" if request.resolved_ms is None else iso(request.resolved_ms),
        "resolution_text": request.resolution_text,
    }


def _suspect(call: Call) -> Json:
    status = call.body.get("status")
    if not isinstance(status, str) or status not in TREATMENTS:
        raise RefusedError(400, f"The value specified in the status field is not valid: {status}")
    return _treat(call, status)


def _trust(call: Call) -> Json:
    return _treat(call, "NO_TREATMENT")


def _treat(call: Call, status: str) -> Json:
    channel, moderator, user = call.channel, call.moderator, call.user(call.need("user_id"))
    suspicion, events = call.acts.suspect(channel, moderator, user, status)
    call.events += events
    types = [] if status == "NO_TREATMENT" else ["MANUALLY_ADDED"]
    about = {"updated_at": iso(suspicion.updated_ms), "status": status, "types": types}
    return {"data": [{"user_id": user.id, **_ids(channel, moderator), **about}]}


def _automod(call: Call) -> None:
    moderator, message_id, action = call.user(call.need("user_id")), call.need("msg_id"), call.need("action")
    if action not in ("ALLOW", "DENY"):
        raise RefusedError(400, f"The value in the action field is not valid: {action}")
    channel = next((each for each in call.world.channels.values() if message_id in each.held), None)
    if channel is None:
        raise RefusedError(404, "The message ID in the msg_id field was not found.")
    if not channel.moderates(moderator.id):
        raise RefusedError(403, "The user in user_id is not one of the broadcaster's moderators.")
    call.events += call.acts.settle_held(channel, moderator, message_id, allow=action == "ALLOW")


def _data(call: Call) -> dict[str, Any]:
    data = call.body.get("data")
    if not isinstance(data, dict):
        raise RefusedError(400, 'Missing required parameter "data"')
    return data


def _ids(channel: Channel, moderator: User) -> Json:
    return {"broadcaster_id": channel.user.id, "moderator_id": moderator.id}


def _by_moderator(method: str, path: str, handler: Any, *scopes: str, app: bool = True) -> Endpoint:
    return Endpoint(method, path, handler, scopes, "moderator_id", moderating=True, app=app)


_READ_TERMS = ("moderator:read:blocked_terms", "moderator:manage:blocked_terms")
_READ_REQUESTS = ("moderator:read:unban_requests", "moderator:manage:unban_requests")
_READ_SHIELD = ("moderator:read:shield_mode", "moderator:manage:shield_mode")
_READ_BANS = ("moderation:read", "moderator:manage:banned_users")

ENDPOINTS = [
    _by_moderator("POST", "moderation/bans", _ban, "moderator:manage:banned_users", app=False),
    _by_moderator("DELETE", "moderation/bans", _unban, "moderator:manage:banned_users", app=False),
    Endpoint("GET", "moderation/banned", _banned, _READ_BANS, "broadcaster_id"),
    _by_moderator("DELETE", "moderation/chat", _delete, "moderator:manage:chat_messages"),
    _by_moderator("POST", "moderation/warnings", _warn, "moderator:manage:warnings"),
    _by_moderator("GET", "moderation/shield_mode", _shield, *_READ_SHIELD),
    _by_moderator("PUT", "moderation/shield_mode", _set_shield, "moderator:manage:shield_mode"),
    _by_moderator("GET", "moderation/blocked_terms", _blocked_terms, *_READ_TERMS),
    _by_moderator("POST", "moderation/blocked_terms", _block_term, "moderator:manage:blocked_terms"),
    _by_moderator("DELETE", "moderation/blocked_terms", _unblock_term, "moderator:manage:blocked_terms"),
    _by_moderator("GET", "moderation/unban_requests", _unban_requests, *_READ_REQUESTS, app=False),
    _by_moderator("PATCH", "moderation/unban_requests", _resolve, "moderator:manage:unban_requests", app=False),
    _by_moderator("POST", "moderation/suspicious_users", _suspect, "moderator:manage:suspicious_users"),
    _by_moderator("DELETE", "moderation/suspicious_users", _trust, "moderator:manage:suspicious_users"),
    Endpoint("POST", "moderation/automod/message", _automod, ("moderator:manage:automod",), "user_id", app=True),
]
