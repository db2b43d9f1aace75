from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from config.settings import Settings
from ops.console.serve import beside
from storage.database import Database

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
