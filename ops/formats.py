"""Rows as they leave the program: JSON, JSON Lines, CSV; and an export that can stand as evidence.

Parquet, which is not written row by row, is in ops.parquet.
"""

from __future__ import annotations

import csv
import json
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from hashlib import file_digest
from pathlib import Path
from typing import Any, TextIO

from storage.verifying import Head

FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""First characters that make spreadsheets compute a cell (OWASP, CSV injection)."""

MANIFEST = "manifest.json"

Row = Mapping[str, Any]


class Format(StrEnum):
    """How rows are written."""

    JSON = "json"
    JSONL = "jsonl"
    CSV = "csv"
    PARQUET = "parquet"


class ExportError(Exception):
    """An export that cannot be written, or is not what its manifest says."""


async def write(rows: AsyncIterator[Row], style: Format, out: TextIO, columns: list[str]) -> int:
    """Write the rows as they come and return how many there were. ``columns`` head a CSV, even an empty one."""
    write_row = _writer(style, out, columns)
    count = 0
    if style is Format.JSON:
        out.write("[")
    async for row in rows:
        if style is Format.JSON:
            out.write(",\n " if count else "\n ")
        write_row(row)
        count += 1
    if style is Format.JSON:
        out.write("\n]\n" if count else "]\n")
    return count


def _writer(style: Format, out: TextIO, columns: list[str]) -> Callable[[Row], object]:
    if style is Format.CSV:
        table = csv.writer(out)
        table.writerow(columns)
        return lambda row: table.writerow([_cell(value) for value in row.values()])
    end = "\n" if style is Format.JSONL else ""
    return lambda row: out.write(json.dumps(row, ensure_ascii=False) + end)


def _cell(value: Any) -> Any:
    """A value as SQL shows it, which no spreadsheet will take for a formula: a quote goes in front of such text."""
    if isinstance(value, bool):
        return int(value)  # as in SQL
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value


@dataclass(frozen=True, slots=True)
class Manifest:
    """What an export holds: enough to ask again, to see a changed file, and to anchor the chains it came from."""

    query: Row
    text: str
    rows: int
    file: str
    sha256: str
    chain_heads: Mapping[str, Head]
    exported_at: str
    exported_by: str
    database: str

    def save(self, folder: Path) -> None:
        """Write it into an export's folder."""
        plain = {name: getattr(self, name) for name in self.__slots__}
        plain["chain_heads"] = {
            table: {"id": head.id, "row_hash": head.row_hash} for table, head in self.chain_heads.items()
        }
        (folder / MANIFEST).write_text(json.dumps(plain, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, path: Path) -> Manifest:
        """Read one, and check the file beside it.

        Raises:
            ValueError: not a manifest.
            OSError: it, or the exported file, cannot be read.
            ExportError: the exported file was changed.
        """
        try:
            plain = json.loads(path.read_text(encoding="utf-8"))
            heads = {table: Head(**head) for table, head in plain.pop("chain_heads").items()}
            manifest = cls(chain_heads=heads, **plain)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"{path}: not a manifest of `chatwarden log export` ({error})") from None
        exported = path.parent / Path(manifest.file).name
        if digest(exported) != manifest.sha256:
            raise ExportError(f"{exported}: is not the file that was exported (its SHA-256 differs from {path})")
        return manifest


def digest(path: Path) -> str:
    """SHA-256 of a file, in hex."""
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()
