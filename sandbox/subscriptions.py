"""Helix's EventSub calls: subscriptions, conduits, shards."""

from __future__ import annotations

from typing import Any

from sandbox.acts import RefusedError
from sandbox.clock import iso
from sandbox.conduits import MAX_CONDUITS, MAX_SHARDS, Conduit
from sandbox.eventsub import Session, Subscription
from sandbox.helix import Call, Endpoint, Json
from sandbox.requirements import REQUIREMENTS, Requirement

MAX_PER_SESSION = 300
MAX_SESSIONS = 3
MAX_COST = 10
UNAUTHORISED = "subscription missing proper authorization"


def _subscribe(call: Call) -> Json:
    kind, version = call.need("type"), call.need("version")
    requirement = REQUIREMENTS.get((kind, version))
    if requirement is None:
        raise RefusedError(400, "invalid subscription type and version")
    condition = _condition(call, requirement)
    transport, owner = _transport(call)
    _authorise(call, requirement, condition)
    about = "client" if requirement.about == "client_id" else condition[requirement.about]
    subscription = Subscription(
        kind,
        version,
        about,
        condition,
        transport,
        iso(call.world.clock.now_ms()),
        owner,
        _cost(call, requirement, about),
    )
    _refuse_excess(call, subscription)
    call.eventsub.add(subscription)
    return {"data": [subscription.to_json()], **_totals(call)}


def _condition(call: Call, requirement: Requirement) -> dict[str, str]:
    given = call.body.get("condition")
    condition = {key: str(value) for key, value in given.items()} if isinstance(given, dict) else {}
    for name in (requirement.about, requirement.actor):
        if name and not condition.get(name):
            raise RefusedError(400, f"missing or invalid condition: {name}")
    if requirement.about == "client_id" and condition["client_id"] != call.tokens.client_id:
        raise RefusedError(403, UNAUTHORISED)
    return condition


def _transport(call: Call) -> tuple[dict[str, Any], str | None]:
    given = call.body.get("transport")
    transport: dict[str, Any] = given if isinstance(given, dict) else {}
    user = call.token.user
    match transport.get("method"):
        case "websocket":
            if user is None:
                raise RefusedError(400, "invalid transport and auth combination")
            session = _session(call, transport.get("session_id"))
            if session.user_id not in (None, user.id):
                raise RefusedError(400, "websocket transport cannot have subscriptions created by different users")
            mine = [each for each in call.eventsub.sessions.values() if each.user_id == user.id and each is not session]
            if len(mine) >= MAX_SESSIONS:
                raise RefusedError(429, "number of websocket transports limit exceeded")
            about = {"method": "websocket", "session_id": session.id, "connected_at": session.connected_at}
            return about, user.id
        case "conduit":
            if user is not None:
                raise RefusedError(400, "invalid transport and auth combination")
            return {"method": "conduit", "conduit_id": _conduit(call, transport.get("conduit_id")).id}, None
        case method:
            raise RefusedError(400, f"unsupported transport method: {method}")


def _session(call: Call, session_id: object) -> Session:
    session = call.eventsub.sessions.get(str(session_id))
    if session is None:
        raise RefusedError(400, "websocket transport session does not exist or has already disconnected")
    return session


def _authorise(call: Call, requirement: Requirement, condition: dict[str, str]) -> None:
    if not requirement.actor:
        return
    actor = call.user(condition[requirement.actor])
    channel = call.world.channel_of(call.user(condition["broadcaster_user_id"]))
    token = call.token
    if token.user is not None and token.user.id != actor.id:
        raise RefusedError(403, UNAUTHORISED)
    granted = token.scopes if token.user is not None else call.tokens.granted(actor.id)
    if requirement.missing(granted):
        raise RefusedError(403, UNAUTHORISED)
    if requirement.actor == "moderator_user_id" and not channel.moderates(actor.id):
        raise RefusedError(403, UNAUTHORISED)
    if requirement.actor == "user_id":
        if call.world.ban(channel, actor.id) is not None:
            raise RefusedError(403, UNAUTHORISED)
        invited = channel.moderates(actor.id) or "channel:bot" in call.tokens.granted(channel.user.id)
        if token.user is None and not ("user:bot" in granted and invited):
            raise RefusedError(403, UNAUTHORISED)


def _cost(call: Call, requirement: Requirement, about: str) -> int:
    """EventSub reference: free where a user authorised the client, else one point."""
    free = bool(requirement.actor) or requirement.about == "client_id" or call.tokens.has_authorised(about)
    return 0 if free else 1


def _refuse_excess(call: Call, new: Subscription) -> None:
    mine = list(call.eventsub.subscriptions.values())
    place = ("session_id", "conduit_id")
    for each in mine:
        same_place = all(each.transport.get(key) == new.transport.get(key) for key in place)
        if same_place and (each.type, each.version, each.condition) == (new.type, new.version, new.condition):
            raise RefusedError(409, "subscription already exists")
    session_id = new.transport.get("session_id")
    if session_id is not None and len(call.eventsub.on(session_id)) >= MAX_PER_SESSION:
        raise RefusedError(429, "number of websocket subscriptions limit exceeded")
    if new.cost and sum(each.cost for each in mine if each.user_id == new.user_id) + new.cost > MAX_COST:
        raise RefusedError(429, "maximum subscription cost exceeded")


