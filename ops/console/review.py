"""The analysts' pages: the queue, one item at a time by keyboard, Records, and a raid decided as one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeVar

from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from ops.console.desk import Desk, desk
from ops.console.guard import staff_of
from ops.console.rendering import back, render
from ops.numbers import number as number_of
from storage.group_reviews import DECISIONS
from storage.groups import RecordGroup
from storage.queue import ClaimError, Item
from storage.reading import Record, RecordQuery
from storage.reviews import REASONS, Decision, ReviewError
from storage.roles import Permission, Staff

Choice = TypeVar("Choice", bound=str)

WAITING = 50
"""Entries a page of the queue shows."""
SHOWN = 100
"""Records a group's page shows."""
AROUND = 5
"""Later Records of the channel that a Record's page shows."""


async def queue(request: Request) -> Response:
    """What waits, most urgent first."""
    here = desk(request)
    waiting, overdue = await here.queue.backlog()
    entries = await here.queue.entries(WAITING)
    return await render(request, "queue.html", entries=entries, waiting=waiting, overdue=overdue)


async def take_next(request: Request) -> Response:
    """Take the most urgent item and go to it."""
    item = await desk(request).queue.next(staff_of(request))
    if item is None:
        return back(request, "/ops/queue", "Nothing is left for you to review.")
    return back(request, f"/ops/review/{item.record_id}")


async def take(request: Request) -> Response:
    """Take a certain Record and go to it; one that does not wait too, unless it did when the queue was shown."""
    waited = (await request.form()).get("waited") == "1"
    item = await desk(request).queue.claim(
        staff_of(request), request.path_params["record"], surface="console", refer=not waited
    )
    return back(request, f"/ops/review/{item.record_id}")


async def skip(request: Request) -> Response:
    """Give the item back and take the one after it, or before it, in the queue's order."""
    here, staff, number = desk(request), staff_of(request), request.path_params["record"]
    order = [item.record_id for item in await here.queue.list(1_000)]
    at = order.index(number) if number in order else -1
    back_to_front = (await request.form()).get("way") == "back"
    candidates = order[: max(0, at)][::-1] if back_to_front else order[at + 1 :]
    await here.queue.release(staff, number)
    for candidate in candidates:
        try:
            item = await here.queue.claim(staff, candidate, surface="console", refer=False)
        except ClaimError:
            continue
        return back(request, f"/ops/review/{item.record_id}")
    told = "That was the first one." if back_to_front else "That was the last one you may review."
    return back(request, "/ops/queue", told)


async def item(request: Request) -> Response:
    """One item to decide, masked."""
    return await _item_page(request, plain=False)


async def unmask(request: Request) -> Response:
    """The same in plain: the look is counted, and refused over the limit of the shift. Loaded anew it is masked."""
    if request.method == "GET":
        return back(request, f"/ops/review/{request.path_params['record']}")
    if (await request.form()).get("on") == "record":
        return await _record_page(request, plain=True)
    return await _item_page(request, plain=True)


async def decide(request: Request) -> Response:
    """Decide the item and go on to the next one."""
    here, staff, number = desk(request), staff_of(request), request.path_params["record"]
    form = await request.form()
    decision, reason = _choice(form)
    note = str(form.get("note", "")).strip()
    decided = await here.reviews.decide(staff, number, decision, reason, note=note, surface="console")
    told = f"#{number}: {decision}, {reason}."
    if decided.request_id is not None:
        told += " The bot has been asked to take it back."
    if decided.follows:
        told += f" It goes to another person: {decided.follows}."
    following = await here.queue.next(staff)
    return back(request, f"/ops/review/{following.record_id}" if following else "/ops/queue", told)


async def record(request: Request) -> Response:
    """A Record's page for the staff, masked."""
    return await _record_page(request, plain=False)


async def group(request: Request) -> Response:
    """What one decision did to many, to be decided as one."""
    return await _group_page(request)


