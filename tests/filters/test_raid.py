"""Raids: seen within their first ten messages; friendly raids, hype and copy-pasta of regulars are none."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from filters.history import History
from filters.raid import CHANCE, REMEMBERED, RaidAlert, RaidDetector, RaidSettings
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
    assert 0.999 < first.confidence <= 1
    members = [member.chatter for _, alert in alerts for member in alert.members]
    assert len(members) == len(set(members))
    assert len(members) >= 180
    assert not set(members) & set(REGULARS)
    assert {alert.started_ms for _, alert in alerts} == {first.started_ms}


def test_the_alert_says_why(read) -> None:
    alerts = watch(chat(600) + burst(600, bot, lambda n: TALK[n % len(TALK)]))
    assert alerts[0][1].why == "5 newcomers are named like raid_bot_#"
    alerts = watch(
        chat(600) + burst(600, lambda n: f"hossvoss_{'abcdefghij'[n % 10] * 3}", lambda n: TALK[n % len(TALK)])
    )
    assert alerts[0][1].why == "5 newcomers have look-alike names"
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


def newcomers(until_s: float, every_s: float) -> list[Row]:
    """People nobody has seen before, each with a line of their own."""
    pick = random.Random(3)
    return [
        (n * every_s + 0.5, odd(50_000 + n), f"{pick.choice(TALK)} {odd(90_000 + n)}")
        for n in range(int(until_s / every_s))
    ]


def taken_for_a_raid(rows: list[Row], at_s: float) -> int:
    """How many look-alikes who come then it takes."""
    _, first = watch([*rows, *burst(at_s, odd, lambda n: THREAT)])[0]
    return len(first.members)


@pytest.mark.parametrize(
    ("every_s", "share", "takes"),
    [(20, 0.05, 5), (5, 0.17, 6), (3, 0.25, 7), (2.5, 0.29, 8), (2, 0.33, 9), (1.2, 0.45, 10), (0.5, 0.67, 23)],
)
def test_the_more_usual_newcomers_are_the_more_look_alikes_it_takes(every_s: float, share: float, takes: int) -> None:
    rows = chat(900) + newcomers(900, every_s)
    _, first = watch([*rows, *burst(800, odd, lambda n: THREAT)])[0]
    assert len(first.members) == takes
    if 0.1 < share < 0.39:
        assert 1 - first.confidence == pytest.approx(share**takes, rel=0.5)
        assert share ** (takes - 1) > CHANCE / 2, "no more are waited for than it takes"


@pytest.mark.parametrize(("quiet_s", "takes"), [(0, 10), (300, 7), (900, 5)])
def test_a_crowd_that_came_is_forgotten_by_halves_in_five_minutes(quiet_s: int, takes: int) -> None:
    rows = chat(660 + quiet_s) + newcomers(600, 1.5)
    assert taken_for_a_raid(rows, 600 + quiet_s) == takes


@pytest.mark.parametrize(("busy_s", "takes"), [(30, 5), (300, 7), (1_200, 10)])
def test_a_crowd_that_comes_to_a_quiet_chat_becomes_usual(busy_s: int, takes: int) -> None:
    crowd = [(3_000 + at_s, name, text) for at_s, name, text in newcomers(busy_s + 60, 1.5)]
    assert taken_for_a_raid(chat(3_060 + busy_s) + crowd, 3_000 + busy_s) == takes


@pytest.mark.parametrize(
    ("name", "text"), [(bot, lambda n: TALK[n % len(TALK)]), (odd, lambda n: THREAT)], ids=["names", "lines"]
)
def test_who_joins_a_raid_later_and_alone_is_told_at_once(name, text) -> None:
    late = [(640 + 40 * n, name(100 + n), text(n)) for n in range(5)]
    alerts = watch(chat(900) + burst(600, name, text, count=9) + late)
    joined = [(message.chatter, alert) for message, alert in alerts[-5:]]
    assert [who for who, _ in joined] == [who for _, who, _ in late]
    assert [[member.chatter for member in alert.members] for _, alert in joined] == [[who] for who, _ in joined]
    assert [member.message_id for _, alert in alerts[-5:] for member in alert.members] == [
        message.id for message, _ in alerts[-5:]
    ]


def test_a_raid_that_drags_on_is_known_by_its_line_when_few_who_said_it_are_remembered() -> None:
    late = [(750 + 150 * n, odd(100 + n), THREAT) for n in range(10)]
    detector = RaidDetector(RaidSettings(hold="5m"))
    alerts = watch(chat(2_400) + burst(600, odd, lambda n: THREAT, count=9) + late, detector)
    assert [message.chatter for message, _ in alerts[-10:]] == [who for _, who, _ in late]
    assert [alert.begins for _, alert in alerts] == [True] + [False] * (len(alerts) - 1)


def spread(first_s: float, last_s: float, count: int = 5) -> list[float]:
    return [first_s + (last_s - first_s) * n / (count - 1) for n in range(count)]


@pytest.mark.parametrize(("last_s", "seen"), [(630, True), (630.001, False)])
def test_look_alikes_show_up_within_half_a_minute(last_s: float, seen: bool) -> None:
    rows = [(at_s, odd(n), THREAT) for n, at_s in enumerate(spread(600, last_s))]
    assert bool(watch(chat(700) + rows)) is seen
    named = [(at_s - 0.001, bot(n), TALK[n]) for n, at_s in enumerate(spread(600, last_s))]
    named[0] = (600, *named[0][1:])
    assert bool(watch(chat(700) + named)) is seen


@pytest.mark.parametrize(("later_s", "seen"), [(30, True), (30.001, False)])
def test_who_came_longer_ago_is_no_newcomer(later_s: float, seen: bool) -> None:
    come = [(600.0, odd(n), "hi") for n in range(9)]
    said = [(600 + later_s, odd(n), THREAT) for n in range(9)]
    assert bool(watch(chat(700) + come + said)) is seen


def test_fewer_than_five_are_no_raid_however_unusual() -> None:
    rows = chat(3_000) + [(at_s, bot(n), TALK[n]) for n, at_s in enumerate([2_500, 2_800, 2_801, 2_802, 2_803])]
    assert not watch(rows)
    assert watch([*rows, (2_804, bot(9), "hi")])


@pytest.mark.parametrize(("fifth_s", "seen"), [(9.999, False), (10, True)])
def test_the_first_ten_seconds_tell_nothing(fifth_s: float, seen: bool) -> None:
    rows = [(0.0, "moonly", "hi"), *((9 + n / 10, odd(n), THREAT) for n in range(4)), (fifth_s, odd(4), THREAT)]
    assert bool(watch(rows)) is seen


@pytest.mark.parametrize(("fifth_s", "seen"), [(599.999, False), (600, True)])
def test_a_friendly_raid_greets_for_five_minutes(fifth_s: float, seen: bool) -> None:
    detector = RaidDetector(RaidSettings())
    detector.friendly_raid(300_000, viewers=80)
    rows = [*((599 + n / 10, odd(n), THREAT) for n in range(4)), (fifth_s, odd(4), THREAT)]
    assert bool(watch(chat(599) + rows, detector)) is seen


@pytest.mark.parametrize(("regulars", "newcomers", "seen"), [(2, 5, True), (3, 6, False)])
def test_what_half_as_many_regulars_say_is_hype(regulars: int, newcomers: int, seen: bool) -> None:
    pasta = "if you can read this the stream is about to get good"
    rows = [(600 + n / 10, REGULARS[n], pasta) for n in range(regulars)]
    rows += [(601 + n / 10, odd(n), pasta) for n in range(newcomers)]
    assert bool(watch(chat(660) + rows)) is seen


@pytest.mark.parametrize(
    ("text", "seen"), [("abcdefghi", True), ("abcdefgh1", False), ("abcdefgab", True), ("abcdefabc", False)]
)
def test_a_line_tells_something_from_nine_letters_and_seven_different_ones(text: str, seen: bool) -> None:
    assert bool(watch(chat(660) + burst(600, odd, lambda n: text, count=9))) is seen


def test_who_takes_part_is_known_while_it_lasts() -> None:
    detector = RaidDetector(RaidSettings(hold="1m"))

    def includes(name: str, at_s: float) -> bool:
        return detector.includes(Message("m", round(at_s * 1000), "1", "studio", name, name, "hi"))

    assert not includes(bot(0), 0)
    alerts = watch(chat(600) + burst(600, bot, lambda n: THREAT, count=9), detector)
    last_s = alerts[-1][0].ts_ms / 1000
    assert [includes(bot(n), last_s + 60) for n in range(9)] == [True] * 9
    assert not includes(bot(0), last_s + 60.001), "it is over"
    assert not includes(REGULARS[0], last_s)


def test_people_may_say_that_a_raid_is_on_and_that_it_is_over() -> None:
    detector = RaidDetector(RaidSettings(hold="1m"))
    detector.begin(5_000)
    assert [detector.active(ts_ms) for ts_ms in (5_000, 65_000, 65_001)] == [True, True, False]
    detector.end()
    assert not detector.active(5_000)
    history = History()
    begun = []
    for number, (at_s, name, text) in enumerate(sorted(chat(700) + burst(600, bot, lambda n: THREAT))):
        message = Message(f"m{number}", round(at_s * 1000), "1", "studio", name, name, text)
        history.observe(message)
        if (alert := detector.observe(message, history)) and alert.begins:
            begun.append(alert)
            detector.end()
            assert not detector.includes(message)
    assert len(begun) > 1, "who takes part again begins another"


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
    assert len(detector._newcomers) == REMEMBERED


@pytest.mark.parametrize("wrong", [{"hold": "1s"}, {"slow_s": 121}, {"member_action": "explode"}])
def test_settings_that_make_no_sense_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        RaidSettings(**wrong)
