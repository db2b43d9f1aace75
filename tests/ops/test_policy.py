from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
import tomlkit
from typer.testing import CliRunner, Result

from bot import app
from config.changes import changed
from config.exchange import with_preset
from config.policy import Policy
from storage.audit import Audit
from storage.database import Database
from storage.policies import PolicyLog, StaleRevisionError

shell = CliRunner()


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "log.sqlite3"

    async def make() -> None:
        db = await Database.open(path)
        text = Policy().to_toml()
        await PolicyLog(db).save("77", text, author="chatwarden", reason="first start", at_ms=1, login="aurora")
        await db.close()

    asyncio.run(make())
    return path


def told(database: Path, *arguments: str, code: int = 0) -> Result:
    result = shell.invoke(app, ["policy", *arguments, "--database", str(database)])
    assert result.exit_code == code, result.output
    return result


def test_a_setting_is_changed_shown_compared_and_taken_back(database: Path) -> None:
    done = told(database, "set", "aurora", "caps.max_ratio", "0.9", "--author", "ada", "--reason", "loud game")
    assert done.stdout == f"caps.max_ratio: {Policy().filters.caps.max_ratio} -> 0.9\n"
    assert "chatwarden policy restore aurora 1" in done.stderr
    assert told(database, "show", "aurora", "caps.max_ratio").stdout == "0.9\n"
    assert "# Catches lines written mostly in capital letters." in told(database, "show", "77", "caps").stdout
    assert json.loads(told(database, "diff", "aurora", "--json").stdout) == [
        {"setting": "caps.max_ratio", "before": Policy().filters.caps.max_ratio, "after": 0.9}
    ]
    told(database, "restore", "aurora", "1", "--author", "bob")
    history = json.loads(told(database, "history", "aurora", "--json").stdout)
    assert [(row["revision"], row["author"], row["reason"]) for row in history] == [
        ("3", "bob", "restores revision 1"),
        ("2", "ada", "loud game"),
        ("1", "chatwarden", "first start"),
    ]
    assert Policy.parse(told(database, "show", "aurora").stdout) == Policy()


def test_before_the_first_change_there_is_nothing_to_compare_with(database: Path) -> None:
    alone = told(database, "diff", "aurora")
    assert (alone.stdout, alone.stderr) == ("", "aurora: nothing is earlier than revision 1 (first start)\n")
    assert json.loads(told(database, "diff", "aurora", "--json").stdout) == []


def test_a_revision_is_compared_with_a_preset(database: Path) -> None:
    told(database, "set", "aurora", "caps.max_ratio", "0.33")
    compared = told(database, "diff", "aurora", "strict")
    assert compared.stderr == "aurora: preset strict to revision 2\n"
    strict = Policy.preset("strict").filters.caps.max_ratio
    assert f"caps.max_ratio: {strict} -> 0.33" in compared.stdout.splitlines()


def test_what_is_no_revision_and_no_preset_is_told_with_those_there_are(database: Path) -> None:
    refused = told(database, "diff", "aurora", "sturdy", code=2)
    assert "sturdy: neither a revision's number nor a preset (esports, family, relaxed, strict)" in refused.stderr


def test_the_table_of_revisions_names_its_time_zone(database: Path) -> None:
    assert "at (Europe/Berlin)" in told(database, "history", "aurora", "--tz", "Europe/Berlin").stdout


def test_every_change_is_in_audit(database: Path) -> None:
    told(database, "set", "aurora", "dry_run", "true", "--author", "ada")

    async def deeds() -> list[Any]:
        db = await Database.open(database, readonly=True)
        found = await Audit(db).latest()
        await db.close()
        return found

    [deed] = asyncio.run(deeds())
    assert (deed.actor, deed.verb, deed.subject, deed.channel_id) == ("ada", "policy set", "revision 2", "77")


def test_words_come_and_go(database: Path) -> None:
    assert told(database, "add", "aurora", "blocklist.terms", "snarfwad").stdout == "blocklist.terms: +snarfwad\n"
    assert told(database, "export", "aurora", "--words").stdout == "snarfwad\n"
    assert "is there already" in told(database, "add", "aurora", "blocklist.terms", "Snarfwad", code=2).stderr
    assert told(database, "remove", "aurora", "blocklist.terms", "snarfwad").stdout == "blocklist.terms: -snarfwad\n"


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (("set", "aurora", "caps.max_ratio", "3"), "filters.caps.max_ratio: 3 is above 1"),
        (("set", "aurora", "caps.max_ratoi", "1"), "did you mean max_ratio?"),
        (("show", "nobody"), "nobody: no policy of this channel in the database (there are: aurora); `chatwarden run`"),
        (("restore", "aurora", "9"), "aurora: no revision 9 (there are 1 to 1)"),
        (("import", "aurora", "missing.toml"), "missing.toml: no such file"),
    ],
)
def test_what_cannot_be_done_says_why_and_saves_nothing(database: Path, arguments: tuple[str, ...], text: str) -> None:
    assert text in told(database, *arguments, code=2).stderr
    assert len(json.loads(told(database, "history", "aurora", "--json").stdout)) == 1


