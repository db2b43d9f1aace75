"""``python -m sandbox``: serve a Twitch on this machine until interrupted."""

from __future__ import annotations

import argparse
import asyncio
import sys
from pathlib import Path

from sandbox.serve import serve
from storage.chatlogs import LogError


def main() -> int:
    """Exit code 2 with the reason where it cannot start."""
    parser = argparse.ArgumentParser(prog="python -m sandbox", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8010, help="0 takes a free one")
    parser.add_argument("--replay", type=Path, help="a chat log: JSONL, TwitchDownloader JSON or IRC text")
    parser.add_argument("--speed", default="1", help="chat seconds per second, or max")
    given = parser.parse_args()
    try:
        speed = None if given.speed == "max" else float(given.speed)
        if speed is not None and not speed > 0:
            raise ValueError(given.speed)
    except ValueError:
        parser.error(f"--speed {given.speed}: not a number above 0 (use e.g. 1, 12 or max)")
    try:
        asyncio.run(serve(given.host, given.port, given.replay, speed))
    except KeyboardInterrupt:
        return 0
    except (LogError, OSError) as error:
        print(f"sandbox: {error}", file=sys.stderr)  # noqa: T201 - a command's own words
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
