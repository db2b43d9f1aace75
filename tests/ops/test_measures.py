from __future__ import annotations

import pytest

from ops.measures import fairness, script
from storage.kpis import Drawn


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("hello there", "Latin"),
        ("ｗｉｄｅ 𝐛𝐨𝐥𝐝", "Latin"),
        ("привет, Bob", "Cyrillic"),
        ("こんにちは", "Hiragana"),
        ("你好", "CJK"),
        ("مرحبا", "Arabic"),
        ("123 !!! 🎉", "no letters"),
        ("", "no letters"),
        ("\ue000", "no letters"),
    ],
)
def test_a_line_is_in_the_script_of_most_of_its_letters(text: str, expected: str) -> None:
    assert script(text) == expected


def test_false_hits_stand_by_script_weighted_and_without_what_is_gone() -> None:
    drawn = [
        *(Drawn("caps", "overturn", 0.5, "loud") for _ in range(10)),
        *(Drawn("caps", "uphold", 0.1, "loud") for _ in range(30)),
        *(Drawn("caps", "uphold", 0.5, "громко") for _ in range(5)),
        *(Drawn("caps", standing, 0.5, "loud") for standing in ("open", "unsure")),
        *(Drawn("caps", "overturn", 0.5, None) for _ in range(100)),
    ]
    cyrillic, latin = fairness(drawn)
    assert (latin.name, latin.hits, latin.of) == ("false hits Latin", 10, 40)
    assert latin.found.value == pytest.approx(20 / 320)
    assert latin.found.low is not None
    assert latin.found.low < 20 / 320
    assert (cyrillic.of, cyrillic.found.value, cyrillic.found.enough) == (5, 0.0, False)


def test_the_text_of_a_drawn_record_is_in_no_print_of_it() -> None:
    assert "telltale" not in repr(Drawn("caps", "uphold", 0.5, "telltale"))
