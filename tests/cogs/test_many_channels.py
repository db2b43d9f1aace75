"""Many channels: all of them are moderated, and one that is bad is told of and stops nobody else."""

from __future__ import annotations

import asyncio
import itertools
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from cogs.hearing import Hearing
from cogs.moderating import moderating
from config.settings import Settings
from sandbox.demo import BOT, settle
from sandbox.faults import Fault
from sandbox.server import Sandbox
from storage.gaps import Gaps
from tests.cogs.conftest import Stand, Witness
from twitch import client, scopes
from twitch.errors import HaltError, StartError
from twitch.listening import CHAT

POLICY = """
[filters.blocklist]
lists = []
terms = [{ text = "zugmonger", severity = 3 }]
"""
NUMBERS = itertools.count()
KINDS = 9
"""Kinds beside the chat."""


@pytest.fixture
def unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ask without the pace that Twitch's limit needs: the sandbox here has none."""
    monkeypatch.setattr(client, "SUBSCRIBING", (100_000, 1.0))


@pytest.fixture
async def twitch() -> AsyncIterator[Sandbox]:
    async with Sandbox(points_per_minute=100_000) as sandbox:
        yield sandbox


@pytest.fixture
def open_many(twitch: Sandbox, tmp_path: Path, database: Path, unhurried: None) -> Any:
    @asynccontextmanager
    async def opened(names: list[str], absent: str = "", unmodded: str = "") -> AsyncIterator[Stand]:
        policies = tmp_path / "policies"
        policies.mkdir(exist_ok=True)
        for name in [*names, absent]:
            (policies / f"{name}.toml").write_text(POLICY)
        settings = await settle(twitch, names, database) | {"policies": policies}
        if absent:
            settings["channels"] += f",{absent}"
        if unmodded:
            twitch.world.channel(unmodded).moderators.clear()
        witness = Witness()
        async with moderating(Settings(**settings), witness) as (bot, records):
            yield Stand(twitch, bot, records, witness)

    return opened


def named(count: int) -> list[str]:
    return [f"chan{number:03}" for number in range(count)]


async def each_is_moderated(bot: Stand, names: list[str]) -> None:
    bot.witness.verdicts.clear()
    before = len(bot.twitch.enforcements)
    for name in names:
        await bot.twitch.say(name, f"eve{next(NUMBERS)}", "zugmonger")
    await bot.until(lambda: {verdict.message.channel for verdict in bot.witness.verdicts} >= set(names))
    await bot.bot.drain()
    assert {each.channel for each in bot.twitch.enforcements[before:] if each.kind == "ban"} == set(names)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("count", [31, 200])
async def test_every_one_of_many_channels_is_moderated(twitch: Sandbox, open_many: Any, count: int) -> None:
    names = named(count)
    with capture_logs() as lines:
        async with open_many(names) as bot:
            await each_is_moderated(bot, names)
            async with asyncio.timeout(60):
                await bot.bot.hearing.complete.wait()
            vitals = bot.bot.health.vitals()
            wanted = count * (KINDS + 1)
            raids = min(count, 10)
            room = 900 - (wanted - count + raids)
            assert len(twitch.eventsub.subscriptions) == min(900, wanted - count + raids)
            assert bot.bot.room == max(room, 0)
            assert vitals.faults == ()
            assert len(vitals.notices) == 1 + (room < 0)
            assert sum(vitals.missing.values()) == wanted - len(twitch.eventsub.subscriptions)
            heard = Counter(each.type for each in twitch.eventsub.subscriptions.values())
            if count == 200:
                first = (CHAT, "channel.moderate", "automod.message.hold", "automod.message.update")
                assert heard == dict.fromkeys(first, 200) | {"channel.raid": 10, "channel.unban_request.create": 90}
    assert len([each for each in lines if each["event"] == "not_heard"]) == len(vitals.notices)