async def decide_group(request: Request) -> Response:
    """Ask once more whom a decision about the whole group is about; decide it once that is confirmed."""
    here, staff = desk(request), staff_of(request)
    found = await _group(request)
    form = await request.form()
    decision, reason = _choice(form)
    confirmed = number_of(str(form.get("records", "")))
    if confirmed is None:
        return await _group_page(request, choice=(decision, reason))
    done = await here.group_reviews.decide(staff, found.id, decision, reason, expected=confirmed, surface="console")
    told = f"{decision}, {reason}: {len(done.plan.records)} Records of {done.plan.people} people."
    if done.requests:
        told += " The bot has been asked to take it back."
    return back(request, f"/ops/groups/{found.id}", told)


async def _group_page(request: Request, choice: tuple[Decision, str] | None = None) -> Response:
    here, staff = desk(request), staff_of(request)
    found = await _group(request)
    plan = await here.group_reviews.plan(staff, found.id) if found.records else None
    return await render(
        request,
        "group.html",
        group=found,
        plan=plan,
        choice=choice,
        members=await here.reader.of_group(found.id, SHOWN),
        reasons=_reasons(DECISIONS),
    )


async def _item_page(request: Request, *, plain: bool) -> Response:
    here, staff, number = desk(request), staff_of(request), request.path_params["record"]
    waiting = await here.queue.get(number)
    found = await _record(here, number)
    if waiting is None or waiting.claimed_by != staff.name:
        return back(request, f"/ops/records/{number}", f"You do not hold #{number}.", wrong=True)
    if plain:
        await here.exposure.unmask(staff, number, surface="console")
    return await render(
        request,
        "review.html",
        item=waiting,
        record=found,
        details=await here.reader.details(number),
        shown=plain,
        reasons=_reasons(tuple(Decision)),
        load=await here.exposure.load(staff),
        backlog=await here.queue.backlog(),
        group=await _group_of(here, number),
    )


async def _record_page(request: Request, *, plain: bool) -> Response:
    here, staff, number = desk(request), staff_of(request), request.path_params["record"]
    found = await _record(here, number)
    if plain:
        await here.exposure.unmask(staff, number, surface="console")
    waiting = await here.queue.get(number)
    after = await here.reader.list(RecordQuery(channel=found.channel_id, after_id=number, limit=AROUND))
    return await render(
        request,
        "ops_record.html",
        record=found,
        details=await here.reader.details(number),
        item=waiting,
        blind=_blind(waiting, staff),
        reviews=await here.reviews.of(number, staff),
        after=after,
        shown=plain,
        may_take=staff.may(Permission.REVIEW),
        may_unmask=staff.may(Permission.UNMASK),
        group=await _group_of(here, number),
    )


def _blind(waiting: Item | None, staff: Staff) -> bool:
    """Whether what was decided before is to stay unknown to this person: a second review is open."""
    return waiting is not None and waiting.why == "second" and staff.may(Permission.REVIEW)


async def _record(here: Desk, number: int) -> Record:
    found = await here.reader.get(number)
    if found is None:
        raise HTTPException(404, f"There is no Record #{number}.")
    return found


async def _group_of(here: Desk, number: int) -> RecordGroup | None:
    group_id = await here.groups.of(number)
    return None if group_id is None else await here.groups.get(group_id)


async def _group(request: Request) -> RecordGroup:
    found = await desk(request).groups.get(request.path_params["group"])
    if found is None:
        raise HTTPException(404, f"There is no group {request.path_params['group']}.")
    return found


def _choice(form: FormData) -> tuple[Decision, str]:
    return pressed(str(form.get("choice", "")), REASONS)


def pressed(choice: str, reasons: Mapping[Choice, Sequence[str]]) -> tuple[Choice, str]:
    """The button that was pressed: what was chosen, and its reason. Raises ReviewError where no button says that."""
    text, _, reason = choice.partition(": ")
    for each, codes in reasons.items():
        if each == text and reason in codes:
            return each, reason
    raise ReviewError(f"{text!r} for {reason!r} is no decision (press one of the buttons)")


def _reasons(decisions: tuple[Decision, ...]) -> list[tuple[Decision, str, tuple[str, ...]]]:
    """Decisions with the key that picks each, and their reasons."""
    return [(each, _KEYS[each], REASONS[each]) for each in decisions]


_KEYS = {Decision.UPHOLD: "u", Decision.OVERTURN: "o", Decision.ESCALATE: "e", Decision.UNSURE: "x"}
