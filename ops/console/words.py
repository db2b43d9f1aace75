"""The word lists page: the channel's own terms, allowed words, the shipped lists in use, search and import."""

from __future__ import annotations

import asyncio
from dataclasses import asdict, dataclass
from typing import Any

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from config import wordlists
from config.changes import without_item
from config.policy import Policy, PolicyError
from filters.terms import Problem, Term, read_terms
from filters.types import Category, Severity
from ops.console.drafts import keep, standing
from ops.console.forms import apply
from ops.console.guard import room_of
from ops.console.rendering import back, render

SHOWN = 100
"""Rows of a table of terms; search finds the others."""
TOLD_PROBLEMS = 20


@dataclass(frozen=True, slots=True)
class Listed:
    """A term and where it is listed; ``own`` if the channel lists it itself."""

    term: Term
    source: str
    own: bool


async def words(request: Request) -> Response:
    """Search the terms in force."""
    policy, _ = await standing(request)
    asked = request.query_params.get("q", "").strip()
    found = await asyncio.to_thread(_find, policy, asked)
    blocklist = policy.filters.blocklist
    return await render(
        request,
        "words.html",
        asked=asked,
        found=found[:SHOWN],
        total=len(found),
        own=len(blocklist.terms),
        listed=len(await asyncio.to_thread(policy.listed_terms)),
        allow=blocklist.allow,
        lists=[(name, name in blocklist.lists) for name in wordlists.names()],
        severities=list(Severity),
        categories=list(Category),
        blocklist=blocklist,
    )


async def change(request: Request) -> Response:
    """Add, import, remove, allow, or choose lists: each goes into the draft."""
    policy, _ = await standing(request)
    form = await request.form()
    address = f"/c/{room_of(request).channel.name}/words"
    try:
        changed, told, problems = await asyncio.to_thread(_changed, policy, form)
    except (PolicyError, ValueError) as error:
        return back(request, address, str(error), wrong=True)
    await keep(request, changed)
    if problems:
        left_out = "; ".join(f"line {each.line_no}: {each.why}" for each in problems[:TOLD_PROBLEMS])
        more = f" and {len(problems) - TOLD_PROBLEMS} more" if len(problems) > TOLD_PROBLEMS else ""
        told = f"{told} Doubtful or left out: {left_out}{more}."
    return back(request, address, told)


def _changed(policy: Policy, form: FormData) -> tuple[Policy, str, list[Problem]]:
    """The policy as a form wants it, what to say about that, and which lines are in doubt. Raises PolicyError."""
    match form.get("do"):
        case "add":
            return _with_term(policy, form)
        case "import":
            terms, problems = read_terms(str(form.get("lines", "")).splitlines())
            changed = _with_terms(policy, [asdict(term) for term in terms])
            count = len(changed.filters.blocklist.terms) - len(policy.filters.blocklist.terms)
            return changed, f"{count} new terms among the unsaved changes.", problems
        case "remove":
            changed = without_item(policy, "blocklist.terms", {"text": str(form.get("text", ""))})
            return changed, "Removed, among the unsaved changes.", []
        case "allow":
            lines = [line.strip() for line in str(form.get("allow", "")).splitlines() if line.strip()]
            return apply(policy, {"filters.blocklist.allow": lines}), "Allowed words are kept as unsaved.", []
        case "lists":
            chosen = [str(each) for each in form.getlist("lists")]
            return apply(policy, {"filters.blocklist.lists": chosen}), "Lists are kept as unsaved.", []
        case _:
            raise PolicyError("the form said nothing to do")


def _with_term(policy: Policy, form: FormData) -> tuple[Policy, str, list[Problem]]:
    text = str(form.get("text", "")).strip()
    term = {
        "text": text,
        "severity": int(str(form.get("severity", "1"))),
        "category": str(form.get("category", Category.CHANNEL_RULE)),
        "exact": "exact" in form,
        "anywhere": "anywhere" in form,
        "endings": "endings" in form,
    }
    terms, problems = read_terms([text])
    if not terms:
        raise PolicyError(f"“{text}” {problems[0].why}" if problems else "write the word or phrase to block")
    return _with_terms(policy, [term]), "Added to the unsaved changes.", problems


def _find(policy: Policy, asked: str) -> list[Listed]:
    own = [Listed(each.term(), "this channel", own=True) for each in policy.filters.blocklist.terms]
    if not asked:
        return own
    shipped = [
        Listed(term, name, own=False) for name in policy.filters.blocklist.lists for term in wordlists.load(name)
    ]
    needle = asked.casefold()
    return [each for each in (*own, *shipped) if needle in each.term.text.casefold()]


def _with_terms(policy: Policy, terms: list[dict[str, Any]]) -> Policy:
    """The policy with these own terms; one that is there already takes the new severity and flags."""
    fresh = {term["text"].casefold(): term for term in terms}
    present = [term.model_dump(mode="json") for term in policy.filters.blocklist.terms]
    kept = [{**term, **fresh.pop(term["text"].casefold(), {})} for term in present]
    return apply(policy, {"filters.blocklist.terms": [*kept, *fresh.values()]})
