"""The bundled chat is well-formed and short enough for a first run."""

from __future__ import annotations

from sandbox.demo import BUNDLED, Chat


def test_the_bundled_chat_is_in_order_has_two_channels_and_plays_within_a_minute() -> None:
    chat = Chat.scan(BUNDLED)
    times = [line.ts_s for line in chat.read()]
    assert chat.channels == ("aurora_plays", "night_kiln")
    assert 200 <= chat.lines <= 500
    assert times == sorted(times)
    assert times[-1] - times[0] < 60 * 12
