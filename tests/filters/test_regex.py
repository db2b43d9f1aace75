"""Streamers' patterns run in linear time, and one that cannot work is refused when it is entered."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from filters import regex
from filters.history import History
from filters.regex import LONGEST_PATTERN, Pattern, Regex
from filters.types import Category, Evidence, Message, Severity


def check(text: str, *patterns: Pattern, dry_run: bool = False) -> Evidence | None:
    message = Message("m1", 0, "1", "studio", "7", "ada", text)
    return Regex(patterns=patterns, dry_run=dry_run).check(message, History())


def test_a_hit_points_at_the_text_and_carries_what_the_streamer_set() -> None:
    pattern = Pattern(pattern="free +vbucks", severity=Severity.HIGH, category=Category.SPAM, note="no giveaways")
    assert check("😀 get FREE  vbucks", pattern, dry_run=True) == Evidence(
        filter="regex",
        rule="free +vbucks",
        category=Category.SPAM,
        severity=Severity.HIGH,
        span=(6, 18),
        detail="no giveaways",
        dry_run=True,
    )


@pytest.mark.parametrize("text", ["freevbucks", "free v bucks", "", "vbucks free"])
def test_a_line_that_does_not_match_is_left_alone(text: str) -> None:
    assert check(text, Pattern(pattern="free +vbucks")) is None


def test_a_disguised_line_is_matched_in_its_canonical_form_and_said_so() -> None:
    evidence = check("go ｆｒｅｅ", Pattern(pattern="free"))
    assert evidence is not None
    assert (evidence.folded, evidence.technique, evidence.span) == ("free", "disguise", (0, 7))


def test_the_first_pattern_that_matches_is_named() -> None:
    evidence = check("ab", Pattern(pattern="x"), Pattern(pattern="b"), Pattern(pattern="a"))
    assert evidence is not None
    assert evidence.rule == "b"


@given(
    st.lists(st.sampled_from(["ab", "b+c", "^c", "a.?d", "d$"]), min_size=1, max_size=5), st.text("abcd", max_size=6)
)
def test_many_patterns_together_find_what_each_alone_would(patterns: list[str], text: str) -> None:
    evidence = check(text, *(Pattern(pattern=each) for each in patterns))
    assert (evidence.rule if evidence else None) == next((each for each in patterns if re.search(each, text)), None)


def test_a_pattern_without_a_note_says_whose_it_is() -> None:
    evidence = check("free vbucks", Pattern(pattern="vbucks"))
    assert evidence is not None
    assert evidence.detail == "matches a pattern of the channel"


def test_capitals_are_told_apart_only_if_asked() -> None:
    assert check("MODS", Pattern(pattern="Mods")) is not None
    assert check("MODS", Pattern(pattern="Mods", case=True)) is None


@pytest.mark.parametrize(
    ("pattern", "said"),
    [
        ("(", r"'\(': missing \).*RE2 has no look-around"),
        (r"(?<=a)b", "RE2 has no look-around and no back-references"),
        (r"(a)\1", "RE2 has no look-around and no back-references"),
        ("x*", r"'x\*' matches every line \(leave out what may be empty, e\.g\. x\+"),
        ("^", "matches every line"),
        ("", "at least 1 character"),
        ("a" * (LONGEST_PATTERN + 1), "at most 500 characters"),
        (r"((\pL{50}){20}){20}", "RE2 has no look-around"),
    ],
)
def test_a_pattern_that_cannot_work_is_refused_with_why(pattern: str, said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        Pattern(pattern=pattern)


def test_a_pattern_that_is_refused_writes_nothing_into_the_output_of_the_program(
    capfd: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(ValidationError):
        Pattern(pattern="(")
    assert capfd.readouterr() == ("", "")


def test_a_pattern_of_the_longest_length_is_taken() -> None:
    assert check("a" * LONGEST_PATTERN, Pattern(pattern="a" * LONGEST_PATTERN)) is not None


def test_a_pattern_that_makes_other_engines_hang_is_answered() -> None:
    assert check("a" * 500 + "!", Pattern(pattern="^(a+)+$")) is None


@given(st.text(st.characters(), max_size=80))
def test_any_text_is_judged_and_a_span_lies_within_it(text: str) -> None:
    evidence = check(text, Pattern(pattern=r"\pL+\d|[^\x00-\x7f]"))
    if evidence is not None:
        start, end = evidence.span
        assert 0 <= start < end <= len(text)


def test_half_a_character_hides_nothing_around_it() -> None:
    evidence = check("é\ud800 free vbucks", Pattern(pattern="é.? free"))
    assert evidence is not None
    assert evidence.span == (0, 7)


@given(st.text(st.characters(), max_size=20), st.text(st.characters(), max_size=20))
def test_a_span_counts_characters_whatever_stands_around_it(before: str, after: str) -> None:
    evidence = check(before + "\x01needle\x01" + after, Pattern(pattern=r"\x01needle\x01"))
    assert evidence is not None
    assert evidence.span == (len(before), len(before) + 8)


def test_patterns_that_take_too_much_memory_together_are_tried_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    regex_filter = Regex(patterns=[{"pattern": rf"(?:[a-z]{{1,20}}x){{3}}foo{number}"} for number in range(20)])
    assert len(regex_filter._compiled) == 20
    monkeypatch.setattr(regex, "MEMORY", 1_000)
    text = "abcxdefxghixfoo7"
    assert regex_filter._together is None
    found = regex_filter.check(Message("m1", 0, "1", "studio", "7", "ada", text), History())
    assert found is not None
    assert found.rule.endswith("foo7")
