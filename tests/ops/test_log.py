from __future__ import annotations

import csv
import io
import json
import os
import signal
import sqlite3
import subprocess
import sys
import textwrap
import time
from contextlib import closing
from pathlib import Path

import duckdb
import pytest
from pyarrow import parquet
from typer.testing import CliRunner, Result

from ops.case import app as case_app
from ops.log import app
from storage import columns
from tests.ops.conftest import deeds, rows

ROOT = Path(__file__).parents[2]


def run(database: Path, *arguments: str, who: str = "analyst") -> Result:
    asks = ["--as", who] if "--show-text" in arguments else []
    return CliRunner().invoke(app, [*arguments, *asks, "--database", str(database)])


def numbers(database: Path, *arguments: str) -> list[int]:
    result = run(database, "list", "--jsonl", *arguments)
    assert result.exit_code == 0, result.stderr
    return [json.loads(row)["record_id"] for row in result.stdout.splitlines()]


def lines(text: str) -> list[str]:
    return [line.rstrip() for line in text.splitlines() if line.strip()]


def golden(text: str) -> list[str]:
    return lines(textwrap.dedent(text))


def test_list_shows_who_what_and_why_with_text_masked(database: Path) -> None:
    result = run(database, "list", "--tz", "Europe/Berlin", "--until", "2026-01-01T17:00:03.5")
    assert lines(textwrap.dedent(result.stdout)) == golden(
        """
         #   sent (Europe/Berlin)   channel   chatter   action        outcome   filter      category       text
         ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────
         3   2026-01-01 17:00:03    studio    shouter   delete        dry_run   caps        channel rule   ••••• •••••
         2   2026-01-01 17:00:02    studio    spammer   ban           undone    blocklist   harassment     ••• • • • •••
         1   2026-01-01 17:00:01    studio    troll     timeout 10m   applied   blocklist   harassment     ••• ••• •••••
        """
    )
    assert "3 of 3 Records" in result.stderr


def test_a_rule_that_is_no_listed_word_stands_in_plain_and_who_may_see_the_rest_is_said(database: Path) -> None:
    shout, abuse = run(database, "show", "3"), run(database, "show", "1")
    assert "rule max_ratio 0.7;" in shout.stdout
    assert "rule •••••••;" in abuse.stdout
    assert "badword" not in abuse.stdout
    assert "--show-text shows them to the staff (analyst, senior, investigator, legal, manager)" in abuse.stderr


def test_show_tells_the_whole_story_of_a_record(staffed: Path) -> None:
    result = run(staffed, "show", "#1", "--show-text", "--tz", "Europe/Berlin")
    assert lines(result.stdout) == golden(
        """
        Record #1: timeout 10m, applied
          sent        2026-01-01T17:00:01.000+01:00
          channel     studio (501), policy revision 3
          chatter     troll (id-troll), 1 strike before
          decided by  bot: blocklist, harassment, severity high
          message     m1
          text        you «bad word»!
        Evidence
          blocklist, harassment, severity high
            rule badword; seen badword (spacing, 1 edit, confidence 0.90)
            listed word, spaced
        Context
          2026-01-01 17:01:30  regular: hello all
        Times
          received   2026-01-01T17:00:01.015+01:00
          decided    2026-01-01T17:00:01.016+01:00  +1 ms
          committed  2026-01-01T17:01:00.000+01:00  +58984 ms
          sent       2026-01-01T17:01:00.005+01:00  +5 ms
          done       2026-01-01T17:01:00.047+01:00  +42 ms
          line to action 59032 ms, 1 call to Twitch
        Events
          2026-01-01T17:01:00.001+01:00  applied by bot
        """
    )


def test_abuse_is_masked_everywhere_until_asked_for(staffed: Path) -> None:
    for arguments in (["show", "1"], ["show", "1", "--json"], ["list"], ["list", "--csv"], ["tail", "--no-follow"]):
        masked = run(staffed, *arguments).stdout
        plain = run(staffed, *arguments, "--show-text").stdout
        assert "bad" not in masked
        assert "bad" in plain


