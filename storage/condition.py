"""How the database stands on this machine: who else may read it, and how much room there is."""

from __future__ import annotations

import shutil
import stat
from pathlib import Path

LEAST_FREE = 100_000_000
"""Bytes; a busy month writes more."""


def open_to_others(path: Path) -> list[Path]:
    """What of the database anybody on this machine can read: it holds chat, names and keys."""
    if not path.resolve().parent.stat().st_mode & stat.S_IXOTH:
        return []
    beside = [path.with_name(path.name + suffix) for suffix in ("", "-wal", "-shm")]
    return [each for each in beside if each.exists() and each.stat().st_mode & stat.S_IROTH]


def free(path: Path) -> int:
    """Bytes free on the database's disk."""
    return shutil.disk_usage(path.resolve().parent).free
