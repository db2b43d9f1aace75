"""Links are found through their disguises, and words with dots between them are left alone."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from filters.history import PERMITS, History
from filters.links import Links
from filters.types import Evidence, Fragment, FragmentKind, Message, Severity

LINKS = Links(scams=("scam-site.com",), allow=("clips.twitch.tv", "youtube.com", "*.edu", "github.com/me/*"))


def line(text: str, *, ts_ms: int = 1_000, fragments: tuple[Fragment, ...] = ()) -> Message:
    return Message("m1", ts_ms, "1", "Streamer", "7", "ada", text, fragments=fragments)


def check(text: str, links: Links = LINKS) -> Evidence | None:
    return links.check(line(text), History())


@pytest.mark.parametrize(
    ("text", "link"),
    [
        ("look https://evil.com/x?y=1 now", "https://evil.com/x?y=1"),
        ("buy at evil.com!!!", "evil.com"),
        ("(EVIL.COM)", "EVIL.COM"),
        ("go evil dot com", "evil dot com"),
        ("go evil d0t com", "evil d0t com"),
        ("go evil(dot)com", "evil(dot)com"),
        ("go evil{d0t}com", "evil{d0t}com"),
        ("go evil (.) com", "evil (.) com"),
        ("go evil[.]com", "evil[.]com"),
        ("go evil . com", "evil . com"),
        ("go evil .com", "evil .com"),
        ("e v i l . c o m", "e v i l . c o m"),
        ("see ｅｖｉｌ．ｃｏｍ", "ｅｖｉｌ．ｃｏｍ"),
        ("see evil。com", "evil。com"),
        ("see еvil.com", "еvil.com"),
        ("see ev\u200bil.com", "ev\u200bil.com"),
        ("see xn--evl-zmc.com", "xn--evl-zmc.com"),
        ("😀 evil.com", "evil.com"),
        ("https://readme.md", "https://readme.md"),
        ("readme.md/start", "readme.md/start"),
        ("http://203.0.113.9/x", "http://203.0.113.9/x"),
        # Browsers end the host at the first of these, and take a backslash for a slash.
        ("https://evil.com\\@clips.twitch.tv", "https://evil.com"),
        ("https://evil.com#@clips.twitch.tv", "https://evil.com#@clips.twitch.tv"),
        ("https://evil.com?@clips.twitch.tv", "https://evil.com?@clips.twitch.tv"),
        ("https://clips.twitch.tv@evil.com", "https://clips.twitch.tv@evil.com"),
        ("clips.twitch.tv.evil.com", "clips.twitch.tv.evil.com"),
    ],
)
def test_a_link_is_found_where_it_stands_however_it_is_disguised(text: str, link: str) -> None:
    evidence = check(text)
    assert evidence is not None
    assert (evidence.rule, evidence.severity) == ("allow", Severity.LOW)
    assert text[slice(*evidence.span)] == link


@pytest.mark.parametrize(
    "text",
    [
        "hello.how are you",
        "v1.2.3 is out",
        "node.js",
        "e.g. this",
        "12.30",
        "lol.ok",
        "so.it was",
        "wait...what",
        "readme.md and main.py and lib.rs",
        "run install.sh then a.zip then video.mov",
        "mail ada@example.com",
        "connect the dots",
        "dot com boom",
    ],
)
def test_words_numbers_and_file_names_with_dots_are_no_links(text: str) -> None:
    assert check(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "https://clips.twitch.tv/abc",
        "twitch.tv/streamer/clip/Abc",
        "https://www.twitch.tv/Streamer?x=1",
        "m.twitch.tv/streamer/",
        "www.youtube.com/watch?v=1",
        "music.youtube.com",
        "https://cs.some.edu/x",
        "github.com/me/project",
    ],
)
def test_allowed_sites_and_the_channel_itself_may_be_linked(text: str) -> None:
    assert check(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "twitch.tv/other",
        "twitch.tv/streamer2",
        "github.com/other",
        "github.com?/me/x",
        "notyoutube.com",
        "twitch.tv/streamer/../other",
        "twitch.tv/streamer/%2E%2e/other",
        "github.com/me/..\\other",
    ],
)
def test_a_path_vouches_only_for_what_lies_under_it(text: str) -> None:
    assert check(text) is not None


def test_dots_in_the_query_do_not_climb_out_of_an_allowed_path() -> None:
    assert check("github.com/me/x?from=/../y") is None


def test_the_own_channel_can_be_closed() -> None:
    assert check("twitch.tv/streamer", Links(own_channel=False)) is not None


@pytest.mark.parametrize(
    "text", ["scam-site.com", "login.scam-site.com", "scаm-site.com", "scam\u2011site.com", "scam-site dot com"]
)
def test_a_listed_scam_site_is_worse_than_a_link(text: str) -> None:
    evidence = check(text)
    assert evidence is not None
    assert (evidence.rule, evidence.severity) == ("scams", Severity.HIGH)
    assert evidence.detail == "a link to a listed scam site"
    assert text[slice(*evidence.span)] == text
    assert evidence.folded.endswith("scam-site.com"), "however it is written"


def test_only_the_scam_site_of_a_line_is_pointed_at() -> None:
    evidence = check("nice.com or scam-site.com then")
    assert evidence is not None
    assert evidence.span == (12, 25)


@pytest.mark.parametrize(
    ("text", "detail"),
    [
        ("nice.com", "a link the channel does not allow"),
        ("nice.com youtube.com evil.com", "2 links the channel does not allow"),
        ("bit.ly/x", "a shortened link"),
    ],
)
def test_it_is_said_what_is_wrong_with_links(text: str, detail: str) -> None:
    evidence = check(text)
    assert evidence is not None
    assert evidence.detail == detail


@pytest.mark.parametrize("text", ["notscam-site.com", "https://scam-site.com.evil.net"])
def test_a_domain_that_only_contains_a_listed_one_is_a_link_like_any_other(text: str) -> None:
    evidence = check(text)
    assert evidence is not None
    assert evidence.rule == "allow"


@pytest.mark.parametrize("listed", ["http://Evil.COM/", "https://evil.com", "evil.com", " evil.com "])
def test_a_scam_site_is_known_however_the_streamer_pastes_it(listed: str) -> None:
    evidence = check("evil.com", Links(scams=(listed,)))
    assert evidence is not None
    assert evidence.rule == "scams"


@pytest.mark.parametrize("text", ["xn--bcher-kva.com", "bücher.com"])
@pytest.mark.parametrize("listed", ["xn--bcher-kva.com", "bücher.com"])
def test_punycode_and_what_it_stands_for_are_one_site(listed: str, text: str) -> None:
    evidence = check(text, Links(scams=(listed,)))
    assert evidence is not None
    assert evidence.rule == "scams"


def test_a_shortened_link_is_named_as_one_and_can_be_let_through_alone() -> None:
    evidence = check("nice.com and bit.ly/x")
    assert evidence is not None
    assert evidence.rule == "shorteners"
    assert evidence.span == (13, 21)
    assert check("bit.ly/x", Links(act_on="bad", shorteners=False)) is None


def test_only_bad_links_are_acted_on_if_the_streamer_says_so() -> None:
    bad = Links(act_on="bad", scams=("scam-site.com",))
    assert check("nice.com", bad) is None
    assert check("bit.ly/x", bad) is not None
    assert check("scam-site.com", bad) is not None


def test_a_permit_opens_links_until_it_ends_but_never_scam_sites() -> None:
    history = History()
    history.permit("7", until_ms=2_000)
    assert LINKS.check(line("evil.com", ts_ms=1_999), history) is None
    assert LINKS.check(line("scam-site.com", ts_ms=1_999), history) is not None
    assert LINKS.check(line("evil.com", ts_ms=2_000), history) is not None


def test_permits_are_bounded_and_the_oldest_goes_first() -> None:
    history = History()
    for number in range(PERMITS + 1):
        history.permit(str(7 + number), until_ms=2_000)
    assert LINKS.check(line("evil.com"), history) is not None
    newest = Message("m2", 1_000, "1", "Streamer", str(7 + PERMITS), "bob", "evil.com")
    assert LINKS.check(newest, history) is None


def test_an_emote_is_not_read_as_a_link() -> None:
    emote = (Fragment(FragmentKind.EMOTE, "evil.com"),)
    assert LINKS.check(line("evil.com", fragments=emote), History()) is None


@pytest.mark.parametrize("listed", ["evil", "http://", "two words.com"])
def test_what_is_not_a_domain_is_refused_with_an_example(listed: str) -> None:
    with pytest.raises(ValidationError, match=r"is not a domain \(write e\.g\. youtube\.com"):
        Links(allow=(listed,))


@pytest.mark.parametrize("listed", ["evil.com/page", "*.evil.com"])
def test_a_scam_site_with_path_or_wildcard_is_refused_because_it_would_never_match(listed: str) -> None:
    with pytest.raises(ValidationError, match=r"a scam site is a whole domain \(write e\.g\. evil\.com"):
        Links(scams=(listed,))


PIECES: Any = st.sampled_from(
    [".", " ", " dot ", "(.)", "。", "xn--", "http://", "evil", "com", "/", "@", "\ud800", "İ", "ﬃ"]
)


@given(st.text(st.characters(), max_size=60) | st.lists(PIECES, max_size=30).map("".join))
def test_any_text_is_judged_and_a_span_lies_within_it(text: str) -> None:
    evidence = check(text)
    if evidence is not None:
        start, end = evidence.span
        assert 0 <= start < end <= len(text)
