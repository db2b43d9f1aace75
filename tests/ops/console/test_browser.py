"""The console as people meet it: a real Chromium, beside a real bot in a sandbox Twitch."""

from __future__ import annotations

import asyncio
import os
import random
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page, async_playwright

from cogs.enforce import Settled
from cogs.moderating import moderating
from config.policy import Policy
from config.settings import Settings
from filters.types import Verdict
from ops.console import reckoner
from ops.console.serve import beside
from sandbox.demo import settle
from sandbox.server import Sandbox
from storage.records import Outcome, RecordLog
from tests.ops.conftest import rows

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
STREAMER = "aurora"
HERE = f"/c/{STREAMER}"
PATIENCE_S = 10
START_S = 1_767_225_600.0
POLICY = """
[filters.blocklist]
lists = []
terms = [
    { text = "grumblefoo", severity = 2, category = "harassment" },
    { text = "vilebanword", severity = 3, category = "hate" },
]
[filters.caps]
enabled = false
[filters.copy_paste]
enabled = false
[filters.username_lookalike]
enabled = false
[filters.self_repeat]
enabled = false
[raid]
member_action = "timeout 10m"
followers_only_minutes = 0
"""
REGULARS = "moonly cattea foxheart skysmith teabag_o lunabee quietfrog oldpine".split()
RAIDERS, THREAT = 30, "you are all trash, go watch somebody who can play"
CRITERIA = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}}


@dataclass
class Witness:
    """Counts what the bot judged."""

    judged_count: int = 0
    settlements: list[Settled] = field(default_factory=list)

    def judged(self, verdict: Verdict, record_id: int | None) -> None:
        self.judged_count += 1

    def settled(self, settled: Settled) -> None:
        self.settlements.append(settled)


@dataclass
class Scene:
    """A bot in #aurora, its console, and a browser."""

    twitch: Sandbox
    bot: Any
    records: RecordLog
    witness: Witness
    address: str
    browser: Browser
    stack: AsyncExitStack
    database: Path

    async def say(self, user: str, text: str, **options: Any) -> None:
        before = self.witness.judged_count
        if await self.twitch.say(STREAMER, user, text, **options) is not None:
            await self.until(lambda: self.witness.judged_count > before)
            await self.bot.drain()

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while not condition():
                await asyncio.sleep(0.01)

    async def come_in(self, login: str, **options: Any) -> Page:
        context = await self.browser.new_context(**options)
        self.stack.push_async_callback(context.close)
        page = await context.new_page()
        page.set_default_timeout(PATIENCE_S * 1000)
        await page.goto(f"{self.address}/sign-in")
        await page.click(f"button[value={login}]")
        return page


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    if CHROMIUM is None:
        missing = "no Chromium on this machine (install it with: apt-get install chromium)"
        pytest.fail(missing) if os.environ.get("CI") else pytest.skip(missing)
    policies = tmp_path / "policies"
    policies.mkdir()
    (policies / f"{STREAMER}.toml").write_text(Policy.parse(POLICY).to_toml())
    async with AsyncExitStack() as stack:
        twitch = await stack.enter_async_context(Sandbox())
        settings = Settings(**await settle(twitch, [STREAMER], tmp_path / "log.sqlite3"), policies=policies)
        witness = Witness()
        bot, records = await stack.enter_async_context(moderating(settings, witness))
        address = await stack.enter_async_context(beside(settings, 0, sandbox=True))
        driver = await stack.enter_async_context(async_playwright())
        browser = await driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        stack.push_async_callback(browser.close)
        yield Scene(twitch, bot, records, witness, address, browser, stack, tmp_path / "log.sqlite3")


async def test_the_running_bot_obeys_a_streamer_who_changes_a_filter(scene: Scene) -> None:
    page = await scene.come_in(STREAMER)
    await scene.say("larry", "THIS IS A VERY LOUD LINE FOR EVERYBODY")
    assert not scene.twitch.enforcements
    await page.goto(scene.address + HERE + "/filters/caps")
    await page.check("[name='filters.caps.enabled']")
    await page.click("text=Keep as unsaved change")
    await page.goto(scene.address + HERE + "/draft")
    await page.fill("#reason", "too loud")
    await page.click("button[value=save]")
    await page.wait_for_selector("text=Saved as revision 2")
    await scene.until(lambda: scene.bot.channels[next(iter(scene.bot.channels))].engine.revision == 2)
    await scene.say("larry", "THIS IS A VERY LOUD LINE FOR EVERYBODY TOO")
    await scene.until(lambda: len(scene.twitch.enforcements) == 1)


