"""Addresses in chat: hosts found in a line although their dots, letters or spaces are disguised.

Whether a host can exist is told by the Public Suffix List as the package ``publicsuffixlist`` (MPL-2.0) ships it; it
is chosen over ``tldextract`` because it never goes to the network.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from publicsuffixlist import PublicSuffixList

from filters.text import skeleton

PLAIN_ENDINGS = frozenset(
    "com net org tv gg ru info biz xyz io co cc ly tk ml cf ga gq top site online club shop store pro dev app tech"
    " link click icu buzz vip bet casino website space ua pl su eu uk br jp kr cn de nl".split()
)
"""Endings after which a bare ``word.ending`` is an address. After others ("so.it was") more must tell: a scheme, a
path, www, a third label, or a name with digits or hyphens."""
SPELT_ENDINGS = frozenset("com net org tv gg ru info biz xyz io".split())
"""Endings that are looked for after a dot with space before it, and after the word dot."""
PRODUCTS = frozenset("ado.net asp.net ml.net socket.io vb.net".split())
"""Names of software that look like addresses; from common knowledge. With a scheme or a path they are addresses."""

_DOTS = "。．｡․﹒·•∙⋅‧・"
_SIGNS = dict.fromkeys(_DOTS, ".") | dict.fromkeys("‐‑−", "-")
_HINT = re.compile(rf"[.{_DOTS}]|d[o0]t|punto|punkt|ponto", re.IGNORECASE)
_SPELT = "|".join(sorted(SPELT_ENDINGS))
_WRITTEN_DOT = re.compile(
    r"\s*[(\[{<]\s*(?:\.|dot|d0t|punto|punkt|ponto)\s*[)\]}>]\s*"
    rf"|(?<=\w)\s+(?:dot|d0t|punto|punkt|ponto|\.)\s*(?=(?:{_SPELT})(?![\w.]))"
    # With words after it, "isso. com certeza" is Portuguese.
    r"|(?<=\w)\.\s+(?=(?:com|org)(?:\s*$|/\S))"
)
_SPACED_OUT = re.compile(r"(?<!\S)(?:[\w.] ){4,}[\w.](?!\S)")
_ADDRESS = re.compile(
    r"(?<![\w@.-])(?:(?P<scheme>h(?:tt|xx)ps?)://(?:[^\s/\\?#@]*@)?)?"
    r"(?P<host>[^\W_][\w-]{0,62}(?:\.[^\W_][\w-]{0,62}){1,8})\.?(?![\w@])"
    r"(?::\d{1,5})?(?P<path>[/?#]\S*)?"
)
_NUMBERS = re.compile(r"(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)")
_OWN_NAME = re.compile(r"(?=.*[a-z])(?=.*[\d-])")


@dataclass(frozen=True, slots=True)
class Address:
    """One address: its ``host`` in Unicode, lower case; what the host ``looks`` like in Latin letters; the path with
    its slash; the span (start, end) in the original text. Not ``plain`` is what may also be two words with a dot
    between ("so.it was").
    """

    host: str
    looks: str
    path: str
    span: tuple[int, int]
    plain: bool

    @property
    def hosts(self) -> Iterator[str]:
        """The host and every domain above it, down to what can be registered, as written and as it looks."""
        for host in dict.fromkeys((self.host, self.looks)):
            while "." in host:
                yield host
                host = host.partition(".")[2]


def find_addresses(text: str, opaque: tuple[tuple[int, int], ...] = ()) -> list[Address]:
    """What may be an address in a chat line, in order. ``opaque`` spans (emotes, mentions) are not looked at."""
    if not _HINT.search(text if text.isascii() else skeleton(text) + text):
        return []
    found: dict[int, Address] = {}
    views = [_view(text, str.lower)] if text.isascii() else [_view(text, _compatible), _view(text, skeleton)]
    for view in views:
        for address in _addresses(view):
            if not any(start < address.span[1] and address.span[0] < end for start, end in opaque):
                found.setdefault(address.span[0], address)
    return [found[start] for start in sorted(found)]


@dataclass(frozen=True, slots=True)
class _View:
    """A rewriting of the line, with the place in the original of each character."""

    text: str
    places: list[int]

    def joined(self) -> _View:
        """Words written letter by letter without their spaces."""
        gone = {
            place for run in _SPACED_OUT.finditer(self.text) for place in range(*run.span()) if self.text[place] == " "
        }
        kept = [place for place in range(len(self.text)) if place not in gone] if gone else []
        return _View("".join(self.text[at] for at in kept), [self.places[at] for at in kept]) if gone else self

    def dotted(self) -> _View:
        """Dots that are written out or in brackets as dots."""
        text, places, at = "", [], 0
        for dot in _WRITTEN_DOT.finditer(self.text):
            text += self.text[at : dot.start()] + "."
            places += self.places[at : dot.start() + 1]
            at = dot.end()
        return _View(text + self.text[at:], places + self.places[at:]) if at else self


def _view(text: str, rewrite: Callable[[str], str]) -> _View:
    if text.isascii():
        view = _View(rewrite(text), list(range(len(text))))
    else:
        letters = [(_SIGNS.get(char) or rewrite(char), place) for place, char in enumerate(text)]
        view = _View("".join(new for new, _ in letters), [place for new, place in letters for _ in new])
    return view.joined().dotted()


def _compatible(char: str) -> str:
    new = unicodedata.normalize("NFKC", char).casefold()
    return "".join(each for each in new if unicodedata.category(each) != "Cf")


def _addresses(view: _View) -> Iterator[Address]:
    for match in _ADDRESS.finditer(view.text):
        host = decoded(match["host"])
        path = match["path"] or ""
        suffix = "" if _NUMBERS.fullmatch(host) else _suffixes().publicsuffix(host)
        if suffix is None or suffix == host:
            continue
        span = (view.places[match.start()], view.places[match.end() - 1] + 1)
        plain = bool(match["scheme"] or path) or not suffix or _is_plain(host, suffix)
        yield Address(host, skeleton(host), path, span, plain)


def _is_plain(host: str, suffix: str) -> bool:
    """Whether a host without scheme and path is an address rather than two words with a dot between.

    A bare IP address is one: a game server somebody advertises or a private person's, and neither is for chat.
    """
    name = host.removesuffix("." + suffix)
    if host in PRODUCTS or name in SPELT_ENDINGS:  # "is it net . com or org?" is talk about endings.
        return False
    ending = suffix.rpartition(".")[2]
    return ending in PLAIN_ENDINGS or not ending.isascii() or "." in name or bool(_OWN_NAME.match(name))


def decoded(host: str) -> str:
    """The host with its punycode read; what is not punycode stays as it is."""
    if "xn--" not in host:
        return host
    try:
        return host.encode("ascii").decode("idna")
    except UnicodeError:
        return host


@lru_cache(maxsize=1)
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList(accept_unknown=False, only_icann=True)
