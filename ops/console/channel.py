"""A channel's pages for its moderators and its streamer: overview, live log, Records, chatters, undo, notes."""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass

from markupsafe import Markup
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from filters.masking import visible
from filters.types import ActionKind, Category
from ops.charts import bars
from ops.console.desk import Desk, desk
from ops.console.guard import Room, room_of, visitor_of
from ops.console.rendering import TEMPLATES, Taste, ago, back, drawing, render
from ops.console.visitors import Rank
from ops.numbers import number
from storage.database import now_ms
from storage.gaps import Gaps
from storage.groups import RecordGroup
from storage.kpis import DAY_MS, Kind, Kpis, Period
from storage.overview import Known
from storage.reading import Outcome, Record, RecordDetails, RecordEvent, RecordQuery
from storage.requests import RequestKind

PAGE = 50
PERIODS = {"1h": 3_600_000, "24h": 86_400_000, "7d": 604_800_000, "30d": 2_592_000_000}
LOOK_S = 0.5
"""How often the live log looks for news."""
BREATH_S = 15.0
"""How often a silent live log says that it is there, so that a closed page is noticed."""
ALIVE_MS = 15_000
"""A bot whose last sign of life is older than this does not watch."""
LONGEST_NOTE = 500
OTHER_FILTERS = ("raid", "moderator", "nuke", "automod", "twitch")
"""What stands for a filter in Records of what no filter found: raid mode, people's deeds and Twitch's own."""
PIECES = {
    Outcome.APPLIED: "in force",
    Outcome.UNDONE: "undone",
    Outcome.WITHHELD: "withheld",
    Outcome.FAILED: "failed",
    Outcome.REVIEW: "for review",
    Outcome.DRY_RUN: "dry run",
    Outcome.PENDING: "under way",
    Outcome.SUPERSEDED: "superseded",
}
"""What each outcome is called in the chart of the overview, in its order."""
STANDS = {Outcome.APPLIED, Outcome.REVIEW}
"""Outcomes of Records that did what their action says; all others are named instead of it."""


@dataclass(frozen=True, slots=True)
class FilterRow:
    """How many Records one filter made: in all, of each action that stands or else outcome, and of each chart piece."""

    name: str
    total: int
    kinds: dict[str, int]
    pieces: Counter[str]


async def overview(request: Request) -> Response:
    """What happened lately and whether all is well."""
    here, room = desk(request), room_of(request)
    period = request.query_params.get("period", "24h")
    period = period if period in PERIODS else "24h"
    since_ms = now_ms() - PERIODS[period]
    # Twitch's clock may be ahead of ours, and a replay may play the future.
    counts = await Kpis(here.db).counts(Period(since_ms, now_ms() + DAY_MS, room.channel.id))
    waits = await here.overview.waits(room.channel.id)
    rows = _rows(counts)
    policy, number = await here.policy(room.channel.id)
    alive_ms = (await Gaps(here.db).last_alive()).get(room.channel.id)
    return await render(
        request,
        "overview.html",
        period=period,
        periods=PERIODS,
        rows=rows,
        chart=_chart(rows, period) if rows else "",
        outcomes={each: sum(n for kind, n in counts.items() if kind.outcome == each) for each in Outcome},
        waits=waits,
        policy=policy,
        revision=await here.revisions.get(room.channel.id, number),
        records=await here.reader.list(RecordQuery(channel=room.channel.id, limit=12)),
        raid=await _raid_under_way(here, room),
        groups=[
            (each, await here.groups.standing(each.id), await here.requests.latest(RequestKind.UNDO_GROUP, each.id))
            for each in await here.groups.latest(room.channel.id, limit=5)
        ],
        asked=[each for each in await here.requests.open() if each.channel_id == room.channel.id],
        alive_ms=alive_ms,
        alive=alive_ms is not None and now_ms() - alive_ms < ALIVE_MS,
    )