def test_a_nightbot_list_is_looked_at_first_and_brought_in_on_apply(database: Path, tmp_path: Path) -> None:
    words = tmp_path / "nightbot.txt"
    words.write_text("snarfwad\nzugmonger, x\n~/fri+bble/i\n", encoding="utf-8")
    looked = told(database, "import", "aurora", str(words))
    assert looked.stdout == "blocklist.terms: +snarfwad, +zugmonger\nregex.patterns: +fri+bble\n"
    assert "line 2: is one letter and would hit nearly every line (list a word) (refused)" in looked.stderr
    assert "3 new, 0 there already, 1 refused" in looked.stderr
    assert "add --apply" in looked.stderr
    told(database, "import", "aurora", str(words), "--apply")
    assert told(database, "export", "aurora", "--words").stdout == "snarfwad\nzugmonger\n"
    assert "is so already" in told(database, "import", "aurora", str(words), "--apply").stderr


def test_a_policy_goes_out_and_comes_back_the_same(database: Path, tmp_path: Path) -> None:
    out = tmp_path / "aurora.toml"
    told(database, "import", "aurora", "strict", "--apply")
    told(database, "export", "aurora", str(out))
    strict = with_preset(Policy(), "strict")
    assert Policy.load(out) == strict
    assert "not written" in told(database, "export", "aurora", str(out), code=2).stderr
    told(database, "restore", "aurora", "1")
    told(database, "import", "aurora", str(out), "--apply")
    assert Policy.parse(told(database, "show", "aurora").stdout) == strict


def test_a_preset_taken_in_the_shell_never_lifts_a_dry_run_nor_takes_what_is_the_channels_own(
    database: Path, tmp_path: Path
) -> None:
    own = tmp_path / "own.toml"
    own.write_text('dry_run = true\nprefix = "?"\nlanguage = "de"\n[filters.caps]\ndry_run = true\n')
    told(database, "import", "aurora", str(own), "--apply")
    told(database, "set", "aurora", "grants.mod_names", "ada")
    for setting, item in (("blocklist.terms", "snarfwad"), ("links.allow", "example.org"), ("regex.patterns", "fri+b")):
        told(database, "add", "aurora", setting, item)
    before = Policy.parse(told(database, "show", "aurora").stdout)
    told(database, "import", "aurora", "strict", "--apply")
    after = Policy.parse(told(database, "show", "aurora").stdout)
    assert after.filters.flood == Policy.preset("strict").filters.flood
    assert (after.dry_run, after.prefix, after.language) == (True, "?", "de")
    assert (after.grants, after.exempt) == (before.grants, before.exempt)
    assert after.filters.caps.dry_run
    assert after.filters.blocklist.terms == before.filters.blocklist.terms
    assert after.filters.links.allow == before.filters.links.allow
    assert after.filters.regex.patterns == before.filters.regex.patterns


def test_a_file_brought_in_says_only_what_is_not_as_in_family(database: Path, tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text("[filters.caps]\nmax_ratio = 0.9\n")
    told(database, "import", "aurora", str(tmp_path / "own.toml"), "--apply")
    policy = Policy.parse(told(database, "show", "aurora").stdout)
    assert policy == changed(Policy.preset("family"), "caps.max_ratio", "0.9")


def test_a_filter_younger_than_a_revision_is_off_when_that_is_gone_back_to(database: Path) -> None:
    async def save() -> None:
        db = await Database.open(database)
        tables = tomlkit.parse(Policy().to_toml())
        del tables["filters"]["caps"]
        await PolicyLog(db).save("77", tomlkit.dumps(tables), author="ada", reason="before caps", at_ms=2)
        await PolicyLog(db).save("77", Policy().to_toml(), author="ada", reason="after", at_ms=3)
        await db.close()

    asyncio.run(save())
    assert told(database, "show", "aurora", "caps.enabled", "--revision", "2").stdout == "False\n"
    told(database, "restore", "aurora", "2")
    policy = Policy.parse(told(database, "show", "aurora").stdout)
    assert policy == changed(Policy(), "caps.enabled", "false")


async def test_two_who_change_at_once_do_not_overwrite_each_other(database: Path) -> None:
    db = await Database.open(database)
    log = PolicyLog(db)
    await log.save("77", "dry_run = true", author="ada", reason="", at_ms=2, parent=1)
    with pytest.raises(StaleRevisionError, match="revision 2 was saved meanwhile, and this was made from 1"):
        await log.save("77", "dry_run = false", author="bob", reason="", at_ms=3, parent=1)
    current = await log.current("77")
    await db.close()
    assert current is not None
    assert (current.number, current.author) == (2, "ada")
