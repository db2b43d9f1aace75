"""The bot put together: settings, storage, policies and Twitch, from the first look at the channels to the goodbye."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from cogs.channel import Observer
from cogs.modbot import ModBot, explain_start
from cogs.policies import PolicyBook
from config.settings import Settings
from ops.metrics import Metrics
from storage.database import Database, make_room
from storage.messages import MessageLog
from storage.policies import PolicyLog
from storage.records import RecordLog
from storage.sealed import Sealer
from twitch.endpoints import Endpoints
from twitch.tokens import TokenStore


@asynccontextmanager
async def moderating(
    settings: Settings, observer: Observer, metrics: Metrics | None = None
) -> AsyncIterator[tuple[ModBot, RecordLog]]:
    """A bot that is watching its channels, and its log; both are drained and closed on the way out.

    ``metrics`` tell of it from the start on.
    """
    endpoints_of(settings).install()
    sealer = Sealer.configured(settings.seal_key.get_secret_value(), settings.seal_key_file)
    make_room(settings.database)
    database = await Database.open(settings.database)
    records = RecordLog(database, sealer)
    messages = MessageLog(database) if settings.store_messages else None
    try:
        bot = ModBot(
            client_id=settings.client_id,
            client_secret=settings.client_secret.get_secret_value(),
            bot_id=settings.bot_id,
            tokens=TokenStore(settings.tokens),
            channel_names=settings.channel_names,
            policies=PolicyBook(PolicyLog(database), settings.policies),
            records=records,
            database=database,
            observer=observer,
            on_log_failure=settings.on_log_failure,
            messages=messages,
        )
        if metrics is not None:
            metrics.vitals = bot.health.vitals
        running = asyncio.create_task(bot.start(with_adapter=False))
        running.add_done_callback(lambda _: bot.halt("the connection to Twitch ended by itself (start the bot again)"))
        watching = asyncio.create_task(bot.watching.wait())
        try:
            await asyncio.wait({running, watching}, return_when=asyncio.FIRST_COMPLETED)
            if running.done():
                explain_start(running)
            yield bot, records
        finally:
            await bot.finish()
            watching.cancel()
            running.cancel()
            await asyncio.gather(running, watching, return_exceptions=True)
            await bot.close()
    finally:
        await records.close()
        if messages is not None:
            await messages.close()
        await database.close()


def endpoints_of(settings: Settings) -> Endpoints:
    """The Twitch these settings name."""
    return Endpoints(settings.helix_url, settings.id_url, settings.eventsub_url)
