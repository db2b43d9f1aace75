"""A policy as a file that explains itself: every setting, with what it is for above it."""

from __future__ import annotations

from typing import Any

import tomlkit
from pydantic import BaseModel
from tomlkit.items import Array, Item, Table, Trivia


def document(model: BaseModel, title: str = "") -> str:
    """Write every setting of a model as TOML, each under its description; the first docstring line heads a table."""
    text = tomlkit.document()
    for line in title.splitlines():
        text.add(tomlkit.comment(line))
    _fill(text, model)
    return tomlkit.dumps(text)


def _fill(target: tomlkit.TOMLDocument | Table, model: BaseModel) -> None:
    plain = model.model_dump(mode="json")
    tables: list[tuple[str, BaseModel]] = []
    for name, field in type(model).model_fields.items():
        value = getattr(model, name)
        if isinstance(value, BaseModel):
            tables.append((name, value))
        elif plain[name] is not None:
            if field.description:
                target.add(tomlkit.comment(field.description))
            target.add(name, _item(plain[name]))
    for name, value in tables:
        # A table of tables has no lines of its own, and so no header.
        table = tomlkit.table(is_super_table=all(isinstance(getattr(value, each), BaseModel) for each in plain[name]))
        summary = (type(value).__doc__ or "").strip().splitlines()[0]
        if not table.is_super_table():
            table.add(tomlkit.comment(summary))
        _fill(table, value)
        target.add(name, table)


def _item(value: Any) -> Any:
    if isinstance(value, list) and value and isinstance(value[0], dict):
        rows: list[Item] = []
        for row in value:
            inline = tomlkit.inline_table()
            inline.update({key: each for key, each in row.items() if each is not None})
            rows.append(inline)
        # Appending to an array one by one takes tomlkit time that grows with the square of its length.
        return Array(rows, Trivia(), multiline=True)
    return value
