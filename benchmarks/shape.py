"""Canonical JSON of many rows alike, for the generated month: forming each anew would take most of its time."""

from __future__ import annotations

from typing import Any

from storage.chain import canonical


class Shape:
    """The product's canonical JSON of rows that differ in some columns only, which are filled in by name order."""

    def __init__(self, fixed: dict[str, Any], numbers: str, texts: str = "") -> None:
        marks: dict[str, Any] = {name: 10**15 + mark for mark, name in enumerate(numbers.split())}
        marks |= {name: f"@{name}@" for name in texts.split()}
        form = canonical({**fixed, **marks}).decode()
        for mark in marks.values():
            form = form.replace(str(mark), "%s")
        self._form = form

    def filled(self, *values: Any) -> bytes:
        """The bytes of one row."""
        return (self._form % values).encode()
