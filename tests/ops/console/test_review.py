from __future__ import annotations

from pathlib import Path

import pytest

from ops.console import reckoner
from storage.kpis import Kpis, Period
from storage.roles import Role
from tests.ops.conftest import rows
from tests.ops.console.conftest import ADDRESS, House

QUEUED = 5
"""The Record of the fixture that waits for a review: a ban by the bot."""


async def test_an_item_is_taken_masked_unmasked_and_decided(house: House, desk: Path) -> None:
    guest = await house.come_in(Role.ANALYST)
    assert f"#{QUEUED}" in await guest.see("/ops/queue")
    page = await guest.told("/ops/queue/next")
    assert "bad word" not in page
    assert "0 of" in page
    page = (await guest.send(f"/ops/review/{QUEUED}/unmask")).text
    assert "<mark>bad word</mark>" in page
    assert rows(desk, "SELECT record_id, surface FROM exposures") == [(QUEUED, "console")]
    assert "bad word" not in await guest.see(f"/ops/review/{QUEUED}")
    page = await guest.told(f"/ops/review/{QUEUED}/decide", choice="overturn: false match", note="quote")
    assert "asked to take it back" in page
    assert rows(desk, "SELECT decision, reason, unmasked FROM reviews") == [("overturn", "false match", 1)]
    assert rows(desk, "SELECT kind, subject FROM requests") == [("undo record", str(QUEUED))]


async def test_the_limit_of_a_shift_keeps_text_masked(house: House, desk: Path) -> None:
    manager = await house.come_in(Role.MANAGER)
    assert "Exposure limit is 1 now" in await manager.told("/ops/rules", name="exposure_limit", value="1")
    guest = await house.come_in(Role.ANALYST)
    await guest.send("/ops/queue/next")
    assert "bad word" in (await guest.send(f"/ops/review/{QUEUED}/unmask")).text
    answer = await guest.send(f"/ops/review/{QUEUED}/unmask")
    assert "the limit is 1" in answer.text
    assert "bad word" not in answer.text
    assert rows(desk, "SELECT count(*) FROM exposures") == [(1,)]


async def test_nobody_decides_what_another_holds(house: House) -> None:
    first, second = await house.come_in(Role.ANALYST), await house.come_in(Role.SENIOR)
    await first.send("/ops/queue/next")
    assert "Nothing is left" in await second.told("/ops/queue/next")
    answer = await second.send(f"/ops/review/{QUEUED}/decide", choice="uphold: rule broken")
    assert "does not hold it" in answer.text


async def test_a_made_up_reason_is_refused(house: House, desk: Path) -> None:
    guest = await house.come_in(Role.ANALYST)
    await guest.send("/ops/queue/next")
    for choice in ("", "uphold", "uphold: because", "ban: rule broken"):
        answer = await guest.send(f"/ops/review/{QUEUED}/decide", choice=choice)
        assert "is no decision" in answer.text
    assert rows(desk, "SELECT count(*) FROM reviews") == [(0,)]


async def test_an_item_given_back_is_free(house: House) -> None:
    guest = await house.come_in(Role.ANALYST)
    await guest.send("/ops/queue/next")
    assert "last one" in await guest.told(f"/ops/review/{QUEUED}/skip")
    other = await house.come_in(Role.SENIOR)
    assert f"#{QUEUED}" in await other.told(f"/ops/queue/{QUEUED}/take")


async def test_a_blind_second_review_learns_nothing_of_the_first(house: House, desk: Path) -> None:
    manager = await house.come_in(Role.MANAGER)
    await manager.send("/ops/rules", name="second_share", value="1")
    first = await house.come_in(Role.ANALYST)
    await first.send("/ops/queue/next")
    await first.send(f"/ops/review/{QUEUED}/decide", choice="overturn: too hard")
    second = await house.come_in(Role.SENIOR)
    page = await second.told("/ops/queue/next")
    for path in (f"/ops/review/{QUEUED}", f"/ops/records/{QUEUED}"):
        page = await second.see(path)
        assert "too hard by" not in page
        assert Role.ANALYST not in page.partition("<main")[2]
    assert rows(desk, "SELECT why FROM review_items WHERE closed_ms IS NULL") == [("second",)]


async def test_a_raid_is_one_row_and_decided_as_one_after_it_was_confirmed(raided: Path, house: House) -> None:
    guest = await house.come_in(Role.ANALYST)
    listed = await guest.see("/ops/queue")
    assert "3 Records wait, decided as one" in listed
    assert "#6" not in listed
    assert "One of 3 Records of" in await guest.see("/ops/records/7")
    page = await guest.see("/ops/groups/1")
    assert "3 Records of 3 people are yours to decide" in page
    assert "bad word" not in page

    page = (await guest.send("/ops/groups/1", choice="overturn: false match")).text
    assert "Overturn for 3 people" in page
    assert rows(raided, "SELECT count(*) FROM reviews") == [(0,)]
    other = await house.come_in(Role.SENIOR)
    await other.send("/ops/queue/7/take")
    answer = await guest.send("/ops/groups/1", choice="overturn: false match", records="3")
    assert "2 Records now, not the 3 you confirmed" in answer.text
    assert "Left out: 1 held by senior" in await guest.see("/ops/groups/1")
    told = await guest.told("/ops/groups/1", choice="overturn: false match", records="2")
    assert "overturn, false match: 2 Records of 2 people. The bot has been asked to take it back." in told
    assert rows(raided, "SELECT record_id, unmasked FROM reviews") == [(6, 0), (8, 0)]
    assert rows(raided, "SELECT count(*) FROM exposures") == [(0,)]