def test_chat_text_cannot_steer_the_terminal(staffed: Path) -> None:
    for arguments in (["show", "4"], ["list"], ["list", "--csv"], ["list", "--json"], ["tail", "--no-follow"]):
        shown = run(staffed, *arguments, "--show-text").stdout.replace("«", "").replace("»", "")
        assert "=\ufffd[2J\ufffdboo" in shown
        assert not {"\x1b", "\u202e"} & set(shown)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ([], [4, 3, 2, 1]),
        (["--limit", "2"], [4, 3]),
        (["--limit", "0"], [4, 3, 2, 1]),
        (["--channel", "Studio"], [4, 3, 2, 1]),
        (["--channel", "arena"], []),
        (["--user", "@troll"], [1]),
        (["--user", "id-spammer"], [2]),
        (["--user", "' OR '1'='1"], []),
        (["--moderator", "mod_anna"], [2]),
        (["--filter", "caps"], [3]),
        (["--category", "harassment"], [4, 2, 1]),
        (["--action", "delete", "--outcome", "pending"], [4]),
        (["--outcome", "undone"], [2]),
        (["--since", "2026-01-01T17:00:03", "--tz", "Europe/Berlin"], [4, 3]),
        (["--since", "2026-01-01T16:00:02+00:00", "--until", "2026-01-01T16:00:03Z"], [2]),
        (["--since", "1s"], []),
    ],
)
def test_every_filter_of_the_list(database: Path, arguments: list[str], expected: list[int]) -> None:
    assert numbers(database, *arguments) == expected


def test_json_and_csv_carry_the_same_rows(database: Path) -> None:
    as_json = json.loads(run(database, "list", "--json").stdout)
    as_csv = list(csv.DictReader(io.StringIO(run(database, "list", "--csv").stdout)))
    assert len(as_json) == len(as_csv) == 4
    for one, other in zip(as_json, as_csv, strict=True):
        plain = {name: int(value) if isinstance(value, bool) else value for name, value in one.items()}
        assert {name: "" if value is None else str(value) for name, value in plain.items()} == other


def test_an_empty_answer_is_still_well_formed(database: Path) -> None:
    assert json.loads(run(database, "list", "--user", "nobody", "--json").stdout) == []
    assert run(database, "list", "--user", "nobody", "--csv").stdout.startswith("record_id,sent_at,")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["list", "--since", "yesterday"], "'yesterday' is not a time"),
        (["list", "--tz", "Mars/Olympus"], "'Mars/Olympus' is not a time zone"),
        (["list", "--tz", "../../etc/passwd"], "is not a time zone"),
        (["list", "--category", "rudeness"], "'rudeness' is not a category"),
        (["list", "--action", "kick"], "'kick' is not an action"),
        (["list", "--outcome", "maybe"], "'maybe' is not an outcome"),
        (["list", "--json", "--csv"], "choose one of"),
        (["show", "first"], "'first' is not a Record's number"),
        (["show", "99"], "there is no Record #99 (the newest is #4)"),
    ],
)
def test_wrong_input_is_named_and_exits_with_2(database: Path, arguments: list[str], message: str) -> None:
    result = run(database, *arguments)
    assert result.exit_code == 2
    assert message in " ".join(result.stderr.replace("│", " ").split())
    assert result.stdout == ""


def test_a_missing_or_damaged_database_exits_with_2(tmp_path: Path) -> None:
    missing = run(tmp_path / "none.sqlite3", "list")
    assert (missing.exit_code, missing.stdout) == (2, "")
    assert "no such database (chatwarden demo and run make one" in missing.stderr
    (tmp_path / "damaged.sqlite3").write_bytes(b"\x00damage" * 2000)
    damaged = run(tmp_path / "damaged.sqlite3", "list")
    assert damaged.exit_code == 2
    assert "not a database (restore a backup" in damaged.stderr
    assert run(tmp_path / "damaged.sqlite3", "verify").exit_code == 1


def test_the_database_may_be_named_by_the_environment(database: Path) -> None:
    result = CliRunner().invoke(app, ["list", "--jsonl"], env={"CHATWARDEN_DATABASE": str(database)})
    assert len(result.stdout.splitlines()) == 4


def test_verify_passes_then_names_the_changed_row(database: Path) -> None:
    sound = run(database, "verify")
    assert sound.exit_code == 0
    assert sound.stdout.endswith("the log is as it was written\n")

    with sqlite3.connect(database) as owner:
        owner.execute("DROP TRIGGER records_no_update")
        owner.execute("UPDATE records SET action = 'warn' WHERE id = 3")
    owner.close()
    broken = run(database, "verify")
    assert broken.exit_code == 1
    assert "BROKEN records row 3: its columns or the row before were changed" in broken.stdout


