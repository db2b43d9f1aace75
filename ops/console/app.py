"""The console as one ASGI application: every route with its wall, and what stands around them."""

from __future__ import annotations

import secrets
from pathlib import Path
from urllib.parse import urlsplit

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.sessions import SessionMiddleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from config.policy import PolicyError
from ops.console import channel, drafts, figures, policies, review, signin, team, words
from ops.console.desk import Access, Desk, desk
from ops.console.guard import For, form, fragment, page, recognise
from ops.console.rendering import back, render
from ops.console.safety import Headers, Limit
from ops.console.visitors import SESSION_MS, Rank
from storage.database import Database, DatabaseError
from storage.roles import ForbiddenError, Permission
from storage.sealed import Sealer

STATIC = Path(__file__).parent / "static"
TITLES = {401: "Signed out", 403: "Not allowed", 404: "Not found", 405: "Not allowed", 429: "Too fast"}


async def home(request: Request) -> Response:
    """Where the visitor can go."""
    here = desk(request)
    visitor = request.state.visitor
    places = []
    for each in await here.overview.channels():
        rank = visitor.rank(each.id, await here.grants(each.id))
        if rank is not Rank.STRANGER:
            places.append((each, rank))
    staff = await here.roster.find(visitor.login)
    if len(places) == 1 and staff is None:
        return back(request, f"/c/{places[0][0].name}")
    if not places and staff is not None:
        return back(request, "/ops/queue")
    return await render(request, "home.html", places=places)


def routes() -> list[Route]:
    """Every page and form, and whom it is for."""
    read, judge, unmask = Permission.READ, Permission.REVIEW, Permission.UNMASK
    here = "/c/{channel}"
    return [
        page("/", home, For.SIGNED_IN),
        page("/sign-in", signin.sign_in, For.ALL),
        page("/sign-in/callback", signin.from_twitch, For.ALL),
        form("/sign-in/twitch", signin.to_twitch, For.ALL),
        form("/sign-in/sandbox", signin.to_sandbox, For.ALL),
        form("/sign-out", signin.sign_out, For.SIGNED_IN),
        page("/settings", signin.settle, For.SIGNED_IN, posts=True),
        page(here, channel.overview, For.MODERATOR),
        page(f"{here}/log", channel.log, For.MODERATOR),
        page(f"{here}/live", channel.live, For.MODERATOR),
        form(f"{here}/show-text", channel.show_text, For.MODERATOR),
        page(f"{here}/records/{{record:number}}", channel.record, For.MODERATOR),
        form(f"{here}/records/{{record:number}}/undo", channel.undo, For.MODERATOR),
        form(f"{here}/groups/{{group:number}}/undo", channel.undo_group, For.MODERATOR),
        form(f"{here}/groups/{{group:number}}/end", channel.end_raid, For.MODERATOR),
        page(f"{here}/chatters/{{person:number}}", channel.chatter, For.MODERATOR),
        form(f"{here}/chatters/{{person:number}}/notes", channel.add_note, For.MODERATOR),
        page(f"{here}/try", policies.try_line, For.STREAMER, posts=True),
        page(f"{here}/filters", policies.filters, For.STREAMER),
        page(f"{here}/filters/{{filter}}", policies.filter_page, For.STREAMER, posts=True),
        form(f"{here}/filters/{{filter}}/switch", policies.switch, For.STREAMER),
        page(f"{here}/settings/{{group}}", policies.settings, For.STREAMER, posts=True),
        page(f"{here}/ladder", policies.ladder, For.STREAMER, posts=True),
        page(f"{here}/words", words.words, For.STREAMER),
        form(f"{here}/words", words.change, For.STREAMER),
        page(f"{here}/presets", policies.presets, For.STREAMER, posts=True),
        page(f"{here}/history", policies.history, For.STREAMER),
        page(f"{here}/history/{{number:number}}", policies.revision, For.STREAMER, posts=True),
        page(f"{here}/draft", drafts.review, For.STREAMER),
        form(f"{here}/draft", drafts.save, For.STREAMER),
        page(f"{here}/draft/test", drafts.test, For.STREAMER, posts=True),
        page("/ops/queue", review.queue, read),
        form("/ops/queue/next", review.take_next, judge),
        form("/ops/queue/{record:number}/take", review.take, judge),
        page("/ops/review/{record:number}", review.item, judge),
        form("/ops/review/{record:number}/skip", review.skip, judge),
        page("/ops/review/{record:number}/unmask", review.unmask, unmask, posts=True),
        form("/ops/review/{record:number}/decide", review.decide, judge),
        page("/ops/records/{record:number}", review.record, read),
        page("/ops/groups/{group:number}", review.group, read),
        form("/ops/groups/{group:number}", review.decide_group, judge),
        page("/ops/find", team.find, read),
        page("/ops/people/{person:number}", team.person, read),
        page("/ops/cases", team.cases, read),
        form("/ops/cases", team.open_case, Permission.CASE),
        page("/ops/cases/{case:number}", team.case, read),
        form("/ops/cases/{case:number}", team.work_case, Permission.CASE),
        form("/ops/cases/{case:number}/hold", team.hold_case, Permission.HOLD),
        page("/ops/appeals", team.appeals, read),
        page("/ops/appeals/{appeal:number}", team.appeal, read),
        form("/ops/appeals/{appeal:number}", team.answer, judge),
        page("/ops/appeals/{appeal:number}/unmask", team.unmask_appeal, unmask, posts=True),
        page("/ops/figures", figures.figures, read),
        page("/ops/shift", team.shift, read),
        page("/ops/rules", team.rules, read),
        form("/ops/rules", team.set_rule, Permission.RULES),
        page("/ops/audit", team.audit, read),
    ]


