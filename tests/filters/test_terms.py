"""Reading a word list: what is taken, what is refused, and in which line."""

from __future__ import annotations

import pytest

from filters.terms import LONGEST_TERM, Term, read_terms
from filters.types import Category, Severity


def test_a_term_a_line_with_comments_and_empty_lines() -> None:
    terms, problems = read_terms(["# insults, mild", "", "wazzock\n", "  daft bat \r\n", "#hashtag"])
    assert [term.text for term in terms] == ["wazzock", "daft bat", "#hashtag"]
    assert not problems
    assert [term.phrase for term in terms] == [False, True, False]


def test_a_table_with_a_header() -> None:
    terms, problems = read_terms(
        [
            "term\tlang\tseverity\tcategory\tflags",
            "wazzock\ten\t2\tharassment\texact",
            "buy followers\ten\t3\tspam and scams\tanywhere exact",
            "nincompoop",
        ]
    )
    assert not problems
    assert terms == [
        Term("wazzock", Severity.HIGH, Category.HARASSMENT, "en", exact=True),
        Term("buy followers", Severity.EXTREME, Category.SPAM, "en", exact=True, anywhere=True),
        Term("nincompoop"),
    ]


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("...", "no letter or digit left once folded"),
        ("\u200b\u0301", "no letter or digit left once folded"),
        ("x", "is one letter"),
        ("the", "is a common word"),
        ("WAZZOCK", "stands in line 2 already"),
        ("w" * (LONGEST_TERM + 1), f"above the limit of {LONGEST_TERM}"),
        ("plonker\t\t7", "severity '7' is not 0, 1, 2 or 3"),
        ("plonker\t\tbad", "severity 'bad'"),
        ("plonker\t\t1\tnonsense", "category 'nonsense' is none of"),
        ("plonker\t\t1\t\tfuzy", "flag 'fuzy' is none of exact, anywhere"),
    ],
)
def test_what_cannot_work_is_refused_with_its_line_and_reason(line: str, why: str) -> None:
    terms, problems = read_terms(["term\tlang\tseverity\tcategory\tflags", "wazzock", "", line, "numpty"])
    assert [term.text for term in terms] == ["wazzock", "numpty"]
    (problem,) = problems
    assert problem.refused
    assert problem.line_no == 4
    assert why in problem.why


@pytest.mark.parametrize(("line", "why"), [("night", "is a common word"), ("zx", "only 2 letters")])
def test_what_a_person_may_mean_is_taken_with_a_warning(line: str, why: str) -> None:
    terms, problems = read_terms([line])
    assert [term.text for term in terms] == [line]
    (problem,) = problems
    assert not problem.refused
    assert why in problem.why


def test_one_sign_of_a_script_that_writes_words_with_it_is_a_term() -> None:
    terms, _ = read_terms(["蠢"])
    assert [term.text for term in terms] == ["蠢"]