def test_an_export_can_be_checked_against_its_manifest(staffed: Path, tmp_path: Path) -> None:
    folder = tmp_path / "export"
    result = run(staffed, "export", str(folder), "--category", "harassment", "--show-text")
    assert result.exit_code == 0, result.stderr
    manifest = json.loads((folder / "manifest.json").read_text())
    rows = [json.loads(line) for line in (folder / "records.jsonl").read_text().splitlines()]
    assert [row["record_id"] for row in rows] == [4, 2, 1]
    assert rows[0]["text"] == "=\x1b[2J\u202eboo"  # evidence is kept to the letter
    assert (manifest["rows"], manifest["text"], manifest["query"]) == (3, "plain", {"category": "harassment"})
    assert manifest["chain_heads"]["records"]["id"] == 4

    check = ["verify", "--manifest", str(folder / "manifest.json")]
    assert run(staffed, *check).exit_code == 0
    with (folder / "records.jsonl").open("a") as file:
        file.write("{}\n")
    changed = run(staffed, *check)
    assert changed.exit_code == 1
    assert "is not the file that was exported" in changed.stderr


def test_an_export_never_overwrites(database: Path, tmp_path: Path) -> None:
    (tmp_path / "export").mkdir()
    result = run(database, "export", str(tmp_path / "export"))
    assert result.exit_code == 2
    assert "exists already" in result.stderr
    assert list((tmp_path / "export").iterdir()) == []


def test_a_failed_export_leaves_nothing(tmp_path: Path) -> None:
    assert run(tmp_path / "none.sqlite3", "export", str(tmp_path / "export")).exit_code == 2
    assert list(tmp_path.iterdir()) == []


