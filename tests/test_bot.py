"""The command line as people meet it: the demo, and what is said when something is wrong."""

from __future__ import annotations

import asyncio
import json
import os
import resource
import socket
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from bot import app, main
from sandbox.demo import settle
from sandbox.server import Sandbox
from storage.sole import sole
from twitch.tokens import Token, TokenStore

ROOT = Path(__file__).parents[1]


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run in an empty folder, without the developer's own settings."""
    monkeypatch.chdir(tmp_path)
    for name in ("CLIENT_ID", "CLIENT_SECRET", "BOT_ID", "CHANNELS", "DATABASE", "HELIX_URL"):
        monkeypatch.delenv(f"CHATWARDEN_{name}", raising=False)


def run(*arguments: str, stdin: str = "") -> Result:
    return CliRunner().invoke(app, arguments, input=stdin)


def flat(text: str) -> str:
    """The text without the line breaks of a narrow terminal."""
    return " ".join(text.split())


def test_the_demo_plays_acts_and_its_books_agree(tmp_path: Path) -> None:
    chat = tmp_path / "chat.jsonl"
    lines = [
        {"ts": 1 + n, "channel": "aurora", "user": f"u{n}", "text": t}
        for n, t in enumerate(["hi", "go kill yourself", "bye"])
    ]
    chat.write_text("".join(json.dumps(line) + "\n" for line in lines))
    result = run("demo", "--replay", str(chat), "--speed", "max", "--json", "--database", str(tmp_path / "d.sqlite3"))
    assert result.exit_code == 0, result.output
    summary = json.loads(result.stdout)
    assert summary["books_agree"]
    assert (summary["judged"], summary["records"], summary["outcomes"]) == (3, 1, {"applied": 1})


def test_what_the_bot_has_to_say_during_a_demo_is_in_a_file_and_not_amid_the_chat(tmp_path: Path) -> None:
    chat = tmp_path / "chat.jsonl"
    talk = [{"ts": n, "channel": "aurora", "user": f"regular{n % 5}", "text": f"well then {n}"} for n in range(60)]
    raid = [
        {"ts": 60 + n / 10, "channel": "aurora", "user": f"raider{n}", "text": "go watch somebody who can play"}
        for n in range(20)
    ]
    chat.write_text("".join(json.dumps(line) + "\n" for line in [*talk, *raid]))
    (tmp_path / "d.sqlite3.log").write_text("the last demo's")
    result = run("demo", "--replay", str(chat), "--speed", "1000", "--database", "d.sqlite3")
    assert result.exit_code == 0, result.output
    assert "raid_on" not in result.output
    assert "What the bot itself had to say: d.sqlite3.log" in result.stdout
    said = (tmp_path / "d.sqlite3.log").read_text()
    assert "raid_on" in said
    assert "the last demo's" not in said


def test_the_demos_staff_leaves_every_page_of_the_console_something_to_show(tmp_path: Path) -> None:
    database = str(tmp_path / "d.sqlite3")
    result = run("demo", "--speed", "max", "--json", "--database", database)
    assert result.exit_code == 0, result.output
    as_manager = ("--as", "demo_manager", "--database", database, "--json")
    appeals = json.loads(run("appeal", "list", "--all", *as_manager).stdout)
    assert [each["status"] for each in appeals] == ["open", "denied"]
    assert appeals[1]["failure"] == ""
    [case] = json.loads(run("case", "list", *as_manager).stdout)
    assert (case["people"], case["records"], case["notes"]) == (1, 1, 1)
    assert len(json.loads(run("review", "queue", *as_manager).stdout)) > 5
    undone = json.loads(run("log", "list", "--outcome", "undone", "--database", database, "--json").stdout)
    assert len(undone) == 1
    verified = run("log", "verify", "--database", database)
    assert verified.exit_code == 0, verified.output


def test_a_demo_that_cannot_stay_leaves_the_last_demos_log_alone(tmp_path: Path) -> None:
    kept = tmp_path / "demo.sqlite3"
    kept.write_text("the last demo's")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = run("demo", "--stay", "--port", str(port), "--database", str(kept))
    assert result.exit_code == 2
    assert f"cannot listen on 127.0.0.1:{port}: address already in use (choose another with --port" in flat(
        result.stderr
    )
    assert kept.read_text() == "the last demo's"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("run",), "CHATWARDEN_CLIENT_ID: The Twitch application's client id."),
        (("login",), "CHATWARDEN_CLIENT_SECRET"),
        (("demo", "--speed", "fast"), "--speed fast: not a number above 0"),
        (("demo", "--replay", "absent.jsonl"), "absent.jsonl: cannot be read"),
        (("check", "you fool"), "echo 'the line' | chatwarden check"),
        (("check", "--policy", "absent.toml"), "absent.toml: no such file"),
        (("check", "absent.txt"), "absent.txt"),
        (("check", "--terms", "absent.txt"), "absent.txt"),
    ],
)
def test_what_is_missing_is_named_and_the_exit_code_is_2(arguments: tuple[str, ...], said: str) -> None:
    result = run(*arguments)
    assert result.exit_code == 2
    assert said in flat(result.stderr)


