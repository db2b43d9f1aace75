"""Raids: seen within their first ten messages; friendly raids, hype and copy-pasta of regulars are none."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from filters.history import History
from filters.raid import REMEMBERED, RaidAlert, RaidDetector, RaidSettings
from filters.types import Message

Row = tuple[float, str, str]
TALK = (
    "nice one|what was that|lol|he should go left|this map again|good morning all|Kappa|no way|i love this game".split(
        "|"
    )
)
REGULARS = [
    f"{first}{second}" for first in ("moon", "cat", "tea", "fox", "sky") for second in ("ly", "heart", "smith", "o")
]
THREAT = "you are all trash, go watch somebody who can play"


def chat(until_s: float, every_s: float = 1.0, seed: int = 7) -> list[Row]:
    """Regulars who talk."""
    pick = random.Random(seed)
    return [(n * every_s, pick.choice(REGULARS), pick.choice(TALK)) for n in range(int(until_s / every_s))]


def burst(at_s: float, name: Callable[[int], str], text: Callable[[int], str], count: int = 200) -> list[Row]:
    """So many accounts within ten seconds."""
    return [(at_s + 10 * n / count, name(n), text(n)) for n in range(count)]


def odd(number: int) -> str:
    """A name like no other."""
    pick = random.Random(number)
    return "".join(pick.choice("abcdefghijklmnopqrstuvwxyz") for _ in range(pick.randint(6, 14)))


def bot(number: int) -> str:
    return f"raid_bot_{number * 7919 % 10_000:04}"


def watch(rows: Iterable[Row], detector: RaidDetector | None = None) -> list[tuple[Message, RaidAlert]]:
    """All alerts with the message that raised each."""
    detector = detector or RaidDetector(RaidSettings())
    history = History()
    alerts = []
    for number, (at_s, name, text) in enumerate(sorted(rows)):
        message = Message(f"m{number}", round(at_s * 1000), "1", "studio", name, name, text)
        history.observe(message)
        if alert := detector.observe(message, history):
            alerts.append((message, alert))
    return alerts


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (bot, lambda n: TALK[n % len(TALK)]),
        (odd, lambda n: THREAT),
        (odd, lambda n: f"{THREAT} {odd(n + 1_000)}"),
        (bot, lambda n: THREAT),
    ],
    ids=["one pattern of names", "one line", "one line with random ends", "both"],
)
@pytest.mark.parametrize("quiet_s", [60, 600])
def test_a_raid_is_seen_within_its_first_ten_messages_and_regulars_are_left_out(name, text, quiet_s: int) -> None:
    rows = chat(quiet_s + 60) + burst(quiet_s, name, text)
    alerts = watch(rows)
    message, first = alerts[0]
    assert first.begins
    assert [alert.begins for _, alert in alerts[1:]] == [False] * (len(alerts) - 1)
    raiders = [name(n) for n in range(10)]
    assert message.chatter in raiders
    assert first.confidence > 0.999
    members = [member.chatter for _, alert in alerts for member in alert.members]
    assert len(members) == len(set(members))
    assert len(members) >= 180
    assert not set(members) & set(REGULARS)
    assert {alert.started_ms for _, alert in alerts} == {first.started_ms}


def test_the_alert_says_why(read) -> None:
    alerts = watch(chat(600) + burst(600, bot, lambda n: TALK[n % len(TALK)]))
    assert alerts[0][1].why == "5 newcomers are named like raid_bot_#"
    alerts = watch(chat(600) + burst(600, odd, lambda n: THREAT))
    assert alerts[0][1].why == "5 newcomers say nearly the same"
    assert [member.chatter for member in alerts[0][1].members] == [odd(n) for n in range(5)]


def test_a_friendly_raid_that_greets_is_none_but_bots_among_it_are() -> None:
    greetings = chat(700) + burst(600, odd, lambda n: "the fox den raid is here PogChamp", count=80)
    assert watch(greetings)
    friendly = RaidDetector(RaidSettings())
    friendly.friendly_raid(599_000, viewers=80)
    assert not watch(greetings, friendly)
    friendly = RaidDetector(RaidSettings())
    friendly.friendly_raid(599_000, viewers=80)
    assert watch(greetings + burst(605, bot, lambda n: THREAT), friendly)


def test_more_than_the_friendly_raid_brings_is_a_raid() -> None:
    detector = RaidDetector(RaidSettings())
    detector.friendly_raid(599_000, viewers=20)
    message, _ = watch(chat(700) + burst(600, odd, lambda n: THREAT), detector)[0]
    assert message.chatter == odd(20)


def test_hype_that_regulars_share_is_none() -> None:
    pasta = "if you can read this the stream is about to get good"
    regulars = [(600 + n / 2, REGULARS[n], pasta) for n in range(len(REGULARS))]
    newcomers = [(600.2 + n / 2, odd(n), pasta) for n in range(len(REGULARS))]
    assert not watch(chat(660) + regulars + newcomers)


def test_a_bot_that_has_just_come_does_not_take_a_full_chat_for_a_raid() -> None:
    assert not watch((n / 10, odd(n), "good luck have fun everybody" if n % 3 else odd(n + 99)) for n in range(30))


@pytest.mark.parametrize("text", ["????????????", "PogChamp PogChamp PogChamp", "gg", "hahahahahahaha"])
def test_what_anybody_says_tells_nothing(text: str) -> None:
    assert not watch(chat(660) + burst(600, odd, lambda n: text, count=60))


def test_it_ends_by_itself_and_the_next_one_is_another() -> None:
    detector = RaidDetector(RaidSettings(hold="1m"))
    rows = chat(1_500) + burst(600, bot, lambda n: THREAT) + burst(1_200, lambda n: f"angry_crowd{n}", lambda n: THREAT)
    begins = [alert for _, alert in watch(rows, detector) if alert.begins]
    assert [alert.started_ms for alert in begins] == [600_000, 1_200_000]
    assert detector.active(1_260_000)
    assert not detector.active(1_280_000)


def test_switched_off_it_sees_nothing() -> None:
    assert not watch(chat(600) + burst(600, bot, lambda n: THREAT), RaidDetector(RaidSettings(enabled=False)))


def test_a_replay_raises_the_same_alerts() -> None:
    rows = chat(700) + burst(600, odd, lambda n: THREAT)
    assert watch(rows) == watch(rows)


@settings(max_examples=40)
@given(
    st.lists(st.tuples(st.integers(0, 400), st.integers(0, 30), st.sampled_from([THREAT, "hi", "????"])), max_size=80)
)
def test_nobody_is_named_twice_in_a_raid_and_confidence_is_a_probability(rows: list[tuple[int, int, str]]) -> None:
    raids: dict[int, set[str]] = {}
    for _, alert in watch((at, f"someone_{who}", text) for at, who, text in rows):
        assert 0 <= alert.confidence <= 1
        told = set() if alert.begins else raids[alert.started_ms]
        names = {member.chatter for member in alert.members}
        assert not told & names
        raids[alert.started_ms] = told | names


def test_memory_is_bounded() -> None:
    detector = RaidDetector(RaidSettings())
    watch(((n / 1_000, odd(n), f"{THREAT} {n}") for n in range(5_000)), detector)
    assert len(detector._newcomers) <= REMEMBERED


@pytest.mark.parametrize("wrong", [{"hold": "1s"}, {"slow_s": 121}, {"member_action": "explode"}])
def test_settings_that_make_no_sense_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        RaidSettings(**wrong)