def test_exported_csv_holds_no_formulas(staffed: Path, tmp_path: Path) -> None:
    run(staffed, "export", str(tmp_path / "export"), "--format", "csv", "--show-text")
    with (tmp_path / "export" / "records.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert rows[0]["text"] == "'=\x1b[2J\u202eboo"


def test_a_file_that_is_no_manifest_is_refused(database: Path, tmp_path: Path) -> None:
    for content in ("[]", "{}", "no json", '{"chain_heads": 3}'):
        (tmp_path / "manifest.json").write_text(content)
        result = run(database, "verify", "--manifest", str(tmp_path / "manifest.json"))
        assert result.exit_code == 2
        assert "not a manifest" in result.stderr


def test_erase_is_dry_until_applied_and_the_log_stays_valid(staffed: Path) -> None:
    dry = run(staffed, "erase", "troll", "--reason", "request 17", "--as", "legal")
    assert dry.exit_code == 0
    assert dry.stdout == "would erase person 2: identity, key, evidence of 1 Records and 1 chat lines\n"
    assert numbers(staffed, "--user", "troll") == [1]

    assert run(staffed, "erase", "troll", "--reason", "request 17", "--apply", "--as", "manager").exit_code == 0
    assert numbers(staffed, "--user", "troll") == []
    assert "(erased person 2)" in run(staffed, "show", "1", "--show-text").stdout
    assert run(staffed, "verify").exit_code == 0


def erasures(database: Path) -> list[tuple[str, str, int]]:
    asked = "SELECT actor, subject, allowed FROM v_audit WHERE verb = 'log erase' ORDER BY audit_id"
    with closing(sqlite3.connect(database)) as file:
        return list(file.execute(asked))


def test_whom_erasing_is_not_for_is_refused_and_that_is_in_audit(staffed: Path) -> None:
    refused = run(staffed, "erase", "troll", "--reason", "r", "--apply", "--as", "analyst")
    assert refused.exit_code == 4
    assert "log erase is for: legal, manager" in refused.stderr
    assert numbers(staffed, "--user", "troll") == [1]
    assert run(staffed, "erase", "nobody", "--reason", "r", "--as", "legal").exit_code == 2
    assert run(staffed, "erase", "troll", "--reason", "r", "--apply", "--as", "legal").exit_code == 0
    assert [(actor, allowed) for actor, _, allowed in erasures(staffed)] == [("analyst", 0), ("legal", 1)]


def test_an_erasure_that_a_legal_hold_forbids_is_in_audit(staffed: Path) -> None:
    for arguments in (["open", "a case"], ["add", "1", "record", "1"], ["add", "1", "person", "troll"]):
        assert CliRunner().invoke(case_app, [*arguments, "--as", "legal", "--database", str(staffed)]).exit_code == 0
    assert CliRunner().invoke(case_app, ["hold", "1", "on", "--as", "legal", "--database", str(staffed)]).exit_code == 0
    refused = run(staffed, "erase", "troll", "--reason", "r", "--apply", "--as", "legal")
    assert refused.exit_code == 2
    assert "case 1 is on legal hold" in refused.stderr
    assert erasures(staffed) == [("legal", "person 2", 0)]


def test_a_login_that_several_people_had_is_told_with_their_ids(staffed: Path) -> None:
    with closing(sqlite3.connect(staffed)) as file, file:
        file.execute("UPDATE chatters SET login = 'troll' WHERE id IN (1, 2)")
        ids = [row[0] for row in file.execute("SELECT twitch_id FROM chatters WHERE id IN (1, 2) ORDER BY id")]
    told = run(staffed, "erase", "troll", "--reason", "r", "--as", "legal")
    assert told.exit_code == 2
    assert f"give the Twitch id, one of {', '.join(ids)}" in " ".join(told.stderr.split())


def test_through_sudo_one_is_who_called_it(staffed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUDO_USER", "legal")
    assert run(staffed, "erase", "troll", "--reason", "r", "--apply").exit_code == 0
    assert erasures(staffed)[0][0] == "legal"


def test_tail_follows_until_interrupted(database: Path) -> None:
    command = [sys.executable, "-c", "from ops.log import app; app()", "tail", "-n", "1", "--jsonl"]
    environment = {**os.environ, "CHATWARDEN_DATABASE": str(database), "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(command, env=environment, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert json.loads(process.stdout.readline())["record_id"] == 4
        with sqlite3.connect(database) as writer:
            copied = "SELECT 5, ts_ms" + _columns_after_ts(writer) + " FROM records WHERE id = 4"
            writer.execute(f"INSERT INTO records {copied}")
        writer.close()
        assert json.loads(process.stdout.readline())["record_id"] == 5
        time.sleep(0.1)
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=10) == 0


def _columns_after_ts(db: sqlite3.Connection) -> str:
    names = [row[1] for row in db.execute("PRAGMA table_info(records)")][2:]
    return "".join(f", {name}" for name in names)


def test_parquet_holds_what_the_other_formats_hold(database: Path, tmp_path: Path) -> None:
    exported = run(database, "export", str(tmp_path / "out"), "--format", "parquet")
    assert exported.exit_code == 0, exported.stderr
    rows = [json.loads(row) for row in run(database, "list", "--jsonl").stdout.splitlines()]
    table = parquet.read_table(tmp_path / "out" / "records.parquet")
    found = table.drop_columns("sent_at").to_pylist()
    rows.reverse()  # Parquet goes by the Record's number
    assert found == [{name: value for name, value in row.items() if name != "sent_at"} for row in rows]
    assert [f"{each:%H:%M:%S}" for each in table["sent_at"].to_pylist()] == [
        "16:00:01",
        "16:00:02",
        "16:00:03",
        "16:00:04",
    ]


@pytest.mark.parametrize("wanted", [[], ["--user", "troll"], ["--filter", "blocklist"], ["--until", "2026-01-01"]])
@pytest.mark.parametrize("dense", [1, 8])
def test_a_parquet_export_in_parts_is_whole(
    wanted: list[str], dense: int, database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(columns, "BATCH", 1)
    monkeypatch.setattr(columns, "DENSE", dense)
    run(database, "export", str(tmp_path / "out"), "--format", "parquet", *wanted)
    listed = [json.loads(row)["record_id"] for row in run(database, "list", "--jsonl", *wanted).stdout.splitlines()]
    found = parquet.read_table(tmp_path / "out" / "records.parquet")["record_id"].to_pylist()
    assert found == sorted(listed)


def test_parquet_goes_into_a_pipe_and_through_every_filter(staffed: Path) -> None:
    arguments = [
        "--user",
        "@troll",
        "--channel",
        "studio",
        "--category",
        "harassment",
        "--show-text",
        "--tz",
        "Asia/Tokyo",
    ]
    result = run(staffed, "list", "--parquet", *arguments)
    [row] = parquet.read_table(io.BytesIO(result.stdout_bytes)).to_pylist()
    assert row["text"] == "you bad word!"
    assert row["sent_at"].isoformat() == "2026-01-02T01:00:01+09:00"


def test_duckdb_reads_an_export(database: Path, tmp_path: Path) -> None:
    run(database, "export", str(tmp_path / "out"), "--format", "parquet")
    found = duckdb.sql(
        f"SELECT filter, count(*) FROM '{tmp_path}/out/records.parquet' GROUP BY filter ORDER BY filter"
    ).fetchall()
    assert found == [("blocklist", 3), ("caps", 1)]


def test_a_parquet_export_is_checked_like_any_other(database: Path, tmp_path: Path) -> None:
    run(database, "export", str(tmp_path / "out"), "--format", "parquet")
    assert run(database, "verify", "--manifest", str(tmp_path / "out" / "manifest.json")).exit_code == 0
    with (tmp_path / "out" / "records.parquet").open("ab") as file:
        file.write(b"x")
    assert run(database, "verify", "--manifest", str(tmp_path / "out" / "manifest.json")).exit_code == 1


def test_what_is_no_database_is_said_before_parquet_is_begun(tmp_path: Path) -> None:
    broken = tmp_path / "broken.sqlite3"
    broken.write_bytes(b"not a database" * 1000)
    result = run(broken, "list", "--parquet")
    assert result.exit_code == 2
    assert "file is not a database" in result.stderr
    assert result.stdout_bytes == b""


def test_text_in_plain_is_for_the_staff_counted_and_kept_in_audit(staffed: Path, tmp_path: Path) -> None:
    out = str(tmp_path / "out")
    for arguments in (["list"], ["show", "1"], ["tail", "--no-follow"], ["list", "--parquet"], ["export", out]):
        for who in ("nobody", "auditor"):
            refused = run(staffed, *arguments, "--show-text", who=who)
            assert (refused.exit_code, "bad" in refused.stdout) == (4, False), arguments
            assert "is for: analyst, senior" in " ".join(refused.stderr.split())
    assert not Path(out).exists()
    assert [(each.allowed, each.verb) for each in deeds(staffed)][:2] == [(False, "log export"), (False, "log export")]
    assert rows(staffed, "SELECT count(*) FROM exposures") == [(0,)]

    assert run(staffed, "show", "1", "--show-text").exit_code == 0
    assert rows(staffed, "SELECT reviewer, record_id, surface FROM v_exposures") == [("analyst", 1, "shell")]
    latest = deeds(staffed)[0]
    assert (latest.actor, latest.verb, latest.subject, latest.detail) == ("analyst", "unmask", "1 Records", "log show")
    run(staffed, "list", "--limit", "2", "--show-text", who="senior")
    run(staffed, "export", out, "--show-text", "--user", "troll", who="legal")
    assert rows(staffed, "SELECT reviewer, record_id FROM v_exposures WHERE reviewer <> 'analyst' ORDER BY 1, 2") == [
        ("legal", 1),
        ("senior", 3),
        ("senior", 4),
    ]
    assert json.loads((tmp_path / "out" / "manifest.json").read_text())["exported_by"] == "legal"


def test_what_would_pass_the_limit_of_the_shift_is_not_shown_at_all(staffed: Path) -> None:
    with sqlite3.connect(staffed) as owner:
        owner.execute("UPDATE rules SET value = 5 WHERE name = 'exposure_limit'")
    owner.close()
    refused = run(staffed, "list", "--show-text")
    assert refused.exit_code == 4
    assert "has seen 0 severity points unmasked in 8 hours and asks for 6 more, the limit is 5" in " ".join(
        refused.stderr.split()
    )
    assert refused.stdout == ""
    assert run(staffed, "list", "--user", "troll", "--show-text").exit_code == 0
    assert rows(staffed, "SELECT record_id FROM exposures") == [(1,)]
    assert run(staffed, "list", "--limit", "1").exit_code == 0


def test_masked_reading_leaves_no_trace(staffed: Path) -> None:
    before = len(deeds(staffed))
    for arguments in (["list"], ["show", "1"], ["tail", "--no-follow"]):
        assert run(staffed, *arguments).exit_code == 0
    assert len(deeds(staffed)) == before
    assert rows(staffed, "SELECT count(*) FROM exposures") == [(0,)]
