"""The benchmark measures on what is there, and says on what."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from benchmarks import matching, quality
from benchmarks.disguises import DISGUISES, HOSTS, disguised, letters
from filters.lexicon import CONFIDENCE, compile_lexicon
from filters.terms import Term
from filters.text import fold


@pytest.fixture
def no_data(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(quality, "DATA", tmp_path / "absent")


@pytest.mark.usefixtures("no_data")
def test_without_the_development_data_it_measures_on_what_is_bundled_and_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["matching", "--quality"])
    matching.main()
    printed = capsys.readouterr()
    assert quality.BUNDLED in printed.err
    assert "## In scripts other than Latin" in printed.out
    assert "| as listed |" in printed.out
    assert "## Hits on benign chat" in printed.out


@pytest.mark.usefixtures("no_data")
def test_without_the_development_data_speed_has_lists_and_lines_enough() -> None:
    assert len(set(matching.terms_of(2_500))) == 2_500
    assert len(set(matching.messages())) > 0.99 * (matching.WARM + matching.TIMED)


@pytest.mark.usefixtures("no_data")
def test_nothing_to_calibrate_on_is_no_failure(capsys: pytest.CaptureFixture[str]) -> None:
    assert quality.calibrate() == 0
    assert "nothing to calibrate on" in capsys.readouterr().out


def test_a_confidence_above_what_was_measured_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    if not quality.DATA.exists():
        pytest.skip("calibration needs the labelled lines of ../shared/data/dev, which are not part of the project")
    assert quality.calibrate() == 0
    monkeypatch.setitem(CONFIDENCE, "typo", 0.999)
    assert quality.calibrate() == quality.CLAIMED_TOO_MUCH
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines() if "TOO MUCH" in line] == ["typo"]


@pytest.mark.parametrize(
    ("word", "language"),
    [
        ("придурок", "ru"),
        ("старый дурак", "ru"),
        ("βλάκας", "el"),
        ("احمق", "ar"),
        ("مرد احمق", "fa"),
        ("पागल", "hi"),
        ("ばか", "ja"),
        ("マヌケ", "ja"),
        ("바보", "ko"),
        ("คนโง่", "th"),
        ("笨蛋", "zh"),
    ],
)
def test_every_disguise_of_another_script_is_seen_through(word: str, language: str) -> None:
    lexicon = compile_lexicon([Term(word)])
    made = disguised(word)
    assert {"as listed", "spaced", "zero width", "stretched"} <= made.keys()
    for name, text in made.items():
        line = HOSTS[language].format(text)
        hit = lexicon.find(fold(line))
        assert hit is not None, name
        assert hit.term.text == word
        assert line[slice(*hit.span)].strip()
    assert lexicon.find(fold(HOSTS[language].format(""))) is None


def test_letters_are_counted_as_a_reader_counts_them() -> None:
    assert letters("मूर्ख") == ["मू", "र्ख"]
    assert letters("โง่ มาก") == ["โ", "ง่", "ม", "า", "ก"]


def test_each_disguise_changes_some_word() -> None:
    words = ("придурок", "أحمقي", "ガキ")
    assert {name for word in words for name in disguised(word)} == set(DISGUISES)
