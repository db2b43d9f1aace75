"""Pictures of the console, made from a demo's database: `make screenshots` writes those of the README.

With ``--all FOLDER`` it makes every page at two widths, light and dark, for people to look at.
"""

from __future__ import annotations

import argparse
import asyncio
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from playwright.async_api import Browser, async_playwright

from ops.console.desk import Access
from ops.console.serve import serving
from storage.database import Database

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
DOCS = Path("docs/screenshots")
WIDE, NARROW = 1280, 360


@dataclass(frozen=True)
class Shot:
    """A page, who looks at it, and what is done before the picture: fields filled, then something clicked."""

    name: str
    login: str
    path: str
    fill: tuple[tuple[str, str], ...] = ()
    click: str = ""
    press: str = ""


STREAMER, MOD, ANALYST, MANAGER = "aurora_plays", "demo_mod", "demo_analyst", "demo_manager"
LEGAL, AUDITOR = "demo_legal", "demo_auditor"
HERE = f"/c/{STREAMER}"
SHOTS = (
    Shot("sign-in", "", "/sign-in"),
    Shot("places", MOD, "/"),
    Shot("overview", STREAMER, HERE),
    Shot("log", MOD, f"{HERE}/log"),
    Shot("log-plain", STREAMER, f"{HERE}/log", click="Show the text"),
    Shot("record", STREAMER, f"{HERE}/records/1"),
    Shot("chatter", MOD, f"{HERE}/chatters/6"),
    Shot("try", STREAMER, f"{HERE}/try", fill=(("#line", "you are such an 4 s s h 0 l e, honestly"),)),
    Shot("filters", STREAMER, f"{HERE}/filters"),
    Shot("filter", STREAMER, f"{HERE}/filters/caps", fill=(("#line", "WHY IS NOBODY LISTENING TO THIS MAN"),)),
    Shot("blocklist", STREAMER, f"{HERE}/filters/blocklist"),
    Shot("words", STREAMER, f"{HERE}/words?q=ing"),
    Shot("ladder", STREAMER, f"{HERE}/ladder"),
    Shot("settings", STREAMER, f"{HERE}/settings/channel"),
    Shot("raid", STREAMER, f"{HERE}/settings/raid"),
    Shot("presets", STREAMER, f"{HERE}/presets"),
    Shot(
        "draft", STREAMER, f"{HERE}/filters/caps", fill=(("#s-filters-caps-max_ratio", "0.6"),), click="Keep as unsaved"
    ),
    Shot("draft-review", STREAMER, f"{HERE}/draft"),
    Shot("history", STREAMER, f"{HERE}/history"),
    Shot("revision", STREAMER, f"{HERE}/history/1"),
    Shot("display", STREAMER, "/settings"),
    Shot("queue", ANALYST, "/ops/queue", press="j"),
    Shot("ops-record", ANALYST, "/ops/records/1"),
    Shot("person", ANALYST, "/ops/people/6"),
    Shot("group", ANALYST, "/ops/groups/1"),
    Shot("group-confirm", ANALYST, "/ops/groups/1", click="false match"),
    Shot("review", ANALYST, "/ops/queue", click="Take the most urgent"),
    Shot("figures", MANAGER, "/ops/figures"),
    Shot("shift", ANALYST, "/ops/shift"),
    Shot("appeals", ANALYST, "/ops/appeals"),
    Shot("appeal", MANAGER, "/ops/appeals/1"),
    Shot("cases", MANAGER, "/ops/cases"),
    Shot("case", MANAGER, "/ops/cases/1"),
    Shot("case-legal", LEGAL, "/ops/cases/1"),
    Shot("record-legal", LEGAL, "/ops/records/5"),
    Shot("record-auditor", AUDITOR, "/ops/records/5"),
    Shot("queue-auditor", AUDITOR, "/ops/queue"),
    Shot("audit-auditor", AUDITOR, "/ops/audit"),
    Shot("find", ANALYST, "/ops/find?what=troll"),
    Shot("rules", MANAGER, "/ops/rules"),
    Shot("audit", MANAGER, "/ops/audit"),
    Shot("refused", MOD, f"{HERE}/filters"),
)
README = {"overview", "try", "log", "review"}


async def shoot(browser: Browser, address: str, shots: list[Shot], folder: Path, width: int, look: str) -> None:
    """Make the pictures, each person in a browser of their own."""
    suffix = "" if (width, look) == (WIDE, "light") else f"-{width}-{look}"
    for login in dict.fromkeys(shot.login for shot in shots):
        context = await browser.new_context(
            viewport={"width": width, "height": 800}, color_scheme="dark" if look == "dark" else "light"
        )
        page = await context.new_page()
        if login:
            await page.goto(f"{address}/sign-in")
            await page.click(f"button[value={login}]")
        for shot in (each for each in shots if each.login == login):
            await page.goto(address + shot.path)
            for selector, text in shot.fill:
                await page.fill(selector, text)
            if shot.click:
                await page.click(f"text={shot.click}")
            if shot.press:
                await page.keyboard.press(shot.press)
            await page.wait_for_selector("text=Adding up", state="detached")
            await page.wait_for_timeout(500 if shot.fill else 150)
            target = folder / f"{shot.name}{suffix}.png"
            await page.screenshot(path=target, full_page=folder != DOCS)
            overflow = await page.evaluate("document.documentElement.scrollWidth - innerWidth")
            if overflow > 0:
                print(f"{target}: {overflow} pixels too wide")
        await context.close()


async def main() -> None:
    """Play a demo, serve it, make the pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--all", type=Path, metavar="FOLDER", help="every page, at two widths, light and dark")
    parser.add_argument("--only", nargs="*", help="of these names alone")
    parser.add_argument("--database", type=Path, help="a database of the demo; made afresh otherwise")
    arguments = parser.parse_args()
    folder = arguments.all or DOCS
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        database = arguments.database or Path(scratch) / "demo.sqlite3"
        if not arguments.database:
            command = [sys.executable, "bot.py", "demo", "--speed", "max", "--json", "--database", str(database)]
            await asyncio.to_thread(subprocess.run, command, check=True, stdout=subprocess.DEVNULL)
        db = await Database.open(database)
        async with async_playwright() as driver, serving(db, Access(sandbox=True), 0) as address:
            browser = await driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
            shots = [
                shot
                for shot in SHOTS
                if (shot.name in arguments.only if arguments.only else arguments.all or shot.name in README)
            ]
            for width, look in (
                [(w, c) for w in (WIDE, NARROW) for c in ("light", "dark")] if arguments.all else [(WIDE, "light")]
            ):
                await shoot(browser, address, shots, folder, width, look)
            await browser.close()
        await db.close()


if __name__ == "__main__":
    asyncio.run(main())