def build(db: Database, access: Access, sealer: Sealer | None = None) -> Starlette:
    """The console over an open database. Its sessions end with the process, whose secret signs them."""
    sign_in = "{0.scheme}://{0.netloc}".format(urlsplit(access.id_url))
    app = Starlette(
        routes=[*routes(), Mount("/static", StaticFiles(directory=STATIC))],
        middleware=[
            Middleware(Headers, sign_in=sign_in),
            Middleware(TrustedHostMiddleware, allowed_hosts=[access.host, "localhost", "127.0.0.1"]),
            Middleware(
                SessionMiddleware,
                secret_key=secrets.token_urlsafe(32),
                session_cookie="chatwarden",
                max_age=SESSION_MS // 1000,
                same_site="lax",
                https_only=access.secure,
            ),
        ],
        exception_handlers={
            HTTPException: _told,
            ForbiddenError: _forbidden,
            DatabaseError: _refused,
            PolicyError: _refused,
        },
    )
    app.state.desk = Desk(db, access, sealer)
    app.state.sign_ins = Limit(most=20, window_s=60)
    return app


async def _told(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    title = TITLES.get(error.status_code, "That did not work")
    text = error.detail if error.detail not in {"Not Found", "Method Not Allowed"} else "There is no such page."
    if not fragment(request):
        await recognise(request)
    return await _failed(request, error.status_code, title, text)


async def _forbidden(request: Request, error: Exception) -> Response:
    return await _failed(request, 403, TITLES[403], str(error))


async def _refused(request: Request, error: Exception) -> Response:
    """A deed that was refused: back to the page it was asked on, with the reason; a page that cannot be shown: why."""
    came_from = urlsplit(request.headers.get("Referer", ""))
    if request.method == "POST" and came_from.netloc == request.url.netloc and not fragment(request):
        return back(request, came_from.path, str(error), wrong=True)
    return await _failed(request, 409, "That did not work", str(error))


async def _failed(request: Request, status: int, title: str, text: str) -> Response:
    if fragment(request):
        return PlainTextResponse(text, status)
    return await render(request, "error.html", status, title=title, text=text)
