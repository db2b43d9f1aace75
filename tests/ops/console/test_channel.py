from __future__ import annotations

import asyncio
import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from html import unescape
from typing import Any

from config.policy import Policy
from filters.types import Action, ActionKind, Message, Verdict
from ops.console.channel import PAGE, PIECES
from storage.database import now_ms
from storage.gaps import Gaps
from storage.groups import Groups
from storage.policies import PolicyLog
from storage.records import NewRecord, Outcome, RecordLog
from storage.requests import RequestKind
from tests.ops.conftest import SPACED, T0, line
from tests.ops.console.conftest import MODERATOR, NEIGHBOUR, STREAMER, Guest, House

HERE = f"/c/{STREAMER}"
TROLL = 2
"""The number of the person Record 1 is about; who spoke before was numbered first."""


async def test_text_is_masked_until_asked_for_and_asking_is_kept(house: House) -> None:
    guest = await house.come_in(MODERATOR)
    for path in (HERE, f"{HERE}/log", f"{HERE}/records/1", f"{HERE}/chatters/{TROLL}"):
        page = await guest.see(path)
        assert "bad word" not in page
        assert "•••" in page
    page = await guest.told(f"{HERE}/show-text", plain="1", next=f"{HERE}/records/1")
    assert "<mark>bad word</mark>" in page
    [deed] = [deed for deed in await house.desk.audit.latest(actor=MODERATOR) if deed.verb == "unmask"]
    assert (deed.role, deed.channel_id) == ("moderator", "501")
    page = await guest.told(f"{HERE}/show-text", plain="0", next="https://evil.example")
    assert "bad word" not in page


async def test_control_characters_cannot_steer_the_page(house: House) -> None:
    guest = await house.come_in(MODERATOR)
    page = await guest.told(f"{HERE}/show-text", plain="1", next=f"{HERE}/records/4")
    assert "\x1b" not in page
    assert "\u202e" not in page
    assert "boo" in page


async def test_undo_asks_the_bot_once(house: House) -> None:
    guest = await house.come_in(MODERATOR)
    assert "has been asked to undo #1" in await guest.told(f"{HERE}/records/1/undo")
    assert "asked already" in await guest.told(f"{HERE}/records/1/undo")
    [asked] = await house.desk.requests.open()
    assert (asked.kind, asked.subject, asked.actor) == (RequestKind.UNDO_RECORD, "1", MODERATOR)
    assert "nothing to undo" in await guest.told(f"{HERE}/records/2/undo")


async def test_notes_are_for_the_channels_moderators(house: House) -> None:
    guest = await house.come_in(MODERATOR)
    page = await guest.told(f"{HERE}/chatters/{TROLL}/notes", text="<script>asked nicely</script>")
    assert "&lt;script&gt;asked nicely" in page
    assert "1 to 500" in await guest.told(f"{HERE}/chatters/{TROLL}/notes", text=" ")
    streamer = await house.come_in(STREAMER)
    assert "asked nicely" in await streamer.see(f"{HERE}/chatters/{TROLL}")


async def test_the_log_is_sieved(house: House) -> None:
    guest = await house.come_in(MODERATOR)
    page = await guest.see(f"{HERE}/log?action=ban&outcome=undone")
    assert "#2</a>" in page
    assert "#1</a>" not in page
    assert "No Record fits" in await guest.see(f"{HERE}/log?chatter=troll&action=ban")
    await guest.see(f"{HERE}/log?before=99999999999999999999+1&category=nonsense")


async def test_leafing_through_the_log_leaves_out_none_of_many_lines_at_one_time(house: House) -> None:
    await fill(house, *(replace(line(1000 + number, "crowd", "x"), ts_ms=T0) for number in range(2 * PAGE + 1)))
    guest = await house.come_in(MODERATOR)
    seen: list[str] = []
    path = f"{HERE}/log?chatter=crowd"
    for _ in range(3):
        page = await guest.see(path)
        seen += re.findall(r'id="r(\d+)"', page)
        older = re.search(r'href="([^"]+)">Older', page)
        path = f"{HERE}/log{unescape(older[1])}" if older else ""
    assert not path
    assert len(seen) == len(set(seen)) == 2 * PAGE + 1


