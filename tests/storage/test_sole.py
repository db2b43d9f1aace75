"""One bot to a database, whatever became of the one before."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from storage.database import DatabaseError
from storage.sole import InUseError, sole

HOLD = "import sys; from pathlib import Path; from storage.sole import sole\n"
HOLD += "with sole(Path(sys.argv[1]), 'chatwarden run', 'wait'): print('held', flush=True); sys.stdin.read()"


def held(database: Path) -> subprocess.Popen[str]:
    root = Path(__file__).parents[2]
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(database)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": str(root)},
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_another_process_is_refused_and_told_who_and_what_to_do(tmp_path: Path) -> None:
    database = tmp_path / "log.sqlite3"
    with held(database) as holder:
        told = rf"log.sqlite3: chatwarden run \(pid {holder.pid}, since .* UTC\) works on it already \(stop that one, or go"
        with pytest.raises(InUseError, match=told), sole(database, "chatwarden run", "go"):
            pass
        holder.send_signal(signal.SIGKILL)
        holder.wait()
    with sole(database, "chatwarden run", "go"):
        assert f"(pid {os.getpid()}, since" in (tmp_path / "log.sqlite3.lock").read_text()


def test_a_file_by_another_name_is_the_same_database(tmp_path: Path) -> None:
    (tmp_path / "log.sqlite3").touch()
    (tmp_path / "link.sqlite3").symlink_to("log.sqlite3")
    with sole(tmp_path / "link.sqlite3", "a", "b"), pytest.raises(InUseError), sole(tmp_path / "log.sqlite3", "a", "b"):
        pass


def test_what_cannot_be_locked_is_told(tmp_path: Path) -> None:
    (tmp_path / "log.sqlite3.lock").mkdir()
    with pytest.raises(DatabaseError, match="cannot be locked"), sole(tmp_path / "log.sqlite3", "a", "b"):
        pass
