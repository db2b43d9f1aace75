"""Nobody gets past the walls between roles: every route, as everybody."""

from __future__ import annotations

import re

import pytest

from ops.console.app import routes
from ops.console.guard import NOT_YOURS
from storage.policies import PolicyLog
from storage.roles import PERMISSIONS, Permission, Role
from tests.ops.conftest import T0
from tests.ops.console.conftest import MODERATOR, NEIGHBOUR, STREAMER, Guest, House

ALL, SIGNED_IN, MODS, STREAMERS = "all", "signed in", "moderators", "streamer"
P = Permission
C = "/c/{channel}"

WALLS: dict[tuple[str, str], str | Permission] = {
    ("GET", "/sign-in"): ALL,
    ("GET", "/sign-in/callback"): ALL,
    ("POST", "/sign-in/twitch"): ALL,
    ("POST", "/sign-in/sandbox"): ALL,
    ("GET", "/"): SIGNED_IN,
    ("GET", "/settings"): SIGNED_IN,
    ("POST", "/settings"): SIGNED_IN,
    **{
        ("GET", C + path): MODS
        for path in ("", "/log", "/live", "/records/{record:number}", "/chatters/{person:number}")
    },
    **{
        ("POST", C + path): MODS
        for path in (
            "/show-text",
            "/records/{record:number}/undo",
            "/groups/{group:number}/undo",
            "/groups/{group:number}/end",
            "/chatters/{person:number}/notes",
        )
    },
    **{
        (method, C + path): STREAMERS
        for method in ("GET", "POST")
        for path in (
            "/try",
            "/filters/{filter}",
            "/settings/{group}",
            "/ladder",
            "/words",
            "/presets",
            "/history/{number:number}",
            "/draft",
        )
    },
    ("GET", C + "/filters"): STREAMERS,
    ("GET", C + "/history"): STREAMERS,
    ("POST", C + "/filters/{filter}/switch"): STREAMERS,
    ("GET", C + "/draft/test"): STREAMERS,
    ("POST", C + "/draft/test"): STREAMERS,
    **{
        ("GET", "/ops" + path): P.READ
        for path in (
            "/queue",
            "/find",
            "/records/{record:number}",
            "/groups/{group:number}",
            "/people/{person:number}",
            "/cases",
            "/cases/{case:number}",
            "/appeals",
            "/appeals/{appeal:number}",
            "/figures",
            "/shift",
            "/rules",
            "/audit",
        )
    },
    ("GET", "/ops/review/{record:number}"): P.REVIEW,
    ("POST", "/ops/queue/next"): P.REVIEW,
    ("POST", "/ops/queue/{record:number}/take"): P.REVIEW,
    ("POST", "/ops/review/{record:number}/skip"): P.REVIEW,
    ("POST", "/ops/review/{record:number}/decide"): P.REVIEW,
    ("GET", "/ops/review/{record:number}/unmask"): P.UNMASK,
    ("POST", "/ops/review/{record:number}/unmask"): P.UNMASK,
    ("GET", "/ops/appeals/{appeal:number}/unmask"): P.UNMASK,
    ("POST", "/ops/appeals/{appeal:number}/unmask"): P.UNMASK,
    ("POST", "/ops/groups/{group:number}"): P.REVIEW,
    ("POST", "/ops/appeals/{appeal:number}"): P.REVIEW,
    ("POST", "/ops/cases"): P.CASE,
    ("POST", "/ops/cases/{case:number}"): P.CASE,
    ("POST", "/ops/cases/{case:number}/hold"): P.HOLD,
    ("POST", "/ops/rules"): P.RULES,
    ("POST", "/sign-out"): SIGNED_IN,
}
"""Every route and whom it is for, written down once more: a route that is not here, or is for others, fails."""


def admitted(who: str, wall: str | Permission) -> bool:
    if isinstance(wall, Permission):
        return who in set(Role) and wall in PERMISSIONS[Role(who)]
    if wall == ALL or (wall == SIGNED_IN and who):
        return True
    return who == STREAMER or (who == MODERATOR and wall == MODS)


