"""The streamer's words and Twitch's own blocked terms, both ways; the rest of the commands about words."""

from __future__ import annotations

from typing import Any

from config.policy import Policy
from sandbox.demo import BOT
from sandbox.faults import Fault
from sandbox.state import BlockedTerm
from storage.policies import PolicyLog, Revision
from storage.records import RecordQuery
from twitch import scopes

POLICY = """
[filters.blocklist]
lists = []
terms = [
    { text = "snarfwad", severity = 0 },
    { text = "zugmonger", anywhere = true },
    { text = "fr*bble" },
    { text = "ß" },
]
[filters.caps]
enabled = false
[filters.self_repeat]
enabled = false
[filters.flood]
enabled = false
"""
BARE = POLICY.replace(
    '    { text = "zugmonger", anywhere = true },\n    { text = "fr*bble" },\n    { text = "ß" },\n', ""
)
READER = [scope for scope in scopes.BOT if "blocked_terms" not in scope] + ["moderator:read:blocked_terms"]


def place(bot: Any) -> Any:
    return next(iter(bot.bot.channels.values()))


async def revisions(bot: Any) -> list[Revision]:
    return await PolicyLog(bot.bot.desk.database).history(place(bot).id)


def blocked(bot: Any) -> list[str]:
    return [each.text for each in bot.twitch.world.channel("aurora").blocked_terms.values()]


def block(bot: Any, *texts: str, expires_ms: int | None = None) -> None:
    channel = bot.twitch.world.channel("aurora")
    for text in texts:
        term = BlockedTerm(f"id {text}", text, channel.user.id, 1_700_000_000_000, expires_ms)
        channel.blocked_terms[term.id] = term


async def test_twitchs_blocked_terms_are_taken_over_and_act_from_the_next_line_on(stand: Any) -> None:
    async with stand(POLICY) as bot:
        block(bot, "Snarfwad", "drongle", "*blorp*", "quax*", "the", "blorp")
        block(bot, "a phase", expires_ms=1_800_000_000_000)
        told = await bot.ask("aurora", "!block import twitch")
        assert told.startswith("Taken over from Twitch: 3 terms, 1 there already, 1 refused (is a common word")
        assert told.endswith("Revision 2; take it back with !filter restore 1.")
        own = place(bot).policy.filters.blocklist.terms
        assert [(term.text, term.anywhere) for term in own[4:]] == [("drongle", False), ("blorp", True)]
        for line in ("you d r o n g l e", "myblorps", "quaxes!"):
            await bot.say("eve", line)
        assert [record.rule for record in await bot.records.list(RecordQuery())] == [r"\bquax\S*", "blorp", "drongle"]
        assert await bot.ask("aurora", "!block import twitch") == told.split(" Revision")[0].replace(
            "3 terms, 1 there", "0 terms, 4 there"
        )
        [revision, _] = await revisions(bot)
        assert (revision.number, revision.author, revision.reason) == (2, "aurora", "imports Twitch's blocked terms")


async def test_all_pages_of_a_long_list_are_read(stand: Any) -> None:
    async with stand(POLICY) as bot:
        block(bot, *(f"zz{number}qx" for number in range(230)))
        assert "Taken over from Twitch: 230 terms" in await bot.ask("aurora", "!block import twitch")
        assert len(place(bot).policy.filters.blocklist.terms) == 234


async def test_own_terms_that_twitch_lacks_are_added_there(stand: Any) -> None:
    async with stand(POLICY) as bot:
        block(bot, "SNARFWAD*")
        told = await bot.ask("aurora", "!block export twitch")
        assert told == (
            "Added at Twitch: 1 term, 1 there already, 2 refused (its * would stand for any letters at Twitch)."
        )
        assert blocked(bot) == ["SNARFWAD*", "*zugmonger*"]
        assert "0 terms, 2 there already" in await bot.ask("aurora", "!block export twitch")
        again, deed = (await bot.bot.desk.audit.latest())[:2]
        assert (deed.actor, deed.verb, deed.subject, deed.detail) == (
            "aurora",
            "block export",
            "Twitch's blocked terms",
            "1 added",
        )
        assert again.detail == "0 added"
        assert len(await revisions(bot)) == 1


async def test_a_term_twitch_refuses_is_counted_and_the_rest_goes_on(stand: Any) -> None:
    async with stand(POLICY) as bot:
        bot.twitch.faults.add(Fault(kind="status", status=400, method="POST", path="moderation/blocked_terms"))
        told = await bot.ask("aurora", "!block export twitch")
        assert told.startswith("Added at Twitch: 1 term, 0 there already, 3 refused")
        assert blocked(bot) == ["*zugmonger*"]


