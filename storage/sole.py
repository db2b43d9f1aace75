"""One bot to a database: two would judge every line twice, and each act on it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock, Timeout

from storage.database import DatabaseError, make_room


class InUseError(DatabaseError):
    """Another process works on the database; the text says which, since when, and what to do."""


@contextmanager
def sole(database: Path, doing: str, remedy: str) -> Iterator[None]:
    """Be the only one who does this on the database until the end of the block.

    The lock is the kernel's, on a file beside the database: it goes with the process, however that ends. The file
    stays, and says who has it.

    Raises:
        InUseError: somebody does it already.
        DatabaseError: the lock cannot be had for another reason, such as another user's file.
    """
    make_room(database)
    beside = database.resolve()
    file = beside.with_name(f"{beside.name}.lock")
    lock = FileLock(file)
    try:
        lock.acquire(blocking=False)
    except Timeout:
        raise InUseError(f"{database}: {_holder(file)} works on it already (stop that one, or {remedy})") from None
    except OSError as error:
        raise DatabaseError(f"{file}: cannot be locked ({error.strerror}); see to the folder's permissions") from None
    try:
        with suppress(OSError):  # only for others to read
            file.write_text(f"{doing} (pid {os.getpid()}, since {datetime.now(UTC):%Y-%m-%d %H:%M} UTC)\n")
        yield
    finally:
        lock.release()


def _holder(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8").strip() or "another chatwarden"
    except (OSError, UnicodeDecodeError):
        return "another chatwarden"