async def test_signing_out_ends_the_live_log(house: House) -> None:
    guest = await house.come_in(MODERATOR)
    async with Listening(house, guest) as heard:
        await fill(house, line(1000, "early", "x"))
        await heard.until("early")
        await guest.send("/sign-out")
        await heard.over()
        assert "early" in heard.text


async def test_who_is_no_moderator_any_more_hears_nothing_new(house: House) -> None:
    guest = await house.come_in("passer_by")
    policies = PolicyLog(house.desk.db)
    toml = Policy.preset().to_toml()
    granted = toml.replace("mod_names = []", 'mod_names = ["passer_by"]')
    await policies.save("501", granted, author="x", reason="", at_ms=T0)
    async with Listening(house, guest) as heard:
        await policies.save("501", toml, author="x", reason="", at_ms=T0)
        await fill(house, line(1000, "late", "x"))
        await heard.over()
        assert "late" not in heard.text


class Listening:
    """A browser's open live log. httpx waits for the whole of an answer, so that the application is asked itself."""

    def __init__(self, house: House, guest: Guest) -> None:
        cookies = "; ".join(f"{name}={value}" for name, value in guest.client.cookies.items())
        headers = [(b"host", b"localhost:8420"), (b"cookie", cookies.encode())]
        path = f"{HERE}/live"
        scope = {"type": "http", "method": "GET", "path": path, "raw_path": path.encode(), "query_string": b"after=5"}
        scope |= {"headers": headers, "http_version": "1.1", "scheme": "http", "root_path": ""}
        self.text = ""
        self._gone = asyncio.Event()
        self._app, self._scope = house.app, scope

    async def __aenter__(self) -> Listening:
        self._task = asyncio.create_task(self._app(self._scope, self._receive, self._send))
        await self.until("retry")
        return self

    async def __aexit__(self, *_: object) -> None:
        self._gone.set()
        await self._task

    async def until(self, text: str) -> None:
        async with asyncio.timeout(10):
            while text not in self.text:
                await asyncio.sleep(0.02)

    async def over(self) -> None:
        async with asyncio.timeout(10):
            await asyncio.wait([self._task])

    async def _receive(self) -> dict[str, Any]:
        await self._gone.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Any) -> None:
        self.text += message.get("body", b"").decode()


async def fill(house: House, *lines: Message) -> None:
    log = RecordLog(house.desk.db)
    for each in lines:
        verdict = Verdict(each, (SPACED,), Action(ActionKind.DELETE), 3)
        await log.open(NewRecord.from_verdict(verdict, (), each.ts_ms))
    await log.close()


async def test_times_are_in_the_persons_zone(house: House) -> None:
    guest = await house.come_in(MODERATOR)
    assert "16:00:01" in await guest.see(f"{HERE}/records/1")
    await guest.send("/settings", zone="Asia/Tokyo", look="dark", keys="on")
    page = await guest.see(f"{HERE}/records/1")
    assert "2026-01-02 01:00:01" in page
    assert 'data-look="dark"' in page
    assert "is not a time zone" in await guest.told("/settings", zone="Mars/Olympus")


async def test_overview_counts_what_stands(house: House) -> None:
    guest = await house.come_in(STREAMER)
    page = await guest.see(f"{HERE}?period=30d")
    assert "The bot has not watched this channel yet" in page
    await guest.see(f"{HERE}?period=nonsense")


