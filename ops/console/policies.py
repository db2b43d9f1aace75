"""A streamer's pages about the policy: filters, settings, ladder, presets, history, and trying a line."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from config.changes import Change, difference, value_of
from config.exchange import with_preset
from config.policy import PRESETS, Policy, PolicyError, preset_names
from filters.base import Filter
from filters.ladder import format_action
from filters.types import Message, Severity, Verdict
from ops.console.desk import desk
from ops.console.drafts import keep, standing
from ops.console.forms import Setting, apply, describe, marked, read, unplaced
from ops.console.guard import fragment, room_of, visitor_of
from ops.console.rendering import TEMPLATES, Taste, back, render
from storage.database import now_ms
from storage.overview import Channel

LONGEST_LINE = 500
"""Characters of a Twitch chat line."""

GROUPS = {
    "channel": ("", "Channel"),
    "exempt": ("exempt", "Exemptions"),
    "grants": ("grants", "Who may command"),
    "raid": ("raid", "Raids"),
    "breaker": ("breaker", "Runaway filters"),
}
"""Groups of settings besides the filters and the ladder: their place in the policy and their title."""

WORDS = frozenset({"lists", "terms", "allow"})
"""Settings of the blocklist that have a page of their own."""


async def filters(request: Request) -> Response:
    """All filters, what each catches, and which run."""
    policy, _ = await standing(request)
    return await render(request, "filters.html", filters=policy.filters.all)


async def filter_page(request: Request) -> Response:
    """One filter's settings."""
    policy, _ = await standing(request)
    name = request.path_params["filter"]
    model = getattr(policy.filters, name, None) if name in type(policy.filters).model_fields else None
    if not isinstance(model, Filter):
        raise HTTPException(404, f"There is no filter {name}.")
    settings = describe(model, f"filters.{name}", WORDS if name == "blocklist" else ())
    return await _form(request, policy, settings, name.replace("_", " ").capitalize(), model.summary())


async def switch(request: Request) -> Response:
    """Turn one filter on or off, in the draft."""
    policy, _ = await standing(request)
    name = request.path_params["filter"]
    if name not in type(policy.filters).model_fields:
        raise HTTPException(404, f"There is no filter {name}.")
    on = not getattr(policy.filters, name).enabled
    await keep(request, await asyncio.to_thread(apply, policy, {f"filters.{name}.enabled": on}))
    return back(request, f"/c/{room_of(request).channel.name}/filters")


async def settings(request: Request) -> Response:
    """One group of settings that is no filter."""
    policy, _ = await standing(request)
    try:
        path, title = GROUPS[request.path_params["group"]]
    except KeyError:
        raise HTTPException(404, "There are no such settings.") from None
    model: BaseModel = value_of(policy, path) if path else policy
    help_text = (model.__doc__ or "").strip().splitlines()[0]
    return await _form(request, policy, describe(model, path), title, help_text, groups=GROUPS)


async def ladder(request: Request) -> Response:
    """What follows from how bad a line is and how often it was said, drawn as steps."""
    policy, _ = await standing(request)
    shape = policy.ladder
    steps = tuple((str(number), f"{number + 1} {format_action(step)}") for number, step in enumerate(shape.steps))
    settings = [
        replace(each, kind="each", value=[str(step) for step in shape.entry], options=steps)
        if each.path == "ladder.entry"
        else each
        for each in describe(shape, "ladder")
    ]
    return await _form(
        request,
        policy,
        settings,
        "Ladder",
        (type(shape).__doc__ or "").strip().splitlines()[0],
        template="ladder.html",
        ladder=shape,
        severities=list(Severity),
    )


async def presets(request: Request) -> Response:
    """The shipped policies, each with how far it is from the present one; taking one makes it the draft."""
    policy, _ = await standing(request)
    room = room_of(request)
    if request.method == "POST":
        name = str((await request.form()).get("preset", ""))
        try:
            chosen = await asyncio.to_thread(with_preset, policy, name)
        except PolicyError as error:
            raise HTTPException(404, str(error)) from None
        count = await keep(request, chosen)
        if not count:
            return back(request, f"/c/{room.channel.name}/presets", f"The policy is {name} already.")
        return back(request, f"/c/{room.channel.name}/draft", f"Preset {name}: look through what it changes.")
    return await render(request, "presets.html", presets=await asyncio.to_thread(_offered, policy))


