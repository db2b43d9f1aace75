"""`chatwarden console`, and what of the console is known without serving it: it takes long to import."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from config.settings import Settings
from ops.command import DATABASE, DatabaseOption, errors, run

PORT = 8420
CALLBACK = "/sign-in/callback"
"""The page Twitch sends people back to when they sign in."""


def address_of(settings: Settings, port: int) -> str:
    """Where people reach the console."""
    return settings.console_url or f"http://localhost:{port}"


def console(
    database: DatabaseOption = DATABASE,
    port: Annotated[int, typer.Option(min=0, max=65_535, help="Port on this machine; 0 for a free one.")] = PORT,
    sandbox: Annotated[
        bool, typer.Option("--sandbox", help="Let anybody at this machine in as anyone. For trying things out only.")
    ] = False,
) -> None:
    """Serve the web console to this machine; put a proxy with https in front for others."""

    async def work() -> None:
        from ops.console.serve import beside

        settings = Settings.read().model_copy(update={"database": database})
        async with beside(settings, port, sandbox=sandbox) as address:
            errors.print(f"console at {address}; Ctrl-C stops", style="green")
            if not sandbox:
                errors.print(f"To sign people in, Twitch must know the redirect address {address}{CALLBACK}")
            await asyncio.Event().wait()

    run(work())
