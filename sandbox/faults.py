"""Trouble on demand: what Twitch, its network or its EventSub do on a bad day."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

HttpKind = Literal["status", "latency", "empty"]
SocketKind = Literal["drop", "repeat", "reorder", "malformed", "late_welcome", "truncated"]
HTTP_KINDS = frozenset[str](get_args(HttpKind))
SOCKET_KINDS = frozenset[str](get_args(SocketKind))


@dataclass(slots=True)
class Fault:
    """One kind of trouble, ``times`` times (None: until removed).

    Over HTTP, for calls whose path (``moderation/bans``, ``oauth2/token``; empty: any) and ``method`` fit:
    ``status`` answers with that status, ``latency`` waits ``delay_s`` seconds first, ``empty`` answers 200 with an
    empty body typed JSON. With ``after`` the call has taken effect before it fails.

    On EventSub sockets, for notifications of the type ``event`` (empty: any): ``drop`` cuts the connection instead,
    ``repeat`` sends it twice under one message id, ``reorder`` holds it until the next one has gone out, ``malformed``
    leaves out the event's first key, ``truncated`` sends half of the JSON. ``late_welcome`` delays a new session's
    welcome by ``delay_s``.
    """

    kind: HttpKind | SocketKind
    status: int = 500
    path: str = ""
    method: str = ""
    event: str = ""
    delay_s: float = 0.0
    times: int | None = 1
    after: bool = False

    def __post_init__(self) -> None:
        known = HTTP_KINDS | SOCKET_KINDS
        if self.kind not in known:
            raise ValueError(f"fault kind {self.kind!r} is unknown (use one of {', '.join(sorted(known))})")


class Faults:
    """The faults still to come, oldest first."""

    def __init__(self) -> None:
        self._pending: list[Fault] = []

    def add(self, fault: Fault) -> None:
        """Arm a fault."""
        self._pending.append(fault)

    def clear(self) -> None:
        """Disarm all."""
        self._pending.clear()

    def for_call(self, method: str, path: str) -> list[Fault]:
        """The faults this HTTP call meets: any latency, and the first other one. Each is used up once."""
        met: list[Fault] = []
        for fault in list(self._pending):
            fits = fault.kind in HTTP_KINDS and fault.method in ("", method) and fault.path in ("", path)
            if fits and (fault.kind == "latency" or all(each.kind == "latency" for each in met)):
                met.append(self._use(fault))
        return met

    def for_socket(self, kinds: frozenset[str], event: str = "") -> Fault | None:
        """The first armed fault of these kinds for a notification of this type, used up once."""
        for fault in self._pending:
            if fault.kind in kinds and fault.event in ("", event):
                return self._use(fault)
        return None

    def __bool__(self) -> bool:
        return bool(self._pending)

    def _use(self, fault: Fault) -> Fault:
        if fault.times is not None:
            fault.times -= 1
            if fault.times <= 0:
                self._pending.remove(fault)
        return fault