def _listed(call: Call) -> Json:
    user_id = call.token.user.id if call.token.user is not None else None
    query = call.query
    rows = []
    for each in call.eventsub.subscriptions.values():
        if each.user_id != user_id:
            continue
        row = each.to_json()
        wanted = all(query.get(key, row[key]) == row[key] for key in ("type", "status"))
        wanted = wanted and query.get("subscription_id", each.id) == each.id
        wanted = wanted and query.get("conduit_id") in (None, each.transport.get("conduit_id"))
        if wanted and query.get("user_id", "") in ("", *each.condition.values()):
            rows.append(row)
    return {**call.page(rows), **_totals(call)}


def _totals(call: Call) -> Json:
    user_id = call.token.user.id if call.token.user is not None else None
    mine = [each for each in call.eventsub.subscriptions.values() if each.user_id == user_id]
    return {"total": len(mine), "total_cost": sum(each.cost for each in mine), "max_total_cost": MAX_COST}


def _unsubscribe(call: Call) -> None:
    subscription = call.eventsub.subscriptions.get(call.need("id"))
    user_id = call.token.user.id if call.token.user is not None else None
    if subscription is None or subscription.user_id != user_id:
        raise RefusedError(404, "The subscription was not found.")
    call.eventsub.remove(subscription)


def _conduits(call: Call) -> Json:
    return {"data": [each.to_json() for each in call.eventsub.conduits.values()]}


def _create_conduit(call: Call) -> Json:
    if len(call.eventsub.conduits) >= MAX_CONDUITS:
        raise RefusedError(429, "The client has reached its maximum number of conduits.")
    conduit = Conduit([])
    conduit.scale(_count(call))
    call.eventsub.conduits[conduit.id] = conduit
    return {"data": [conduit.to_json()]}


def _scale_conduit(call: Call) -> Json:
    conduit = _conduit(call, call.need("id"))
    conduit.scale(_count(call))
    return {"data": [conduit.to_json()]}


def _delete_conduit(call: Call) -> None:
    conduit = _conduit(call, call.need("id"))
    del call.eventsub.conduits[conduit.id]
    for each in list(call.eventsub.subscriptions.values()):
        if each.transport.get("conduit_id") == conduit.id:
            call.eventsub.remove(each)


def _count(call: Call) -> int:
    count = call.need("shard_count")
    if not count.isdecimal() or not 1 <= int(count) <= MAX_SHARDS:
        raise RefusedError(400, f"shard_count must be between 1 and {MAX_SHARDS}")
    return int(count)


def _conduit(call: Call, conduit_id: object) -> Conduit:
    conduit = call.eventsub.conduits.get(str(conduit_id))
    if conduit is None:
        raise RefusedError(404, "The conduit was not found.")
    return conduit


def _shards(call: Call) -> Json:
    conduit, status = _conduit(call, call.need("conduit_id")), call.query.get("status")
    return call.page([each.to_json() for each in conduit.shards if status in (None, each.status)])


def _update_shards(call: Call) -> Json:
    conduit = _conduit(call, call.need("conduit_id"))
    updated, errors = [], []
    given = call.body.get("shards")
    for each in given if isinstance(given, list) else []:
        try:
            number, session_id = str(each["id"]), str(each["transport"]["session_id"])
        except (TypeError, KeyError):
            raise RefusedError(400, "each shard needs an id and a transport with a session_id") from None
        session = call.eventsub.sessions.get(session_id)
        if not number.isdecimal() or int(number) >= len(conduit.shards):
            errors.append(_shard_error(number, "The shard id is outside the conduit's range"))
        elif session is None:
            errors.append(_shard_error(number, "The websocket session does not exist or has already disconnected"))
        else:
            session.used = True
            shard = conduit.shards[int(number)]
            shard.seat(session.id, session.connected_at)
            updated.append(shard.to_json())
    return {"data": updated, "errors": errors}


def _shard_error(number: str, message: str) -> Json:
    return {"id": number, "message": message, "code": "invalid_parameter"}


ENDPOINTS = [
    Endpoint("POST", "eventsub/subscriptions", _subscribe, app=True, status=202),
    Endpoint("GET", "eventsub/subscriptions", _listed, app=True),
    Endpoint("DELETE", "eventsub/subscriptions", _unsubscribe, app=True),
    Endpoint("GET", "eventsub/conduits", _conduits, app=True),
    Endpoint("POST", "eventsub/conduits", _create_conduit, app=True),
    Endpoint("PATCH", "eventsub/conduits", _scale_conduit, app=True),
    Endpoint("DELETE", "eventsub/conduits", _delete_conduit, app=True),
    Endpoint("GET", "eventsub/conduits/shards", _shards, app=True),
    Endpoint("PATCH", "eventsub/conduits/shards", _update_shards, app=True, status=202),
]