async def test_an_analyst_clears_twenty_items_by_keyboard(scene: Scene) -> None:
    for number in range(20):
        await scene.say(f"chatter{number}", f"vilebanword number {number}")
    page = await scene.come_in("demo_analyst")
    await page.wait_for_selector("text=20 wait")
    await page.keyboard.press("n")
    for number in range(20):
        await page.wait_for_url("**/ops/review/*")
        address = page.url
        await page.keyboard.press("u" if number % 2 else "o")
        await page.keyboard.press("1" if number % 3 else "Enter")
        await page.wait_for_url(lambda url, address=address: url != address)
    await page.wait_for_selector("text=Nothing waits")
    decided = dict(rows(scene.database, "SELECT decision, count(*) FROM reviews GROUP BY decision"))
    assert decided == {"overturn": 10, "uphold": 10}


async def test_enter_in_a_note_decides_nothing(scene: Scene) -> None:
    await scene.say("larry", "vilebanword")
    page = await scene.come_in("demo_analyst")
    await page.click("text=Take the most urgent")
    await page.fill("#note", "asked the streamer")
    await page.keyboard.press("Enter")
    await page.wait_for_timeout(300)
    assert await page.input_value("#note") == "asked the streamer"
    assert rows(scene.database, "SELECT count(*) FROM reviews") == [(0,)]
    await page.click("text=rule broken")
    await page.wait_for_selector("text=Nothing waits")
    assert rows(scene.database, "SELECT decision, note FROM reviews") == [("uphold", "asked the streamer")]


async def test_overturning_lifts_a_timeout_at_twitch(scene: Scene) -> None:
    await scene.say("larry", "you grumblefoo")
    assert "larry" in {scene.twitch.world.users[user].login for user in scene.twitch.bans(STREAMER)}
    page = await scene.come_in("demo_analyst")
    await page.goto(scene.address + "/ops/records/1")
    await page.click("text=Put up for review")
    await page.wait_for_url("**/ops/review/1")
    assert "grumblefoo" not in await page.inner_text("main")
    await page.keyboard.press(" ")
    await page.wait_for_selector("mark:text('grumblefoo')")
    await page.wait_for_load_state()  # keys work once the page's script has run
    await page.keyboard.press("o")
    await page.keyboard.press("1")
    await page.wait_for_selector("text=asked to take it back")
    async with asyncio.timeout(PATIENCE_S):
        while (found := await scene.records.get(1)) is None or found.outcome is not Outcome.UNDONE:
            await asyncio.sleep(0.02)
    assert not scene.twitch.bans(STREAMER)
    await page.goto(scene.address + "/ops/records/1")
    await page.wait_for_selector(".out.undone")


async def raid(scene: Scene, *, over: bool = True) -> None:
    """Regulars talk for a minute, then accounts nobody knows say one thing, and then it may be over."""
    pick = random.Random(7)
    talk = ("nice one", "what was that", "he should go left", "this map again", "no way")
    for second in range(60):
        await scene.say(REGULARS[second % len(REGULARS)], talk[second % len(talk)], ts=START_S + second)
    for number in range(RAIDERS):
        name = "".join(pick.choices("abcdefghijklmnopqrstuvwxyz", k=pick.randint(6, 14)))
        await scene.say(name, THREAT, ts=START_S + 60 + number * 0.05)
    await scene.until(lambda: len(scene.twitch.bans(STREAMER)) == RAIDERS)
    if over:
        await scene.say(REGULARS[0], "what a night", ts=START_S + 500)


async def test_a_raid_is_overturned_as_one_by_keyboard_and_everybody_let_back_in(scene: Scene) -> None:
    await raid(scene)
    page = await scene.come_in("demo_analyst")
    await page.goto(scene.address + "/ops/records/1")
    await page.wait_for_load_state()
    await page.keyboard.press("g")
    await page.wait_for_selector(f"text={RAIDERS} Records of {RAIDERS} people are yours to decide")
    assert THREAT not in await page.inner_text("main")
    found = await Axe().run(page, options=CRITERIA)
    assert not found.response["violations"]
    await page.keyboard.press("o")
    await page.keyboard.press("1")
    await page.wait_for_selector(f"text=Overturn for {RAIDERS} people")
    assert rows(scene.database, "SELECT count(*) FROM reviews") == [(0,)]
    found = await Axe().run(page, options=CRITERIA)
    assert not found.response["violations"]
    await page.wait_for_load_state()
    await page.keyboard.press("y")
    await page.wait_for_selector("text=asked to take it back")
    async with asyncio.timeout(PATIENCE_S):
        while scene.twitch.bans(STREAMER):
            await asyncio.sleep(0.02)
    assert rows(scene.database, "SELECT kind, subject FROM requests") == [("undo group", "1")]
    assert rows(scene.database, "SELECT decision, count(*) FROM reviews GROUP BY 1") == [("overturn", RAIDERS)]
    async with asyncio.timeout(PATIENCE_S):
        while rows(scene.database, "SELECT count(*) FROM v_actions WHERE outcome = 'undone'") != [(RAIDERS,)]:
            await asyncio.sleep(0.02)
    assert rows(scene.database, "SELECT count(*) FROM exposures") == [(0,)]


