"""The staff's other pages: people, cases, appeals, shift, rules, audit."""

from __future__ import annotations

from typing import Any, get_args

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from ops.console.desk import desk
from ops.console.guard import staff_of
from ops.console.rendering import back, render
from storage.appeals import ANSWER_LIMIT, REASONS, Answer
from storage.cases import CaseError, Kind
from storage.deciding import NOTE_LIMIT as LONGEST_REMARK
from storage.reading import RecordQuery
from storage.roles import PERMISSIONS, Permission
from storage.rules import LIMITS

SHOWN = 100


async def find(request: Request) -> Response:
    """The Record of a number, or the person of a login or Twitch id; several people to choose from."""
    here = desk(request)
    what = request.query_params.get("what", "").strip()
    number = what.removeprefix("#")
    if number.isdecimal() and len(number) <= 15 and await here.reader.get(int(number)):
        return RedirectResponse(f"/ops/records/{int(number)}", 303)
    people = await here.overview.called(what.removeprefix("@").lower()) if what else []
    if len(people) == 1:
        return RedirectResponse(f"/ops/people/{people[0].person}", 303)
    return await render(request, "find.html", 200 if people or not what else 404, what=what, people=people)


async def person(request: Request) -> Response:
    """What the log knows about one person, in all channels."""
    here, number = desk(request), request.path_params["person"]
    known = await here.overview.known(number)
    if known is None:
        raise HTTPException(404, f"There is no person {number}.")
    query = RecordQuery(chatter=known.twitch_id, limit=SHOWN)
    return await render(
        request,
        "ops_person.html",
        known=known,
        records=await here.reader.list(query) if known.twitch_id else [],
        appeals=await here.overview.appeals(number),
    )


async def cases(request: Request) -> Response:
    """Open cases; with ``closed``, those too."""
    closed = request.query_params.get("closed") == "1"
    return await render(
        request,
        "cases.html",
        cases=await desk(request).cases.list(closed=closed, limit=SHOWN),
        closed=closed,
        works=staff_of(request).may(Permission.CASE),
    )


async def open_case(request: Request) -> Response:
    """Begin a case."""
    title = str((await request.form()).get("title", ""))
    number = await desk(request).cases.open(staff_of(request), title, surface="console")
    return back(request, f"/ops/cases/{number}", f"Case {number} is yours.")


async def case(request: Request) -> Response:
    """One case with what belongs to it."""
    here, number = desk(request), request.path_params["case"]
    staff = staff_of(request)
    return await render(
        request,
        "case.html",
        case=await here.cases.get(number),
        items=await here.cases.items(number),
        notes=await here.cases.notes(number),
        works=staff.may(Permission.CASE),
        holds=staff.may(Permission.HOLD),
        kinds=get_args(Kind),
    )


async def work_case(request: Request) -> Response:
    """Add to a case, note something in it, or close it."""
    here, staff, number = desk(request), staff_of(request), request.path_params["case"]
    form = await request.form()
    text = {name: str(form.get(name, "")).strip() for name in ("kind", "subject", "why", "note", "resolution")}
    match form.get("do"):
        case "add":
            subject = text["subject"].removeprefix("#")
            kind = next((each for each in get_args(Kind) if each == text["kind"]), None)
            if kind is None or not subject.isdecimal() or len(subject) > 15:
                raise CaseError(f"{text['subject']!r} is not the number of a person, Record or appeal")
            await here.cases.add(staff, number, kind, int(subject), why=text["why"], surface="console")
            told = f"Added {kind} {subject}."
        case "note":
            await here.cases.note(staff, number, text["note"], surface="console")
            told = "Noted."
        case "close":
            await here.cases.close(staff, number, text["resolution"], surface="console")
            told = "Closed."
        case _:
            raise CaseError("the form said nothing to do")
    return back(request, f"/ops/cases/{number}", told)


async def hold_case(request: Request) -> Response:
    """Put a case on legal hold, or lift it."""
    number = request.path_params["case"]
    on = (await request.form()).get("hold") == "1"
    await desk(request).cases.hold(staff_of(request), number, on=on, surface="console")
    return back(request, f"/ops/cases/{number}", "On legal hold: nothing of it is erased." if on else "Hold lifted.")


async def appeals(request: Request) -> Response:
    """Appeals, the most pressing first; with ``closed``, answered ones too."""
    closed = request.query_params.get("closed") == "1"
    return await render(
        request, "appeals.html", appeals=await desk(request).appeals.list(closed=closed, limit=SHOWN), closed=closed
    )


async def appeal(request: Request) -> Response:
    """One appeal, with the Record it is about."""
    here = desk(request)
    found = await here.appeals.get(request.path_params["appeal"])
    record = await here.reader.get(found.record_id) if found.record_id else None
    return await render(
        request,
        "appeal.html",
        appeal=found,
        record=record,
        details=await here.reader.details(record.id) if record else None,
        reasons=REASONS,
        may_answer=staff_of(request).may(Permission.REVIEW),
        longest_answer=ANSWER_LIMIT,
        longest_note=LONGEST_REMARK,
    )


async def answer(request: Request) -> Response:
    """Answer an appeal; the bot tells Twitch."""
    number = request.path_params["appeal"]
    form = await request.form()
    given, _, reason = str(form.get("answer", "")).partition(": ")
    chosen: Answer = "approve" if given == "approve" else "deny"
    await desk(request).appeals.decide(
        staff_of(request),
        number,
        chosen,
        reason,
        to_chatter=str(form.get("to_chatter", "")).strip(),
        note=str(form.get("note", "")).strip(),
        surface="console",
    )
    return back(request, "/ops/appeals", f"Appeal {number}: {given}. The bot has been asked to tell Twitch.")


async def shift(request: Request) -> Response:
    """The person's own shift: what was decided, what was seen in plain, what waits."""
    here, staff = desk(request), staff_of(request)
    return await render(
        request,
        "shift.html",
        load=await here.exposure.load(staff),
        hours=await here.rules.value("shift_hours"),
        reviews=await here.reviews.by(staff, limit=50),
        backlog=await here.queue.backlog(),
    )


async def rules(request: Request) -> Response:
    """The numbers reviewing goes by, and who is on the staff."""
    here = desk(request)
    return await render(
        request,
        "rules.html",
        rules=await here.rules.list(),
        limits=LIMITS,
        deadlines=await here.rules.deadlines(),
        members=await here.roster.list(),
        permissions=PERMISSIONS,
        sets=staff_of(request).may(Permission.RULES),
    )


async def set_rule(request: Request) -> Response:
    """Change one of the numbers."""
    form = await request.form()
    name, text = str(form.get("name", "")), str(form.get("value", ""))
    try:
        value = float(text)
    except ValueError:
        return back(request, "/ops/rules", f"{name}: {text!r} is not a number.", wrong=True)
    await desk(request).rules.set(name, value, by=staff_of(request), surface="console")
    return back(request, "/ops/rules", f"{name.replace('_', ' ').capitalize()} is {value:g} now.")


async def audit(request: Request) -> Response:
    """Who did what, newest first."""
    asked: dict[str, Any] = {"actor": request.query_params.get("actor", "").strip().lower() or None}
    return await render(
        request, "audit.html", deeds=await desk(request).audit.latest(**asked, limit=SHOWN), actor=asked["actor"] or ""
    )
