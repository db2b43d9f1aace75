"""The bundled chat: well-formed, short enough for a first run, and judged as a newcomer should see it."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from pathlib import Path

import bot
from sandbox.demo import BUNDLED
from sandbox.tape import Chat

REQUIRED = {"ts", "channel", "user", "text"}
RAIDERS = "hoss00312_"
OFFENDERS = {
    "grimjaw77": "exact",
    "sulky_sven": "exact",
    "kiln_troll": "exact",
    "l33tlord_x": "leet",
    "cyr_ill_ic": "Cyrillic look-alikes",
    "wide_boi_22": "full width",
    "mathgoblin": "mathematical letters",
    "circle_cid": "circled letters",
    "zerowidther": "zero-width characters",
    "markymarks": "combining marks",
    "spacebar_sam": "spaces",
    "dotty_dot": "dots",
    "mixed_max": "mixed separators",
    "stretch_mc": "repeated letters",
    "masked_mel": "a masked letter",
    "typo_terry": "a typing slip",
    "glue_stick": "glued words",
    "growth_hacker01": "an advertisement",
    "growth_hacker02": "an advertisement",
    "machinegun_moe": "a flood",
}


def test_the_bundled_chat_is_in_order_has_two_channels_and_plays_within_a_minute() -> None:
    chat = Chat.scan(BUNDLED)
    times = [line.ts_s for line in chat.read()]
    assert chat.channels == ("aurora_plays", "night_kiln")
    assert 300 <= chat.lines < 500
    assert times == sorted(times)
    assert times[-1] - times[0] < 60 * 12, "the demo plays it twelve times as fast as it was"


def test_its_lines_have_the_documented_keys_and_emotes_that_are_in_the_text() -> None:
    for number, raw in enumerate(BUNDLED.read_text(encoding="utf-8").splitlines(), 1):
        line = json.loads(raw)
        assert REQUIRED <= set(line) <= REQUIRED | {"roles", "emotes"}, f"line {number}"
        assert set(line.get("emotes", [])) <= set(line["text"].split()), f"line {number}"


def test_the_bot_acts_on_every_offender_and_the_raid_and_on_nobody_else(tmp_path: Path) -> None:
    database = tmp_path / "demo.sqlite3"
    # A process of its own: the bot repairs TwitchIO for its whole process, and the tests here need it unmodified.
    demo = [sys.executable, bot.__file__, "demo", "--speed", "max", "--json", "--database", str(database)]
    played = subprocess.run(demo, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert played.returncode == 0, played.stderr
    log = sqlite3.connect(database)
    rows = log.execute("SELECT chatter, outcome FROM v_actions").fetchall()
    log.close()
    acted = {chatter for chatter, outcome in rows if outcome in ("applied", "undone")}  # the staff took one back
    raiders = {chatter for chatter in acted if chatter.startswith(RAIDERS)}
    assert acted - raiders == set(OFFENDERS)
    assert len(raiders) >= 20, "most of the 25, once the first few have shown the pattern"
    assert ("maple_mod", "withheld") in rows, "a moderator may quote a listed word"
