from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner, Result

from bot import app
from config.policy import Policy
from filters.engine import Engine
from filters.types import Action, ActionKind, Message
from ops.trials import Hit, Share, compare, decide, look_through, run_trials
from storage.database import Database
from storage.messages import MessageLog
from storage.policies import PolicyLog

shell = CliRunner()
LOOSE = (
    '[filters.blocklist]\nlists = []\nterms = [{ text = "snarfwad", severity = 1 }]\n[filters.caps]\nenabled = false\n'
)
TIGHT = LOOSE.replace("snarfwad", "zugmonger").replace(
    "enabled = false", "enabled = true\nmax_ratio = 0.5\nmin_letters = 10"
)
CHAT = [
    ("ann", "you snarfwad"),
    ("bob", "what a lovely day"),
    ("eve", "z u g m o n g e r"),
    ("bob", "LOUD LOUD LOUD LOUD"),
    ("eve", "zugmonger again"),
]


def said(chat: Sequence[tuple[str, str]]) -> list[Message]:
    return [Message(f"m{n}", n * 60_000, "77", "aurora", f"id-{who}", who, text) for n, (who, text) in enumerate(chat)]


async def flow(messages: Sequence[Message]) -> AsyncIterator[Message]:
    for message in messages:
        yield message


@pytest.fixture
def files(tmp_path: Path) -> Path:
    (tmp_path / "loose.toml").write_text(LOOSE)
    (tmp_path / "tight.toml").write_text(TIGHT)
    rows = [
        {"ts": 1_700_000_000 + 60 * n, "channel": "aurora", "user": who, "text": text}
        for n, (who, text) in enumerate(CHAT)
    ]
    (tmp_path / "chat.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return tmp_path


def told(*arguments: str, code: int = 0) -> Result:
    result = shell.invoke(app, ["backtest", *arguments])
    assert result.exit_code == code, result.output
    return result


def test_a_file_says_who_would_be_hit_newly_and_no_longer(files: Path) -> None:
    policies = (str(files / "tight.toml"), "--against", str(files / "loose.toml"))
    done = told(*policies, "--messages", str(files / "chat.jsonl"), "--json", "--show-text", "--jobs", "1")
    report = json.loads(done.stdout)
    assert (report["messages"], report["people"], report["new"], report["lost"]) == (5, 3, 3, 1)
    assert [(hit["chatter"], hit["filter"]) for hit in report["samples"]["new"]] == [
        ("eve", "blocklist"),
        ("bob", "caps"),
        ("eve", "blocklist"),
    ]
    assert report["samples"]["lost"][0]["text"] == "you snarfwad"
    assert {row["filter"]: (row["before"], row["after"], row["people"]) for row in report["filters"]} == {
        "blocklist": (1, 2, 1),
        "caps": (0, 1, 1),
    }


def test_two_processes_find_what_one_finds(files: Path) -> None:
    arguments = (str(files / "tight.toml"), "--messages", str(files / "chat.jsonl"), "--json")
    assert json.loads(told(*arguments).stdout) == json.loads(told(*arguments, "--jobs", "1").stdout)


def test_the_report_stands_alone_and_shows_no_abuse(files: Path) -> None:
    (files / "chat.jsonl").write_text(json.dumps({"user": "eve", "text": "<script>alert('snarfwad')</script>"}) + "\n")
    out = files / "report.html"
    arguments = (
        str(files / "loose.toml"),
        "--against",
        str(files / "tight.toml"),
        "--messages",
        str(files / "chat.jsonl"),
    )
    done = told(*arguments, "--html", str(out), "--jobs", "1")
    report = out.read_text(encoding="utf-8")
    assert "snarfwad" not in done.output + report
    assert "<svg" in report
    assert "http://" not in report.replace("http://www.w3.org/", "")
    plain = files / "plain.html"
    told(*arguments, "--html", str(plain), "--show-text", "--jobs", "1")
    text = plain.read_text(encoding="utf-8")
    assert "<mark>&lt;script&gt;alert(" in text
    assert "<script>" not in text
    told(*arguments, "--html", str(out), "--jobs", "1")  # over the earlier one
    out.write_text("an earlier report", encoding="utf-8")
    assert "exists already and is no report" in told(*arguments, "--html", str(out), code=2).output


def test_stored_chat_is_tried_against_the_live_policy(files: Path) -> None:
    database = files / "log.sqlite3"

    async def make() -> None:
        db = await Database.open(database)
        await PolicyLog(db).save("77", LOOSE, author="bot", reason="", at_ms=1, login="aurora")
        log = MessageLog(db)
        for message in said(CHAT):
            log.keep(message)
        await log.close()
        await db.close()

    asyncio.run(make())
    arguments = (str(files / "tight.toml"), "--stored", "--channel", "aurora", "--database", str(database), "--json")
    report = json.loads(told(*arguments, "--jobs", "1").stdout)
    assert (report["before"], report["after"]) == ("aurora@1", "tight.toml")
    assert (report["messages"], report["new"], report["lost"]) == (5, 3, 1)
    assert json.loads(told("aurora@1", *arguments[1:]).stdout)["new"] == 0
    from_file = ("--messages", str(files / "chat.jsonl"), "--channel", "aurora", *arguments[4:], "--jobs", "1")
    live = json.loads(told(str(files / "tight.toml"), "--against", "live", *from_file).stdout)
    assert (live["before"], live["new"], live["lost"]) == ("aurora@1", 3, 1)


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (("strict",), "give either --messages FILE or --stored"),
        (("strict", "--stored"), "--stored needs --channel"),
        (("strict", "--against", "live", "--messages", "chat.jsonl"), "live: of which channel? (add --channel"),
        (("nonesuch", "--messages", "chat.jsonl"), "nonesuch"),
        (("strict", "--messages", "missing.jsonl", "--jobs", "1"), "missing.jsonl: cannot be read"),
        (
            ("strict", "--messages", "chat.jsonl", "--channel", "nobody", "--jobs", "1"),
            "no message to try the policy on",
        ),
    ],
)
def test_what_cannot_be_tried_says_why(files: Path, arguments: tuple[str, ...], text: str) -> None:
    placed = [str(files / each) if each.endswith(".jsonl") else each for each in arguments]
    assert text in " ".join(told(*placed, code=2).output.split())


