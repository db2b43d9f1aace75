"""What the channel's own reviewers teach: the lines they upheld, boiled down to weights of runs of letters."""

from __future__ import annotations

import base64
import binascii
import math
import struct
import zlib
from array import array
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

from pydantic import Field, field_validator

from filters.base import Filter
from filters.history import History
from filters.text import blank, fold
from filters.types import Category, Evidence, Message

BUCKETS = 8_192
"""Weights of a model; features share them by their hash (Weinberger et al., 2009, "Feature hashing")."""
RUN = 4
"""Bytes of a run of letters: long enough to tell, short enough to outlast a disguise of the rest of the word."""
READ = 256
"""Bytes of a line that are read."""

_RUNS = tuple(slice(start, start + RUN) for start in range(READ))
_HEAD = struct.Struct("<dd")


@dataclass(frozen=True, slots=True)
class Model:
    """A logistic regression over a line's features: log odds at rest, the worth of a weight of 1, a weight a bucket."""

    intercept: float
    scale: float
    weights: array[int]

    @classmethod
    def unpack(cls, text: str) -> Model:
        """Read what ``pack`` wrote. ValueError for anything else."""
        wrong = ValueError("not a learned model (chatwarden learn writes it; empty for none)")
        try:
            reader = zlib.decompressobj()
            plain = reader.decompress(base64.b64decode(text, validate=True), _HEAD.size + BUCKETS)
            intercept, scale = _HEAD.unpack_from(plain)
        except (binascii.Error, zlib.error, struct.error, ValueError):
            raise wrong from None
        if len(plain) != _HEAD.size + BUCKETS or not reader.eof or not math.isfinite(intercept + scale):
            raise wrong
        return cls(intercept, scale, array("b", plain[_HEAD.size :]))

    def pack(self) -> str:
        """The model as text for a policy: some kilobytes."""
        plain = _HEAD.pack(self.intercept, self.scale) + self.weights.tobytes()
        return base64.b64encode(zlib.compress(plain, 9)).decode("ascii")

    def score(self, form: str) -> float:
        """The probability that reviewers would uphold a line of this canonical form, as far as they have taught."""
        found = features(form)
        if not found:
            return 0.0
        worth = self.scale * sum(map(self.weights.__getitem__, found)) / math.sqrt(len(found))
        return 1 / (1 + math.exp(-max(-500.0, min(500.0, self.intercept + worth))))


def features(form: str) -> list[int]:
    """The bucket of each run of bytes of a canonical form, spaces around words included; by CRC-32, which lasts."""
    data = f" {form} ".encode("utf-8", "surrogatepass")[:READ]
    runs = map(data.__getitem__, _RUNS[: max(0, len(data) - RUN + 1)])
    return [each % BUCKETS for each in map(zlib.crc32, runs)]


class Learned(Filter):
    """Catches lines that read like those this channel's reviewers upheld; it only asks people to look."""

    name: ClassVar[str] = "learned"

    enabled: bool = Field(False, description="Run this filter at all.")
    category: Category = Field(Category.HARASSMENT, description="The written rule this filter enforces.")
    least_score: float = Field(0.8, ge=0.5, le=1, description="Probability, 0.5 to 1, from which people are to look.")
    lessons: str = Field("", max_length=200, description="What it was learned from.")
    model: str = Field(
        "", max_length=40_000, repr=False, description="What was learned, packed; chatwarden learn writes it."
    )

    @field_validator("model")
    @classmethod
    def _readable(cls, model: str) -> str:
        if model:
            Model.unpack(model)
        return model

    @cached_property
    def _model(self) -> Model | None:
        return Model.unpack(self.model) if self.model else None

    def check(self, message: Message, history: History) -> Evidence | None:
        """Return a finding, never more than for review, for a line that the reviewers would likely uphold."""
        if self._model is None:
            return None
        opaque = message.opaque
        form = fold(blank(message.text, opaque)).text if opaque else message.folded.text
        score = self._model.score(form)
        if score < self.least_score:
            return None
        return Evidence(
            filter=self.name,
            rule="least_score",
            category=self.category,
            severity=self.severity,
            span=(0, len(message.text)),
            score=score,
            technique="learned",
            detail=f"reads like lines this channel's reviewers upheld ({score:.0%} likely)",
            dry_run=self.dry_run,
            review_only=True,
        )
