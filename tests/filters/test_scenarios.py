"""What chat goes through and what the bot makes of it, as logs: after each line that is acted on, ``=>`` what and why.

A name with ``@`` is a moderator's, with ``*`` a subscriber's. Everything runs through the shipped `family` preset with a
few words of the channel's own, strikes included; a line without ``=>`` must be left alone.
"""

from __future__ import annotations

import gzip
import json
import random
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from config.policy import Policy
from filters.raid import RaidAlert, RaidDetector
from filters.types import Action, Message, Role

DATA = Path(__file__).parents[3] / "shared" / "data" / "dev" / "chat.jsonl.gz"
LINE = re.compile(r"(\d+):(\d\d):(\d\d) ([@*]?)(\S+): (.*?)(?:\s+=> (.+))?")
ROLES = {"@": Role.MODERATOR, "*": Role.SUBSCRIBER}
POLICY = """
[filters.blocklist]
terms = [{ text = "wazzock", severity = 1 }, { text = "gronklehead", severity = 3 }]
[ladder]
regular_after = "7d"
"""

SCENARIOS = {
    "somebody who does not stop climbs the ladder": """
        20:00:00 ann: hello everybody
        20:00:05 troll: you are a wazzock                    => delete blocklist
        20:01:00 troll: what a w a z z o c k                 => warn blocklist
        20:02:00 ann: ignore him
        20:03:00 troll: w@zz0ck                              => timeout 600s blocklist
        20:20:00 troll: wаzzосk                              => timeout 86400s blocklist
    """,
    "a burst within ten seconds is one offence": """
        20:00:00 troll: wazzock                              => delete blocklist
        20:00:03 troll: wazzock i say                        => delete blocklist
        20:00:06 troll: yes a wazzock                        => delete blocklist
        20:05:00 troll: wazzock again                        => warn blocklist
    """,
    "the worst word is a ban at once, by whatever letters": """
        20:00:00 newbie: gr0nkleh3ad                         => ban blocklist
        20:00:01 other: g.r.o.n.k.l.e.h.e.a.d                => ban blocklist
    """,
    "mods may quote what they remove": """
        20:00:00 @maud: please do not say gronklehead here
        20:00:10 *sam: say what here
    """,
    "somebody known for a week gets one step less, a newcomer does not": """
        10:00:00 oldfriend: hi
        190:00:00 newbie: wazzock                            => delete blocklist
        190:00:30 newbie: wazzock                            => warn blocklist
        190:01:00 oldfriend: wazzock                         => delete blocklist
        190:02:00 oldfriend: wazzock                         => warn blocklist
    """,
    "innocent words that hold parts of bad ones": """
        20:00:00 ann: scunthorpe is a nice place to pass through
        20:00:02 bob: the cockpit class in essex was classic
        20:00:04 cat: assassin's creed has a great soundtrack
        20:00:06 dan: Dickens wrote about shitake mushrooms? no, shiitake
    """,
    "shortened links hide where they lead": """
        20:00:00 ann: this hides where it goes: bit.ly/3xyz  => delete links
        20:00:30 bob: and so does bit (dot) ly/3xyz          => delete links
        20:01:00 cat: i was at home.then i left
        20:01:05 @maud: rules are at bit.ly/rules
    """,
    "hype is not spam": """
        20:00:00 ann: LETS GOOO
        20:00:00 bob: LETS GOOO
        20:00:01 cat: LETS GOOOO
        20:00:01 dan: PogChamp PogChamp PogChamp
        20:00:01 eve: PogChamp PogChamp
        20:00:02 fay: gg
        20:00:02 gil: gg
        20:00:02 hal: gg
        20:00:03 ann: WHAT A GAME
    """,
    "one who floods is stopped at the seventh line": """
        20:00:00 fast: one thing
        20:00:01 fast: another thing
        20:00:01 fast: the third is this
        20:00:02 fast: number four
        20:00:02 fast: here comes five
        20:00:03 fast: and six
        20:00:03 fast: seven is too many                     => delete flood
        20:00:30 fast: sorry about that
    """,
}


@dataclass(frozen=True)
class Said:
    at_ms: int
    mark: str
    who: str
    text: str
    expected: str


