"""`chatwarden learn`: from reviewed Records to a filter that finds the next line like them, or a refusal that says why."""

from __future__ import annotations

import asyncio
import itertools
import json
import random
from pathlib import Path

import pytest
from typer.testing import CliRunner

import bot
from config.policy import Policy
from filters.types import Action, ActionKind, Category, Evidence, Message, Severity, Verdict
from ops.console.forms import describe
from storage.audit import Audit
from storage.database import Database
from storage.lessons import lessons
from storage.messages import MessageLog
from storage.policies import PolicyLog
from storage.queue import Queue
from storage.records import NewRecord, Outcome, RecordLog
from storage.reviews import REASONS, Decision, Reviews
from storage.roles import Role, Roster
from storage.rules import Rules

T0 = 1_767_225_600_000
NOUNS = "aim play deck build voice chat stream game team call mic hair skill taste luck".split()
RUDE = ("your {} is garbage and so are you", "quit the {} you useless clown", "nobody wants your {} go away loser")
PLAIN = ("i love the {} today", "what {} do you use", "that {} was great to watch", "see you at the {} tomorrow")


def run(*words: object) -> tuple[int, str]:
    result = CliRunner().invoke(bot.app, [str(word) for word in words])
    return result.exit_code, result.output


def lines(forms: tuple[str, ...], rng: random.Random, count: int) -> list[str]:
    every = [form.format(f"{one} {other}") for form in forms for one, other in itertools.permutations(NOUNS, 2)]
    return rng.sample(every, count)


def fill(path: Path, upheld: list[str], overturned: list[str], plain: list[str]) -> None:
    async def work() -> None:
        db = await Database.open(path)
        log, messages = RecordLog(db), MessageLog(db)
        await Roster(db).add("boss", Role.MANAGER, by=None, surface="shell")
        boss = await Roster(db).find("boss")
        await Rules(db).set("second_share", 0, by=boss, surface="shell")
        for number, text in enumerate([*upheld, *overturned]):
            message = Message(f"m{number}", T0 + number, "501", "studio", f"id{number}", f"user{number}", text)
            found = Evidence("blocklist", "rude", Category.HARASSMENT, Severity.HIGH, (0, 4))
            verdict = Verdict(message, (found,), Action(ActionKind.TIMEOUT, 600), 1)
            record = await log.open(NewRecord.from_verdict(verdict, (), message.ts_ms, decided_ms=message.ts_ms))
            await log.settle(record, Outcome.APPLIED)
            await Queue(db).claim(boss, record, surface="shell")
            decision = Decision.UPHOLD if number < len(upheld) else Decision.OVERTURN
            await Reviews(db).decide(boss, record, decision, REASONS[decision][0], surface="shell")
        for number, text in enumerate(plain):
            messages.keep(Message(f"p{number}", T0 + number, "501", "studio", f"pid{number}", f"plain{number}", text))
        await PolicyLog(db).save("501", Policy.preset().to_toml(), author="bot", reason="preset family", at_ms=T0)
        await messages.close()
        await log.close()
        await db.close()

    asyncio.run(work())


@pytest.fixture
def taught(tmp_path: Path) -> Path:
    rng = random.Random(3)
    path = tmp_path / "log.sqlite3"
    plain = lines(PLAIN, rng, 160)
    fill(path, lines(RUDE, rng, 60), plain[:20], plain[20:])
    return path


def test_what_reviewers_upheld_is_learned_and_the_next_one_is_put_up_for_review(taught: Path) -> None:
    code, output = run("learn", "studio", "--database", taught, "--apply", "--author", "ann")
    assert code == 0, output
    assert "revision 2 saved" in output

    async def read() -> tuple[Policy, list[str]]:
        db = await Database.open(taught, readonly=True)
        revision = await PolicyLog(db).current("501")
        deeds = [each.verb for each in await Audit(db).latest()]
        await db.close()
        return Policy.parse(revision.toml), deeds

    policy, deeds = asyncio.run(read())
    assert "policy learn" in deeds
    learned = policy.filters.learned
    assert learned.enabled
    assert learned.lessons.startswith("60 upheld and ")
    engine = policy.engine()
    for text, kind in (
        ("nobody wants your new haircut go away loser", ActionKind.REVIEW),
        ("what a lovely haircut", ActionKind.NONE),
    ):
        message = Message("x", T0, "501", "studio", "7", "ann", text)
        assert engine.judge(message).action.kind is kind, text


def test_without_apply_nothing_is_changed(taught: Path) -> None:
    code, output = run("learn", "studio", "--database", taught, "--json")
    assert code == 0, output
    told = json.loads(output[output.index("{") : output.rindex("}") + 1])
    assert (told["upheld"], told["others"]) == (60, 160)
    assert told["precision"] >= 0.8
    assert told["recall"] >= 0.8
    assert "model" not in told
    assert "nothing is earlier" in run("policy", "diff", "studio", "--database", taught)[1]


def test_too_few_decisions_are_refused_with_how_many_are_needed(tmp_path: Path) -> None:
    path = tmp_path / "log.sqlite3"
    fill(path, ["you are garbage"] * 40, ["see you"], ["hello there"])
    code, output = run("learn", "studio", "--database", path)
    assert code == 2
    assert "1 different lines upheld and 2 overturned or plain; 30 of each are needed" in " ".join(output.split())


def test_what_cannot_be_told_apart_is_not_applied(tmp_path: Path) -> None:
    rng = random.Random(5)
    both = lines(PLAIN, rng, 120)
    path = tmp_path / "log.sqlite3"
    fill(path, both[:40], both[40:80], both[80:])
    code, output = run("learn", "studio", "--database", path, "--apply", "--precision", "0.95")
    assert code == 3, output
    assert "nothing is changed" in output
    assert "nothing is earlier" in run("policy", "diff", "studio", "--database", path)[1]


def test_lines_that_have_a_record_are_not_plain(taught: Path) -> None:
    async def read() -> tuple[int, int, int]:
        db = await Database.open(taught)
        messages = MessageLog(db)
        messages.keep(Message("m0", T0, "501", "studio", "id0", "user0", "the line of the first Record"))
        await messages.close()
        found = await lessons(db, "501")
        await db.close()
        return len(found.upheld), len(found.overturned), len(found.plain)

    assert asyncio.run(read()) == (60, 20, 140)


def test_what_was_learned_is_not_for_people_to_read() -> None:
    assert "filters.learned.model" not in {each.path for each in describe(Policy().filters.learned, "filters.learned")}