async def log(request: Request) -> Response:
    """The channel's Records, newest first; the first page goes on by itself as new ones come."""
    here, room = desk(request), room_of(request)
    asked = request.query_params
    chosen = {name: asked.get(name, "").strip() for name in ("filter", "action", "outcome", "category", "chatter")}
    before = asked.get("before", "")
    query = RecordQuery(
        channel=room.channel.id,
        chatter=chosen["chatter"] or None,
        filter=chosen["filter"] or None,
        action=ActionKind[chosen["action"].upper()] if chosen["action"].upper() in ActionKind.__members__ else None,
        outcome=Outcome(chosen["outcome"]) if chosen["outcome"] in set(Outcome) else None,
        category=Category(chosen["category"]) if chosen["category"] in set(Category) else None,
        before=_place(before),
        limit=PAGE,
    )
    records = await here.reader.list(query)
    policy, _ = await here.policy(room.channel.id)
    strange = bool(chosen["chatter"]) and not await _is_known(here, room, chosen["chatter"])
    return await render(
        request,
        "log.html",
        records=records,
        chosen=chosen,
        empty=f"The log knows nobody called {visible(chosen['chatter'])}." if strange else "No Record fits.",
        older={
            **{name: value for name, value in chosen.items() if value},
            "before": f"{records[-1].ts_ms} {records[-1].id}",
        }
        if len(records) == PAGE
        else None,
        live=not before and not any(chosen.values()),
        last_id=await here.reader.last_id(),
        filters=[*(each.name for each in policy.filters.all), *OTHER_FILTERS],
        actions=[each.name.lower() for each in ActionKind],
        outcomes=list(Outcome),
        categories=list(Category),
    )


async def live(request: Request) -> Response:
    """The channel's new Records as server-sent events, each as a row of the log, again when its outcome stands."""
    room, taste = room_of(request), Taste.of(request)
    after = request.headers.get("Last-Event-ID", "") or request.query_params.get("after", "")
    start = number(after)
    if start is None:
        start = await desk(request).reader.last_id()
    stream = _events(request, room, taste, start)
    return StreamingResponse(stream, media_type="text/event-stream", headers={"X-Accel-Buffering": "no"})


async def record(request: Request) -> Response:
    """Why: one Record with its evidence, context and events."""
    here, room = desk(request), room_of(request)
    found = await _record(request)
    group = await here.groups.of(found.id)
    details = await here.reader.details(found.id)
    return await render(
        request,
        "record.html",
        record=found,
        details=details,
        undoing=_undoing(details),
        group=await here.groups.get(group) if group else None,
        asked=await here.requests.latest(RequestKind.UNDO_RECORD, found.id),
        notes=await here.notes.about(room.channel.id, found.chatter_id) if found.chatter_id else [],
        base=f"/c/{room.channel.name}",
        undoable=undoable(found),
    )


async def undo(request: Request) -> Response:
    """Ask the bot to take back what a Record did."""
    here, room = desk(request), room_of(request)
    found = await _record(request)
    address = f"/c/{room.channel.name}/records/{found.id}"
    if not undoable(found):
        undone = _undoing(await here.reader.details(found.id))
        told = f"was undone by {visible(undone.actor)} {ago(undone.at_ms)}" if undone else f"is {found.outcome}"
        return back(request, address, f"#{found.id} {told}: there is nothing to undo.", wrong=True)
    if await _is_asked(here, RequestKind.UNDO_RECORD, found.id):
        return back(request, address, "The bot has been asked already.")
    await here.requests.ask(
        RequestKind.UNDO_RECORD, found.id, room.channel.id, actor=visitor_of(request).login, note="console"
    )
    await _note(request, "undo", f"record {found.id}")
    return back(request, address)


async def undo_group(request: Request) -> Response:
    """Ask the bot to take back all that one decision did."""
    here, room = desk(request), room_of(request)
    group = await _group(request)
    stands = await here.groups.standing(group.id)
    if not stands.standing:
        told = f": undone by {visible(stands.undone_by)} {ago(stands.undone_ms)}" if stands.undone else ""
        return back(request, f"/c/{room.channel.name}", f"Nothing of {group.kind} {group.id} stands{told}.", wrong=True)
    if not await _is_asked(here, RequestKind.UNDO_GROUP, group.id):
        await here.requests.ask(
            RequestKind.UNDO_GROUP, group.id, room.channel.id, actor=visitor_of(request).login, note="console"
        )
        await _note(request, "undo", f"group {group.id}")
    return back(request, f"/c/{room.channel.name}#groups")


