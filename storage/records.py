"""The action log: a Record is committed before anything is done, and settled once it is known how that ended."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from storage.database import Database, DatabaseError, UnwritableError, WriteError
from storage.reading import ContextLine, Outcome, Reader, Record, RecordDetails, RecordEvent, RecordQuery
from storage.sealed import Sealer
from storage.writing import Clerk, NewRecord, OutcomeError, Settlement

__all__ = [
    "ContextLine",
    "NewRecord",
    "Outcome",
    "OutcomeError",
    "Record",
    "RecordDetails",
    "RecordEvent",
    "RecordLog",
    "RecordQuery",
]

BATCH = 250
"""Most items in one commit: preparing it must not hold the event loop for longer than some tens of milliseconds."""

Item = tuple[NewRecord | Settlement, asyncio.Future[int]]


class RecordLog(Reader):
    """Appends to the log and reads it.

    Commits are grouped without a timer: whatever is asked for while one commit runs goes into the next, so a quiet
    chat waits for one commit and a raid shares them. ``commits`` counts the transactions that wrote something.
    Without a ``sealer`` the text of sealed categories is not kept at all.
    """

    def __init__(self, db: Database, sealer: Sealer | None = None) -> None:
        super().__init__(db)
        self._clerk = Clerk(sealer)
        self._queue: list[Item] = []
        self._writer: asyncio.Task[None] | None = None
        self._closed = False
        self.commits = 0

    async def open(self, new: NewRecord) -> int:
        """Return the Record's number once it is on the disk: ``pending``, or settled where nothing is to be enforced.

        Raises:
            DatabaseError: it was not recorded, so nothing may be done about the message.
        """
        return await self._submit(new)

    async def settle(
        self,
        record_id: int,
        outcome: Outcome,
        *,
        reason: str = "",
        sent_ms: int | None = None,
        done_ms: int | None = None,
        attempts: int = 0,
        actor: str = "bot",
    ) -> None:
        """Append how a Record ended, or that it was undone; returns once that is on the disk.

        ``reason`` stays for ever, so it names no person. Times are UTC milliseconds.

        Raises:
            OutcomeError: no such Record, or its outcome already stands.
            DatabaseError: it was not recorded.
        """
        await self._submit(Settlement(record_id, outcome, reason, sent_ms, done_ms, attempts, actor))

    async def close(self) -> None:
        """Write what is queued, then take no more. The database stays open."""
        self._closed = True
        if self._writer is not None:
            await asyncio.wait([self._writer])

    async def _submit(self, item: NewRecord | Settlement) -> int:
        if self._closed:
            raise WriteError("the action log is closed")
        future: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._queue.append((item, future))
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._drain(), name="action-log")
        return await future

    async def _drain(self) -> None:
        while self._queue:
            batch, self._queue = self._queue[:BATCH], self._queue[BATCH:]
            if waited_for := [entry for entry in batch if not entry[1].done()]:
                await self._commit(waited_for)

    async def _commit(self, batch: list[Item]) -> None:
        try:
            results: Sequence[int | DatabaseError]
            async with self._db.transaction() as transaction:
                results = await self._clerk.write(transaction, [item for item, _ in batch])
            self.commits += 1
        except asyncio.CancelledError:
            for _, future in batch:
                future.cancel()
            raise
        except Exception as error:  # noqa: BLE001 - whatever it was, those waiting must hear of it
            self._clerk.forget()
            if len(batch) > 1 and not isinstance(error, UnwritableError):
                for entry in batch:  # one item the database will not have must not take the others with it
                    await self._commit([entry])
                return
            failure = error if isinstance(error, DatabaseError) else WriteError(f"not recorded: {type(error).__name__}")
            results = [failure] * len(batch)
        for (_, future), result in zip(batch, results, strict=True):
            if future.done():
                continue
            if isinstance(result, DatabaseError):
                future.set_exception(result)
            else:
                future.set_result(result)