async def history(request: Request) -> Response:
    """Every revision, newest first."""
    room = room_of(request)
    return await render(request, "history.html", revisions=await desk(request).revisions.history(room.channel.id))


async def revision(request: Request) -> Response:
    """One revision: what it changed, and what restoring it would change now."""
    here, room = desk(request), room_of(request)
    number = request.path_params["number"]
    found = await here.revisions.get(room.channel.id, number)
    if found is None:
        raise HTTPException(404, f"There is no revision {number} of this channel's policy.")
    then = await asyncio.to_thread(Policy.stored, found.toml)
    saved, latest = await here.policy(room.channel.id)
    if request.method == "POST":
        # A draft made from an earlier revision would be taken for changes to that one when it is saved.
        visitor_of(request).drafts.pop(room.channel.id, None)
        if not await keep(request, then):
            return back(request, f"/c/{room.channel.name}/history", f"The policy is as in revision {number} already.")
        return back(
            request, f"/c/{room.channel.name}/draft", f"Revision {number}: look through what restoring changes."
        )
    parent = await here.revisions.get(room.channel.id, found.parent) if found.parent else None
    before = await asyncio.to_thread(Policy.stored, parent.toml) if parent else Policy()
    return await render(
        request,
        "revision.html",
        revision=found,
        latest=latest,
        changes=await asyncio.to_thread(difference, before, then),
        restoring=await asyncio.to_thread(difference, saved, then),
    )


async def try_line(request: Request) -> Response:
    """What would happen to a line under the policy as it stands, draft and all. Nothing is kept."""
    policy, _ = await standing(request)
    text = ""
    if request.method == "POST":
        text = str((await request.form()).get("line", ""))[:LONGEST_LINE]
    verdict = await asyncio.to_thread(judge, policy, room_of(request).channel, text) if text.strip() else None
    if fragment(request):
        body = TEMPLATES.get_template("verdict.html").render(
            verdict=verdict, room=room_of(request), **Taste.of(request).clocks()
        )
        return HTMLResponse(body)
    return await render(request, "try.html", line=text, verdict=verdict)


def judge(policy: Policy, channel: Channel, text: str) -> Verdict:
    """The engine's verdict over one line of a chatter nobody knows."""
    message = Message("try", now_ms(), channel.id, channel.name, "try", "somebody", text)
    return policy.engine().judge(message)


async def _form(
    request: Request,
    policy: Policy,
    settings: list[Setting],
    title: str,
    help_text: str,
    template: str = "settings.html",
    **context: Any,
) -> Response:
    """Show a group of settings, or put what was sent into the draft."""
    wrong: Iterable[str] = ()
    status = 200
    if request.method == "POST":
        values = read(settings, await request.form())
        try:
            count = await keep(request, await asyncio.to_thread(apply, policy, values))
        except PolicyError as error:
            settings, wrong, status = marked(settings, values, error), unplaced(settings, error), 422
        else:
            told = "Kept as unsaved changes: try them, then save." if count else "Nothing differs from what is saved."
            return back(request, request.url.path, told)
    return await render(
        request,
        template,
        status,
        settings=settings,
        title=title,
        help=help_text,
        wrong=wrong,
        groups=context.pop("groups", {}),
        line="",
        verdict=None,
        **context,
    )


def _offered(policy: Policy) -> list[tuple[str, str, list[Change]]]:
    """Each preset with what it is for and what taking it would change."""
    return [(name, _title(name), difference(policy, with_preset(policy, name))) for name in preset_names()]


def _title(name: str) -> str:
    first = (PRESETS / f"{name}.toml").read_text(encoding="utf-8").splitlines()[0]
    return first.removeprefix(f"# {name}: ")