def told(lines: list[Any], event: str) -> list[Any]:
    return [each for each in lines if each["event"] == event]


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is tried again every few minutes is tried again at once."""
    monkeypatch.setattr("cogs.hearing.AGAIN_S", 0.2)
    monkeypatch.setattr("twitch.listening.LOOK_EVERY_S", 0.2)


@pytest.mark.usefixtures("soon")
async def test_a_channel_twitch_does_not_know_is_told_of_once_and_taken_in_when_it_is_there(
    twitch: Sandbox, open_many: Any
) -> None:
    with capture_logs() as lines:
        async with open_many(["aurora", "borea"], absent="ghost") as bot:
            await each_is_moderated(bot, ["aurora", "borea"])
            await asyncio.sleep(0.6)
            vitals = bot.bot.health.vitals()
            assert vitals.faults == ("ghost: chat not heard, Twitch knows no such channel",)
            assert vitals.levels["deaf_channels"] == 1
            [line] = told(lines, "channel_not_found")
            assert line["channels"] == "ghost"
            assert "check CHATWARDEN_CHANNELS" in line["remedy"]
            twitch.add_moderator("ghost", BOT)
            await bot.until(lambda: bot.bot.health.vitals().faults == ())
            await each_is_moderated(bot, ["ghost", "aurora", "borea"])


@pytest.mark.usefixtures("soon")
async def test_a_channel_that_has_banned_the_bot_is_told_of_and_heard_when_it_lets_the_bot_back_in(
    twitch: Sandbox, open_many: Any
) -> None:
    bot_user, borea = twitch.add_user(BOT), twitch.world.channel("borea")
    with capture_logs() as lines:
        twitch._acts.ban(borea, borea.user, bot_user)
        async with open_many(["aurora", "borea"]) as bot:
            await each_is_moderated(bot, ["aurora"])
            [fault] = bot.bot.health.vitals().faults
            assert fault.startswith("borea: chat not heard, refused: 403")
            [line] = told(lines, "chat_not_heard")
            assert (line["channels"], line["log_level"]) == ("borea", "error")
            assert f"/unban {BOT}, then /mod {BOT}" in line["remedy"]
            del borea.bans[bot_user.id]
            await bot.until(lambda: bot.bot.health.vitals().faults == ())
            await each_is_moderated(bot, ["aurora", "borea"])
            assert len(told(lines, "chat_not_heard")) == 1
            assert [each.why[:12] for each in await Gaps(bot.bot.desk.database).list()] == ["refused: 403"]


async def test_a_start_with_no_channel_left_is_an_error_of_the_settings(twitch: Sandbox, open_many: Any) -> None:
    aurora = twitch.world.channel("aurora")
    twitch._acts.ban(aurora, aurora.user, twitch.add_user(BOT))
    with pytest.raises(StartError, match="Twitch refuses the chat of aurora: 403"):
        async with open_many(["aurora"]):
            pytest.fail("started")
    with pytest.raises(StartError, match=r"Twitch knows no such channel as ghost \(check CHATWARDEN_CHANNELS\)"):
        async with open_many([], absent="ghost"):
            pytest.fail("started")


async def test_a_twitch_out_of_order_for_every_chat_is_worth_starting_again(twitch: Sandbox, open_many: Any) -> None:
    twitch.faults.add(Fault(kind="status", status=500, path="eventsub/subscriptions", times=None))
    with pytest.raises(HaltError):
        async with open_many(["aurora", "borea"]):
            pytest.fail("started")


@pytest.mark.usefixtures("soon")
async def test_a_channel_in_which_the_bot_is_no_moderator_is_one_line_and_full_again_once_it_is(
    twitch: Sandbox, open_many: Any
) -> None:
    with capture_logs() as lines:
        async with open_many(["aurora", "borea"], unmodded="borea") as bot:
            await bot.bot.hearing.complete.wait()
            assert bot.bot.health.vitals().faults == ("borea: the bot cannot act, the bot is not a moderator",)
            warned = [each for each in lines if each["log_level"] in ("warning", "error")]
            assert [(each["event"], each["channel"]) for each in warned] == [("cannot_act", "borea")]
            assert f"/mod {BOT}" in warned[0]["remedy"]
            twitch.add_moderator("borea", BOT)
            await bot.until(lambda: bot.bot.health.vitals().faults == ())
            await bot.until(lambda: len(twitch.eventsub.subscriptions) == 2 * (KINDS + 1))
            await each_is_moderated(bot, ["aurora", "borea"])


@pytest.mark.usefixtures("soon")
@pytest.mark.parametrize("deed", ["ban", "unmod", "quietly"])
async def test_what_happens_to_the_bot_itself_while_it_runs_is_told_once_and_ends(
    twitch: Sandbox, open_many: Any, deed: str
) -> None:
    bot_user, borea = twitch.add_user(BOT), twitch.world.channel("borea")
    with capture_logs() as lines:
        async with open_many(["aurora", "borea"]) as bot:
            await bot.bot.hearing.complete.wait()
            if deed == "ban":
                await twitch.mod_ban("borea", "borea", BOT)
            elif deed == "unmod":
                await twitch.unmod("borea", BOT)
            else:
                borea.moderators.clear()
                await twitch.say("borea", "eve", "zugmonger")
            await bot.until(lambda: bool(bot.bot.health.vitals().faults))
            [fault] = bot.bot.health.vitals().faults
            assert fault.startswith("borea: chat not heard" if deed == "ban" else "borea: the bot cannot act")
            [line] = told(lines, "cannot_act")
            assert (line["channel"], line["log_level"]) == ("borea", "error")
            assert len(told(lines, "listening_revoked")) == {"ban": 2, "unmod": 1, "quietly": 0}[deed]
            await each_is_moderated(bot, ["aurora"])
            borea.bans.pop(bot_user.id, None)
            twitch.add_moderator("borea", BOT)
            await bot.until(lambda: bot.bot.health.vitals().faults == ())
            await bot.until(lambda: len(twitch.eventsub.subscriptions) == 2 * (KINDS + 1))
            await each_is_moderated(bot, ["aurora", "borea"])
            assert len(told(lines, "cannot_act")) == 1


async def test_health_says_what_a_start_waits_for(
    twitch: Sandbox, open_many: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[str, ...]] = []
    real = Hearing._ask_for_chat

    async def ask(self: Hearing, channel: Any) -> None:
        seen.append(self._client.health.vitals().faults)  # type: ignore[attr-defined]
        await real(self, channel)

    monkeypatch.setattr(Hearing, "_ask_for_chat", ask)
    monkeypatch.setattr("cogs.hearing.AT_ONCE", 1)
    async with open_many(named(3)) as bot:
        assert seen == [
            ("starting: subscribing to the chats",),
            ("starting: 1 of 3 chats subscribed",),
            ("starting: 2 of 3 chats subscribed",),
        ]
        assert bot.bot.health.vitals().faults == ()


@pytest.mark.usefixtures("soon")
async def test_what_twitch_does_not_answer_for_at_the_start_is_asked_for_again(twitch: Sandbox, open_many: Any) -> None:
    def broken(number: int) -> None:
        for _ in range(number):
            twitch.faults.add(Fault(kind="status", status=500, path="eventsub/subscriptions", method="POST"))

    broken(1)
    async with open_many(["aurora", "borea"]) as bot:
        await bot.bot.hearing.complete.wait()
        broken(3)
        await bot.until(lambda: len(twitch.eventsub.subscriptions) == 2 * (KINDS + 1))
        await bot.until(lambda: bot.bot.health.vitals().faults == ())
        assert bot.bot.health.vitals().notices == ()
        await each_is_moderated(bot, ["aurora", "borea"])


@pytest.mark.usefixtures("soon")
async def test_a_scope_not_granted_is_one_line_for_all_channels_and_told_once(
    twitch: Sandbox, open_many: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    granted = tuple(each for each in scopes.BOT if each != "moderator:read:suspicious_users")
    monkeypatch.setattr(scopes, "BOT", granted)
    with capture_logs() as lines:
        async with open_many(["aurora", "borea", "canis"], unmodded="canis") as bot:
            await bot.bot.hearing.complete.wait()
            await asyncio.sleep(0.7)
            [line] = told(lines, "not_heard")
            [notice] = bot.bot.health.vitals().notices
            assert line["it"] == notice
            assert notice.startswith(
                "channel.suspicious_user.message in 2 channels, channel.suspicious_user.update in 2"
            )
            assert "chatwarden doctor" in notice