async def test_more_than_twitch_takes_at_once_goes_at_its_pace_and_once_at_a_time(stand: Any) -> None:
    terms = ", ".join(f'{{ text = "zz{number}qx" }}' for number in range(31))
    async with stand(f"[filters.blocklist]\nlists = []\nterms = [{terms}]\n") as bot:
        assert await bot.ask("aurora", "!block export twitch") == "31 terms under way, about 2s: Twitch takes no more."
        assert "under way already" in await bot.ask("aurora", "!block export twitch")
        await bot.until(lambda: len(bot.twitch.sent("aurora")) == 3)
        assert bot.twitch.sent("aurora")[2].text == "Added at Twitch: 31 terms, 0 there already, 0 refused."
        assert len(blocked(bot)) == 31


async def test_an_account_without_the_scope_is_told_what_to_do(stand: Any) -> None:
    async with stand(POLICY) as bot:
        channel = bot.twitch.world.channel("aurora")
        reader, refresh = bot.twitch.grant(BOT, scopes=READER)
        await bot.bot.add_token(reader, refresh)
        told = await bot.ask("aurora", "!block export twitch")
        assert told.startswith("Added at Twitch: 0 terms, 0 there already, 2 refused")
        assert "Broken off: Twitch refuses: 401 Missing scope: moderator:manage:blocked_terms" in told
        assert "chatwarden login" in told
        assert channel.blocked_terms == {}
        channel.moderators.clear()
        assert "/mod" in await bot.ask("aurora", "!block import twitch")


async def test_only_streamers_may_and_only_with_twitch(stand: Any) -> None:
    async with stand(POLICY) as bot:
        block(bot, "drongle")
        for asker in ("maud", "eve"):
            await bot.say(asker, "!block import twitch")
            await bot.say(asker, "!block export twitch")
        assert bot.twitch.sent("aurora") == []
        assert blocked(bot) == ["drongle"]
        for command in ("!block import", "!block export nightbot.txt"):
            assert "with Twitch alone" in await bot.ask("aurora", command)
        assert place(bot).policy == Policy.parse(POLICY)


async def test_a_term_is_listed_found_and_taken_off_without_being_said(stand: Any) -> None:
    async with stand(BARE) as bot:
        told = await bot.ask("aurora", "!block add blorptastic severity 2")
        assert told.startswith("Listed “•••••••••••”, severity high. Revision 2;")
        await bot.say("eve", "how b.l.o.r.p.t.a.s.t.i.c")
        [record] = await bot.records.list(RecordQuery(chatter="eve"))
        assert record.rule == "blorptastic"
        assert "listed already" in await bot.ask("aurora", "!block add BLORPTASTIC")
        assert await bot.ask("aurora", "!block find blorp") == "Terms that hold “•••••”: 1 own."
        assert (await bot.ask("aurora", "!block remove Blorptastic")).startswith("No longer listed: “•••••••••••”.")
        assert "no own term" in await bot.ask("aurora", "!block remove blorptastic")
        assert "1 own term; lists: none" in await bot.ask("aurora", "!block")
        said = " ".join(line.text.lower() for line in bot.twitch.sent("aurora"))
        assert "blorptastic" not in said
        assert all("blorptastic" not in each.reason for each in await revisions(bot))
        assert all("blorptastic" not in each.detail for each in await bot.bot.desk.audit.latest())


async def test_a_word_that_holds_sentences_together_is_not_listed(stand: Any) -> None:
    async with stand(BARE) as bot:
        assert "cannot be listed" in await bot.ask("aurora", "!block add the")
        assert "cannot be listed" in await bot.ask("aurora", "!block add " + "x" * 480)
        assert "severity is 0" in await bot.ask("aurora", "!block add blorp severity 9")
        assert len(await revisions(bot)) == 1


async def test_a_term_of_a_shipped_list_is_allowed_instead(stand: Any) -> None:
    async with stand("") as bot:
        assert "of the list starter; allow it with !allow add" in await bot.ask("aurora", "!block remove asshole")
        assert (await bot.ask("aurora", "!allow add asshole")).startswith("The word “•••••••” is allowed.")
        await bot.say("ann", "what an asshole move")
        assert await bot.records.count(RecordQuery(chatter="ann")) == 0


async def test_a_site_is_allowed_and_no_more(stand: Any) -> None:
    async with stand(BARE) as bot:
        assert (await bot.ask("aurora", "!allow add example.com")).startswith("The site “•••••••••••” is allowed.")
        await bot.say("ann", "look at example.com/page")
        assert await bot.records.count(RecordQuery(chatter="ann")) == 0
        await bot.ask("aurora", "!allow remove example.com")
        await bot.say("ann", "look at example.com/page")
        assert await bot.records.count(RecordQuery(chatter="ann", filter="links")) == 1
        assert "is not there" in await bot.ask("aurora", "!allow remove example.com")
        assert all("example.com" not in line.text.partition(" Example: ")[0] for line in bot.twitch.sent("aurora"))