async def test_whoever_decides_a_raid_a_second_time_does_not_see_how_it_stands(raided: Path, house: House) -> None:
    manager = await house.come_in(Role.MANAGER)
    await manager.send("/ops/rules", name="second_share", value="1")
    first = await house.come_in(Role.ANALYST)
    await first.send("/ops/groups/1", choice="overturn: false match", records="3")
    assert "Left out: 3 decided already" in await first.see("/ops/groups/1")
    second = await house.come_in(Role.SENIOR)
    page = await second.see("/ops/groups/1")
    assert "A blind second review is open" in page
    assert "false match by" not in page
    assert "3 Records of 3 people are yours to decide" in page


async def test_an_appeal_is_answered_by_the_bot(house: House, desk: Path) -> None:
    guest = await house.come_in(Role.ANALYST)
    page = (await guest.send("/ops/appeals/1/unmask")).text
    assert "sorry" in page
    assert "\x1b" not in page
    assert rows(desk, "SELECT record_id, surface FROM exposures") == [(QUEUED, "console")]
    await guest.send("/ops/appeals/1", answer="approve: too hard", to_chatter="Welcome back.")
    assert rows(desk, "SELECT kind, note FROM requests") == [("approve appeal", "Welcome back.")]
    assert "approved" in await guest.see("/ops/appeals?closed=1")


async def test_an_appeal_is_masked_until_asked_for(house: House, desk: Path) -> None:
    auditor, analyst = await house.come_in(Role.AUDITOR), await house.come_in(Role.ANALYST)
    for guest in (auditor, analyst):
        assert "sorry" not in await guest.see("/ops/appeals/1")
    assert "Show the text" not in await auditor.see("/ops/appeals/1")
    assert (await auditor.send("/ops/appeals/1/unmask")).status_code == 403
    assert rows(desk, "SELECT count(*) FROM exposures") == [(0,)]


async def test_an_answer_that_no_button_gives_is_refused(house: House, desk: Path) -> None:
    guest = await house.come_in(Role.ANALYST)
    for answer in ("", "approve", "ban: rule broken", "approve: because"):
        assert "is no decision" in (await guest.send("/ops/appeals/1", answer=answer)).text
    assert rows(desk, "SELECT count(*) FROM appeal_decisions") == [(0,)]


async def test_a_refusal_leads_back_to_a_page_that_is_there(house: House) -> None:
    guest = await house.come_in(Role.ANALYST)
    await guest.send("/ops/queue/next")
    here = f"/ops/review/{QUEUED}/unmask"
    await guest.send(here)
    guest.client.headers["Referer"] = f"{ADDRESS}{here}"
    answer = await guest.send(f"/ops/review/{QUEUED}/decide", choice="uphold: rule broken", note="x" * 501)
    page = await guest.client.get(answer.headers["Location"], follow_redirects=True)
    assert (page.status_code, page.url.path) == (200, f"/ops/review/{QUEUED}")
    assert "the limit is 500" in page.text


async def test_a_look_at_what_one_does_not_hold_is_not_counted(house: House, desk: Path) -> None:
    guest = await house.come_in(Role.ANALYST)
    assert "You do not hold" in await guest.told(f"/ops/review/{QUEUED}/unmask")
    assert rows(desk, "SELECT count(*) FROM exposures") == [(0,)]


async def test_what_another_decided_meanwhile_is_not_put_up_again(house: House, desk: Path) -> None:
    slow, quick = await house.come_in(Role.ANALYST), await house.come_in(Role.SENIOR)
    assert 'name="waited" value="1"' in await slow.see("/ops/queue")
    await quick.send("/ops/queue/next")
    await quick.send(f"/ops/review/{QUEUED}/decide", choice="uphold: rule broken")
    answer = await slow.send(f"/ops/queue/{QUEUED}/take", waited="1")
    assert "does not wait any more" in answer.text
    assert rows(desk, "SELECT count(*) FROM review_items WHERE closed_ms IS NULL") == [(0,)]
    assert "referred" in await slow.told(f"/ops/queue/{QUEUED}/take")  # asked for on the Record's page


