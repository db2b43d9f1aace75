"""Changes to a policy that are not saved yet: made on any page, tried, looked through, then saved as one revision.

Word lists of tens of thousands take seconds to check, compare and write: that is done in threads, so that the bot in
the same loop goes on judging chat.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from config.changes import Change, difference
from config.policy import Policy, PolicyError
from ops.console.desk import desk
from ops.console.forms import apply
from ops.console.guard import room_of, visitor_of
from ops.console.preview import SPANS, preview
from ops.console.rendering import back, render
from ops.console.visitors import Draft
from ops.trials import Comparison
from storage.database import now_ms
from storage.policies import Revision, StaleRevisionError

LONGEST_REASON = 200


async def standing(request: Request) -> tuple[Policy, int]:
    """The policy as the visitor sees it, their draft if they have one, and the revision it began with."""
    room = room_of(request)
    draft = visitor_of(request).drafts.get(room.channel.id)
    if draft is not None:
        return draft.policy, draft.base
    return await desk(request).policy(room.channel.id)


async def keep(request: Request, policy: Policy) -> int:
    """Make this the visitor's draft, or forget the draft if nothing differs; returns how many settings do."""
    room, drafts = room_of(request), visitor_of(request).drafts
    saved, number = await desk(request).policy(room.channel.id)
    draft = drafts.get(room.channel.id)
    base = draft.base if draft else number
    changes = await asyncio.to_thread(difference, saved, policy)
    if changes:
        drafts[room.channel.id] = Draft(base, policy)
    else:
        drafts.pop(room.channel.id, None)
    return len(changes)


async def review(request: Request) -> Response:
    """Look a draft through: what changes, and what would happen to a line."""
    return await _page(request)


async def test(request: Request) -> Response:
    """The same, with what the draft would have done to the chat that is stored; loaded anew, without."""
    room = room_of(request)
    if request.method == "GET":
        return back(request, f"/c/{room.channel.name}/draft")
    draft = visitor_of(request).drafts.get(room.channel.id)
    span = str((await request.form()).get("span", ""))
    if draft is None or span not in SPANS:
        return back(request, f"/c/{room.channel.name}/draft")
    saved, _ = await desk(request).policy(room.channel.id)
    return await _page(request, span, await preview(desk(request).db, room.channel.id, span, saved, draft.policy))


async def _page(request: Request, span: str = "24h", tested: Comparison | None = None) -> Response:
    room = room_of(request)
    draft = visitor_of(request).drafts.get(room.channel.id)
    if draft is None:
        return back(request, f"/c/{room.channel.name}/filters", "There is nothing to save.")
    saved, number = await desk(request).policy(room.channel.id)
    return await render(
        request,
        "draft.html",
        changes=await asyncio.to_thread(difference, saved, draft.policy),
        base=number,
        longest=LONGEST_REASON,
        spans=SPANS,
        span=span,
        tested=tested,
    )


async def save(request: Request) -> Response:
    """Save the draft as a revision, which the bot takes up within a second; or show it again where it fails."""
    here, room, visitor = desk(request), room_of(request), visitor_of(request)
    address = f"/c/{room.channel.name}/draft"
    form = await request.form()
    draft = visitor.drafts.get(room.channel.id)
    if draft is None:
        return back(request, f"/c/{room.channel.name}/filters", "There is nothing to save.")
    if form.get("do") == "discard":
        del visitor.drafts[room.channel.id]
        return back(request, f"/c/{room.channel.name}/filters", "The changes were discarded.")
    reason = str(form.get("reason", "")).strip()
    if not 1 <= len(reason) <= LONGEST_REASON:
        told = f"Say why in 1 to {LONGEST_REASON} characters: those who read the history will ask."
        return back(request, address, told, wrong=True)
    saved, latest = await here.policy(room.channel.id)
    changes = await asyncio.to_thread(difference, saved, draft.policy)
    try:
        number = await here.revisions.save(
            room.channel.id,
            await asyncio.to_thread(draft.policy.to_toml),
            author=visitor.login,
            reason=reason,
            at_ms=now_ms(),
            parent=draft.base or None,
        )
    except StaleRevisionError:
        before = await here.revisions.get(room.channel.id, draft.base)
        try:
            draft.policy = await asyncio.to_thread(_rebased, before, draft.policy, saved)
        except PolicyError as error:
            told = f"Revision {latest} was saved meanwhile and does not fit: {error}"
            return back(request, address, told, wrong=True)
        draft.base = latest
        told = f"Revision {latest} was saved meanwhile. Your changes now stand on top of it: look once more, then save."
        return back(request, address, told, wrong=True)
    await here.audit.note(
        actor=visitor.login,
        role=room.role,
        surface="console",
        verb="policy save",
        subject=f"revision {number}",
        detail=", ".join(each.path for each in changes)[:200],
        channel_id=room.channel.id,
    )
    if visitor.drafts.get(room.channel.id) is draft:
        del visitor.drafts[room.channel.id]
    return back(request, f"/c/{room.channel.name}/history", f"Saved as revision {number}. The bot takes it up at once.")


def _rebased(before: Revision | None, draft: Policy, onto: Policy) -> Policy:
    made = difference(Policy.stored(before.toml) if before else Policy(), draft)
    return rebase(made, onto)


def rebase(changes: list[Change], onto: Policy) -> Policy:
    """The same changes on another revision: settings are set, lists gain and lose items. Raises PolicyError."""
    plain = onto.model_dump(mode="json")
    values: dict[str, Any] = {}
    for each in changes:
        path = each.path if each.path in _paths(plain) else f"filters.{each.path}"
        value = each.after
        if isinstance(each.before, list) and isinstance(each.after, list):
            present = _at(plain, path)
            kept = [item for item in present if item not in each.removed]
            value = [*kept, *(item for item in each.added if item not in kept)] if each.added or each.removed else value
        values[path] = value
    return apply(onto, values)


def _paths(plain: Mapping[str, Any], path: str = "") -> set[str]:
    found: set[str] = set()
    for name, value in plain.items():
        found |= _paths(value, f"{path}{name}.") if isinstance(value, Mapping) else {f"{path}{name}"}
    return found


def _at(plain: Mapping[str, Any], path: str) -> Any:
    value: Any = plain
    for part in path.split("."):
        value = value[part]
    return value
