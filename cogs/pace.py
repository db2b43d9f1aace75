"""How the process keeps up with chat: its event loop, its garbage collector, and the turns of its threads."""

from __future__ import annotations

import asyncio
import gc
import sys

GC_EVERY = 50_000
"""Objects made before the garbage collector looks for cycles; a busy second makes some hundred thousand."""
SWITCH_S = 0.0005
"""How long the database's threads wait for their turn while chat is judged: at Python's 5 ms, once for each row, a
raid's commits fall seconds behind."""

# libuv takes less time for each message; there is no uvloop for Windows.
if sys.platform == "win32":
    new_loop = asyncio.new_event_loop
else:
    import uvloop

    new_loop = uvloop.new_event_loop


def settle_in() -> None:
    """Spare the garbage collector what stays anyway, word lists of millions of objects; give the database its turn."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(GC_EVERY)
    sys.setswitchinterval(SWITCH_S)
