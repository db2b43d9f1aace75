"""Which tests answer for which module when it is broken on purpose."""

from __future__ import annotations

import pytest

from benchmarks.mutants import SCENARIOS, answering, modules


@pytest.mark.parametrize("module", modules())
def test_every_module_has_tests_that_answer_for_it(module: str) -> None:
    assert [each for each in answering(module) if each != SCENARIOS]


def test_a_part_answers_to_the_tests_of_the_whole_too() -> None:
    assert answering("filters/addresses.py") == [
        "tests/filters/test_addresses.py",
        "tests/filters/test_links.py",
    ]
    matcher = [f"tests/filters/test_{name}.py" for name in ("lexicon", "spelling", "spelt_out", "phrases", "index")]
    assert answering("filters/words.py") == matcher
    assert answering("filters/tables.py") == ["tests/filters/test_tables.py", *matcher]
    assert answering("filters/phrases.py")[0] == "tests/filters/test_phrases.py"
    assert answering("filters/caps.py") == ["tests/filters/test_caps.py", SCENARIOS]
    assert answering("storage/records.py") == ["tests/storage/test_records.py"]