async def test_strikes_follow_from_the_trials_own_verdicts() -> None:
    policy = Policy.parse('[filters.blocklist]\nlists = []\nterms = [{ text = "zugmonger", severity = 0 }]\n')
    [trial] = await run_trials([policy], flow(said([("eve", "zugmonger")] * 3)))
    kinds = [hit.action.kind for hit in trial.hits]
    assert kinds == [ActionKind.DELETE, ActionKind.WARN, ActionKind.TIMEOUT]


@settings(max_examples=20, deadline=None)
@given(
    chat=st.lists(st.tuples(st.sampled_from(["ann", "eve"]), st.sampled_from([text for _, text in CHAT])), max_size=15)
)
async def test_a_policy_compared_with_itself_changes_nothing(chat: list[tuple[str, str]]) -> None:
    policy = Policy.parse(TIGHT)
    comparison = compare(*await run_trials([policy, policy], flow(said(chat))))
    assert (comparison.new, comparison.lost, comparison.changed) == ((), (), 0)
    assert all(each.before == each.after for each in comparison.filters)


@settings(max_examples=20, deadline=None)
@given(
    chat=st.lists(st.tuples(st.sampled_from(["ann", "eve"]), st.sampled_from([text for _, text in CHAT])), max_size=15),
    parts=st.integers(1, 4),
)
async def test_shares_of_a_chat_come_to_what_the_whole_comes_to(chat: list[tuple[str, str]], parts: int) -> None:
    policies = [Policy.parse(TIGHT), Policy.preset("strict")]
    with pytest.MonkeyPatch.context() as small:
        small.setattr("ops.trials.STEP", 2)
        looks = [await look_through(policies, flow(said(chat)), Share(number, parts)) for number in range(parts)]
    assert decide(policies, looks) == await run_trials(policies, flow(said(chat)))


async def test_policies_tried_together_come_to_what_each_comes_to_alone() -> None:
    chat = flow_of_many()
    policies = [Policy.parse(TIGHT), Policy.preset("strict"), Policy.preset("family")]
    together = await run_trials(policies, flow(chat))
    assert together == [trial for policy in policies for trial in await run_trials([policy], flow(chat))]
    assert len({len(trial.hits) for trial in together}) == 3
    for policy, trial in zip(policies, together, strict=True):
        assert trial.hits == tuple(await live(policy, chat))


def flow_of_many() -> list[Message]:
    """Copies by many, floods, capitals and listed words, all at once."""
    texts = [
        "z u g m o n g e r",
        "LOUD LOUD LOUD LOUD",
        "this is said by everybody again and again",
        "hi",
        "aaaaaaaaaaaa",
    ]
    return [
        Message(f"m{n}", n * 700, f"7{n % 2}", "aurora", f"id-{n % 7}", f"who{n % 7}", texts[n * n % 11 % len(texts)])
        for n in range(400)
    ]


async def live(policy: Policy, chat: Sequence[Message]) -> list[Hit]:
    """What one engine a channel does, judging line by line as the bot does."""
    engines: dict[str, Engine] = {}
    strikes: dict[tuple[str, str], list[tuple[int, Action]]] = {}
    hits = []
    for number, message in enumerate(chat):
        engine = engines.setdefault(message.channel_id, policy.engine())
        held = strikes.setdefault((message.channel_id, message.chatter_id), [])
        verdict = engine.judge(message, engine.ladder.standing(held, message.ts_ms))
        if verdict.action.enforces:
            held.append((message.ts_ms, verdict.action))
            lead = verdict.leading
            hits.append(
                Hit(number, message.channel, message.chatter, message.text, verdict.action, lead.filter, lead.span)
            )
    return hits