async def test_new_records_come_into_the_live_log_by_themselves(scene: Scene) -> None:
    page = await scene.come_in("demo_mod")
    await page.goto(scene.address + HERE + "/log")
    await page.wait_for_selector(".pulse.on")
    await scene.say("larry", "you grumblefoo")
    await page.wait_for_selector("#r1:has-text('timeout')")
    assert "grumblefoo" not in await page.inner_text("main")


@pytest.mark.parametrize("path", ["", "/log", "/chatters/1"])
async def test_a_finger_opens_a_record_wherever_it_meets_the_row(scene: Scene, path: str) -> None:
    await scene.say("larry", "you grumblefoo")
    page = await scene.come_in("demo_mod", viewport={"width": 360, "height": 800}, has_touch=True)
    for spot in (".no", ".text", ".why", ".when", ".done"):
        await page.goto(scene.address + HERE + path)
        assert await page.locator("#r1 .no:text('#1')").is_visible()
        box = await page.locator(f"#r1 {spot}").bounding_box()
        assert box is not None
        await page.touchscreen.tap(box["x"] + 4, box["y"] + box["height"] / 2)
        await page.wait_for_url("**/records/1")
    await page.goto(scene.address + HERE + path)
    await page.tap("#r1 .who a")
    await page.wait_for_url("**/chatters/*")


async def test_who_asks_for_an_undo_sees_what_came_of_it(scene: Scene) -> None:
    await scene.say("larry", "you grumblefoo")
    page = await scene.come_in("demo_mod")
    await page.goto(scene.address + HERE + "/records/1")
    await page.click("text=Undo")
    await page.wait_for_selector("text=has been asked to undo #1")
    await page.wait_for_selector("#standing:has-text('undone by demo_mod, now')")
    await page.wait_for_selector("#then:has-text('undone by demo_mod')")
    assert await page.locator("#standing button").count() == 0
    assert not scene.twitch.bans(STREAMER)


async def test_without_javascript_who_asks_for_an_undo_may_load_the_page_again(scene: Scene) -> None:
    await scene.say("larry", "you grumblefoo")
    page = await scene.come_in("demo_mod", java_script_enabled=False)
    await page.goto(scene.address + HERE + "/records/1")
    await page.click("text=Undo")
    async with asyncio.timeout(PATIENCE_S):
        while await page.locator("#standing:has-text('undone by demo_mod')").count() == 0:
            again = await page.get_attribute("a:text('Load the page again')", "href")
            await page.goto(f"{scene.address}{again}")


async def test_a_raid_is_ended_and_undone_from_the_overview(scene: Scene) -> None:
    page = await scene.come_in("demo_mod")
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    [watch] = scene.bot.desk.raids.values()
    await raid(scene, over=False)
    assert watch.group_id is not None
    await page.goto(scene.address + HERE + "?period=30d")
    await page.wait_for_selector(".health :text('Raid mode is on since')")
    await page.click("text=End raid mode")
    await page.wait_for_selector("text=has been asked to end it")
    await page.wait_for_selector(".health :text('Raid mode is on since')", state="detached")
    assert watch.group_id is None
    await page.click("text=Undo all")
    await page.wait_for_selector("text=has been asked to undo it all")
    await page.wait_for_selector("#sweeps:has-text('undone by demo_mod')")
    assert await page.locator("#sweeps button").count() == 0
    assert not scene.twitch.bans(STREAMER)
    assert said == []


async def test_hostile_names_and_lines_do_nothing(scene: Scene) -> None:
    lines = (
        "<script>window.hit = 1</script> grumblefoo",
        '"><img src=x onerror="window.hit = 1"> grumblefoo',
        "</bdi></li><h1>owned</h1> {{ 7 * 7 }} grumblefoo",
        "\u202egrumblefoo\u202c \u0000 data: evil",
    )
    page = await scene.come_in(STREAMER)
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("dialog", lambda dialog: said.append(dialog.message))
    await page.goto(scene.address + HERE + "/log")
    await page.click("text=Show the text")
    await page.wait_for_selector(".pulse.on")
    for number, line in enumerate(lines):
        await scene.say(f"mean{number}", line)
    await page.wait_for_selector(f"#r{len(lines)}")
    for path in (
        "/log",
        "/records/1",
        "/records/2",
        "/records/3",
        "/records/4",
        "/chatters/1",
        "/log?chatter=<script>",
    ):
        await page.goto(scene.address + HERE + path)
        assert await page.locator("main script, main img, main b").count() == 0
        assert await page.locator("h1:text('owned')").count() == 0
    await page.goto(scene.address + HERE + "/try")
    await page.fill("#line", lines[1])
    await page.wait_for_selector("#verdict mark")
    assert await page.evaluate("window.hit") is None
    assert said == []


