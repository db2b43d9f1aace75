"""Addresses: what is one, what is not, where it stands and which sites it belongs to."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filters.addresses import find_addresses


def plain(text: str) -> list[str]:
    return [address.host for address in find_addresses(text) if address.plain]


@pytest.mark.parametrize(
    ("text", "hosts"),
    [
        ("see a.example.co.uk/x and https://b.example.org", ["a.example.co.uk", "b.example.org"]),
        ("xn--e1afmkfd.xn--p1ai", ["пример.рф"]),
        ("пример.рф", ["пример.рф"]),
        ("http://user:pw@example.com:8080/", ["example.com"]),
        ("91.58.239.136", ["91.58.239.136"]),
        ("hxxps://evil.com/x", ["evil.com"]),
        ("HTTP://EVIL.COM:8080", ["evil.com"]),
        ("evil.com. And then", ["evil.com"]),
        ("evil.com?x", ["evil.com"]),
        ("my-site.fun abc1.fun a.b.fun abc.fun/x", ["my-site.fun", "abc1.fun", "a.b.fun", "abc.fun"]),
        ("go to evil. com", ["evil.com"]),
        ("evil. com/free now", ["evil.com"]),
        ("asp.net/core and https://net.com", ["asp.net", "net.com"]),
    ],
)
def test_hosts_are_read_as_people_mean_them(text: str, hosts: list[str]) -> None:
    assert plain(text) == hosts


@pytest.mark.parametrize(
    "text",
    [
        "so.it was fun",
        "wait...what",
        "patch 6.18 is out",
        "3.5k viewers",
        "main.py and readme.md",
        "e.g. this, i.e. that",
        "isso. com certeza",
        "i write ASP.NET and Socket.IO",
        "is it net . com or org",
        "write to ann@example.com",
        "1.2.3.4.5",
        "256.1.1.1",
        "that was.fun",
        "co.uk",
        "http://localhost",
        "evil dot de",
        "@evil.com",
        "no.tldatallhere",
        "...",
    ],
)
def test_words_and_numbers_with_dots_are_no_addresses(text: str) -> None:
    assert plain(text) == []


def test_a_site_is_found_by_every_domain_above_it_as_written_and_as_it_looks() -> None:
    (address,) = find_addresses("https://a.раypal.com/x")
    assert {"a.раypal.com", "раypal.com", "a.paypal.com", "paypal.com"} <= set(address.hosts)


def test_what_twitch_names_an_emote_is_not_looked_at() -> None:
    assert find_addresses("evil.com now", ((0, 8),)) == []


def test_an_emote_beside_a_link_hides_nothing() -> None:
    text = "Kappa evil.com Kappa"
    (address,) = find_addresses(text, ((0, 5), (15, 20)))
    assert text[slice(*address.span)] == "evil.com"


@pytest.mark.parametrize(
    ("text", "host", "written"),
    [
        ("go w w w . e v i l . c o m now", "www.evil.com", "w w w . e v i l . c o m"),
        ("go e\u00advil.com", "evil.com", "e\u00advil.com"),
        ("go evil D0T gg", "evil.gg", "evil D0T gg"),
        ("go evil[dot]com now", "evil.com", "evil[dot]com"),
        ("go evil { punto } com", "evil.com", "evil { punto } com"),
        ("go evil punkt com", "evil.com", "evil punkt com"),
        ("go evil <ponto> com", "evil.com", "evil <ponto> com"),
        ("go EVIL．COM", "evil.com", "EVIL．COM"),
        ("go evil‐site•com", "evil-site.com", "evil‐site•com"),
        ("😀 evil dot com/x y", "evil.com", "evil dot com/x"),
    ],
)
def test_a_disguised_address_is_found_where_it_is_written(text: str, host: str, written: str) -> None:
    (address,) = find_addresses(text)
    assert (address.host, text[slice(*address.span)]) == (host, written)


def test_several_written_out_dots_are_each_found_in_their_place() -> None:
    text = "evil dot com and then nice(dot)net too"
    found = find_addresses(text)
    assert [each.host for each in found] == ["evil.com", "nice.net"]
    assert [text[slice(*each.span)] for each in found] == ["evil dot com", "nice(dot)net"]


@pytest.mark.parametrize("text", ["xn--99999999.com", "http://xn--a-ecp.ru"])
def test_punycode_that_says_nothing_is_an_address_all_the_same(text: str) -> None:
    (address,) = find_addresses(text)
    assert address.host == text.removeprefix("http://")


@given(st.text(st.sampled_from("ab.c om/:-(){}[]dt。ｃ\u200bхn\ud800"), max_size=60))
def test_any_text_is_read_and_spans_lie_within_it(text: str) -> None:
    for address in find_addresses(text):
        start, end = address.span
        assert 0 <= start < end <= len(text)
