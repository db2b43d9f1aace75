"""Charts as SVG: readable without JavaScript, in light and dark, and by a screen reader (each has a title).

Drawn by pygal: pure Python, no fonts or scripts to load.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Mapping, Sequence
from typing import Any

COLOURS = ("#3f7fb5", "#d0642a", "#5a9a4b", "#a867b8", "#8a8a3a", "#6a7a8a")
"""Told apart by people with the common colour blindnesses, too."""

_STYLE: dict[str, Any] = {
    "background": "transparent",
    "plot_background": "transparent",
    "foreground": "#444444",
    "foreground_strong": "#222222",
    "foreground_subtle": "#bbbbbb",
    "colors": COLOURS,
    "opacity": "1",
    "opacity_hover": ".8",
    "transition": "0s",
    "guide_stroke_dasharray": "0",
    "guide_stroke_color": "#cccccc",
    "major_guide_stroke_dasharray": "0",
    "major_guide_stroke_color": "#cccccc",
    "font_family": "system-ui, sans-serif",
    "title_font_size": 16,
    "label_font_size": 12,
    "major_label_font_size": 12,
    "legend_font_size": 13,
    "value_font_size": 12,
    "value_colors": ("#222222",) * len(COLOURS),
}
_DARK = (
    "inline:@media (prefers-color-scheme: dark) {"
    " {{ id }} .title, {{ id }} .axis text, {{ id }} .axis text.major, {{ id }} .legends .legend text,"
    " {{ id }} .text-overlay text { fill: #dddddd; }"
    " {{ id }} .axis .line, {{ id }} .axis .guide.line, {{ id }} .axis .major.guide.line { stroke: #555555; } }"
)


def bars(title: str, labels: Sequence[str], series: Mapping[str, Sequence[float]], *, stacked: bool = False) -> str:
    """Bars lying under each other, a group for each label, the first on top; or one bar each, of the series' pieces."""
    import pygal  # takes longer to import than most commands to run

    height = 110 + 22 * len(labels) * (1 if stacked else max(1, len(series)))
    kind = pygal.HorizontalStackedBar if stacked else pygal.HorizontalBar
    # A piece may be narrower than its number.
    chart = kind(**_settings(title, height), print_values=not stacked, print_zeroes=False)
    chart.x_labels = list(reversed(labels))
    # pygal puts the first below; people read from the top.
    for name, values in series.items():
        chart.add(name, list(reversed(values)))
    return _drawn(chart)


def lines(title: str, labels: Sequence[str], series: Mapping[str, Sequence[float | None]], unit: str = "") -> str:
    """Lines over time; a gap where a value is missing. ``labels`` are thinned so that they can be read."""
    import pygal

    step = max(1, len(labels) // 8)
    chart = pygal.Line(
        **_settings(title, 300), dots_size=2, x_label_rotation=0, show_minor_x_labels=False, y_title=unit or None
    )
    chart.x_labels = list(labels)
    chart.x_labels_major = list(labels[::step])
    for name, values in series.items():
        chart.add(name, list(values), allow_interruptions=True)
    return _drawn(chart)


def _settings(title: str, height: int) -> dict[str, Any]:
    from pygal.style import Style

    return {
        "title": title,
        "style": Style(**_STYLE),
        "css": ["file://style.css", "file://graph.css", _DARK],
        "js": [],
        "width": 760,
        "height": height,
        "legend_at_bottom": True,
        "margin": 12,
        "truncate_label": -1,
        "no_data_text": "nothing yet",
        "disable_xml_declaration": True,
    }


def _drawn(chart: Any) -> str:
    tree = chart.render_tree()
    for comment in [each for each in tree if each.tag is ET.Comment]:
        tree.remove(comment)
    for definitions in tree.iter("defs"):
        # pygal writes its settings as a script even where there is none to read them.
        for script in definitions.findall("script"):
            definitions.remove(script)
    return ET.tostring(tree, encoding="unicode")