def test_a_malformed_replay_line_is_named_and_nothing_is_played(tmp_path: Path) -> None:
    (tmp_path / "chat.jsonl").write_text('{"channel":"a","user":"b","text":"x"}\n{"channel":"a"}\n')
    result = run("demo", "--replay", "chat.jsonl", "--database", "d.sqlite3")
    assert result.exit_code == 2
    assert "line 2" in flat(result.stderr)
    assert not (tmp_path / "d.sqlite3").exists()


def test_a_corrupt_database_is_refused_and_left_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = tmp_path / "broken.sqlite3"
    broken.write_bytes(b"this is no database" * 100)
    for name in ("CLIENT_ID", "CLIENT_SECRET", "BOT_ID", "CHANNELS"):
        monkeypatch.setenv(f"CHATWARDEN_{name}", "1")
    monkeypatch.setenv("CHATWARDEN_DATABASE", str(broken))
    result = run("run")
    assert result.exit_code == 2
    assert "not a database" in flat(result.stderr)
    assert broken.read_bytes() == b"this is no database" * 100


@pytest.fixture
def needed(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CLIENT_ID", "CLIENT_SECRET", "BOT_ID", "CHANNELS"):
        monkeypatch.setenv(f"CHATWARDEN_{name}", "1")


@pytest.mark.usefixtures("needed")
def test_a_database_that_another_program_holds_is_worth_starting_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("storage.database.BUSY_TIMEOUT_MS", 100)
    monkeypatch.setenv("CHATWARDEN_DATABASE", str(tmp_path / "log.sqlite3"))
    with closing(sqlite3.connect(tmp_path / "log.sqlite3", isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        result = run("run")
    assert result.exit_code == 1
    assert "database is locked (another program holds it; try again)" in flat(result.stderr)


@pytest.mark.usefixtures("needed")
def test_a_disk_that_takes_no_more_is_worth_starting_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHATWARDEN_DATABASE", str(tmp_path / "log.sqlite3"))
    _, most = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, most))
    try:
        result = run("run")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
    assert result.exit_code == 1
    assert "log.sqlite3: " in flat(result.stderr)


@pytest.fixture
def nowhere(needed: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """A Twitch nobody answers for."""
    monkeypatch.setenv("CHATWARDEN_HELIX_URL", "http://127.0.0.1:9/helix/")
    monkeypatch.setenv("CHATWARDEN_ID_URL", "http://127.0.0.1:9/")
    monkeypatch.setenv("CHATWARDEN_DATABASE", "var/log.sqlite3")


@pytest.mark.usefixtures("nowhere")
def test_doctor_looks_whether_the_database_is_private_and_takes_writes(tmp_path: Path) -> None:
    assert "takes writes, its schema is current; " in flat(run("doctor").stdout)
    file = tmp_path / "var" / "log.sqlite3"
    assert file.parent.stat().st_mode & 0o777 == 0o700
    file.parent.chmod(0o755)
    file.chmod(0o644)
    told = flat(run("doctor").stdout)
    assert "✗ database: anybody on this machine can read var/log.sqlite3 → chmod 600 var/log.sqlite3" in told


@pytest.mark.usefixtures("nowhere")
@pytest.mark.skipif(os.getuid() == 0, reason="root may write anything")
def test_doctor_tries_to_write(tmp_path: Path) -> None:
    run("doctor")
    (tmp_path / "var" / "log.sqlite3").chmod(0o400)
    assert "✗ database: var/log.sqlite3: attempt to write a readonly database" in flat(run("doctor").stdout)


async def test_doctor_has_one_line_for_many_channels_and_one_for_each_that_is_not_fine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with Sandbox() as twitch:
        names = [f"chan{number:03}" for number in range(120)]
        settings = await settle(twitch, names, tmp_path / "log.sqlite3")
        twitch.world.channel("chan007").moderators.clear()
        for name, value in settings.items():
            monkeypatch.setenv(f"CHATWARDEN_{name.upper()}", str(value))
        result = await asyncio.to_thread(run, "doctor")
    told = flat(result.stdout)
    assert result.exit_code == 3
    assert "119 channels: chatwarden_bot is a moderator" in told
    assert "✗ chan007: chatwarden_bot is not a moderator" in told
    assert len(result.stdout.splitlines()) < 20


@pytest.mark.usefixtures("nowhere")
def test_a_twitch_that_is_not_there_is_told_by_its_address_and_worth_starting_again(tmp_path: Path) -> None:
    TokenStore(tmp_path / "var" / "tokens.json").save(Token("1", "warden", "access", "refresh"))
    result = run("run")
    assert result.exit_code == 1
    assert "Twitch cannot be reached: cannot connect to 127.0.0.1:9 (" in flat(result.stderr)
    assert "ssl" not in result.stderr


@pytest.mark.usefixtures("needed")
def test_what_is_written_is_the_owners_alone_whatever_the_umask(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = os.umask(0)
    try:
        assert run("staff", "add", "mara", "manager", "--database", "var/log.sqlite3").exit_code == 2
        monkeypatch.setenv("CHATWARDEN_HELIX_URL", "http://127.0.0.1:9/helix/")
        monkeypatch.setenv("CHATWARDEN_ID_URL", "http://127.0.0.1:9/")
        monkeypatch.setenv("CHATWARDEN_DATABASE", "var/log.sqlite3")
        run("doctor")
        run("staff", "add", "mara", "manager", "--database", "var/log.sqlite3")
        with closing(sqlite3.connect("var/log.sqlite3")) as reader:
            reader.execute("SELECT count(*) FROM records").fetchone()
            assert run("log", "export", "out", "--database", "var/log.sqlite3").exit_code == 0
            assert run("report", "kpi", "--html", "kpi.html", "--database", "var/log.sqlite3").exit_code == 0
            os.umask(0)
            made = [each for each in tmp_path.rglob("*") if each.name != ".env"]
            assert len(made) >= 7
            assert {f"{each.name} {each.stat().st_mode & 0o077:o}" for each in made} == {
                f"{each.name} 0" for each in made
            }
    finally:
        os.umask(before)


def test_check_answers_one_verdict_a_line_in_order() -> None:
    result = run("check", stdin="hello\nyou b4st4rd\n\nbye\n")
    verdicts = [json.loads(line) for line in result.stdout.splitlines()]
    assert [verdict["action"] for verdict in verdicts] == ["none", "review", "none", "none"]
    (evidence,) = verdicts[1]["evidence"]
    assert (evidence["filter"], evidence["term"], evidence["span"]) == ("blocklist", "bastard", [4, 11])


def test_check_judges_by_a_preset_or_a_file(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text("[filters.symbols]\nmax_symbols = 12\n")
    for policy, action in (("relaxed", "none"), ("strict", "delete"), ("mine.toml", "delete")):
        result = run("check", "--policy", policy, stdin="@@@@!!!!####$$$$%%%%&&&&****((((\n")
        assert json.loads(result.stdout)["action"] == action, policy


def test_check_reads_jsonl_and_names_a_bad_line() -> None:
    good = run("check", "--jsonl", stdin='{"text":"hi","user":"a","channel":"c","ts":5}\n')
    assert json.loads(good.stdout)["action"] == "none"
    bad = run("check", "--jsonl", stdin='{"text":"hi"}\n{"txt":"hi"}\n')
    assert bad.exit_code == 2
    assert '-:2: no "text"' in flat(bad.stderr)
    assert len(bad.stdout.splitlines()) == 1


def test_check_by_ones_own_terms(tmp_path: Path) -> None:
    (tmp_path / "terms.txt").write_text("zugmonger\nzugmonger\n!!\n")
    result = run("check", "--terms", "terms.txt", stdin="a z u g m o n g e r\nbastard\n")
    assert [json.loads(line)["action"] for line in result.stdout.splitlines()] == ["delete", "none"]
    assert "terms.txt:2: refused: zugmonger: stands in line 1 already" in flat(result.stderr)
    assert "terms.txt:3: refused: !!" in flat(result.stderr)


@pytest.fixture
def unset(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the command line itself puts into the environment is gone after the test."""
    monkeypatch.setenv("CHATWARDEN_DATABASE", "")
    monkeypatch.delenv("CHATWARDEN_DATABASE")


@pytest.mark.usefixtures("unset")
def test_every_command_looks_at_the_database_that_the_settings_file_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CHATWARDEN_HELIX_URL", "http://127.0.0.1:9/helix/")
    monkeypatch.setenv("CHATWARDEN_ID_URL", "http://127.0.0.1:9/")
    (tmp_path / ".env").write_text("CHATWARDEN_DATABASE=kept/here.sqlite3\n")
    (tmp_path / ".env").chmod(0o600)
    for arguments, status in ((["doctor"], 3), (["staff", "add", "mara", "manager"], 0), (["staff", "list"], 0)):
        with pytest.raises(SystemExit) as ended:
            main(arguments)
        assert ended.value.code == status
    told = capsys.readouterr().out
    assert "kept/here.sqlite3 opens" in flat(told)
    assert "mara" in told
    assert not (tmp_path / "var").exists()


@pytest.mark.usefixtures("unset")
def test_doctor_names_the_settings_that_run_will_ask_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHATWARDEN_HELIX_URL", "http://127.0.0.1:9/helix/")
    monkeypatch.setenv("CHATWARDEN_ID_URL", "http://127.0.0.1:9/")
    told = flat(run("doctor").stdout)
    for name in ("CLIENT_ID", "CLIENT_SECRET", "BOT_ID", "CHANNELS"):
        assert f"CHATWARDEN_{name}:" in told
        monkeypatch.setenv(f"CHATWARDEN_{name}", "1")
    told = flat(run("doctor").stdout)
    assert "✓ settings: all that `run` needs are set" in told


def test_doctor_says_what_to_do_about_each_thing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHATWARDEN_HELIX_URL", "http://127.0.0.1:9/helix/")
    monkeypatch.setenv("CHATWARDEN_ID_URL", "http://127.0.0.1:9/")
    result = run("doctor")
    assert result.exit_code == 3
    assert "helix" in result.stdout
    assert "check the network" in flat(result.stdout)
    assert "run: chatwarden login" in flat(result.stdout)


async def examined(monkeypatch: pytest.MonkeyPatch, **settings: str) -> str:
    """What doctor says of a bot with all it needs, and these settings."""
    async with Sandbox() as twitch:
        given = await settle(twitch, ["aurora"], Path("log.sqlite3")) | settings
        for name, value in given.items():
            monkeypatch.setenv(f"CHATWARDEN_{name.upper()}", str(value))
        return flat((await asyncio.to_thread(run, "doctor")).stdout)


async def test_doctor_reads_the_policy_files_that_run_will_read(monkeypatch: pytest.MonkeyPatch) -> None:
    told = await examined(monkeypatch)
    assert "✗" not in told
    assert "policy of aurora: acts; first start, preset family" in told
    assert "/callback and, for the console, http://localhost:8420/sign-in/callback" in told
    Path("policies").mkdir()
    Path("policies/aurora.toml").write_text("dry_run = true\n")
    assert "policy of aurora: DRY RUN" in await examined(monkeypatch)
    Path("policies/aurora.toml").write_text("dry_runn = true\n")
    told = await examined(monkeypatch)
    assert "✗ policy of aurora: policies/aurora.toml: dry_runn: no such setting (did you mean dry_run?)" in told


async def test_doctor_names_a_policy_file_of_no_channel(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("policies").mkdir()
    Path("policies/aurroa.toml").write_text("dry_run = true\n")
    told = await examined(monkeypatch)
    assert "✗ policy files: policies/aurroa.toml is of no channel" in told
    assert "did you mean policies/aurora.toml?" in told


async def test_doctor_says_what_run_would_refuse(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "✗ application: Twitch refuses it: invalid client secret" in await examined(monkeypatch, client_secret="old")
    told = await examined(monkeypatch, bot_id="my_bot")
    assert "✗ settings: CHATWARDEN_BOT_ID: 'my_bot' is no id, which is a number" in told


def test_the_help_comes_without_what_takes_long_to_import() -> None:
    script = "import sys, bot\ntry: bot.main(['--help'])\nexcept SystemExit: pass\nprint(*sys.modules)"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", script]
    told = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=60, check=True).stdout
    assert "Moderates live Twitch channels" in told
    loaded = {each.partition(".")[0] for each in told.splitlines()[-1].split()}
    assert "typer" in loaded
    heavy = "sklearn statsmodels scipy pyarrow twitchio nltk aiohttp starlette uvicorn pygal wordfreq glin_profanity"
    assert loaded.isdisjoint(heavy.split())


def test_a_demo_on_a_database_in_use_is_refused_and_leaves_it_alone(tmp_path: Path) -> None:
    kept = tmp_path / "demo.sqlite3"
    kept.write_text("the other demo's")
    with sole(kept, "chatwarden demo", "wait"):
        result = run("demo", "--database", str(kept))
    assert result.exit_code == 2
    assert f"chatwarden demo (pid {os.getpid()}, since" in flat(result.stderr)
    assert "--database FILE" in flat(result.stderr)
    assert kept.read_text() == "the other demo's"
