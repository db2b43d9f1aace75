"""Words to and from Twitch's own blocked terms, through the shell, against a Twitch on this machine."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from bot import app
from config.policy import Policy
from sandbox.demo import BOT, settle
from sandbox.faults import Fault
from sandbox.server import Sandbox
from sandbox.state import BlockedTerm
from storage.audit import Audit
from storage.database import Database
from storage.policies import PolicyLog

POLICY = '[filters.blocklist]\nlists = []\nterms = [{ text = "snarfwad" }, { text = "zugmonger", anywhere = true }]\n'
shell = CliRunner()


@dataclass
class Place:
    """#aurora in the log and at a Twitch whose address and tokens are in the environment."""

    twitch: Sandbox
    database: Path

    @property
    def blocked(self) -> list[str]:
        return [each.text for each in self.twitch.world.channel("aurora").blocked_terms.values()]

    def block(self, *texts: str) -> None:
        channel = self.twitch.world.channel("aurora")
        for text in texts:
            channel.blocked_terms[text] = BlockedTerm(text, text, channel.user.id, 1_700_000_000_000)

    async def told(self, *arguments: str, code: int = 0) -> Result:
        command = ["policy", *arguments, "--database", str(self.database)]
        result = await asyncio.to_thread(shell.invoke, app, command)
        assert result.exit_code == code, result.output
        return result


@pytest.fixture
async def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Place]:
    database = tmp_path / "log.sqlite3"
    monkeypatch.chdir(tmp_path)
    async with Sandbox() as twitch:
        for name, value in (await settle(twitch, ["aurora"], database)).items():
            monkeypatch.setenv(f"CHATWARDEN_{name.upper()}", str(value))
        db = await Database.open(database)
        channel_id = twitch.add_user("aurora").id
        text = Policy.parse(POLICY).to_toml()
        await PolicyLog(db).save(channel_id, text, author="bot", reason="", at_ms=1, login="aurora")
        await db.close()
        yield Place(twitch, database)


async def test_twitchs_terms_are_looked_at_first_and_brought_in_on_apply(place: Place) -> None:
    place.block("Snarfwad", "drongle", "*blorp*", "quax*", "the")
    looked = await place.told("import", "aurora", "--from-twitch")
    assert looked.stdout == "blocklist.terms: +drongle, +blorp\nregex.patterns: +\\bquax\\S*\n"
    assert "the: is a common word" in looked.stderr
    assert "3 new, 1 there already, 1 refused" in looked.stderr
    assert "add --apply" in looked.stderr
    assert "nothing is earlier" in (await place.told("diff", "aurora")).stderr
    await place.told("import", "aurora", "--from-twitch", "--apply")
    words = await place.told("export", "aurora", "--words")
    assert words.stdout.split() == ["snarfwad", "zugmonger", "drongle", "blorp"]
    assert "imports Twitch's blocked terms" in (await place.told("history", "aurora")).stdout


async def test_own_words_are_shown_first_and_added_at_twitch_on_apply(place: Place) -> None:
    place.block("SNARFWAD")
    looked = await place.told("export", "aurora", "--to-twitch")
    assert looked.stdout == "+*zugmonger*\n"
    assert "1 to add, 1 there already, 0 refused" in looked.stderr
    assert place.blocked == ["SNARFWAD"]
    done = await place.told("export", "aurora", "--to-twitch", "--apply", "--author", "ada")
    assert "1 added at Twitch, 1 there already, 0 refused" in done.stderr
    assert place.blocked == ["SNARFWAD", "*zugmonger*"]
    db = await Database.open(place.database, readonly=True)
    [deed] = await Audit(db).latest()
    await db.close()
    assert (deed.actor, deed.verb, deed.subject, deed.detail) == (
        "ada",
        "policy export",
        "Twitch's blocked terms",
        "1 added",
    )


async def test_what_was_added_before_twitch_failed_is_told_and_kept(place: Place) -> None:
    await place.told("add", "aurora", "blocklist.terms", "drongle")
    path = "moderation/blocked_terms"
    place.twitch.faults.add(Fault(kind="latency", method="POST", path=path))
    place.twitch.faults.add(Fault(kind="status", status=400, method="POST", path=path))
    place.twitch.faults.add(Fault(kind="status", status=403, method="POST", path=path))
    broken = await place.told("export", "aurora", "--to-twitch", "--apply", code=2)
    assert "snarfwad: Bad Request (refused)" in broken.stderr
    assert "0 added at Twitch, 0 there already, 1 refused" in broken.stderr
    assert "/mod in its chat" in broken.stderr
    again = await place.told("export", "aurora", "--to-twitch", "--apply")
    assert "3 added at Twitch" in again.stderr


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (("import", "aurora"), "give either a FILE or --from-twitch"),
        (("import", "aurora", "strict", "--from-twitch"), "give either a FILE or --from-twitch"),
        (("export", "aurora", "--apply"), "go without a FILE and --words"),
        (("export", "aurora", "--to-twitch", "--words"), "go without a FILE and --words"),
    ],
)
async def test_what_does_not_go_together_is_said(place: Place, arguments: tuple[str, ...], text: str) -> None:
    told = await place.told(*arguments, code=2)
    assert text in " ".join(told.stderr.replace("│", " ").split())


async def test_an_account_without_the_scope_or_a_token_is_told_what_to_do(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.twitch.faults.add(Fault(kind="status", status=500, path="moderation/blocked_terms"))
    place.twitch.faults.add(Fault(kind="status", status=500, path="moderation/blocked_terms"))
    assert "try again" in (await place.told("import", "aurora", "--from-twitch", code=2)).stderr
    place.twitch.faults.clear()
    monkeypatch.setattr("twitch.scopes.BOT", ("moderator:read:blocked_terms",))
    await settle(place.twitch, ["aurora"], place.database)
    assert (await place.told("import", "aurora", "--from-twitch")).exit_code == 0
    refused = await place.told("export", "aurora", "--to-twitch", "--apply", code=2)
    assert "moderator:manage:blocked_terms" in refused.stderr
    assert "chatwarden login" in refused.stderr
    monkeypatch.setenv("CHATWARDEN_CLIENT_SECRET", "wrong")
    assert "run: chatwarden doctor" in (await place.told("import", "aurora", "--from-twitch", code=2)).stderr
    monkeypatch.setenv("CHATWARDEN_CLIENT_SECRET", place.twitch.client_secret)
    await place.twitch.revoke(BOT)
    revoked = await place.told("import", "aurora", "--from-twitch", code=2)
    assert revoked.stdout == ""
    assert "run: chatwarden login" in revoked.stderr
    monkeypatch.setenv("CHATWARDEN_TOKENS", "none.json")
    assert "run: chatwarden login" in (await place.told("import", "aurora", "--from-twitch", code=2)).stderr
    monkeypatch.setenv("CHATWARDEN_BOT_ID", "")
    assert "CHATWARDEN_BOT_ID" in (await place.told("import", "aurora", "--from-twitch", code=2)).stderr
