"""Commands for people to type: everything names them by the program's name, here they come to work as typed."""

from __future__ import annotations

import re
import shlex
import shutil
import sys
from pathlib import Path

PROGRAM = "chatwarden"
MODULES = {"bot", "bot.py"}
"""What the program is called where Python is given it instead."""
_COMMAND = re.compile(rf"(?<![\w!./]){PROGRAM} (?=[a-z])")


def called() -> str:
    """The program's name; where the shell would not find that, the way it was called this time."""
    file = Path(sys.argv[0])
    if shutil.which(PROGRAM):
        return PROGRAM
    if file.stem == PROGRAM:
        return shlex.quote(str(file))
    if file.name in MODULES:
        return shlex.join(sys.orig_argv[: len(sys.orig_argv) - len(sys.argv) + 1])
    return PROGRAM


def typed(text: str) -> str:
    """A text for a shell's user, with the commands in it as they are to be typed here."""
    return _COMMAND.sub(lambda _: f"{called()} ", text)
