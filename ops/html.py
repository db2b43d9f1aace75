"""Reports as one self-contained HTML file: style and charts inside, nothing loaded, all text escaped by Jinja."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import typer
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from ops.command import write_new

_PAGES = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


_MARK = '<meta name="generator" content="chatwarden">'
"""Stands in every report."""
_HEAD = 1_000
"""Characters of a report within which it says who wrote it."""


def page(template: str, **values: Any) -> str:
    """Fill a template of ``ops/templates``. Charts are given as ``drawing(svg)``; all else is escaped."""
    return _PAGES.get_template(template).render(**values)


def check_report(file: Path | None) -> None:
    """Refuse a file that is there already and no earlier report, before anybody waits for what is to be in it."""
    if file is not None and file.exists() and not _written_by_us(file):
        raise typer.BadParameter(f"{file} exists already and is no report (choose another name)")


def write_report(file: Path, text: str) -> None:
    """Write a report in place of an earlier one and say so; where that cannot be, say why, and exit code 2."""
    if _written_by_us(file):
        file.unlink()
    write_new(file, text)


def _written_by_us(file: Path) -> bool:
    try:
        with file.open(encoding="utf-8") as text:
            return _MARK in text.read(_HEAD)
    except (OSError, UnicodeDecodeError):
        return False


def drawing(svg: str) -> Markup:
    """An SVG of ``ops.charts``, which has escaped what it shows."""
    return Markup(svg)  # noqa: S704 - drawn by us
