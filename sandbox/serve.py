"""The sandbox standing alone: a Twitch for any client on this machine, with a chat log on its stage."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path

from filters.masking import visible
from sandbox.keyboard import overhear, talk
from sandbox.server import Sandbox
from sandbox.stage import Stage
from sandbox.tape import Chat

CHANNEL = "your_channel"
"""The one there is where no chat log brings others."""


async def serve(
    host: str = "127.0.0.1",
    port: int = 8010,
    replay: Path | None = None,
    speed: float | None = 1.0,
    tell: Callable[[str], None] = print,
    *,
    talking: bool = False,
) -> None:
    """Serve until cancelled; play ``replay`` once somebody listens. With ``talking`` the terminal is a chat box.

    Raises LogError and OSError (port taken).
    """
    async with Sandbox(host, port) as twitch:
        channels = Chat.scan(replay).channels if replay is not None else (CHANNEL,)
        for name in channels:
            twitch.world.channel(name)
        for setting, value in (
            ("CLIENT_ID", twitch.client_id),
            ("CLIENT_SECRET", twitch.client_secret),
            ("CHANNELS", ",".join(channels)),
            ("HELIX_URL", twitch.helix_url),
            ("ID_URL", twitch.id_url),
            ("EVENTSUB_URL", twitch.eventsub_url),
        ):
            tell(f"CHATWARDEN_{setting}={value}")
        tell("# These lines are a .env (chmod 600); then chatwarden login, as any account name you like.")
        box = asyncio.create_task(_box(twitch, channels, tell)) if talking else None
        try:
            if replay is not None:
                tell(f"# {replay} plays when a client has subscribed")
                await twitch.eventsub.listened_to.wait()
                played = await Stage(twitch).play(Chat.scan(replay, speed).read(), speed)
                tell(f"# {played.delivered} lines played, {played.muted} by muted chatters not delivered")
            await asyncio.Event().wait()
        finally:
            if box is not None:
                box.cancel()


async def _box(twitch: Sandbox, channels: Sequence[str], tell: Callable[[str], None]) -> None:
    """The demo's chat box: what the person types is said, and what the bot answers is shown."""

    def said(channel: str, text: str) -> None:
        tell(f"#{channel} bot: {visible(text)}")

    await asyncio.gather(overhear(twitch, channels, said), talk(twitch, channels[0], tell))
