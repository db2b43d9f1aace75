"""A policy file: read as a whole or refused with the setting, its value and the remedy; written so that it explains itself."""

from __future__ import annotations

import pkgutil
from importlib import import_module
from pathlib import Path

import pytest
import tomlkit
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

import filters
from config.policy import LONGEST_POLICY, PRESETS, FilterSet, Policy, PolicyError, preset_names
from filters.base import Filter
from filters.history import CHATTER_LINES, KEPT_S
from filters.types import Message


@pytest.mark.parametrize("name", preset_names())
def test_a_preset_is_complete_and_documented(name: str) -> None:
    text = (PRESETS / f"{name}.toml").read_text(encoding="utf-8")
    title = "\n".join(line.removeprefix("# ") for line in text.splitlines()[:1])
    assert title.startswith(f"{name}: ")
    if Policy.parse(text).to_toml(title) != text:  # not in an assert, which would show all of both
        pytest.fail(f"{name}.toml does not stand as it would be written. Run: make presets", pytrace=False)


@pytest.mark.parametrize("name", preset_names())
@pytest.mark.parametrize(
    "line",
    [
        "the chink in the armour is plain",
        "it was all spic and span",
        "Dick Van Dyke sang",
        "my Maine Coon purrs",
        "désolé du retard",
    ],
)
def test_what_everybody_says_is_no_abuse(name: str, line: str) -> None:
    found = Policy.preset(name).engine().judge(Message("1", 0, "1", "s", "7", "ada", line)).evidence
    assert [each.rule for each in found] in ([], ["dick"])  # a name too, but of some


def test_a_file_people_write_is_laid_over_family_and_a_list_in_it_counts_as_a_whole(tmp_path: Path) -> None:
    file = tmp_path / "aurora.toml"
    file.write_text("dry_run = true\n")
    family = Policy.preset("family")
    assert Policy.load(file) == family.model_copy(update={"dry_run": True})
    file.write_text('[exempt]\nchatters = ["ada"]\n[filters.blocklist]\nact_from = 2\n')
    policy = Policy.load(file)
    assert policy.exempt.chatters == {"ada"}
    assert policy.exempt.roles == family.exempt.roles
    expected = family.filters.blocklist.model_copy(update={"act_from": 2})
    assert policy.filters.blocklist == expected


def test_what_is_wrong_in_a_file_is_told_with_its_name(tmp_path: Path) -> None:
    file = tmp_path / "aurora.toml"
    file.write_text("dry_runn = true\n")
    with pytest.raises(PolicyError, match=r"aurora.toml: dry_runn: no such setting \(did you mean dry_run\?\)"):
        Policy.load(file)
    file.write_text("filters = 3\n")
    with pytest.raises(PolicyError, match=r"aurora.toml: filters"):
        Policy.load(file)


@pytest.mark.parametrize("name", FilterSet.model_fields)
def test_a_filter_no_stored_revision_knows_is_off_when_it_is_read(name: str) -> None:
    plain = Policy.preset("family").model_dump(mode="json", exclude={"filters": {name}})
    written = Policy.stored(tomlkit.dumps(tomlkit.item(plain)))
    assert not getattr(written.filters, name).enabled
    for other in FilterSet.model_fields:
        assert other == name or getattr(written.filters, other) == getattr(Policy.preset("family").filters, other)


def test_every_filter_is_registered() -> None:
    modules = [import_module(f"filters.{module.name}") for module in pkgutil.iter_modules(filters.__path__)]
    made = {each for module in modules for each in vars(module).values() if isinstance(each, type)}
    ours = {each for each in made if issubclass(each, Filter) and each is not Filter}
    missing = [each.__name__ for each in ours - {type(each) for each in FilterSet().all}]
    assert not missing, f"give FilterSet in config/policy.py a line for {', '.join(missing)}"


@pytest.mark.parametrize("name", FilterSet.model_fields)
def test_every_filter_has_a_test_of_its_own(name: str) -> None:
    assert (Path(__file__).parents[1] / "filters" / f"test_{name}.py").exists()


@pytest.mark.parametrize(
    "each", [each for each in FilterSet().all if hasattr(each, "window_s")], ids=lambda each: each.name
)
def test_no_window_is_longer_than_lines_are_kept(each: Filter) -> None:
    assert type(each).model_validate({"window_s": KEPT_S})
    with pytest.raises(ValidationError):
        type(each).model_validate({"window_s": KEPT_S + 1})


