"""Listed words and phrases, however they are disguised."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import ClassVar

from pydantic import Field, PrivateAttr

from filters.base import Filter, Settings
from filters.history import History
from filters.lexicon import Lexicon, Term, compile_lexicon
from filters.types import Category, Evidence, Message, Severity

WORDS_FOR = {"homoglyph": "lookalike or hidden letters", "sound": "as it sounds"}
"""What people call a disguise whose technique's name is not theirs."""


class BlockedTerm(Settings):
    """One term a streamer lists, with how bad it is and how it may be matched."""

    text: str = Field(min_length=1, max_length=200, description="The word or phrase.")
    severity: Severity = Field(Severity.MODERATE, description="How bad a hit is, 0 to 3.")
    category: Category = Field(Category.CHANNEL_RULE, description="The written rule it breaks.")
    lang: str = Field("", max_length=10, description="Its language code; empty for any.")
    exact: bool = Field(False, description="Only the word itself: no typos are forgiven.")
    anywhere: bool = Field(False, description="Also inside longer words.")
    endings: bool = Field(True, description="Also its plural and verb forms, in English: -s, -ed, -er, -ing.")

    def term(self) -> Term:
        """The same as the matcher takes it."""
        return Term(**dict(self))


class Blocklist(Filter):
    """Catches listed words and phrases, also when disguised by lookalike letters, spacing, leet, repeats or typos."""

    name: ClassVar[str] = "blocklist"

    lists: tuple[str, ...] = Field(("starter",), description="Names of shipped word lists to use.")
    terms: tuple[BlockedTerm, ...] = Field((), description="The channel's own words and phrases.")
    allow: tuple[str, ...] = Field((), description="Words and phrases that are never a hit, nor a part of them.")
    least_severity: Severity = Field(Severity.LOW, description="Terms of the lists milder than this are not used.")
    act_from: Severity = Field(
        Severity.LOW,
        description="Terms of the lists milder than this are only put up for review; scams of 2 and more are acted on.",
    )

    _listed: tuple[Term, ...] = PrivateAttr(())

    def with_lists(self, listed: Sequence[Term]) -> Blocklist:
        """The same filter matching the terms of its ``lists`` too, which the caller has read; compiled and ready."""
        # Checked already, and the terms are shared: copies of 10,000 would be megabytes a channel.
        full = Blocklist.model_construct(**dict(self))
        full._listed = tuple(term for term in listed if term.severity >= self.least_severity)
        _ = full._lexicon
        return full

    @cached_property
    def _lexicon(self) -> Lexicon:
        # Not before it is needed: the defaults of a Policy are made whenever it is imported, and compiling reads the
        # guard's words.
        return compile_lexicon([*(term.term() for term in self.terms), *self._listed], self.allow)

    def check(self, message: Message, history: History) -> Evidence | None:
        """Return the worst listed term in the message, one to act on before one to review."""
        hits = self._lexicon.find_all(message.folded, message.opaque)
        if not hits:
            return None
        hit = max(hits, key=lambda each: (self._acts(each.term), each.term.severity, each.confidence))
        acts = self._acts(hit.term)
        disguise = WORDS_FOR.get(hit.technique, hit.technique)
        mildness = "" if acts else "; milder than what is acted on"
        return Evidence(
            filter=self.name,
            rule=hit.term.text,
            category=hit.term.category,
            severity=hit.term.severity,
            span=hit.span,
            folded=hit.folded,
            score=hit.confidence,
            distance=hit.distance,
            technique=hit.technique,
            detail=f"a listed {'phrase' if ' ' in hit.term.text else 'word'} ({disguise}){mildness}",
            dry_run=self.dry_run,
            review_only=not acts,
        )

    def _acts(self, term: Term) -> bool:
        scam = term.category is Category.SPAM and term.severity >= Severity.HIGH
        return term.severity >= self.act_from or scam or term.text in self._own

    @cached_property
    def _own(self) -> frozenset[str]:
        return frozenset(term.text for term in self.terms)
