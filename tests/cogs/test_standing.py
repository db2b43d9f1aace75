"""What the bot says at its start: how each channel stands, what it cannot do, and which files it does not read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from structlog.testing import capture_logs

from cogs.moderating import moderating
from config.policy import Policy
from config.settings import Settings
from sandbox.demo import settle
from sandbox.server import Sandbox
from tests.cogs.conftest import Witness


async def said(twitch: Sandbox, database: Path, folder: Path, *, mod: bool = True) -> list[Any]:
    """The lines of the process log at a start."""
    settings = Settings(**await settle(twitch, ["aurora"], database), policies=folder)
    if not mod:
        twitch.world.channel("aurora").moderators.clear()
    with capture_logs() as starting:
        async with moderating(settings, Witness()) as (bot, _):
            await bot.hearing.complete.wait()
            with capture_logs() as standing:
                await bot.say_how_it_stands()
    return standing if mod else starting


async def test_a_file_with_dry_run_alone_is_family_and_does_nothing_and_that_is_said(
    twitch: Sandbox, database: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "policies"
    folder.mkdir()
    (folder / "aurora.toml").write_text("dry_run = true\n")
    settings = Settings(**await settle(twitch, ["aurora"], database), policies=folder)
    async with moderating(settings, Witness()) as (bot, _):
        [channel] = bot.channels.values()
        assert channel.policy == Policy.preset("family").model_copy(update={"dry_run": True})
        await bot.hearing.complete.wait()
        with capture_logs() as lines:
            await bot.say_how_it_stands()
    [line] = lines
    assert line["event"].startswith("DRY RUN")
    assert line["log_level"] == "warning"
    assert (line["channel"], line["policy"]) == (
        "aurora",
        f"revision 1 (first start, from {folder / 'aurora.toml'})",
    )


async def test_a_file_that_a_revision_goes_before_and_one_of_no_channel_are_told(
    twitch: Sandbox, database: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "policies"
    folder.mkdir()
    [line] = await said(twitch, database, folder)
    assert (line["event"], line["policy"]) == ("acts", "revision 1 (first start, preset family)")
    (folder / "aurora.toml").write_text("dry_run = true\n")
    for name in ("aurroa", "x", "y", "z"):
        (folder / f"{name}.toml").touch()
    stands, unread, *strays = await said(twitch, database, folder)
    assert stands["event"] == "acts"
    assert unread["files"] == str(folder / "aurora.toml")
    assert [each["event"] for each in strays] == ["file_of_no_channel"] * 4
    assert f"did you mean {folder / 'aurora.toml'}?" in strays[0]["file"]
    assert "1 more of no channel" in strays[-1]["file"]


async def test_a_bot_that_is_no_moderator_says_so_once(twitch: Sandbox, database: Path, tmp_path: Path) -> None:
    lines = await said(twitch, database, tmp_path, mod=False)
    [line] = [each for each in lines if each["log_level"] in ("warning", "error")]
    assert (line["event"], line["channel"]) == ("cannot_act", "aurora")
    assert "/mod chatwarden_bot" in line["remedy"]
