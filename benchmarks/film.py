"""A moving picture of the demo for the README, part of `make screenshots`: its lines, at the pace they came."""

from __future__ import annotations

import asyncio
import os
import re
import sys
import tempfile
import time
from pathlib import Path

from rich.cells import cell_len
from rich.console import Console
from rich.terminal_theme import TerminalTheme
from rich.text import Text

FILM = Path("docs/screenshots/demo.svg")
COLUMNS, ROWS = 100, 22
LINE_PX = 20 * 1.22
"""A line's height in the drawing, as rich draws it."""
LAST_S = 8
"""How long the summary stays before it begins again."""

THEME = TerminalTheme(
    (22, 27, 34),
    (216, 222, 228),
    [
        *((0, 0, 0), (255, 107, 99), (86, 211, 100), (227, 179, 65)),
        *((108, 182, 255), (210, 168, 255), (57, 197, 207), (255, 255, 255)),
    ],
)
SVG = """<svg viewBox="-12 -4 1244 %(height)s" xmlns="http://www.w3.org/2000/svg" role="img">
<title>The demo in a terminal: chat, what the bot did about it and why, a raid, and the summary</title>
<style>
text {{ font: {char_height}px ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; white-space: pre; }}
@keyframes roll {{ %(keys)s }}
.roll {{ animation: roll %(seconds)ss step-end infinite; }}
@media (prefers-reduced-motion: reduce) {{ .roll {{ animation: none; transform: translateY(%(still)spx); }} }}
{styles}
</style>
<defs>{lines}</defs>
<rect x="-12" y="-4" width="100%%" height="100%%" fill="rgb(22,27,34)" rx="8"/>
<g class="roll">{backgrounds}<g>{matrix}</g></g>
</svg>
"""
TEXT = re.compile(r' textLength="[^"]*"([^>]*>)([^<]*)<')


async def record() -> list[tuple[float, str]]:
    """Play the demo in a terminal of its own; return when each line came (s after the first), and the line."""
    with tempfile.TemporaryDirectory() as scratch:
        command = [sys.executable, "bot.py", "demo", "--database", str(Path(scratch) / "demo.sqlite3")]
        environment = {**os.environ, "PYTHONUNBUFFERED": "1", "FORCE_COLOR": "1", "COLUMNS": str(COLUMNS)}
        demo = await asyncio.create_subprocess_exec(*command, env=environment, stdout=asyncio.subprocess.PIPE)
        assert demo.stdout is not None
        lines = [(time.monotonic(), line.decode().rstrip("\n")) async for line in demo.stdout]
        assert await demo.wait() == 0, "the demo failed"
    summary = next(place for place, (_, line) in enumerate(lines) if "See the log" in line)
    return [(at - lines[0][0], line) for at, line in lines[:summary]]


def film(lines: list[tuple[float, str]]) -> str:
    """Draw all lines below each other and let them roll past, each as late as it came."""
    with open(os.devnull, "w") as nowhere:  # noqa: PTH123 - a device, not a path of ours
        console = Console(record=True, width=COLUMNS, file=nowhere)
        for _, line in lines:
            console.print(Text.from_ansi(line), soft_wrap=True)
    seconds = lines[-1][0] + LAST_S
    steps = [LINE_PX * (ROWS - shown) for shown in range(1, len(lines) + 1)]
    keys = "".join(
        f"{100 * at / seconds:.2f}% {{{{ transform: translateY({y:.1f}px) }}}}"
        for (at, _), y in zip(lines, steps, strict=True)
    )
    height, still = f"{LINE_PX * ROWS + 10:.1f}", f"{steps[-1]:.1f}"
    drawing = {"height": height, "still": still, "keys": keys, "seconds": f"{seconds:.1f}"}
    drawn = console.export_svg(theme=THEME, code_format=SVG % drawing, unique_id="demo")
    # rich counts a wide letter as one here, so that its lines would be squeezed into half their width.
    return TEXT.sub(lambda each: each[0] if cell_len(each[2]) == len(each[2]) else f"{each[1]}{each[2]}<", drawn)


if __name__ == "__main__":
    FILM.write_text(film(asyncio.run(record())), encoding="utf-8")
