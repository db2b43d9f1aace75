"""Addresses nobody asked for."""

from __future__ import annotations

import re
from dataclasses import replace
from fnmatch import translate
from functools import cached_property
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, Field

from filters.addresses import Address, decoded, find_addresses
from filters.base import Filter
from filters.history import History
from filters.types import Category, Evidence, Message, Severity

SHORTENERS = frozenset(
    "adf.ly bit.do bit.ly bl.ink buff.ly clck.ru cutt.ly goo.gl is.gd ity.im j.mp kutt.it lnkd.in mcaf.ee ow.ly q.gs"
    " qr.ae rb.gy rebrand.ly s.id shorte.st shorturl.at snip.ly soo.gd t.ly t2m.io tiny.cc tinyurl.com tr.im u.to"
    " v.gd vk.cc x.co".split()
)
"""Services that hide where a link leads; from common knowledge. Not t.co: Twitter wraps every link in it."""

_CLIMBS = re.compile(r"[^?#]*[/\\](?:\.|%2e){2}(?:[/\\?#]|$)", re.IGNORECASE)
"""A path with a step up, which browsers follow out of the folder it seems to be in."""
_DOMAIN = re.compile(r"[\w*-]+(?:\.[\w*-]+)+")


def _domain(text: str) -> str:
    domain, slash, path = text.strip().lower().removeprefix("https://").removeprefix("http://").partition("/")
    if not _DOMAIN.fullmatch(domain):
        raise ValueError(f"{text!r} is not a domain (write e.g. youtube.com, *.edu or github.com/me/*)")
    return decoded(domain) + (slash + path if path else "")


def _whole_domain(text: str) -> str:
    domain = _domain(text)
    if set("*/") & set(domain):
        raise ValueError(f"{text!r}: a scam site is a whole domain (write e.g. evil.com, which covers its subdomains)")
    return domain


Domain = Annotated[str, AfterValidator(_domain)]
"""A domain, with wildcards and a path if wanted; ``youtube.com`` stands for its subdomains too."""
Host = Annotated[str, AfterValidator(_whole_domain)]
"""A domain that is looked up as it is, with its subdomains."""


class Links(Filter):
    """Catches links that are not allowed, also when disguised, and always known scam sites."""

    name: ClassVar[str] = "links"

    category: Category = Field(Category.SPAM, description="The written rule this filter enforces.")
    act_on: Literal["all", "bad"] = Field(
        "all", description="all: every link that is not allowed; bad: only scam sites and shortened links."
    )
    allow: tuple[Domain, ...] = Field(
        ("clips.twitch.tv",), description="Sites anybody may link to: youtube.com, *.edu, github.com/me/*."
    )
    own_channel: bool = Field(True, description="Let everybody link to this channel and its clips.")
    shorteners: bool = Field(True, description="Act on shortened links, which hide where they lead.")
    scams: tuple[Host, ...] = Field((), description="Scam sites; a permit does not open them.")
    scam_severity: Severity = Field(Severity.HIGH, description="How bad a link to a scam site is, 0 to 3.")

    @cached_property
    def _scams(self) -> frozenset[str]:
        return frozenset(self.scams)

    @cached_property
    def _allowed(self) -> frozenset[str]:
        return frozenset(each for each in self.allow if not set("*/") & set(each))

    @cached_property
    def _patterns(self) -> re.Pattern[str]:
        patterns = [translate(each + ("" if "/" in each else "/*")) for each in self.allow if each not in self._allowed]
        return re.compile("|".join(patterns) or r"(?!)")

    def check(self, message: Message, history: History) -> Evidence | None:
        """Return the worst link: a scam site, then a shortened one, then any that is not allowed."""
        addresses = find_addresses(message.text, message.opaque)
        if not addresses:
            return None
        for address in addresses:
            if not self._scams.isdisjoint(address.hosts):
                found = self.evidence(message, "scams", "a link to a listed scam site", address.span)
                return replace(found, severity=self.scam_severity, folded=address.looks)
        if history.permitted(message):
            return None
        left = [each for each in addresses if each.plain and not self._is_allowed(each, message.channel)]
        for address in left:
            if self.shorteners and not SHORTENERS.isdisjoint(address.hosts):
                return self.evidence(message, "shorteners", "a shortened link", address.span)
        if left and self.act_on == "all":
            count = f"{len(left)} links" if len(left) > 1 else "a link"
            return self.evidence(message, "allow", f"{count} the channel does not allow", left[0].span)
        return None

    def _is_allowed(self, address: Address, channel: str) -> bool:
        host = address.host.removeprefix("www.")
        path = "/" if _CLIMBS.match(address.path) else address.path
        if self.own_channel and host in ("twitch.tv", "m.twitch.tv"):
            own = "/" + channel.lower()
            page = re.split(r"[?#]", path.lower())[0].rstrip("/")
            if page == own or page.startswith(own + "/"):
                return True
        while host:
            if host in self._allowed:
                return True
            host = host.partition(".")[2]
        return bool(self._patterns.match(address.host + (path if path.startswith("/") else "/")))
