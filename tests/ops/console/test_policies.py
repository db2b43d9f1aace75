from __future__ import annotations

import asyncio
import re

import pytest
from starlette.datastructures import FormData

from config.policy import Policy, preset_names
from filters.zalgo import Zalgo
from ops.console.forms import Setting, apply, describe, read
from storage.database import now_ms
from tests.ops.console.conftest import ADDRESS, STREAMER, House

HERE = f"/c/{STREAMER}"


def sent(settings: list[Setting]) -> FormData:
    """What a browser sends for a form nobody touched."""
    fields: list[tuple[str, str]] = []
    for each in settings:
        if each.kind in {"several", "each"}:
            fields += [(each.path, value) for value in each.value]
        elif each.kind == "lines":
            fields.append((each.path, "\r\n".join(each.value)))
        elif each.kind != "switch":
            fields.append((each.path, each.value))
        elif each.value:
            fields.append((each.path, "on"))
    return FormData(fields)


@pytest.mark.parametrize("preset", preset_names())
def test_an_untouched_form_changes_nothing(preset: str) -> None:
    policy = Policy.preset(preset)
    groups = {name: getattr(policy, name) for name in ("exempt", "grants", "ladder", "raid", "breaker")}
    groups |= {f"filters.{each.name}": each for each in policy.filters.all}
    for path, model in {"": policy, **groups}.items():
        settings = describe(model, path)
        assert settings
        assert all(each.help for each in settings)
        assert apply(policy, read(settings, sent(settings))) == policy, path


def test_patterns_keep_what_their_line_does_not_show() -> None:
    pattern = {"pattern": "fo+", "severity": 3, "note": "the long one"}
    policy = apply(Policy(), {"filters.regex.patterns": [pattern]})
    settings = [each for each in describe(policy.filters.regex, "filters.regex") if each.kind == "lines"]
    changed = apply(policy, read(settings, FormData({"filters.regex.patterns": "fo+\nba+r"})))
    assert [(each.pattern, int(each.severity), each.note) for each in changed.filters.regex.patterns] == [
        ("fo+", 3, "the long one"),
        ("ba+r", 1, ""),
    ]


async def fields(house: House, group: str) -> dict[str, object]:
    policy, _ = await house.desk.policy("501")
    return dict(sent(describe(getattr(policy.filters, group), f"filters.{group}")).multi_items())


async def test_a_change_is_a_draft_until_it_is_saved_with_a_reason(house: House) -> None:
    guest = await house.come_in(STREAMER)
    form = await fields(house, "caps") | {"filters.caps.max_ratio": "0.55"}
    assert "unsaved changes" in await guest.told(f"{HERE}/filters/caps", **form)
    assert (await house.desk.policy("501"))[0].filters.caps.max_ratio != 0.55
    page = await guest.see(f"{HERE}/draft")
    assert "caps.max_ratio" in page
    assert "Say why" in await guest.told(f"{HERE}/draft", do="save", reason="  ")
    assert "Saved as revision 2" in await guest.told(f"{HERE}/draft", do="save", reason="quieter <b>please</b>")
    policy, number = await house.desk.policy("501")
    assert (policy.filters.caps.max_ratio, number) == (0.55, 2)
    page = await guest.see(f"{HERE}/history")
    assert "quieter &lt;b&gt;please&lt;/b&gt;" in page
    [deed] = [deed for deed in await house.desk.audit.latest(actor=STREAMER) if deed.verb == "policy save"]
    assert (deed.subject, deed.detail, deed.role) == ("revision 2", "caps.max_ratio", "streamer")


async def test_a_mistake_stands_beside_its_setting_and_nothing_changes(house: House) -> None:
    guest = await house.come_in(STREAMER)
    form = await fields(house, "caps") | {"filters.caps.max_ratio": "7"}
    answer = await guest.send(f"{HERE}/filters/caps", **form)
    assert answer.status_code == 422
    before, _, after = answer.text.partition("7 is above 1")
    assert 'value="7"' in before
    assert "max ratio" in before
    assert "min letters" in after
    assert not (await guest.client.get(f"{HERE}/draft")).is_success


async def test_drafts_of_two_people_both_stand(house: House) -> None:
    streamer = await house.come_in(STREAMER)
    await streamer.send(f"{HERE}/words", do="add", text="grumblefoo", severity="2", category="harassment")
    policy, _ = await house.desk.policy("501")
    other = apply(policy, {"filters.blocklist.terms": [{"text": "wobblebar"}], "prefix": "?"})
    await house.desk.revisions.save("501", other.to_toml(), author="y", reason="meanwhile", at_ms=now_ms())
    told = await streamer.told(f"{HERE}/draft", do="save", reason="mine")
    assert "Revision 2 was saved meanwhile" in told
    assert "grumblefoo" in told
    await streamer.send(f"{HERE}/draft", do="save", reason="mine")
    policy, number = await house.desk.policy("501")
    assert number == 3
    assert policy.prefix == "?"
    assert [term.text for term in policy.filters.blocklist.terms] == ["wobblebar", "grumblefoo"]


async def test_restoring_is_a_new_revision(house: House) -> None:
    guest = await house.come_in(STREAMER)
    await guest.send(f"{HERE}/filters/caps/switch")
    await guest.send(f"{HERE}/draft", do="save", reason="switch")
    assert "caps.enabled" in await guest.see(f"{HERE}/history/1")
    await guest.send(f"{HERE}/history/1")
    await guest.send(f"{HERE}/draft", do="save", reason="back")
    first, third = [await house.desk.revisions.get("501", number) for number in (1, 3)]
    assert first is not None
    assert third is not None
    assert Policy.parse(first.toml) == Policy.parse(third.toml)


