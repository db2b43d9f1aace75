"""What the bot does about its own log once a day: destroy what is past its time."""

from __future__ import annotations

import asyncio

import structlog

from storage.database import Database, DatabaseError
from storage.retention import Retention

log = structlog.get_logger(__name__)

FIRST_S = 60.0
"""How long after a start it is first done: the start itself has enough to do."""
EVERY_S = 86_400.0


async def keep_house(database: Database) -> None:
    """Run retention once a day until cancelled."""
    await asyncio.sleep(FIRST_S)
    while True:
        try:
            for purge in await Retention(database).run():
                log.info("past_its_time", subject=purge.subject, category=purge.category, gone=purge.gone)
        except DatabaseError as error:
            log.error("retention_not_run", error=str(error))
        await asyncio.sleep(EVERY_S)
