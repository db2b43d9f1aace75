"""Do the log and Twitch tell the same story? Every enforcement has one applied Record, and the reverse."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

from filters.types import ActionKind
from sandbox.state import Enforcement
from storage.records import Record

_NUMBER = re.compile(r"[#º] ?(\d+)")


def differences(enforcements: Iterable[Enforcement], applied: Iterable[Record]) -> list[str]:
    """What the sandbox did without an applied Record, and what is recorded as applied but was not done.

    A ban, timeout or warning is matched by the Record number in its reason, a deletion by its message. A warning's
    Record may also delete the line it is about. What people did by hand is not the bot's to answer for.
    """
    kinds = {"ban", "timeout", "warn", "delete"}
    done = Counter(_key(each) for each in enforcements if each.kind in kinds and each.source == "helix")
    expected: Counter[tuple[str, str]] = Counter()
    allowed: Counter[tuple[str, str]] = Counter()
    for record in applied:
        if record.sent_ms is None:
            continue
        if record.action.kind is ActionKind.DELETE:
            expected["delete", record.message_id] += 1
        else:
            expected[record.action.kind.name.lower(), str(record.id)] += 1
            if record.action.kind is ActionKind.WARN:
                allowed["delete", record.message_id] += 1
    unrecorded = done - expected - allowed
    undone = expected - done
    return [f"{kind} ({what}) done {count} times more than recorded" for (kind, what), count in unrecorded.items()] + [
        f"{kind} ({what}) recorded {count} times more than done" for (kind, what), count in undone.items()
    ]


def _key(enforcement: Enforcement) -> tuple[str, str]:
    if enforcement.kind == "delete":
        return "delete", enforcement.message_id or ""
    number = _NUMBER.search(enforcement.reason or "")
    return enforcement.kind, number[1] if number else f"no Record named for {enforcement.user_id}"
