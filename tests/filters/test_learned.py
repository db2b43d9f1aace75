"""A learned model: packed and read back, refused when it is anything else, and never more than for review."""

from __future__ import annotations

import base64
import math
import random
import tracemalloc
import zlib
from array import array

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from filters.engine import Engine, Exemptions
from filters.history import History
from filters.ladder import Ladder
from filters.learned import BUCKETS, READ, Learned, Model, features
from filters.text import fold
from filters.types import ActionKind, Category, Evidence, Fragment, FragmentKind, Message, Severity


def model(*bad: str) -> Model:
    """One that minds these words, and nothing else."""
    weights = array("b", bytes(BUCKETS))
    for word in bad:
        for bucket in features(word):
            weights[bucket] = 100
    return Model(-2.0, 0.03, weights)


def said(text: str, **more: object) -> Message:
    return Message("m1", 0, "1", "studio", "2", "ann", text, **more)


def check(text: str, **settings: object) -> object:
    learned = Learned(enabled=True, model=model("dweebish").pack(), **settings)
    return learned.check(said(text), History())


@given(st.floats(-20, 20), st.floats(1e-6, 10), st.randoms(use_true_random=True), st.text(max_size=300))
def test_what_is_packed_is_read_back_and_scores_the_same(
    intercept: float, scale: float, rng: random.Random, text: str
) -> None:
    one = Model(intercept, scale, array("b", rng.randbytes(BUCKETS)))
    other = Model.unpack(one.pack())
    assert other == one
    assert 0 <= one.score(fold(text).text) == other.score(fold(text).text) <= 1


@pytest.mark.parametrize(
    "text",
    [
        "nonsense",
        base64.b64encode(b"nonsense").decode(),
        base64.b64encode(zlib.compress(b"short")).decode(),
        base64.b64encode(zlib.compress(bytes(50_000_000))).decode()[:40_000],
        Model(float("nan"), 1.0, array("b", bytes(BUCKETS))).pack(),
        Model(1.0, float("inf"), array("b", bytes(BUCKETS))).pack(),
        Model(1.0, 1.0, array("b", bytes(BUCKETS - 1))).pack(),
        Model(1.0, 1.0, array("b", bytes(BUCKETS + 1))).pack(),
        "\n".join(Model(1.0, 1.0, array("b", bytes(BUCKETS))).pack()),
        "é",
    ],
    ids=[
        "text",
        "not packed",
        "too short",
        "a bomb",
        "not a number",
        "not finite",
        "a weight too few",
        "a weight too many",
        "parted by new lines",
        "no ASCII",
    ],
)
def test_anything_else_is_refused_with_the_remedy(text: str) -> None:
    with pytest.raises(ValidationError, match="chatwarden learn writes it"):
        Learned(model=text)


def test_a_bomb_is_refused_before_it_has_grown() -> None:
    bomb = base64.b64encode(zlib.compress(bytes(20_000_000))).decode()
    tracemalloc.start()
    try:
        with pytest.raises(ValidationError):
            Learned(model=bomb)
        assert tracemalloc.get_traced_memory()[1] < 2_000_000
    finally:
        tracemalloc.stop()


def test_what_was_learned_keeps_its_meaning_in_later_versions() -> None:
    """Runs of four bytes, the spaces around words among them, by CRC-32; their worth shared by their number's root."""
    assert features("ab c") == [zlib.crc32(run) % BUCKETS for run in (b" ab ", b"ab c", b"b c ")]
    assert features("é") == [zlib.crc32(" é ".encode()) % BUCKETS]
    assert features("a") == []
    even = array("b", [1] * BUCKETS)
    assert Model(0.0, 0.0, even).score("abcde") == 0.5
    assert Model(math.log(3), 0.0, even).score("abcde") == pytest.approx(0.75)
    assert Model(0.0, math.log(3) / 2, even).score("abcde") == pytest.approx(0.75)  # four runs


@pytest.mark.parametrize(("worth", "score"), [(127, 1.0), (-128, 0.0)])
def test_however_sure_it_is_a_probability(worth: int, score: float) -> None:
    assert Model(0.0, 1e6, array("b", [worth] * BUCKETS)).score("abcde") == pytest.approx(score)


def test_a_line_with_nothing_to_read_is_never_like_those_upheld() -> None:
    assert Model(20.0, 1.0, array("b", bytes(BUCKETS))).score("") == 0


def test_a_finding_carries_what_the_streamer_set() -> None:
    assert check("dweebish", category=Category.HATE, severity=Severity.HIGH, dry_run=True, least_score=0.5) == Evidence(
        filter="learned",
        rule="least_score",
        category=Category.HATE,
        severity=Severity.HIGH,
        span=(0, 8),
        score=model("dweebish").score("dweebish"),
        technique="learned",
        detail="reads like lines this channel's reviewers upheld (100% likely)",
        dry_run=True,
        review_only=True,
    )


def test_a_line_like_those_upheld_is_found_and_says_how_likely() -> None:
    found = check("you are so dweebish today")
    assert found is not None
    assert found.review_only
    assert 0.8 <= found.score <= 1
    assert f"{found.score:.0%} likely" in found.detail
    assert check("you are so kind today") is None


def test_disguised_letters_are_folded_first_and_emotes_are_not_read() -> None:
    assert check("you are so dwееbish") is not None  # Cyrillic
    fragments = (Fragment(FragmentKind.TEXT, "hello "), Fragment(FragmentKind.EMOTE, "dweebish"))
    learned = Learned(enabled=True, model=model("dweebish").pack())
    assert learned.check(said("hello dweebish", fragments=fragments), History()) is None


def test_untaught_or_below_the_threshold_it_says_nothing() -> None:
    assert Learned(enabled=True).check(said("dweebish"), History()) is None
    text = "a dweebish thing among words that say nothing at all"
    score = model("dweebish").score(fold(text).text)
    assert check(text, least_score=min(1.0, score + 0.001)) is None
    assert check(text, least_score=score) is not None


def test_it_never_asks_for_more_than_a_look() -> None:
    learned = Learned(enabled=True, severity=3, model=model("dweebish").pack())
    verdict = Engine([learned], Ladder(), Exemptions()).judge(said("dweebish"))
    assert verdict.action.kind is ActionKind.REVIEW


@given(st.text(max_size=600))
def test_any_text_has_features_within_bounds(text: str) -> None:
    found = features(fold(text).text)
    assert all(0 <= bucket < BUCKETS for bucket in found)
    assert len(found) <= READ
