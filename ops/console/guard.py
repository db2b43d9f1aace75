"""The walls between roles: each route says whom it is for, and nobody else gets past."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import Enum
from urllib.parse import quote

from starlette.convertors import Convertor, register_url_convertor
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from ops.console.desk import desk
from ops.console.safety import check_form
from ops.console.visitors import Rank, Visitor
from ops.numbers import MOST_DIGITS
from storage.overview import Channel
from storage.roles import Permission, Staff

Endpoint = Callable[[Request], Awaitable[Response]]


class For(Enum):
    """Whom a page is for, besides members of the staff with a Permission."""

    ALL = "everybody"
    SIGNED_IN = "everybody who is signed in"
    MODERATOR = "the channel's moderators and its streamer"
    STREAMER = "the channel's streamer, and whom the policy grants the same"


class Number(Convertor[int]):
    """A number in an address. What no log can hold is no page, rather than an error of SQLite's."""

    regex = f"[0-9]{{1,{MOST_DIGITS}}}"

    def convert(self, value: str) -> int:
        """The number."""
        return int(value)

    def to_string(self, value: int) -> str:
        """The address's piece."""
        return str(value)


register_url_convertor("number", Number())


@dataclass(frozen=True, slots=True)
class Room:
    """The channel a page is about, and the visitor's rank there."""

    channel: Channel
    rank: Rank

    @property
    def edits(self) -> bool:
        """Whether the visitor may change the policy."""
        return self.rank is Rank.STREAMER

    @property
    def role(self) -> str:
        """The rank as audit names it."""
        return self.rank.name.lower()


NOT_YOURS = "There is no such channel, or you do not moderate it."


def page(path: str, endpoint: Endpoint, whom: For | Permission, *, posts: bool = False) -> Route:
    """A page with its wall. With ``posts`` it also takes the form that stands on it."""
    return Route(path, _walled(path, endpoint, whom), methods=["GET", "POST"] if posts else ["GET"])


def form(path: str, endpoint: Endpoint, whom: For | Permission) -> Route:
    """What a form is sent to, with its wall; the form is checked before the endpoint sees it."""
    return Route(path, _walled(path, endpoint, whom), methods=["POST"])


def _walled(path: str, endpoint: Endpoint, whom: For | Permission) -> Endpoint:
    async def walled(request: Request) -> Response:
        visitor = desk(request).sessions.find(request.session.get("key"))
        request.state.visitor = visitor
        if request.method == "POST":
            await check_form(request)
        if whom is For.ALL:
            return await endpoint(request)
        if visitor is None:
            if request.method == "POST" or fragment(request):
                raise HTTPException(401, "Your session is over. Sign in again.")
            return RedirectResponse(f"/sign-in?next={quote(request.url.path)}", 303)
        if isinstance(whom, Permission):
            request.state.staff = await desk(request).roster.require(
                visitor.login, whom, surface="console", verb=f"open {path}"
            )
        elif whom is not For.SIGNED_IN:
            request.state.room = await _enter(request, visitor, whom, path)
        return await endpoint(request)

    return walled


def fragment(request: Request) -> bool:
    """Whether the page's script asks, which wants only the part that changes."""
    return request.headers.get("X-Fragment") == "1"


async def recognise(request: Request) -> None:
    """Who is signed in and in which channel they are, for a page that stands behind no wall: what tells of an error."""
    here = desk(request)
    visitor = here.sessions.find(request.session.get("key"))
    request.state.visitor = visitor
    first, _, rest = request.url.path.lstrip("/").partition("/")
    if visitor is None or first != "c" or getattr(request.state, "room", None) is not None:
        return
    channel = await here.overview.channel(rest.partition("/")[0])
    if channel is not None:
        rank = visitor.rank(channel.id, await here.grants(channel.id))
        if rank > Rank.STRANGER:
            request.state.room = Room(channel, rank)


async def _enter(request: Request, visitor: Visitor, whom: For, path: str) -> Room:
    channel = await desk(request).overview.channel(request.path_params["channel"])
    rank = Rank.STRANGER
    if channel is not None:
        rank = visitor.rank(channel.id, await desk(request).grants(channel.id))
    needed = Rank.STREAMER if whom is For.STREAMER else Rank.MODERATOR
    if channel is not None and rank >= needed:
        return Room(channel, rank)
    await desk(request).audit.note(
        actor=visitor.login,
        role=rank.name.lower(),
        surface="console",
        verb=f"open {path}",
        subject="page",
        channel_id=channel.id if channel else "",
        allowed=False,
    )
    if rank is Rank.STRANGER:
        raise HTTPException(404, NOT_YOURS)
    raise HTTPException(403, "This page is for the streamer (who can grant it to moderators in the policy's grants).")


def visitor_of(request: Request) -> Visitor:
    """Who is signed in, on pages that are not for all."""
    found: Visitor = request.state.visitor
    return found


def room_of(request: Request) -> Room:
    """The channel of a channel's page."""
    found: Room = request.state.room
    return found


def staff_of(request: Request) -> Staff:
    """The member of the staff, on pages of the staff."""
    found: Staff = request.state.staff
    return found
