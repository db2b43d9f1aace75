"""Whatever comes in, every parser answers with a value or with its own error, never with another one."""

# ruff: noqa: PT017 - each of these may raise or not: both are looked at

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cogs.call import UsageError, number_of, seconds_of, words_of
from config.imports import read_blocklist, read_list
from config.policy import Policy, PolicyError
from filters.ladder import format_duration, parse_action, parse_duration
from filters.terms import read_terms
from ops import check
from ops.when import WhenError, parse, zone
from storage.chatlogs import LogError, read_chat
from twitch.tokens import TokenError, TokenStore

text = st.text(st.characters(codec="utf-8"), max_size=200)
scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=True) | text
values = st.recursive(scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(text, inner, max_size=4))
KEYS = ("ts", "channel", "user", "text", "comments", "message", "body", "commenter", "content_offset_seconds", "roles")
rows = st.dictionaries(st.sampled_from(KEYS) | text, values, max_size=6)
toml_lines = st.sampled_from(
    """
    [filters.blocklist]\n[filters.flood]\n[[x]]\n[ladder]\n[raid]\n[filters]\nenabled = true\nterms = [\n]\nwindow_s = 5
    { text = "a" },\nmax_messages = -1\nsteps = ["delete"]\nentry = [0, 1, 2, 3]\ndecay = "1d"\ndry_run = 3\nprefix = "!"
    patterns = [{ pattern = "(" }]\nlists = ["starter", "no"]
    """.split("\n")
)
unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@unhurried
@given(st.lists(toml_lines | text, max_size=12).map("\n".join))
def test_a_policy_file(written: str) -> None:
    try:
        policy = Policy.parse(written, "fuzz")
    except PolicyError as error:
        assert str(error).startswith("fuzz")
    else:
        assert Policy.parse(policy.to_toml(), "again") == policy


@unhurried
@given(text | st.from_regex(r"(\d{0,9}[smhdwx]){0,3}", fullmatch=True))
def test_a_span_of_time(written: str) -> None:
    try:
        seconds = parse_duration(written)
    except ValueError as error:
        assert "is not a span of time" in str(error)
    else:
        assert parse_duration(format_duration(seconds)) == seconds
    try:
        assert 1 <= seconds_of(written, 1_209_600) <= 1_209_600
    except UsageError as error:
        assert "time" in str(error)


@unhurried
@given(scalars | st.from_regex(r"(timeout|ban|delete|warn|none)? ?(\d+[smhd])?", fullmatch=True))
def test_an_action(written: object) -> None:
    try:
        parse_action(written)
    except ValueError as error:
        assert str(error)


@unhurried
@given(text | st.datetimes().map(str) | st.from_regex(r"\d{1,6}[smhdw]", fullmatch=True))
def test_a_moment_and_a_zone(written: str) -> None:
    for read in (lambda: parse(written, zone("UTC"), 1_700_000_000_000), lambda: zone(written)):
        try:
            read()
        except WhenError as error:
            assert "is not a time" in str(error)


@unhurried
@given(st.text(max_size=300))
def test_the_words_of_a_command(rest: str) -> None:
    for word in words_of(rest):
        assert not word.isspace()
        number = number_of(word)
        assert number is None or number >= 0


@unhurried
@given(text | st.lists(rows, max_size=4).map(json.dumps))
def test_a_word_list(written: str) -> None:
    for read in (read_blocklist, read_list):
        found = read(written)
        assert all(each.text for each in found.terms)
    terms, _ = read_terms(written.splitlines())
    assert all(each.text for each in terms)


@unhurried
@given(st.lists(rows.map(json.dumps) | text, max_size=5).map("\n".join))
def test_lines_to_check(written: str) -> None:
    try:
        for message, size in check._messages(StringIO(written), "fuzz", "studio", jsonl=True):
            assert isinstance(message.text, str)
            assert size > 0
    except check.InputError as error:
        assert str(error).startswith("fuzz:")


@pytest.mark.parametrize("suffix", [".jsonl", ".json", ".txt", ".jsonl.gz"])
@unhurried
@given(written=st.binary(max_size=300) | rows.map(json.dumps).map(str.encode) | values.map(json.dumps).map(str.encode))
def test_a_chat_log(tmp_path: Path, suffix: str, written: bytes) -> None:
    path = tmp_path / f"chat{suffix}"
    path.write_bytes(written)
    try:
        for line in read_chat(path):
            assert isinstance(line.text, str)
    except LogError as error:
        assert str(path) in str(error)


@unhurried
@given(written=st.binary(max_size=200) | values.map(json.dumps).map(str.encode))
def test_a_token_file(tmp_path: Path, written: bytes) -> None:
    path = tmp_path / "tokens.json"
    path.write_bytes(written)
    try:
        assert isinstance(TokenStore(path).load(), dict)
    except TokenError as error:
        assert str(path) in str(error)
