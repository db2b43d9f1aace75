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
            "\ten\t3",
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
    assert (problem.line_no, problem.term) == (4, line.split("\t")[0])
    assert why in problem.why


def test_what_a_table_says_of_a_term_may_stand_in_quotes_and_among_spaces() -> None:
    terms, problems = read_terms(
        ["# what we mind", "", "lang\tterm", "term\tlang\tseverity", 'a "daft" bat\t en \t 3 ']
    )
    assert not problems
    assert terms == [Term("lang\tterm"), Term("term\tlang\tseverity"), Term('a "daft" bat\t en \t 3')]

    terms, problems = read_terms(
        ["# what we mind", "", "term\tlang\tseverity", '"daft" bat\t en \t 3 \textra', "# numpty"]
    )
    assert not problems
    assert terms == [Term('"daft" bat', Severity.EXTREME, lang="en")]


def test_a_header_alone_makes_a_table_of_one_column() -> None:
    terms, problems = read_terms(["term", "wazzock", "daft\tbat"])
    assert [term.text for term in terms] == ["wazzock", "daft\tbat"]
    assert not problems


def test_flags_are_parted_by_commas_or_spaces_and_the_longest_term_is_taken() -> None:
    terms, problems = read_terms(["term\tflags", "wazzock\texact,anywhere", "w" * LONGEST_TERM])
    assert [(term.exact, term.anywhere) for term in terms] == [(True, True), (False, False)]
    assert not problems


def test_a_term_refused_is_no_reason_to_refuse_it_where_it_is_written_right() -> None:
    terms, problems = read_terms(["term\tseverity", "wazzock\t9", "wazzock\t2"])
    assert [(term.text, term.severity) for term in terms] == [("wazzock", Severity.HIGH)]
    assert [problem.line_no for problem in problems] == [2]


@pytest.mark.parametrize(("line", "why"), [("night", "is a common word"), ("zx", "only 2 letters")])
def test_what_a_person_may_mean_is_taken_with_a_warning(line: str, why: str) -> None:
    terms, problems = read_terms([line])
    assert [term.text for term in terms] == [line]
    (problem,) = problems
    assert (problem.line_no, problem.term, problem.refused) == (1, line, False)
    assert why in problem.why


def test_one_sign_of_a_script_that_writes_words_with_it_is_a_term() -> None:
    terms, _ = read_terms(["蠢"])
    assert [term.text for term in terms] == ["蠢"]