async def test_a_line_is_judged_while_one_types(scene: Scene) -> None:
    page = await scene.come_in(STREAMER)
    await page.goto(scene.address + HERE + "/try")
    await page.type("#line", "oh you g.r.u.m.b.l.e.f.o.o")
    await page.wait_for_selector("#verdict mark")
    assert await page.inner_text("#verdict mark") == "g.r.u.m.b.l.e.f.o.o"
    assert page.url.endswith("/try")


async def test_reading_and_forms_work_without_javascript(scene: Scene) -> None:
    await scene.say("larry", "you grumblefoo")
    page = await scene.come_in(STREAMER, java_script_enabled=False)
    await page.goto(scene.address + HERE + "/log")
    await page.click("text=Show the text")
    assert "you grumblefoo" in await page.inner_text("main")
    await page.goto(scene.address + HERE + "/try")
    await page.fill("#line", "you grumblefoo")
    await page.press("#line", "Enter")
    assert await page.inner_text("#verdict mark") == "grumblefoo"
    analyst = await scene.come_in("demo_analyst", java_script_enabled=False)
    await analyst.goto(scene.address + "/ops/records/1")
    await analyst.click("text=Put up for review")
    await analyst.click("button[value='uphold: rule broken']")
    assert "uphold, rule broken" in await analyst.inner_text("main")
    await analyst.goto(scene.address + "/ops/figures")
    assert "Adding up" not in await analyst.inner_text("main")
    await analyst.click("noscript a.button")
    assert "Time to detect" in await analyst.inner_text("main table")


async def test_keys_can_be_switched_off(scene: Scene) -> None:
    await scene.say("larry", "vilebanword")
    page = await scene.come_in("demo_analyst")
    await page.goto(scene.address + "/settings")
    await page.uncheck("[name=keys]")
    await page.click("text=Keep")
    await page.goto(scene.address + "/ops/queue")
    await page.keyboard.press("n")
    await page.keyboard.press("?")
    assert page.url.endswith("/ops/queue")
    assert not await page.locator("#keys").is_visible()


PAGES = {
    STREAMER: [
        HERE + path
        for path in (
            "",
            "/log",
            "/records/1",
            "/chatters/1",
            "/try",
            "/filters",
            "/filters/caps",
            "/filters/regex",
            "/filters/blocklist",
            "/words?q=o",
            "/ladder",
            "/settings/channel",
            "/settings/raid",
            "/presets",
            "/history",
            "/history/1",
        )
    ]
    + ["/settings"],
    "demo_manager": [
        "/",
        "/ops/queue",
        "/ops/records/1",
        "/ops/people/1",
        "/ops/cases",
        "/ops/appeals",
        "/ops/figures",
        "/ops/shift",
        "/ops/rules",
        "/ops/audit",
        "/nowhere",
    ],
}


@pytest.mark.parametrize(("width", "look"), [(1280, "light"), (1280, "dark"), (360, "light"), (360, "dark")])
async def test_every_page_is_accessible_and_fits(scene: Scene, width: int, look: str) -> None:
    await scene.say("larry", "you grumblefoo")
    await scene.say("vera", "vilebanword")
    wrong: list[str] = []
    for login, paths in PAGES.items():
        page = await scene.come_in(login, viewport={"width": width, "height": 800}, color_scheme=look)
        visits = [*paths, *(["/ops/queue", "next"] if login == "demo_manager" else [])]
        for path in visits:
            if path == "next":
                await page.click("text=Take the most urgent")
                await page.wait_for_url("**/ops/review/*")
            else:
                await page.goto(scene.address + path)
            if "figures" in path:
                await page.wait_for_selector("[data-load] table", timeout=1000 * reckoner.PATIENCE_S)
            found = await Axe().run(page, options=CRITERIA)
            wrong += [
                f"{path}: {each['id']}: {each['nodes'][0]['html'][:200]}" for each in found.response["violations"]
            ]
            too_wide = await page.evaluate("document.documentElement.scrollWidth - innerWidth")
            if too_wide > 0:
                wrong.append(f"{path}: {too_wide} pixels too wide")
    assert not wrong, "\n".join(wrong)
