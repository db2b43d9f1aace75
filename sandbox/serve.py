"""The sandbox standing alone: a Twitch for any client on this machine, with a chat log on its stage."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

from sandbox.server import Sandbox
from sandbox.stage import Stage
from sandbox.tape import Chat


async def serve(
    host: str = "127.0.0.1",
    port: int = 8010,
    replay: Path | None = None,
    speed: float | None = 1.0,
    tell: Callable[[str], None] = print,
) -> None:
    """Serve until cancelled; play ``replay`` once somebody listens. Raises LogError and OSError (port taken)."""
    async with Sandbox(host, port) as twitch:
        tell(f"Helix     {twitch.helix_url}")
        tell(f"OAuth     {twitch.id_url}oauth2/authorize (any account name will do)")
        tell(f"EventSub  {twitch.eventsub_url}")
        tell(f"Client    {twitch.client_id} / {twitch.client_secret}")
        if replay is not None:
            for name in Chat.scan(replay).channels:
                twitch.world.channel(name)
            tell(f"{replay} plays when a client has subscribed")
            await twitch.eventsub.listened_to.wait()
            played = await Stage(twitch).play(Chat.scan(replay, speed).read(), speed)
            tell(f"{played.delivered} lines played, {played.muted} by muted chatters not delivered")
        await asyncio.Event().wait()
