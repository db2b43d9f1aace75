from __future__ import annotations

import xml.etree.ElementTree as ET

from ops.charts import bars, lines

NAMES = {"svg": "http://www.w3.org/2000/svg"}


def texts(svg: str) -> list[str]:
    return [element.text or "" for element in ET.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")]


def test_bars_say_what_they_show() -> None:
    svg = bars("Messages hit", ["blocklist", "flood"], {"now": [10, 0], "new": [14, 3]})
    found = texts(svg)
    assert {"Messages hit", "blocklist", "flood", "now", "new", "10", "14", "3"} <= set(found)
    assert "<script" not in svg


def test_stacked_bars_say_what_the_pieces_are() -> None:
    series = {"in force": [3, 0], "withheld": [44, 11]}
    svg = bars("Records", ["flood", "self repeat"], series, stacked=True)
    assert {"flood", "self repeat", "in force", "withheld"} <= set(texts(svg))
    assert len(svg) < 2 * len(bars("Records", ["flood", "self repeat"], series))


def test_hostile_labels_stay_text() -> None:
    svg = bars("<script>alert(1)</script>", ["</svg><b>", "&"], {'"><img src=x>': [1, 2]})
    assert "<script" not in svg
    assert "<img" not in svg
    assert "</svg><b>" in texts(svg)


def test_a_missing_value_is_a_gap_and_an_empty_chart_says_so() -> None:
    whole = lines("Precision", ["a", "b", "c"], {"blocklist": [0.9, 0.8, 0.7]})
    broken = lines("Precision", ["a", "b", "c"], {"blocklist": [0.9, None, 0.7]})
    assert whole.count("<circle") == 3
    assert broken.count("<circle") == 2
    assert "nothing yet" in texts(lines("Precision", [], {"blocklist": []}))
