"""What `chatwarden doctor` looks at: all that `run` will ask for, here and at Twitch."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from pathlib import Path

from cogs.moderating import endpoints_of
from cogs.policies import PolicyBook
from config.policy import PolicyError
from config.settings import NEEDED, Settings, SettingsError
from ops.console.command import CALLBACK, PORT, address_of
from storage.condition import LEAST_FREE, free, open_to_others
from storage.database import CorruptDatabaseError, Database, DatabaseError, make_room
from storage.policies import PolicyLog
from twitch.doctor import Check, Doctor, summed
from twitch.tokens import TokenStore


async def examinations(settings: Settings) -> AsyncIterator[Check]:
    """Every check, as it is made; Twitch is asked meanwhile."""
    doctor = Doctor(
        endpoints_of(settings),
        settings.client_id,
        settings.client_secret.get_secret_value(),
        settings.bot_id,
        settings.channel_names,
        TokenStore(settings.tokens),
    )
    asking = asyncio.create_task(doctor.checks())
    try:
        yield _settings_check(settings)
        yield await _database_check(settings.database)
        for check in summed(await _policies(settings), "policy of {} channels"):
            yield check
        yield _addresses(settings)
        for check in summed(await asking):
            yield check
    finally:
        asking.cancel()
        with suppress(asyncio.CancelledError):
            await asking


def _settings_check(settings: Settings) -> Check:
    try:
        settings.require(*NEEDED)
    except SettingsError as error:
        return Check("settings", str(error), "see to these in .env; `chatwarden login` prints the line of the bot's id")
    return Check("settings", "all that `run` needs are set")


async def _database_check(path: Path) -> Check:
    make_room(path)
    try:
        await (await Database.open(path)).close()
    except CorruptDatabaseError as error:
        return Check("database", str(error), "move the file away or set CHATWARDEN_DATABASE")
    except DatabaseError as error:
        return Check("database", str(error), "see to that, or set CHATWARDEN_DATABASE")
    if shown := open_to_others(path):
        names = " ".join(str(each) for each in shown)
        return Check("database", f"anybody on this machine can read {names}", f"chmod 600 {names}")
    room = f"{free(path) / 1e9:,.1f} GB free"
    if free(path) < LEAST_FREE:
        return Check("database", f"{path}: {room}", "make room on its disk")
    return Check("database", f"{path} opens and takes writes, its schema is current; {room}")


async def _policies(settings: Settings) -> Sequence[Check]:
    """How each channel stands, and what of the policy files will not be read."""
    try:
        database = await Database.open(settings.database, readonly=True)
    except DatabaseError:
        return ()  # told already
    try:
        log = PolicyLog(database)
        book, checks, known = PolicyBook(log, settings.policies), [], []
        for channel in settings.channel_names:
            found = await log.find_channel(channel)
            if found:
                known.append(channel)
            try:
                current = await book.in_force(found[0] if found else "", channel)
                checks.append(Check(f"policy of {channel}", f"{current.acts}; {current.source}"))
            except PolicyError as error:
                checks.append(Check(f"policy of {channel}", str(error), "mend that; `run` refuses it"))
        if files := book.passed_over(known):
            checks.append(Check("policy files", f"{files}: not read again, the channel's revision counts"))
        strays = book.strays(settings.channel_names)
        return (*checks, *(Check("policy files", each, "rename it, or take it away") for each in strays))
    finally:
        await database.close()


def _addresses(settings: Settings) -> Check:
    console = f"{address_of(settings, settings.console_port or PORT)}{CALLBACK}"
    return Check("redirect addresses", f"Twitch must know {settings.redirect_uri} and, for the console, {console}")