async def test_a_case_is_worked_from_opening_to_closing(house: House) -> None:
    guest = await house.come_in(Role.SENIOR)
    assert "Case 1 is yours" in await guest.told("/ops/cases", title="Ring of <spam>")
    await guest.send("/ops/cases/1", do="add", kind="record", subject="#1", why="first seen")
    await guest.send("/ops/cases/1", do="note", note="two more of them <here>")
    page = await guest.see("/ops/cases/1")
    assert "two more of them &lt;here&gt;" in page
    assert "first seen" in page
    assert "there is no record 99" in (await guest.send("/ops/cases/1", do="add", kind="record", subject="99")).text
    assert "Closed." in await guest.told("/ops/cases/1", do="close", resolution="warned")
    legal = await house.come_in(Role.LEGAL)
    assert "On legal hold" in await legal.told("/ops/cases/1/hold", hold="1")
    assert "chatwarden case export 1 " in await legal.see("/ops/cases/1")
    assert "0 people, 1 Record," in await legal.see("/ops/cases?closed=1")


async def test_who_does_not_review_is_offered_nothing_to_take(house: House) -> None:
    assert "Take the most urgent" in await (await house.come_in(Role.ANALYST)).see("/ops/queue")
    for role in (Role.AUDITOR, Role.LEGAL):
        page = await (await house.come_in(role)).see("/ops/queue")
        assert f"#{QUEUED}" in page
        assert "/ops/queue/next" not in page


async def test_nothing_asked_for_is_no_failed_search(house: House) -> None:
    guest = await house.come_in(Role.AUDITOR)
    assert "in the log is called" not in await guest.see("/ops/find")
    assert "in the log is called nobody_at_all" in await guest.see("/ops/find?what=nobody_at_all", status=404)


async def test_audit_shows_who_did_what(house: House) -> None:
    guest = await house.come_in(Role.AUDITOR)
    page = await guest.see("/ops/audit?actor=auditor")
    assert "sign in" in page
    assert "Nothing by nobody_at_all" in await guest.see("/ops/audit?actor=nobody_at_all")


async def test_figures_are_added_up_outside_of_the_bots_process(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    async def here(self: Kpis, period: Period) -> None:
        pytest.fail("added up in the loop that the bot judges chat in")

    for each in ("daily", "times", "work"):
        monkeypatch.setattr(Kpis, each, here)
    guest = await house.come_in(Role.AUDITOR)
    assert "time to detect" in (await guest.see("/ops/figures?period=30d&whole=1")).lower()


async def test_whoever_waits_too_long_for_figures_is_told_what_to_do(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reckoner, "PATIENCE_S", 0)
    guest = await house.come_in(Role.AUDITOR)
    assert "Ask for fewer days" in await guest.see("/ops/figures?whole=1", status=503)
    part = await guest.client.get("/ops/figures", headers={"X-Fragment": "1"})
    assert (part.status_code, part.headers["Content-Type"]) == (503, "text/plain; charset=utf-8")
    assert part.text.endswith("Ask for fewer days, or for one channel.")
    monkeypatch.undo()
    await guest.see("/ops/figures?whole=1")


async def test_figures_stand_with_what_they_rest_on(house: House) -> None:
    guest = await house.come_in(Role.AUDITOR)
    page = await guest.see("/ops/figures?period=90d&channel=studio")
    assert "data-load" in page
    assert "insufficient data" not in page
    assert "insufficient data" in await guest.see("/ops/figures?period=90d&channel=studio&whole=1")
    part = await guest.client.get("/ops/figures?period=90d&channel=studio", headers={"X-Fragment": "1"})
    assert "insufficient data" in part.text
    assert "<main" not in part.text
    part = await guest.client.get("/ops/figures?period=90d&part=days", headers={"X-Fragment": "1"})
    assert part.status_code == 200
    assert "<main" not in part.text


@pytest.mark.parametrize("what", ["#5", "5", "0005"])
async def test_a_record_is_found_by_its_number(house: House, what: str) -> None:
    guest = await house.come_in(Role.AUDITOR)
    answer = await guest.client.get("/ops/find", params={"what": what})
    assert answer.headers["Location"] == "/ops/records/5"


@pytest.mark.parametrize("what", ["troll", "@Troll ", "id-troll"])
async def test_a_chatter_is_found_by_name_or_twitch_id(house: House, what: str) -> None:
    guest = await house.come_in(Role.ANALYST)
    answer = await guest.client.get("/ops/find", params={"what": what})
    assert "troll" in await guest.see(answer.headers["Location"])


async def test_who_is_not_in_the_log_is_said_to_be_so(house: House) -> None:
    guest = await house.come_in(Role.ANALYST)
    assert "nobody in the log is called &lt;b&gt;" in await guest.see("/ops/find?what=<b>", status=404)
    assert 'action="/ops/find"' in await guest.see("/ops/queue")


async def test_a_login_that_changed_hands_offers_everybody(house: House, desk: Path) -> None:
    guest = await house.come_in(Role.ANALYST)
    async with house.desk.db.transaction() as transaction:
        await transaction.execute("INSERT INTO chatters (twitch_id, login) VALUES ('id-later', 'troll')")
    page = await guest.see("/ops/find?what=troll")
    assert "Twitch id id-troll" in page
    assert "Twitch id id-later" in page
