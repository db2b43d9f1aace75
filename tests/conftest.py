"""What every test gets: TwitchIO as it was, whatever the test before had made of it."""

from __future__ import annotations

import signal

import pytest
import twitchio.client
from hypothesis import Phase, settings
from twitchio.eventsub import websockets
from twitchio.http import Route

settings.register_profile(
    "mutants", derandomize=True, database=None, deadline=None, phases=[Phase.explicit, Phase.generate]
)
# A deadline is a wall clock: on a busy machine it fails tests of code that is right.
settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")

# A shell that runs the tests in the background has them ignore Ctrl-C, and so would every process they start and stop.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def twitchio_afterwards(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give TwitchIO its own names back after the test: the bot sets them for its whole process."""
    for owner, name in ((Route, "BASE"), (Route, "ID_BASE"), (websockets, "WSS"), (twitchio.client, "Websocket")):
        monkeypatch.setattr(owner, name, getattr(owner, name))