async def add_raid(house: House, *, over: bool = True) -> tuple[int, list[int]]:
    """A raid of three, applied: its group and its Records."""
    log, groups = RecordLog(house.desk.db), Groups(house.desk.db)
    group = await groups.open("raid", "501", actor="bot", why="3 alike", started_ms=now_ms())
    numbers = []
    for number in (6, 7, 8):
        message = line(number, f"raider{number}", "you bad word")
        verdict = Verdict(message, (SPACED,), Action(ActionKind.TIMEOUT, 600), 1)
        numbers.append(await log.open(NewRecord.from_verdict(verdict, (), now_ms(), group_id=group)))
        await log.settle(numbers[-1], Outcome.APPLIED)
    if over:
        await groups.end(group, now_ms())
    await log.close()
    return group, numbers


async def undo_as(house: House, actor: str, *numbers: int) -> None:
    log = RecordLog(house.desk.db)
    for number in numbers:
        await log.settle(number, Outcome.UNDONE, reason="by command", actor=actor)
    await log.close()


async def test_a_group_says_who_undid_it_and_offers_no_second_undo(house: House) -> None:
    group, numbers = await add_raid(house)
    guest = await house.come_in(MODERATOR)
    button = f'action="{HERE}/groups/{group}/undo"'
    assert button in await guest.see(HERE)
    await undo_as(house, "maple_mod", numbers[0])
    page = await guest.see(HERE)
    assert "1 of 3, by maple_mod, " in page
    assert "Undo the rest" in page
    await undo_as(house, "other_mod", *numbers[1:])
    page = await guest.see(HERE)
    assert "by other_mod, " in page
    assert button not in page
    told = await guest.told(f"{HERE}/groups/{group}/undo")
    assert f"Nothing of raid {group} stands: undone by other_mod " in told
    assert await house.desk.requests.open() == []


async def test_a_group_that_is_being_undone_says_so_and_why_it_failed(house: House) -> None:
    group, _ = await add_raid(house)
    guest = await house.come_in(MODERATOR)
    page = await guest.told(f"{HERE}/groups/{group}/undo")
    assert "has been asked to undo it all" in page
    assert f'action="{HERE}/groups/{group}/undo"' not in page
    [asked] = await house.desk.requests.open()
    await house.desk.requests.finish(asked.id, "2 of its Records could not be undone")
    page = await guest.see(HERE)
    assert "2 of its Records could not be undone" in page
    assert f'action="{HERE}/groups/{group}/undo"' in page


async def test_a_record_says_who_undid_it_and_why_an_undo_failed(house: House) -> None:
    guest = await house.come_in(MODERATOR)
    await guest.send(f"{HERE}/records/1/undo")
    [asked] = await house.desk.requests.open()
    await house.desk.requests.finish(asked.id, "Twitch refuses: 503")
    page = await guest.see(f"{HERE}/records/1")
    assert "Undoing it failed, now: Twitch refuses: 503" in page
    assert f'action="{HERE}/records/1/undo"' in page
    assert "undone by mod_anna, " in await guest.see(f"{HERE}/records/2")
    assert "#2 was undone by mod_anna " in await guest.told(f"{HERE}/records/2/undo")


async def test_a_record_shows_the_notes_about_its_chatter(house: House) -> None:
    guest = await house.come_in(MODERATOR)
    assert f'href="{HERE}/chatters/{TROLL}#notes"' in await guest.see(f"{HERE}/records/1")
    await guest.send(f"{HERE}/chatters/{TROLL}/notes", text="asked nicely")
    assert "asked nicely" in await guest.see(f"{HERE}/records/1")
    assert "asked nicely" not in await guest.see(f"{HERE}/records/2")


async def test_the_log_tells_a_stranger_from_one_without_such_records(house: House) -> None:
    guest = await house.come_in(MODERATOR)
    for name in ("troll", " @Troll "):
        assert "#1</a>" in await guest.see(f"{HERE}/log?chatter={name}")
    assert "No Record fits" in await guest.see(f"{HERE}/log?chatter=troll&action=ban")
    assert "knows nobody called &lt;tro&gt;" in await guest.see(f"{HERE}/log?chatter=<tro>")


