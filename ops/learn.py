"""`chatwarden learn`: teach the filter ``learned`` from what a channel's reviewers decided.

The regression and the folds are scikit-learn's (BSD-3-Clause), loaded when used: that takes seconds. Before anything is
kept, the lines of each fold are judged by a model that has not seen them, exactly as the filter would judge them.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Annotated

import numpy as np
import typer
from numpy.typing import NDArray
from rich.progress import track

from config.policy import Policy
from filters.learned import BUCKETS, Model, features
from filters.text import fold
from ops.command import (
    DATABASE,
    MISSED,
    USAGE,
    DatabaseOption,
    JsonOption,
    errors,
    fail,
    opened,
    put_json,
    put_table,
)
from ops.revisions import AuthorOption, ChannelArgument, Desk, run_policy
from storage.lessons import Lessons, lessons

FEWEST = 30
"""Different lines of each kind below which a share of them means nothing."""
FOLDS = 5
PLAIN_EACH = 5
"""Plain lines taken for each judged one: chat is mostly plain, and a model must know it."""
STEPS = [step / 100 for step in range(50, 100)]
"""Thresholds that are tried."""


@dataclass(frozen=True, slots=True)
class Trained:
    """A model, the least threshold that is precise enough, and how it does there on lines it has not seen.

    ``precision`` is the share of flagged lines that reviewers upheld, ``recall`` that of upheld lines it flags.
    """

    upheld: int
    others: int
    least_score: float
    precision: float
    recall: float
    model: str


def learn(
    channel: ChannelArgument,
    database: DatabaseOption = DATABASE,
    precision: Annotated[
        float, typer.Option(min=0.5, max=1.0, help="Share of flagged lines that reviewers must have upheld.")
    ] = 0.8,
    apply: Annotated[bool, typer.Option("--apply", help="Save it as the next revision, switched on.")] = False,
    author: AuthorOption = "",
    as_json: JsonOption = False,
) -> None:
    """Teach the filter learned from what this channel's reviewers decided; it only puts lines up for review."""

    async def work() -> None:
        async with opened(database, readonly=not apply) as db:
            desk = await Desk.of(db, channel)
            taught = forms(await lessons(db, desk.channel_id))
            few = min(len(taught[True]), len(taught[False]))
            if few < FEWEST:
                fail(
                    f"{desk.channel}: {len(taught[True])} different lines upheld and {len(taught[False])} overturned or"
                    f" plain; {FEWEST} of each are needed (review more: chatwarden review)",
                    USAGE,
                )
            trained = train(taught[True], taught[False], precision)
            _put(trained, as_json=as_json)
            if trained.precision < precision:
                fail(
                    f"{desk.channel}: {precision:.0%} right is not reached on lines it has not seen; nothing is changed"
                    " (review more lines, or ask for less: --precision)",
                    MISSED,
                )
            if apply:
                await desk.save(taught_policy(desk.policy, trained), author, "learned from reviews", "policy learn")
            else:
                errors.print("Nothing is changed; add --apply to save it and switch it on")

    run_policy(work())


def forms(taught: Lessons) -> dict[bool, list[str]]:
    """The different canonical forms of the upheld lines and of the others; what is both is judged by neither."""
    upheld = dict.fromkeys(fold(text).text for text in taught.upheld)
    judged = [*upheld, *taught.overturned]
    others = dict.fromkeys(fold(text).text for text in (*taught.overturned, *taught.plain[: PLAIN_EACH * len(judged)]))
    return {
        True: [form for form in upheld if form and form not in others],
        False: [form for form in others if form and form not in upheld],
    }


def train(upheld: Sequence[str], others: Sequence[str], precision: float) -> Trained:
    """Learn from all lines, and find on held-out ones from which score on it is precise enough; 0.99 if from none."""
    from sklearn.model_selection import StratifiedKFold

    lines = np.array([*upheld, *others], dtype=object)
    truth = np.repeat([True, False], [len(upheld), len(others)])
    scores = np.zeros(len(lines))
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=0).split(lines, truth)
    for seen, unseen in track(list(folds), "Judging what it has not seen", console=errors, transient=True):
        model = fit(lines[seen], truth[seen])
        scores[unseen] = [model.score(form) for form in lines[unseen]]
    least, right, found = STEPS[-1], 0.0, 0.0
    for step in STEPS:
        flagged = scores >= step
        hits = int((flagged & truth).sum())
        least, right, found = step, hits / max(1, int(flagged.sum())), hits / len(upheld)
        if right >= precision:
            break
    return Trained(len(upheld), len(others), least, right, found, fit(lines, truth).pack())


def fit(lines: NDArray[np.object_], truth: NDArray[np.bool_]) -> Model:
    """The regression over these canonical forms, its weights rounded to a byte each."""
    from scipy.sparse import csr_matrix
    from sklearn.linear_model import LogisticRegression

    rows = [features(form) for form in lines]
    ends = np.cumsum([0, *map(len, rows)])
    values = np.concatenate([np.full(len(row), 1 / math.sqrt(max(1, len(row)))) for row in rows])
    table = csr_matrix((values, np.concatenate(rows), ends), shape=(len(rows), BUCKETS))
    regression = LogisticRegression(C=10.0, max_iter=1_000).fit(table, truth)
    weights = regression.coef_[0]
    scale = max(float(np.abs(weights).max()), 1e-9) / 127
    return Model(float(regression.intercept_[0]), scale, array("b", np.rint(weights / scale).astype(np.int8).tobytes()))


def taught_policy(policy: Policy, trained: Trained) -> Policy:
    """The policy with the filter taught and switched on."""
    today = datetime.now(UTC).date()
    settings = policy.model_dump(mode="json")
    settings["filters"]["learned"] |= {
        "enabled": True,
        "least_score": trained.least_score,
        "lessons": f"{trained.upheld} upheld and {trained.others} other lines, on {today}",
        "model": trained.model,
    }
    return Policy.of(settings)


def _put(trained: Trained, *, as_json: bool) -> None:
    if as_json:
        put_json({name: value for name, value in asdict(trained).items() if name != "model"})
        return
    rows = {
        "different lines upheld": f"{trained.upheld:,}",
        "overturned or plain": f"{trained.others:,}",
        "flagged from a score of": f"{trained.least_score:.2f}",
        "of flagged lines, upheld": f"{trained.precision:.0%}",
        "of upheld lines, flagged": f"{trained.recall:.0%}",
    }
    put_table(
        ({"lines not seen before": name, "": value} for name, value in rows.items()), ("lines not seen before", "")
    )
