from __future__ import annotations

from storage.requests import RequestKind
from tests.ops.console.conftest import MODERATOR, STREAMER, House

HERE = f"/c/{STREAMER}"
TROLL = 2
"""The number of the person Record 1 is about; who spoke before was numbered first."""


async def test_text_is_masked_until_asked_for_and_asking_is_kept(house: House) -> None:
    guest = await house.come_in(MODERATOR)
    for path in (HERE, f"{HERE}/log", f"{HERE}/records/1", f"{HERE}/chatters/{TROLL}"):
        page = await guest.see(path)
        assert "bad word" not in page
        assert "•••" in page
    page = await guest.told(f"{HERE}/show-text", plain="1", next=f"{HERE}/records/1")
    assert "<mark>bad word</mark>" in page
    [deed] = [deed for deed in await house.desk.audit.latest(actor=MODERATOR) if deed.verb == "unmask"]
    assert (deed.role, deed.channel_id) == ("moderator", "501")
    page = await guest.told(f"{HERE}/show-text", plain="0", next="https://evil.example")
    assert "bad word" not in page


async def test_control_characters_cannot_steer_the_page(house: House) -> None:
    guest = await house.come_in(MODERATOR)
    page = await guest.told(f"{HERE}/show-text", plain="1", next=f"{HERE}/records/4")
    assert "\x1b" not in page
    assert "\u202e" not in page
    assert "boo" in page


async def test_undo_asks_the_bot_once(house: House) -> None:
    guest = await house.come_in(MODERATOR)
    assert "has been asked to undo #1" in await guest.told(f"{HERE}/records/1/undo")
    assert "asked already" in await guest.told(f"{HERE}/records/1/undo")
    [asked] = await house.desk.requests.open()
    assert (asked.kind, asked.subject, asked.actor) == (RequestKind.UNDO_RECORD, "1", MODERATOR)
    assert "nothing to undo" in await guest.told(f"{HERE}/records/2/undo")


async def test_notes_are_for_the_channels_moderators(house: House) -> None:
    guest = await house.come_in(MODERATOR)
    page = await guest.told(f"{HERE}/chatters/{TROLL}/notes", text="<script>asked nicely</script>")
    assert "&lt;script&gt;asked nicely" in page
    assert "1 to 500" in await guest.told(f"{HERE}/chatters/{TROLL}/notes", text=" ")
    streamer = await house.come_in(STREAMER)
    assert "asked nicely" in await streamer.see(f"{HERE}/chatters/{TROLL}")


async def test_the_log_is_sieved(house: House) -> None:
    guest = await house.come_in(MODERATOR)
    page = await guest.see(f"{HERE}/log?action=ban&outcome=undone")
    assert "#2</a>" in page
    assert "#1</a>" not in page
    assert "No Record fits" in await guest.see(f"{HERE}/log?chatter=nobody")
    await guest.see(f"{HERE}/log?until=99999999999999999999&category=nonsense")


async def test_times_are_in_the_persons_zone(house: House) -> None:
    guest = await house.come_in(MODERATOR)
    assert "16:00:01" in await guest.see(f"{HERE}/records/1")
    await guest.send("/settings", zone="Asia/Tokyo", look="dark", keys="on")
    page = await guest.see(f"{HERE}/records/1")
    assert "2026-01-02 01:00:01" in page
    assert 'data-look="dark"' in page
    assert "is not a time zone" in await guest.told("/settings", zone="Mars/Olympus")


async def test_overview_counts_what_stands(house: House) -> None:
    guest = await house.come_in(STREAMER)
    page = await guest.see(f"{HERE}?period=30d")
    assert "The bot has not watched this channel yet" in page
    await guest.see(f"{HERE}?period=nonsense")