async def test_restoring_takes_back_what_another_saved_since_an_older_draft(house: House) -> None:
    guest = await house.come_in(STREAMER)
    await guest.send(f"{HERE}/filters/caps/switch")
    first, _ = await house.desk.policy("501")
    other = apply(first, {"prefix": "?"})
    await house.desk.revisions.save("501", other.to_toml(), author="y", reason="meanwhile", at_ms=now_ms())
    await guest.send(f"{HERE}/history/1")
    assert "Saved as revision 3" in await guest.told(f"{HERE}/draft", do="save", reason="as it was")
    assert (await house.desk.policy("501"))[0] == first


async def test_a_preset_leaves_the_channels_own_words(house: House) -> None:
    guest = await house.come_in(STREAMER)
    await guest.send(f"{HERE}/words", do="add", text="grumblefoo", severity="3", category="hate")
    await guest.send(f"{HERE}/settings/channel", prefix="!", language="en", automod="leave", dry_run="true")
    await guest.send(f"{HERE}/presets", preset="strict")
    await guest.send(f"{HERE}/draft", do="save", reason="strict now")
    policy, _ = await house.desk.policy("501")
    assert policy.dry_run
    assert [term.text for term in policy.filters.blocklist.terms] == ["grumblefoo"]
    assert policy.filters.flood == Policy.preset("strict").filters.flood


async def test_words_are_added_imported_found_and_removed(house: House) -> None:
    guest = await house.come_in(STREAMER)
    lines = "term\tseverity\tflags\ngrumblefoo\t3\texact\nthe\t1\t\nwobblebar\t0\tanywhere\n"
    told = await guest.told(f"{HERE}/words", do="import", lines=lines)
    assert "2 new terms" in told
    assert "common word" in told
    page = await guest.see(f"{HERE}/words?q=blefoo")
    assert "grumblefoo" in page
    assert "extreme" in page
    assert "wobblebar" not in page
    await guest.send(f"{HERE}/words", do="remove", text="grumblefoo")
    assert "No list in use" in await guest.see(f"{HERE}/words?q=blefoo")


async def test_a_line_is_judged_under_the_draft_and_the_piece_is_marked(house: House) -> None:
    guest = await house.come_in(STREAMER)
    await guest.send(f"{HERE}/words", do="add", text="grumblefoo", severity="3", category="hate")
    page = (await guest.send(f"{HERE}/try", line="you <i> g.r.u.m.b.l.e.f.o.o </i> you")).text
    assert "<mark>" in page
    assert "&lt;i&gt;" in page
    assert "<i>" not in page
    assert "act ban" in page
    assert "No filter minds" in (await guest.send(f"{HERE}/try", line="good evening")).text
    part = await guest.client.post(
        f"{HERE}/try",
        data={"form": _token(page), "line": "grumblefoo"},
        headers={"X-Fragment": "1"},
    )
    assert "<html" not in part.text
    assert "<mark>grumblefoo</mark>" in part.text


async def test_a_filter_that_breaks_on_the_line_is_named_with_its_place(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Zalgo, "check", lambda _self, message, _history: {}[message.text])
    guest = await house.come_in(STREAMER)
    page = (await guest.send(f"{HERE}/try", line="good evening")).text
    assert "No other filter minds this line." in page
    assert re.search(r"zalgo failed on this line: KeyError at tests/ops/console/test_policies.py:\d+\.", page, re.I)


def _token(page: str) -> str:
    return page.partition('name="form" value="')[2].partition('"')[0]


async def test_a_back_test_needs_stored_chat(house: House) -> None:
    guest = await house.come_in(STREAMER)
    await guest.send(f"{HERE}/filters/caps/switch")
    answer = await guest.send(f"{HERE}/draft/test", span="24h")
    assert answer.status_code == 409
    assert "no chat is stored" in answer.text


async def test_a_back_test_refused_leads_back_to_the_draft(house: House) -> None:
    guest = await house.come_in(STREAMER)
    await guest.send(f"{HERE}/filters/caps/switch")
    guest.client.headers["Referer"] = f"{ADDRESS}{HERE}/draft/test"
    answer = await guest.send(f"{HERE}/draft/test", span="24h")
    page = await guest.client.get(answer.headers["Location"], follow_redirects=True)
    assert (page.status_code, page.url.path) == (200, f"{HERE}/draft")
    assert "no chat is stored" in page.text


async def test_a_long_list_is_saved_without_stopping_the_bot_in_the_same_loop(house: House) -> None:
    guest = await house.come_in(STREAMER)
    letters = str.maketrans("0123456789", "abcdefghij")
    await guest.send(
        f"{HERE}/words", do="import", lines="\n".join(f"zug{n:04}".translate(letters) for n in range(3_000))
    )
    loop, gaps = asyncio.get_running_loop(), [0.0]

    async def beat() -> None:
        while True:
            before = loop.time()
            await asyncio.sleep(0.01)
            gaps.append(loop.time() - before)

    beating, begun = asyncio.create_task(beat()), loop.time()
    assert "Saved as revision 2" in await guest.told(f"{HERE}/draft", do="save", reason="all of them")
    beating.cancel()
    assert max(gaps) < (loop.time() - begun) / 2


async def test_a_draft_is_saved_once_however_often_the_button_is_pressed(house: House) -> None:
    guest = await house.come_in(STREAMER)
    await guest.send(f"{HERE}/filters/caps/switch")
    form = {"form": _token(await guest.see(f"{HERE}/draft")), "do": "save", "reason": "shouting is fine"}
    discard = {**form, "do": "discard"}
    answers = await asyncio.gather(*(guest.client.post(f"{HERE}/draft", data=each) for each in (form, discard, form)))
    assert {each.status_code for each in answers} == {303}
    assert len(await house.desk.revisions.history("501")) == 2
