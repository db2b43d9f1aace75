from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from config.settings import Settings
from ops.console.serve import beside
from storage.database import Database, DatabaseError

ELSEWHERE = "127.0.0.2"


@pytest.mark.parametrize(("sandbox", "reached"), [(False, True), (True, False)])
async def test_a_proxy_elsewhere_reaches_the_console_and_no_sandbox(
    tmp_path: Path, sandbox: bool, reached: bool
) -> None:
    settings = Settings(database=tmp_path / "log.sqlite3", console_host=ELSEWHERE)
    await (await Database.open(settings.database)).close()
    async with beside(settings, 0, sandbox=sandbox) as address, httpx.AsyncClient() as client:
        port = httpx.URL(address).port
        try:
            answer = await client.get(f"http://{ELSEWHERE}:{port}/sign-in", headers={"Host": f"localhost:{port}"})
        except httpx.ConnectError:
            assert not reached
        else:
            assert reached
            assert answer.status_code == 200


@pytest.mark.parametrize("host", ["192.0.2.1", "no.such.host.invalid"])
async def test_an_address_that_is_not_this_machines_is_told(tmp_path: Path, host: str) -> None:
    settings = Settings(database=tmp_path / "log.sqlite3", console_host=host)
    await (await Database.open(settings.database)).close()
    with pytest.raises(DatabaseError, match=rf"listen on {host}:0: .*CHATWARDEN_CONSOLE_HOST"):
        async with beside(settings, 0):
            pytest.fail("served")