@pytest.mark.parametrize(("name", "setting"), [("flood", "max_messages"), ("self_repeat", "max_repeats")])
def test_no_count_of_a_chatters_lines_is_beyond_what_is_kept_of_them(name: str, setting: str) -> None:
    made = FilterSet.model_fields[name].annotation
    assert made.model_validate({setting: CHATTER_LINES - 1})
    with pytest.raises(ValidationError):
        made.model_validate({setting: CHATTER_LINES})


def test_the_presets_are_the_four_that_are_promised() -> None:
    assert preset_names() == ("esports", "family", "relaxed", "strict")
    with pytest.raises(PolicyError, match="no preset 'lenient'"):
        Policy.preset("lenient")


@given(
    st.booleans(),
    st.sampled_from(["!", "?", "w!"]),
    st.integers(60, 400 * 86_400),
    st.lists(st.text(min_size=1, max_size=20).filter(str.strip), max_size=4, unique=True),
)
def test_what_is_written_reads_back_the_same(dry_run: bool, prefix: str, decay: int, allow: list[str]) -> None:
    blocklist = {"lists": [], "allow": allow}
    policy = Policy.of(
        {"dry_run": dry_run, "prefix": prefix, "ladder": {"decay": decay}, "filters": {"blocklist": blocklist}}
    )
    again = Policy.parse(policy.to_toml())
    assert again.model_dump() == policy.model_dump()
    assert again.to_toml() == policy.to_toml()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("prefix = 3", "prefix: 3 is no text (put it in quotes)"),
        ("[filters.caps]\nmax_ratio = 'banana'", "filters.caps.max_ratio: 'banana' is no number"),
        ("[filters.caps]\nenabled = 'maybe'", "filters.caps.enabled: 'maybe' is neither true nor false"),
        ("[filters.flood]\nmax_messages = 2.5", "filters.flood.max_messages: 2.5 is no whole number"),
        ("x = ", "not valid TOML"),
        ("[filters.blocklst]\nx = 1", "filters.blocklst: no such setting (did you mean blocklist?)"),
        ("[filters.caps]\nmax_ratio = 3", "filters.caps.max_ratio: 3 is above 1"),
        ("[filters.flood]\nmax_messages = 0", "filters.flood.max_messages: 0 is below 1"),
        ("[filters.blocklist]\nlists = ['klingon']", "no word list 'klingon'"),
        ("[ladder]\nsteps = ['tickle']", "'tickle' is not an action (use review, delete, warn, timeout 10m or ban)"),
        ("[exempt]\nroles = ['king']", "exempt.roles"),
        ("language = 'tlh'", "language: 'tlh'"),
        ("prefix = " + "9" * 5_000, "not valid TOML: Exceeds the limit"),
        ("prefix = " + "[" * 5_000, "not valid TOML: brackets in brackets too deep to read"),
        ("[ladder]\nconfidence_line = nan", "ladder.confidence_line: nan is above 1"),
    ],
)
def test_a_wrong_setting_is_named_with_its_value_and_the_remedy(text: str, said: str) -> None:
    with pytest.raises(PolicyError) as error:
        Policy.parse(text, "aurora.toml")
    assert str(error.value).startswith("aurora.toml: ")
    assert said in str(error.value)


def test_names_may_be_written_as_chat_shows_them_and_a_file_as_windows_does() -> None:
    policy = Policy.parse('\ufeff[exempt]\nchatters = ["NightBot", " @Ann_3 ", "@"]')
    assert policy.exempt.chatters == {"nightbot", "ann_3"}
    [verdict] = [policy.engine().judge(Message("1", 0, "1", "s", "7", "nightbot", "W" * 500))]
    assert verdict.exempt == "exempt chatter"


def test_an_endless_file_is_refused() -> None:
    with pytest.raises(PolicyError, match="above the limit"):
        Policy.parse("#" * (LONGEST_POLICY + 1))


def test_every_filter_is_registered_under_its_own_name() -> None:
    for name, each in zip(FilterSet.model_fields, FilterSet().all, strict=True):
        assert isinstance(each, Filter)
        assert each.name == name


def test_the_engine_of_the_default_policy_judges() -> None:
    engine = Policy.preset().engine(revision=3)
    verdict = engine.judge(Message("1", 0, "c", "c", "u", "u", "kill yourself"))
    assert (verdict.action.kind.name, verdict.revision) == ("BAN", 3)


def test_a_filter_outside_its_table_is_told_where_it_belongs() -> None:
    with pytest.raises(PolicyError, match=r"caps: no such setting \(a filter stands under filters: \[filters.caps\]\)"):
        Policy.parse("[caps]\nmax_ratio = 0.5\n")
