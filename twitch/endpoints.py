"""Which Twitch to talk to. TwitchIO has no option for it, so its three names are set before login."""

from __future__ import annotations

from dataclasses import dataclass

import twitchio.client
from twitchio.eventsub import websockets
from twitchio.http import Route

from twitch.socket import Socket


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Base addresses; ``helix`` and ``id`` end in a slash."""

    helix: str = "https://api.twitch.tv/helix/"
    id: str = "https://id.twitch.tv/"
    eventsub: str = "wss://eventsub.wss.twitch.tv/ws"

    def install(self) -> None:
        """Point TwitchIO 3.3.2 at these addresses and give it our repaired socket, for the whole process."""
        Route.BASE = self.helix
        Route.ID_BASE = self.id
        websockets.WSS = self.eventsub
        twitchio.client.Websocket = Socket  # type: ignore[attr-defined]