async def end_raid(request: Request) -> Response:
    """Ask the bot to end raid mode; what was done to people stays."""
    here, room = desk(request), room_of(request)
    group = await _group(request)
    if group.kind != "raid" or group.ended_ms is not None:
        return back(request, f"/c/{room.channel.name}", f"{group.kind.capitalize()} {group.id} is over.", wrong=True)
    if not await _is_asked(here, RequestKind.END_RAID, group.id):
        await here.requests.ask(RequestKind.END_RAID, group.id, room.channel.id, actor=visitor_of(request).login)
        await _note(request, "raid mode", f"group {group.id}", "off")
    return back(request, f"/c/{room.channel.name}")


async def chatter(request: Request) -> Response:
    """What the channel knows about one chatter: strikes, Records, appeals, notes."""
    here, room = desk(request), room_of(request)
    known = await _known(request)
    policy, _ = await here.policy(room.channel.id)
    now = now_ms()
    since = now - policy.ladder.decay * 1000
    acted = await here.reader.acted_on(room.channel.id, known.twitch_id, since) if known.twitch_id else []
    query = RecordQuery(channel=room.channel.id, chatter=known.twitch_id, limit=100)
    return await render(
        request,
        "chatter.html",
        known=known,
        standing=policy.ladder.standing(acted, now),
        ladder=policy.ladder,
        records=await here.reader.list(query) if known.twitch_id else [],
        appeals=await here.overview.appeals(known.person, room.channel.id),
        notes=await here.notes.about(room.channel.id, known.twitch_id) if known.twitch_id else [],
        longest_note=LONGEST_NOTE,
    )


async def add_note(request: Request) -> Response:
    """Write a note about a chatter."""
    here, room = desk(request), room_of(request)
    known = await _known(request)
    text = str((await request.form()).get("text", "")).strip()
    address = f"/c/{room.channel.name}/chatters/{known.person}"
    if not 1 <= len(text) <= LONGEST_NOTE:
        return back(
            request, address, f"The note has {len(text)} characters, 1 to {LONGEST_NOTE} are possible.", wrong=True
        )
    if not known.twitch_id:
        return back(request, address, "This person was erased; nothing is noted about them.", wrong=True)
    await here.notes.add(room.channel.id, known.twitch_id, known.login, text, author=visitor_of(request).login)
    await _note(request, "note", f"person {known.person}")
    return back(request, address, "Noted.")


async def show_text(request: Request) -> Response:
    """Show the channel's chat text in plain, or masked again. Asking for it is kept in audit."""
    room, visitor = room_of(request), visitor_of(request)
    form = await request.form()
    if form.get("plain") == "1":
        await _note(request, "unmask", "log")
        visitor.plain.add(room.channel.id)
    else:
        visitor.plain.discard(room.channel.id)
    target = str(form.get("next", ""))
    base = f"/c/{room.channel.name}"
    return back(request, target if target == base or target.startswith(f"{base}/") else base)


def undoable(record: Record) -> bool:
    """Whether something of a Record is in force that can be taken back; what was deleted stays deleted."""
    return record.outcome is Outcome.APPLIED and record.action.enforces


async def _is_asked(here: Desk, kind: RequestKind, subject: int) -> bool:
    asked = await here.requests.latest(kind, subject)
    return asked is not None and asked.done_ms is None


def _undoing(details: RecordDetails) -> RecordEvent | None:
    return next((each for each in reversed(details.events) if each.outcome is Outcome.UNDONE), None)


async def _is_known(here: Desk, room: Room, who: str) -> bool:
    people = await here.overview.called(who.removeprefix("@").lower())
    return any([await here.overview.in_channel(each.person, room.channel.id) for each in people])


async def _record(request: Request) -> Record:
    found = await desk(request).reader.get(request.path_params["record"])
    if found is None or found.channel_id != room_of(request).channel.id:
        raise HTTPException(404, f"There is no Record #{request.path_params['record']} in this channel.")
    return found


async def _group(request: Request) -> RecordGroup:
    group = await desk(request).groups.get(request.path_params["group"])
    if group is None or group.channel_id != room_of(request).channel.id:
        raise HTTPException(404, "There is no such group in this channel.")
    return group


