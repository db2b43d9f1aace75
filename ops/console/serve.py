"""Serving the console: alone, or beside the bot in the same event loop."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Generator
from contextlib import asynccontextmanager, contextmanager

import uvicorn

from config.policy import Policy
from config.settings import Settings
from ops.command import opened
from ops.console.app import build
from ops.console.command import address_of
from ops.console.desk import Access
from ops.console.signin import staff_sandbox
from storage.database import Database, DatabaseError
from storage.sealed import Sealer

LOOPBACK = "127.0.0.1"
FAREWELL_S = 1
"""How long open pages (live logs) may keep the server from stopping."""


class Server(uvicorn.Server):
    """A server that leaves signals to whoever runs it."""

    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Capture nothing: Ctrl-C belongs to the command."""
        yield


def access_of(settings: Settings, port: int, *, sandbox: bool = False) -> Access:
    """How people sign in, as the settings say."""
    return Access(
        url=address_of(settings, port),
        client_id=settings.client_id,
        client_secret=settings.client_secret.get_secret_value(),
        id_url=settings.id_url,
        helix_url=settings.helix_url,
        sandbox=sandbox,
    )


def listen(host: str, port: int) -> socket.socket:
    """A socket for the console. DatabaseError: the port is taken, or the host is no address of this machine."""
    try:
        return socket.create_server((host, port))
    except OSError as error:
        told = f"the console cannot listen on {host}:{port}: {os.strerror(error.errno or 0).lower()}"
        remedy = "choose another with --port, or CHATWARDEN_CONSOLE_PORT for `run`"
        if host != LOOPBACK:
            remedy += "; or see to CHATWARDEN_CONSOLE_HOST"
        raise DatabaseError(f"{told} ({remedy})") from None


@asynccontextmanager
async def serving(
    db: Database, access: Access, port: int, sealer: Sealer | None = None, host: str = LOOPBACK
) -> AsyncIterator[str]:
    """Serve the console on this machine until the end of the block; gives its address. Port 0 takes a free one.

    A sandbox lets anybody in, so that it is served on loopback whatever the ``host``.

    Raises:
        DatabaseError: the port is taken, or the host is no address of this machine.
    """
    if access.sandbox:
        await staff_sandbox(db)
    app = build(db, access, sealer)
    # Word lists and dictionaries are read once, before the first page would have to wait for them.
    await asyncio.to_thread(Policy.preset().engine)
    listening = listen(LOOPBACK if access.sandbox else host, port)
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        ws="none",
        lifespan="off",
        server_header=False,
        timeout_graceful_shutdown=FAREWELL_S,
    )
    # A page is its head and its body: without this the body waits 40 ms for the browser to acknowledge the head.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    server = Server(config)
    task = asyncio.create_task(server.serve([listening]))
    try:
        yield f"http://localhost:{listening.getsockname()[1]}"
    finally:
        app.state.desk.closing.set()
        server.should_exit = True
        await asyncio.wait([task])
        listening.close()


@asynccontextmanager
async def beside(settings: Settings, port: int | None, *, sandbox: bool = False) -> AsyncIterator[str]:
    """Serve the console over the settings' database until the end of the block; gives its address. None for not."""
    if port is None:
        yield ""
        return
    sealer = Sealer.configured(settings.seal_key.get_secret_value(), settings.seal_key_file)
    async with (
        opened(settings.database) as db,
        serving(db, access_of(settings, port, sandbox=sandbox), port, sealer, settings.console_host) as address,
    ):
        yield settings.console_url or address