def address(path: str) -> str:
    filled = path.replace("{channel}", STREAMER).replace("{filter}", "caps").replace("{group}", "raid")
    return re.sub(r"\{\w+:number\}", "1", filled)


async def try_door(guest: Guest, method: str, path: str) -> bool:
    """Whether somebody got past the wall, whatever was behind it."""
    answer = await (guest.client.get(address(path)) if method == "GET" else guest.send(address(path)))
    assert answer.status_code != 500
    if answer.status_code == 303:
        return not answer.headers["Location"].startswith("/sign-in?next=")
    if path in {"/sign-in/callback", "/sign-in/sandbox"}:  # their own refusals: no such sign-in, no sandbox here
        return answer.status_code in {403, 404}
    return answer.status_code not in {401, 403} and NOT_YOURS not in answer.text


def test_every_route_has_its_wall() -> None:
    there = {
        (method, route.path) for route in routes() for method in (route.methods or ()) if method in {"GET", "POST"}
    }
    assert there == set(WALLS)


@pytest.mark.parametrize("who", ["", STREAMER, MODERATOR, NEIGHBOUR, "passer_by", *Role])
async def test_the_walls_hold(house: House, who: str) -> None:
    house.desk.closing.set()  # so that the live log ends
    guest = await house.come_in(who) if who else await house.stranger()
    for (method, path), wall in WALLS.items():
        assert await try_door(guest, method, path) == admitted(who, wall), (who, method, path)


async def test_a_refusal_is_kept_in_audit(house: House) -> None:
    guest = await house.come_in(NEIGHBOUR)
    await guest.see("/c/studio/log", 404)
    await guest.see("/ops/queue", 403)
    refused = [deed for deed in await house.desk.audit.latest(actor=NEIGHBOUR) if not deed.allowed]
    assert {(deed.verb, deed.surface) for deed in refused} == {
        ("open /c/{channel}/log", "console"),
        ("open /ops/queue", "console"),
    }


async def test_a_policy_that_cannot_be_read_locks_out_none(house: House) -> None:
    await PolicyLog(house.desk.db).save("502", "of = 'another version'", author="x", reason="", at_ms=T0)
    guest = await house.come_in(MODERATOR)
    answer = await guest.client.get("/")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/c/studio")
    neighbour = await house.come_in(NEIGHBOUR)
    assert "of: " in await neighbour.see("/c/attic", 409)
    await neighbour.see("/c/studio", 404)


async def test_a_number_no_log_can_hold_is_no_page(house: House) -> None:
    streamer, manager = await house.come_in(STREAMER), await house.come_in(Role.MANAGER)
    for digits in ("9" * 20, "9" * 5000):
        for guest, path in (
            (streamer, "/c/studio/records/"),
            (streamer, "/c/studio/history/"),
            (manager, "/ops/cases/"),
        ):
            assert "no such page" in await guest.see(f"{path}{digits}", 404)


async def test_a_part_of_a_page_is_not_the_door(house: House) -> None:
    guest = await house.stranger()
    answer = await guest.client.get("/ops/figures?part=days", headers={"X-Fragment": "1"})
    assert (answer.status_code, answer.text) == (401, "Your session is over. Sign in again.")


async def test_records_and_people_of_another_channel_are_not_there(house: House) -> None:
    guest = await house.come_in(NEIGHBOUR)
    assert "no Record #1 in this channel" in await guest.see("/c/attic/records/1", 404)
    assert "knows nobody" in await guest.see("/c/attic/chatters/1", 404)
    assert "troll" not in await guest.see("/c/attic/log")


async def test_grants_of_the_policy_let_a_moderator_edit(house: House) -> None:
    mod = await house.come_in(MODERATOR)
    await mod.see("/c/studio/filters", 403)
    streamer = await house.come_in(STREAMER)
    await streamer.send("/c/studio/settings/grants", **{"grants.streamer_names": MODERATOR})
    await streamer.send("/c/studio/draft", do="save", reason="maud helps")
    assert "Caps" in await mod.see("/c/studio/filters")
