from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp
import pytest

from sandbox.serve import serve

ROOT = Path(__file__).parents[2]


async def test_a_replay_plays_once_somebody_listens(tmp_path):
    log = tmp_path / "evening.jsonl"
    log.write_text(
        '{"ts": 7, "channel": "aurora", "user": "ann", "text": "one"}\n{"ts": 8, "channel": "aurora", "text": "two"}\n'
    )
    told: list[str] = []
    serving = asyncio.create_task(serve(port=0, replay=log, speed=None, tell=told.append))
    try:
        async with asyncio.timeout(5), aiohttp.ClientSession() as http:
            while not any("plays when" in line for line in told):
                await asyncio.sleep(0.01)
            settings = dict(line.removeprefix("CHATWARDEN_").split("=") for line in told if "=" in line)
            helix, socket = settings["HELIX_URL"], settings["EVENTSUB_URL"]
            oauth = f"{settings['ID_URL']}oauth2/authorize"
            client_id, secret = settings["CLIENT_ID"], settings["CLIENT_SECRET"]
            assert settings["CHANNELS"] == "aurora"
            query = {
                "client_id": client_id,
                "response_type": "code",
                "redirect_uri": "http://localhost/",
                "scope": "user:read:chat",
            }
            form = {"login": "me", "decision": "allow"}
            async with http.post(oauth, params=query, data=form, allow_redirects=False) as answer:
                code = answer.headers["Location"].split("code=")[1].split("&")[0]
            grant = {"client_id": client_id, "client_secret": secret, "code": code, "grant_type": "authorization_code"}
            grant["redirect_uri"] = "http://localhost/"
            async with http.post(oauth.replace("authorize", "token"), data=grant) as answer:
                headers = {"Authorization": f"Bearer {(await answer.json())['access_token']}", "Client-Id": client_id}
            async with http.get(f"{helix}users", params={"login": ["aurora", "me"]}, headers=headers) as answer:
                aurora, me = (each["id"] for each in (await answer.json())["data"])
            async with http.ws_connect(socket) as ws:
                session_id = (await ws.receive_json())["payload"]["session"]["id"]
                body = {
                    "type": "channel.chat.message",
                    "version": "1",
                    "condition": {"broadcaster_user_id": aurora, "user_id": me},
                    "transport": {"method": "websocket", "session_id": session_id},
                }
                async with http.post(f"{helix}eventsub/subscriptions", json=body, headers=headers) as answer:
                    assert answer.status == 202
                frames = [await ws.receive_json() for _ in range(2)]
        assert [each["payload"]["event"]["message"]["text"] for each in frames] == ["one", "two"]
        sent = [datetime.fromisoformat(each["metadata"]["message_timestamp"][:19] + "+00:00") for each in frames]
        assert all(abs(datetime.now(UTC) - each) < timedelta(minutes=10) for each in sent), (
            "seconds from a beginning, not from 1970"
        )
        assert told[-1].startswith("# 2 lines played")
    finally:
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)


async def test_the_terminal_is_a_chat_box(monkeypatch):
    read, write = os.pipe()
    told: list[str] = []
    with os.fdopen(read) as keyboard, os.fdopen(write, "w") as typing:
        monkeypatch.setattr(sys, "stdin", keyboard)
        serving = asyncio.create_task(serve(port=0, tell=told.append, talking=True))
        try:
            typing.write("/mod my_bot\n")
            typing.flush()
            async with asyncio.timeout(5):
                while "my_bot is a mod of #your_channel" not in told:
                    await asyncio.sleep(0.01)
        finally:
            serving.cancel()
            await asyncio.gather(serving, return_exceptions=True)
    assert "CHATWARDEN_CHANNELS=your_channel" in told


def standing_alone(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "bot.py", "sandbox", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=30, check=False)


async def test_a_taken_port_is_a_clear_message(twitch):
    port = twitch.helix_url.split(":")[2].split("/")[0]
    ended = await asyncio.to_thread(standing_alone, "--port", port)
    assert ended.returncode == 2
    assert port in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize(
    ("arguments", "why"),
    [(["--speed", "fast"], "fast"), (["--port", "0", "--replay", "no-such.jsonl"], "no-such.jsonl")],
)
def test_wrong_arguments_are_told(arguments, why):
    ended = standing_alone(*arguments)
    assert ended.returncode == 2
    assert why in ended.stderr
    assert "Traceback" not in ended.stderr
