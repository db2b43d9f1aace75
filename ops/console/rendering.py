"""Pages from templates: what all of them know, and how chat text, times and spans of time are shown."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from itertools import accumulate
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse

from filters.ladder import format_action, format_duration
from filters.masking import masked, visible
from filters.types import Action, Verdict
from ops.console.desk import desk
from ops.console.guard import Room
from ops.console.safety import form_token
from ops.when import WhenError, iso, zone
from storage.database import now_ms
from storage.kpis import DAY_MS
from storage.reading import RecordDetails
from storage.roles import Staff

HERE = Path(__file__).parent
LOOKS = ("auto", "light", "dark")
MOST_TOLD = 2_000
"""Bytes of a sentence for the next page: it travels in the session's cookie, and browsers drop one above 4,096."""


@dataclass(frozen=True, slots=True)
class Taste:
    """How one person wants pages: time zone, light or dark, and without colour. Kept in that person's cookies."""

    zone_name: str = "UTC"
    zone: tzinfo = UTC
    look: str = "auto"
    grey: bool = False
    keys: bool = True

    @classmethod
    def of(cls, request: Request) -> Taste:
        """Read the cookies; what cannot be read is as if not set."""
        name = request.cookies.get("zone", "UTC")
        try:
            chosen = zone(name)
        except WhenError:
            name, chosen = "UTC", zone("UTC")
        look = request.cookies.get("look", "auto")
        return cls(
            name,
            chosen,
            look if look in LOOKS else "auto",
            request.cookies.get("grey") == "1",
            request.cookies.get("keys") != "0",
        )

    def clocks(self) -> dict[str, Any]:
        """How templates write a moment (UTC ms) in the person's zone."""

        def written(ms: int, form: str) -> str:
            return datetime.fromtimestamp(ms / 1000, self.zone).strftime(form)

        def clock(ms: int) -> str:
            return written(ms, "%H:%M:%S" if abs(now_ms() - ms) < DAY_MS // 2 else "%d %b %H:%M")

        return {
            "at": lambda ms: written(ms, "%Y-%m-%d %H:%M:%S"),
            "clock": clock,
            "iso": lambda ms: iso(ms, self.zone),
        }


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of a chat line, and whether a filter matched it."""

    text: str
    hit: bool


def chat(text: str | None, plain: bool, spans: list[tuple[int, int]] | None = None) -> list[Piece]:
    """A chat line as pieces that join to the line, masked unless ``plain``; nothing in it can steer the page."""
    if text is None:
        return [Piece("(not kept)", hit=False)]
    shown = visible(text) if plain else masked(text)
    hits = [False] * len(shown)
    for start, end in spans or []:
        hits[max(0, start) : end] = [True] * len(hits[max(0, start) : end])
    pieces: list[Piece] = []
    at = 0
    for end in range(1, len(shown) + 1):
        if end == len(shown) or hits[end] != hits[at]:
            pieces.append(Piece(shown[at:end], hits[at]))
            at = end
    return pieces


def spans(found: RecordDetails | Verdict) -> list[tuple[int, int]]:
    """Where the evidence lies in the line it is about."""
    return [each.span for each in found.evidence]


def drawing(svg: str) -> Markup:
    """A chart of ``ops.charts`` as part of a page, styled by the console's sheet alone: pages take no style inline."""
    tree = ET.fromstring(svg)  # noqa: S314 - drawn by us
    for parent in tree.iter():
        for each in [each for each in parent if each.tag.rpartition("}")[2] == "style"]:
            parent.remove(each)
    for each in tree.iter():
        each.attrib.pop("style", None)
    title = next((each.text for each in tree.iter() if each.tag.rpartition("}")[2] == "title"), "")
    tree.set("role", "img")
    tree.set("aria-label", title or "Chart")
    ET.register_namespace("", "http://www.w3.org/2000/svg")
    return Markup(ET.tostring(tree, encoding="unicode"))  # noqa: S704 - drawn by us, which escapes what it shows


def label(name: str) -> str:
    """A setting's name as people read it."""
    return name.removesuffix("_s").replace("_", " ") + (" (seconds)" if name.endswith("_s") else "")


def ago(ms: int | None) -> str:
    """A distance from now in its largest unit: ``3m``, ``in 2h``; empty for None."""
    if ms is None:
        return ""
    seconds = (now_ms() - ms) // 1000
    near = abs(seconds)
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "m")):
        if near >= size:
            return f"in {near // size}{unit}" if seconds < 0 else f"{near // size}{unit} ago"
    return "now"


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "action": lambda action: format_action(action) if isinstance(action, Action) else str(action),
        "ago": ago,
        "chat": chat,
        "duration": format_duration,
        "name": visible,
        "label": label,
        "words": lambda text: str(text).replace("_", " "),
    }
    environment.globals["spans"] = spans
    return environment


TEMPLATES = _environment()


async def render(request: Request, template: str, status: int = 200, **context: Any) -> HTMLResponse:
    """A page. Templates know the visitor, the channel, the staff member and the person's taste besides ``context``."""
    visitor = getattr(request.state, "visitor", None)
    room: Room | None = getattr(request.state, "room", None)
    staff: Staff | None = getattr(request.state, "staff", None)
    if visitor is not None and staff is None:
        staff = await desk(request).roster.find(visitor.login)
    taste = Taste.of(request)
    page = {
        "visitor": visitor,
        "room": room,
        "staff": staff,
        "draft": visitor.drafts.get(room.channel.id) if visitor and room else None,
        "plain": bool(visitor and room and room.channel.id in visitor.plain),
        "taste": taste,
        "path": request.url.path,
        "token": form_token(request),
        "told": request.session.pop("told", None),
        **taste.clocks(),
    }
    return HTMLResponse(TEMPLATES.get_template(template).render({**page, **context}), status)


def back(request: Request, path: str, told: str = "", *, wrong: bool = False) -> RedirectResponse:
    """Go on to a page after a form, with a sentence at its top."""
    if told:
        request.session["told"] = {"text": _fitting(told), "wrong": wrong}
    return RedirectResponse(path, 303)


def _fitting(text: str) -> str:
    """The text as far as the cookie holds it, in which letters beyond ASCII are escapes."""
    sizes = accumulate(len(json.dumps(char)) - 2 for char in text[: MOST_TOLD + 1])
    kept = sum(size <= MOST_TOLD for size in sizes)
    return text if kept == len(text) else f"{text[:kept]}…"
