from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ops.statistics import NOTHING, _alpha, _alphas, cohen, krippendorff, mcnemar, percentile, share


def test_wilson_as_published() -> None:
    # Newcombe, Statistics in Medicine 17 (1998), table I: 81 of 263 and 15 of 148, Wilson without correction.
    for hits, n, low, high in ((81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611)):
        found = share(hits, n)
        assert found.low == pytest.approx(low, abs=5e-5)
        assert found.high == pytest.approx(high, abs=5e-5)


@given(st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_equal_weights_change_nothing(case: tuple[int, int]) -> None:
    hits, n = case
    plain, weighted = share(hits, n), share(hits / n, n, [4.0] * n)
    assert (weighted.value, weighted.low, weighted.high) == pytest.approx((plain.value, plain.low, plain.high))


def test_unequal_weights_widen_the_interval() -> None:
    even, uneven = share(0.5, 100, [1.0] * 100), share(0.5, 100, [1.0] * 50 + [9.0] * 50)
    assert even.low is not None
    assert uneven.low is not None
    assert uneven.low < even.low


def test_nothing_is_no_share() -> None:
    assert share(0, 0) == NOTHING
    assert percentile([], 0.5) == NOTHING
    assert not NOTHING.enough


def test_a_percentile_lies_between_its_order_statistics() -> None:
    found = percentile(list(range(1, 101)), 0.5)
    assert found.value == 50.5
    # Ranks 40 and 61 of 100 for a median (Conover, Practical Nonparametric Statistics, 3.2).
    assert (found.low, found.high) == (40, 61)


def test_cohens_own_example() -> None:
    # Fleiss, Levin and Paik, Statistical Methods for Rates and Proportions (2003), table 18.1: kappa 0.676.
    table = {("p", "p"): 75, ("p", "n"): 1, ("p", "o"): 4, ("n", "p"): 5, ("n", "n"): 4, ("n", "o"): 1, ("o", "o"): 10}
    pairs = [pair for pair, times in table.items() for _ in range(times)]
    found = cohen([first for first, _ in pairs], [second for _, second in pairs])
    assert found.value == pytest.approx(0.676, abs=5e-4)
    assert found.n == 100


def test_krippendorffs_own_example() -> None:
    # Krippendorff, Computing Krippendorff's Alpha-Reliability (2011), section C: four observers, missing data: 0.743.
    observers = {
        "A": "1 2 3 3 2 1 4 1 2 . . .",
        "B": "1 2 3 3 2 2 4 1 2 5 . 3",
        "C": ". 3 3 3 2 3 4 2 2 5 1 .",
        "D": "1 2 3 3 2 4 4 1 2 5 1 .",
    }
    judgements = [
        (name, str(case), value)
        for name, row in observers.items()
        for case, value in enumerate(row.split())
        if value != "."
    ]
    found = krippendorff(judgements)
    assert found.value == pytest.approx(0.743, abs=5e-4)
    assert found.n == 11
    assert found.low is not None
    assert found.high is not None
    assert found.low < found.value < found.high


def test_agreement_is_not_judged_where_all_judge_alike() -> None:
    assert cohen(["uphold"] * 40, ["uphold"] * 40).value is None
    assert krippendorff([(who, str(case), "uphold") for case in range(40) for who in "ab"]).value is None


@given(st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from("ab")), min_size=1, max_size=6))
def test_few_pairs_give_a_kappa_or_none_but_no_warning(pairs: list[tuple[str, str]]) -> None:
    found = cohen([first for first, _ in pairs], [second for _, second in pairs])
    assert found.value is None or -1 <= found.value <= 1
    assert not found.enough


@given(st.integers(0, 40), st.integers(0, 40))
def test_mcnemar_is_the_sign_test(one: int, other: int) -> None:
    n, few = one + other, min(one, other)
    tail = sum(math.comb(n, k) for k in range(few + 1)) / 2**n
    assert mcnemar(one, other) == pytest.approx(min(1.0, 2 * tail))


@given(
    cases=st.lists(st.lists(st.sampled_from("abc"), min_size=2, max_size=4), min_size=2, max_size=12).filter(
        lambda cases: len({decision for case in cases for decision in case}) > 1
    ),
    seed=st.integers(0, 2**32 - 1),
)
@settings(deadline=None)
def test_alpha_of_a_resample_is_what_the_library_says_of_its_cases(cases: list[list[str]], seed: int) -> None:
    judged = [[(f"r{number}", decision) for number, decision in enumerate(case)] for case in cases]
    weights = np.random.default_rng(seed).multinomial(len(judged), [1 / len(judged)] * len(judged), 3)
    for row, alpha in zip(weights, _alphas(judged, weights), strict=True):
        drawn = [case for case, times in zip(judged, row, strict=True) for _ in range(times)]
        if len({decision for case in drawn for _, decision in case}) < 2:
            assert np.isnan(alpha)
        else:
            assert alpha == pytest.approx(_alpha(drawn))