async def _raid_under_way(here: Desk, room: Room) -> tuple[RecordGroup, bool] | None:
    """The raid that is not over, and whether the bot has been asked to end it."""
    for group in await here.groups.latest(room.channel.id, "raid", limit=1):
        if group.ended_ms is None:
            return group, await _is_asked(here, RequestKind.END_RAID, group.id)
    return None


async def _known(request: Request) -> Known:
    here, person = desk(request), request.path_params["person"]
    known = await here.overview.known(person)
    if known is None or not await here.overview.in_channel(person, room_of(request).channel.id):
        raise HTTPException(404, "This channel's log knows nobody of that number.")
    return known


async def _note(request: Request, verb: str, subject: str, detail: str = "") -> None:
    room = room_of(request)
    await desk(request).audit.note(
        actor=visitor_of(request).login,
        role=room.role,
        surface="console",
        verb=verb,
        subject=subject,
        detail=detail,
        channel_id=room.channel.id,
    )


def _rows(counts: Counter[Kind]) -> list[FilterRow]:
    kinds: dict[str, Counter[str]] = defaultdict(Counter)
    pieces: dict[str, Counter[str]] = defaultdict(Counter)
    for kind, count in counts.items():
        kinds[kind.filter][kind.action if kind.outcome in STANDS else kind.outcome] += count
        pieces[kind.filter][PIECES[Outcome(kind.outcome)]] += count
    rows = [FilterRow(name, made.total(), dict(made.most_common()), pieces[name]) for name, made in kinds.items()]
    return sorted(rows, key=lambda row: (-row.total, row.name))


def _chart(rows: list[FilterRow], period: str) -> Markup:
    present = [piece for piece in dict.fromkeys(PIECES.values()) if any(row.pieces[piece] for row in rows)]
    series = {piece: [row.pieces[piece] for row in rows] for piece in present}
    names = [row.name.replace("_", " ") for row in rows]
    return drawing(bars(f"Records of the last {period}", names, series, stacked=True))


def _place(text: str) -> tuple[int, int] | None:
    """Where a page of the log ends: a message's time (UTC ms) and its Record's number; None if it says neither."""
    ms, _, record_id = text.partition(" ")
    place = number(ms), number(record_id)
    return None if place[0] is None or place[1] is None else (place[0], place[1])


async def _events(request: Request, room: Room, taste: Taste, after: int) -> AsyncIterator[str]:
    here, visitor, key = desk(request), visitor_of(request), request.session.get("key")
    row = TEMPLATES.get_template("row.html")
    unsettled: set[int] = set()
    quiet_s = 0.0
    yield "retry: 2000\n\n"
    while here.sessions.find(key) is visitor and not here.closing.is_set():
        # A page that is closed ends this at any await; the query must not stay half-read on the shared connection.
        news = await asyncio.shield(asyncio.ensure_future(_news(here, room, after, unsettled)))
        if news and visitor.rank(room.channel.id, await here.grants(room.channel.id)) is Rank.STRANGER:
            return
        for each in news:
            after = max(after, each.id)
            (unsettled.add if each.outcome is Outcome.PENDING else unsettled.discard)(each.id)
            html = row.render(
                record=each, room=room, plain=room.channel.id in visitor.plain, fresh=True, **taste.clocks()
            )
            lines = "".join(f"data: {line}\n" for line in html.splitlines())
            yield f"id: {after}\nevent: record\n{lines}\n"
        quiet_s = 0.0 if news else quiet_s + LOOK_S
        if quiet_s >= BREATH_S:
            quiet_s = 0.0
            yield ": still here\n\n"
        with suppress(TimeoutError):
            await asyncio.wait_for(here.closing.wait(), LOOK_S)


async def _news(here: Desk, room: Room, after: int, unsettled: set[int]) -> list[Record]:
    """New Records, and those shown before whose outcome has come."""
    fresh = await here.reader.list(RecordQuery(channel=room.channel.id, after_id=after, limit=PAGE))
    again = [found for number in sorted(unsettled) if (found := await here.reader.get(number))]
    return [*fresh, *(each for each in again if each.outcome is not Outcome.PENDING)]