def read(scenario: str) -> Iterator[Said]:
    for row in scenario.strip().splitlines():
        match = LINE.fullmatch(row.strip())
        assert match, row
        hours, minutes, seconds, mark, who, text, expected = match.groups()
        at_ms = ((int(hours) * 60 + int(minutes)) * 60 + int(seconds)) * 1000
        yield Said(at_ms, mark, who, text, expected or "")


@pytest.mark.parametrize("title", SCENARIOS)
def test_chat(title: str) -> None:
    family, own = Policy.preset("family").model_dump(mode="json"), Policy.parse(POLICY).model_dump(mode="json")
    family["filters"]["blocklist"]["terms"] = own["filters"]["blocklist"]["terms"]
    family["ladder"]["regular_after"] = own["ladder"]["regular_after"]
    engine = Policy.of(family).engine()
    acted_on: defaultdict[str, list[tuple[int, Action]]] = defaultdict(list)
    seen, wanted = [], []
    for number, each in enumerate(read(SCENARIOS[title])):
        roles = frozenset([ROLES[each.mark]] if each.mark else [])
        message = Message(f"m{number}", each.at_ms, "1", "studio", each.who, each.who, each.text, roles=roles)
        findings = engine.examine(message)
        standing = engine.ladder.standing(acted_on[each.who], each.at_ms)
        verdict = engine.decide(findings, replace(standing, known_s=engine.history.known_s(message)))
        told = ""
        if verdict.action.enforces:
            acted_on[each.who].append((each.at_ms, verdict.action))
            told = f"{verdict.action} {verdict.leading.filter}"
        seen.append((each.who, each.text, told))
        wanted.append((each.who, each.text, each.expected))
    assert seen == wanted


FRIENDLY = {"2022-03-14_19-55-42_1425670541": 1_150, "2022-08-18_09-14-01_1565359486": 1_205}
"""Seconds into two sessions at which another streamer sent the viewers over, as their calls show; Twitch tells the bot."""
SHORTEST_S = 120


def chats() -> dict[str, list[Message]]:
    if not DATA.exists():
        return {}
    with gzip.open(DATA, "rt", encoding="utf-8") as lines:
        rows = sorted(map(json.loads, lines), key=lambda row: (row["session"], row["ts"]))
    found: defaultdict[str, list[Message]] = defaultdict(list)
    for row in rows:
        names = (row["user"], row["user"])
        message = Message(f"m{len(found)}", int(row["ts"] * 1000), "1", "studio", *names, row["text"])
        found[row["session"]].append(message)
    return {name: chat for name, chat in found.items() if chat[-1].ts_ms - chat[0].ts_ms > SHORTEST_S * 1000}


@pytest.mark.skipif(not DATA.exists(), reason="the development data is not here")
def test_real_chat_is_no_raid_and_one_into_it_is_seen_within_ten_messages() -> None:
    found = chats()
    assert len(found) >= 15
    for name, chat in found.items():
        assert watch(chat, FRIENDLY.get(name)) == [], name
        middle_ms = chat[len(chat) // 2].ts_ms
        raiders = [
            Message(f"r{n}", middle_ms + n * 50, "1", "studio", f"r{n}", who, "come and see the real game at our place")
            for n, who in enumerate(odd_names(200))
        ]
        alerts = watch(sorted([*chat, *raiders], key=lambda each: each.ts_ms), FRIENDLY.get(name))
        assert alerts, name
        assert int(alerts[0][0].id[1:]) < 10, f"{name}: the raid is seen at its tenth line or before"
        assert {member.message_id for _, alert in alerts for member in alert.members} == {each.id for each in raiders}


def odd_names(count: int) -> list[str]:
    """Names with nothing in common."""
    pick = random.Random(7)
    return ["".join(pick.choices("abcdefghijklmnopqrstuvwxyz", k=pick.randint(6, 14))) for _ in range(count)]


def watch(chat: list[Message], friendly_s: int | None = None) -> list[tuple[Message, RaidAlert]]:
    policy = Policy.preset("family")
    history, detector = policy.engine().history, RaidDetector(policy.raid)
    if friendly_s is not None:
        detector.friendly_raid(chat[0].ts_ms + friendly_s * 1000, viewers=100)
    seen = ((message, detector.observe(message, history)) for message in chat if history.observe(message) is None)
    return [(message, alert) for message, alert in seen if alert]
