from __future__ import annotations

import socket

import pytest

from config.settings import SettingsError
from ops.metrics import Metrics, serving


async def test_a_port_that_is_taken_is_told_with_its_setting() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(SettingsError, match=rf"CHATWARDEN_METRICS_PORT: cannot listen on 127.0.0.1:{port}"):
            async with serving(Metrics(), "127.0.0.1", port):
                pytest.fail("served")
