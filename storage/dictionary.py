"""The data dictionary: every table and view, column by column, from the comments inside the schema's statements.

``python -m storage.dictionary`` prints docs/data-dictionary.md.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from storage.database import Database


@dataclass(frozen=True, slots=True)
class Column:
    """One column: ``type`` is SQLite's (empty in views), ``meaning`` the schema's comment."""

    name: str
    type: str
    meaning: str


@dataclass(frozen=True, slots=True)
class Relation:
    """One table or view."""

    name: str
    kind: str
    meaning: str
    columns: tuple[Column, ...]


async def relations(db: Database) -> list[Relation]:
    """Every table and view of a database: views first, each kind by name.

    Raises:
        ValueError: a relation or column has no comment.
    """
    found = []
    for name, kind, sql in await db.rows(
        "SELECT name, type, sql FROM sqlite_master WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite_%'"
        " ORDER BY type DESC, name"
    ):
        comments = _comments(sql, kind)
        types = {row[0]: row[1] for row in await db.rows("SELECT name, type FROM pragma_table_info(?)", (name,))}
        if missing := [column or "itself" for column in ("", *types) if column not in comments]:
            raise ValueError(
                f"{name}: no comment in the schema for {', '.join(missing)} (end the line with -- meaning)"
            )
        columns = tuple(Column(column, type_, comments[column]) for column, type_ in types.items())
        found.append(Relation(name, kind, comments[""], columns))
    return found


def _comments(sql: str, kind: str) -> dict[str, str]:
    """The comment of every column by its name, and of the relation itself under the empty name."""
    comments: dict[str, str] = {}
    for line in sql.splitlines():
        code, dashes, comment = line.partition("-- ")
        code = code.strip().rstrip(",")
        name = code.removeprefix("SELECT").split(" AS ")[-1] if kind == "view" else code.split(" ")[0]
        if dashes:
            comments.setdefault(name, comment)
    return comments


def render(found: list[Relation]) -> str:
    """The dictionary as Markdown."""
    lines = [
        "# Data dictionary",
        "",
        "Generated from the schema by `python -m storage.dictionary`; do not edit. Views named `v_…` are the stable",
        "surface for SQL and Tableau; tables may change with a migration. Times ending in `_ms` are UTC milliseconds",
        "since 1970, `…_leg_ms` are durations.",
    ]
    for relation in found:
        lines += ["", f"## {relation.name} ({relation.kind})", "", relation.meaning, ""]
        lines += ["| Column | Type | Meaning |", "|---|---|---|"] if relation.kind == "table" else []
        lines += ["| Column | Meaning |", "|---|---|"] if relation.kind == "view" else []
        for column in relation.columns:
            type_ = f" {column.type} |" if relation.kind == "table" else ""
            lines.append(f"| `{column.name}` |{type_} {column.meaning} |")
    return "\n".join(lines) + "\n"


async def document() -> str:
    """The dictionary of a database made fresh from the migrations."""
    with tempfile.TemporaryDirectory() as folder:
        db = await Database.open(Path(folder) / "dictionary.sqlite3")
        try:
            return render(await relations(db))
        finally:
            await db.close()


if __name__ == "__main__":
    sys.stdout.write(asyncio.run(document()))
