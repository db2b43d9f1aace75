"""The statistics of reports, all by libraries: scipy, statsmodels, NLTK. Loaded when used: that takes seconds.

Every estimate comes with its 95 % interval and with how much it stands on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

ENOUGH = 30
"""Below so many cases no share, percentile or agreement is judged: the report says "insufficient data"."""
ALPHA = 0.05
RESAMPLES = 400
"""Draws of a bootstrap; two digits of an interval need no more."""
MOST_RESAMPLED = 2_000
"""Most Records of which agreement is resampled; the interval of more is narrower than anyone needs."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A value with its 95 % interval; ``value`` is None where there is nothing, ``n`` is what it stands on."""

    value: float | None
    low: float | None
    high: float | None
    n: int

    @property
    def enough(self) -> bool:
        """Whether it may be judged."""
        return self.value is not None and self.n >= ENOUGH


NOTHING = Estimate(None, None, None, 0)


def share(hits: float, n: int, weights: Sequence[float] | None = None) -> Estimate:
    """``hits`` of ``n`` with Wilson's interval (Wilson 1927).

    With ``weights`` (1 / inclusion probability, one per case) ``hits`` is the weighted share itself, and the interval
    is that of Kish's effective number of cases, (Σw)² / Σw².
    """
    from statsmodels.stats.proportion import proportion_confint

    if n == 0:
        return NOTHING
    value, effective = hits / n, float(n)
    if weights is not None:
        value, effective = hits, sum(weights) ** 2 / sum(each**2 for each in weights)
    low, high = proportion_confint(value * effective, effective, alpha=ALPHA, method="wilson")
    return Estimate(value, float(low), float(high), n)


def percentile(values: Sequence[float], p: float) -> Estimate:
    """The p-quantile and the order statistics that enclose it (distribution-free; scipy's quantile_test)."""
    from scipy.stats import quantile_test

    if not values:
        return NOTHING
    value = float(np.quantile(values, p))
    interval = quantile_test(values, q=value, p=p).confidence_interval(1 - ALPHA)
    return Estimate(value, _known(interval.low), _known(interval.high), len(values))


def cohen(first: Sequence[str], second: Sequence[str]) -> Estimate:
    """Cohen's kappa of two judgements of the same cases (Cohen 1960), with statsmodels' asymptotic interval."""
    from statsmodels.stats.inter_rater import cohens_kappa, to_table

    kinds = sorted({*first, *second})
    if len(kinds) < 2:
        return Estimate(None, None, None, len(first))  # all alike: chance would agree as well
    codes = {kind: code for code, kind in enumerate(kinds)}
    table, _ = to_table(np.array([[codes[a], codes[b]] for a, b in zip(first, second, strict=True)]), len(kinds))
    with np.errstate(invalid="ignore", divide="ignore"):  # the error of a few cases may be undefined
        found = cohens_kappa(table)
    return Estimate(float(found.kappa), _known(found.kappa_low), _known(found.kappa_upp), len(first))


def _known(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


def krippendorff(judgements: Sequence[tuple[str, str, str]]) -> Estimate:
    """Krippendorff's alpha for nominal data of (reviewer, case, decision), any of which may be missing.

    The interval is a percentile bootstrap over cases.
    """
    cases: dict[str, list[tuple[str, str]]] = {}
    for reviewer, case, decision in judgements:
        cases.setdefault(case, []).append((reviewer, decision))
    judged = [each for each in cases.values() if len(each) > 1]
    if len({decision for each in judged for _, decision in each}) < 2:
        return Estimate(None, None, None, len(judged))
    found = _alpha(judged)
    draw = np.random.default_rng(0)
    few = judged
    if len(judged) > MOST_RESAMPLED:
        few = [judged[number] for number in draw.choice(len(judged), MOST_RESAMPLED, replace=False)]
    drawn = _alphas(few, draw.multinomial(len(few), np.full(len(few), 1 / len(few)), RESAMPLES))
    low, high = np.quantile(drawn[~np.isnan(drawn)], [ALPHA / 2, 1 - ALPHA / 2])
    return Estimate(found, float(low), float(high), len(judged))


def _alpha(judged: Sequence[Sequence[tuple[str, str]]]) -> float:
    from nltk.metrics.agreement import AnnotationTask

    return float(AnnotationTask([(who, case, what) for case, each in enumerate(judged) for who, what in each]).alpha())


def _alphas(judged: Sequence[Sequence[tuple[str, str]]], weights: np.ndarray) -> np.ndarray:
    """Alpha of every resample, where a row of ``weights`` says how often each case was drawn; nan where all are alike.

    The formula of Krippendorff 2004, 11.3.4, by matrices: the library forms each coincidence anew, which for hundreds
    of resamples takes seconds.
    """
    kinds = sorted({decision for each in judged for _, decision in each})
    counts = np.array([[sum(decision == kind for _, decision in each) for kind in kinds] for each in judged], float)
    sizes = counts.sum(axis=1)
    observed = weights @ ((sizes**2 - (counts**2).sum(axis=1)) / (sizes - 1))
    totals = weights @ counts
    n = totals.sum(axis=1)
    expected = (n**2 - (totals**2).sum(axis=1)) / (n - 1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(1 - observed / expected)


def mcnemar(only_one: int, only_other: int) -> float:
    """The exact p-value that two methods differ on the same cases, from those on which they do (McNemar 1947)."""
    from statsmodels.stats.contingency_tables import mcnemar as test

    table: Any = [[0, only_one], [only_other, 0]]
    return float(test(table, exact=True).pvalue)
