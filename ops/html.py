"""Reports as one self-contained HTML file: style and charts inside, nothing loaded, all text escaped by Jinja."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

_PAGES = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def page(template: str, **values: Any) -> str:
    """Fill a template of ``ops/templates``. Charts are given as ``drawing(svg)``; all else is escaped."""
    return _PAGES.get_template(template).render(**values)


def drawing(svg: str) -> Markup:
    """An SVG of ``ops.charts``, which has escaped what it shows."""
    return Markup(svg)  # noqa: S704 - drawn by us