async def test_the_log_is_sieved_by_what_stands_for_a_filter(house: House) -> None:
    guest = await house.come_in(MODERATOR)
    for name in ("raid", "nuke", "moderator"):
        assert f'<option value="{name}" selected>' in await guest.see(f"{HERE}/log?filter={name}")


async def test_only_what_was_done_and_stands_is_in_force(house: House) -> None:
    log = RecordLog(house.desk.db)
    outcomes = [Outcome.WITHHELD] * 4 + [Outcome.APPLIED] * 3 + [Outcome.FAILED] * 2
    for number, outcome in enumerate(outcomes):
        at = replace(line(number, "busy", "so many lines"), ts_ms=now_ms())
        evidence = replace(SPACED, filter="flood", rule="max_messages", folded="")
        verdict = Verdict(at, (evidence,), Action(ActionKind.TIMEOUT, 600), 1)
        await log.settle(await log.open(NewRecord.from_verdict(verdict, (), now_ms())), outcome)
    await log.close()
    guest = await house.come_in(MODERATOR)
    page = await guest.see(f"{HERE}?period=24h")
    row = re.search(r">flood</a></th>(.*)</td></tr>", page)
    assert row
    assert re.findall(r'">([a-z]+)</span> (\d)', row[1]) == [("withheld", "4"), ("timeout", "3"), ("failed", "2")]
    chart = ET.fromstring(page[page.index("<svg") : page.index("</svg>") + 6])
    svg = "{http://www.w3.org/2000/svg}"
    series = [each for each in chart.iter(f"{svg}g") if (each.get("class") or "").startswith("series serie-")]
    values = [[each.text for each in one.iter(f"{svg}desc") if each.get("class") == "value"] for one in series]
    legends = [each.text for each in chart.iter(f"{svg}text") if each.text in set(PIECES.values())]
    assert (legends, [each for each in values if each]) == (["in force", "withheld", "failed"], [["3"], ["4"], ["2"]])
    assert "style=" not in page


async def test_an_error_keeps_the_way_to_the_other_pages(house: House) -> None:
    guest = await house.come_in(MODERATOR)
    for path, status in ((f"{HERE}/records/99", 404), (f"{HERE}/nowhere", 404), (f"{HERE}/filters", 403)):
        page = await guest.see(path, status)
        assert f'href="{HERE}/log"' in page
        assert "Sign out" in page
    page = await guest.see("/nowhere", 404)
    assert "Sign out" in page
    page = await guest.see(f"/c/{NEIGHBOUR}/nowhere", 404)
    assert f'href="/c/{NEIGHBOUR}' not in page
    stranger = await house.stranger()
    assert "Sign out" not in await stranger.see(f"{HERE}/nowhere", 404)


async def test_a_raid_under_way_is_told_and_ended_once(house: House) -> None:
    group, _ = await add_raid(house, over=False)
    await Gaps(house.desk.db).alive({"501": STREAMER})
    guest = await house.come_in(MODERATOR)
    assert f'action="{HERE}/groups/{group}/end"' in await guest.see(HERE)
    assert "has been asked to end it" in await guest.told(f"{HERE}/groups/{group}/end")
    await guest.send(f"{HERE}/groups/{group}/end")
    [asked] = await house.desk.requests.open()
    assert (asked.kind, asked.subject, asked.actor) == (RequestKind.END_RAID, str(group), MODERATOR)
    await Groups(house.desk.db).end(group, now_ms())
    assert f"Raid {group} is over." in await guest.told(f"{HERE}/groups/{group}/end")
    assert "Raid mode is on" not in await guest.see(HERE)


async def test_a_raid_of_a_bot_that_stopped_is_not_offered_to_be_ended(house: House) -> None:
    await add_raid(house, over=False)
    guest = await house.come_in(MODERATOR)
    page = await guest.see(HERE)
    assert "Raid mode was on when the bot stopped" in page
    assert "End raid mode" not in page
