"""The staff's other pages: people, cases, appeals, shift, rules, audit."""

from __future__ import annotations

from typing import Any, get_args

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from ops.console.desk import desk
from ops.console.guard import staff_of
from ops.console.rendering import back, render
from ops.console.review import pressed
from ops.looking import look_at_appeal
from ops.numbers import number
from storage.appeals import ANSWER_LIMIT, REASONS
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
    record_id = number(what)
    if record_id is not None and await here.reader.get(record_id):
        return RedirectResponse(f"/ops/records/{record_id}", 303)
    people = await here.overview.called(what.removeprefix("@").lower()) if what else []
    if len(people) == 1:
        return RedirectResponse(f"/ops/people/{people[0].person}", 303)
    return await render(request, "find.html", 200 if people or not what else 404, what=what, people=people)


async def person(request: Request) -> Response:
    """What the log knows about one person, in all channels."""
    here, person_id = desk(request), request.path_params["person"]
    known = await here.overview.known(person_id)
    if known is None:
        raise HTTPException(404, f"There is no person {person_id}.")
    query = RecordQuery(chatter=known.twitch_id, limit=SHOWN)
    return await render(
        request,
        "ops_person.html",
        known=known,
        records=await here.reader.list(query) if known.twitch_id else [],
        appeals=await here.overview.appeals(person_id),
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
    case_id = await desk(request).cases.open(staff_of(request), title, surface="console")
    return back(request, f"/ops/cases/{case_id}", f"Case {case_id} is yours.")


async def case(request: Request) -> Response:
    """One case with what belongs to it."""
    here, case_id = desk(request), request.path_params["case"]
    staff = staff_of(request)
    return await render(
        request,
        "case.html",
        case=await here.cases.get(case_id),
        items=await here.cases.items(case_id),
        notes=await here.cases.notes(case_id),
        works=staff.may(Permission.CASE),
        holds=staff.may(Permission.HOLD),
        kinds=get_args(Kind),
    )


async def work_case(request: Request) -> Response:
    """Add to a case, note something in it, or close it."""
    here, staff, case_id = desk(request), staff_of(request), request.path_params["case"]
    form = await request.form()
    text = {name: str(form.get(name, "")).strip() for name in ("kind", "subject", "why", "note", "resolution")}
    match form.get("do"):
        case "add":
            subject = number(text["subject"])
            kind = next((each for each in get_args(Kind) if each == text["kind"]), None)
            if kind is None or subject is None:
                raise CaseError(f"{text['subject']!r} is not the number of a person, Record or appeal")
            await here.cases.add(staff, case_id, kind, subject, why=text["why"], surface="console")
            told = f"Added {kind} {subject}."
        case "note":
            await here.cases.note(staff, case_id, text["note"], surface="console")
            told = "Noted."
        case "close":
            await here.cases.close(staff, case_id, text["resolution"], surface="console")
            told = "Closed."
        case _:
            raise CaseError("the form said nothing to do")
    return back(request, f"/ops/cases/{case_id}", told)


async def hold_case(request: Request) -> Response:
    """Put a case on legal hold, or lift it."""
    case_id = request.path_params["case"]
    on = (await request.form()).get("hold") == "1"
    await desk(request).cases.hold(staff_of(request), case_id, on=on, surface="console")
    return back(request, f"/ops/cases/{case_id}", "On legal hold: nothing of it is erased." if on else "Hold lifted.")


async def appeals(request: Request) -> Response:
    """Appeals, the most pressing first; with ``closed``, answered ones too."""
    closed = request.query_params.get("closed") == "1"
    return await render(
        request, "appeals.html", appeals=await desk(request).appeals.list(closed=closed, limit=SHOWN), closed=closed
    )


async def appeal(request: Request) -> Response:
    """One appeal, masked, with the Record it is about."""
    return await _appeal_page(request, plain=False)


async def unmask_appeal(request: Request) -> Response:
    """The same with the chatter's words in plain: the look is counted. Loaded anew it is masked."""
    if request.method == "GET":
        return back(request, f"/ops/appeals/{request.path_params['appeal']}")
    return await _appeal_page(request, plain=True)


async def _appeal_page(request: Request, *, plain: bool) -> Response:
    here, staff = desk(request), staff_of(request)
    found = await here.appeals.get(request.path_params["appeal"])
    if plain:
        await look_at_appeal(here.db, staff, found, surface="console")
    record = await here.reader.get(found.record_id) if found.record_id else None
    return await render(
        request,
        "appeal.html",
        appeal=found,
        record=record,
        details=await here.reader.details(record.id) if record else None,
        reasons=REASONS,
        shown=plain,
        may_answer=staff.may(Permission.REVIEW),
        may_unmask=staff.may(Permission.UNMASK),
        longest_answer=ANSWER_LIMIT,
        longest_note=LONGEST_REMARK,
    )


async def answer(request: Request) -> Response:
    """Answer an appeal; the bot tells Twitch."""
    appeal_id = request.path_params["appeal"]
    form = await request.form()
    given, reason = pressed(str(form.get("answer", "")), REASONS)
    await desk(request).appeals.decide(
        staff_of(request),
        appeal_id,
        given,
        reason,
        to_chatter=str(form.get("to_chatter", "")).strip(),
        note=str(form.get("note", "")).strip(),
        surface="console",
    )
    return back(request, "/ops/appeals", f"Appeal {appeal_id}: {given}. The bot has been asked to tell Twitch.")


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
