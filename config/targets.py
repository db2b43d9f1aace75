"""What operations are meant to reach: one number per KPI, from a TOML file where the defaults do not fit."""

from __future__ import annotations

import tomllib
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from config.policy import explain


class TargetsError(ValueError):
    """A targets file that cannot be used. The text names the setting and the remedy."""


class Targets(BaseModel):
    """Names begin with max (no more than) or min (no less than). All are project choices; change what does not fit."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    max_detect_p95_ms: float = Field(3_000, gt=0, description="Message sent to received by the bot.")
    max_decide_p95_ms: float = Field(100, gt=0, description="Received to decided.")
    max_enforce_p95_ms: float = Field(2_000, gt=0, description="Decided to Twitch's answer.")
    max_action_p95_ms: float = Field(2_500, gt=0, description="Received to Twitch's answer.")
    min_applied: float = Field(0.95, ge=0, le=1, description="Applied of what was sent to Twitch.")
    max_review_p95_ms: float = Field(86_400_000, gt=0, description="Review item opened to closed.")
    min_sla: float = Field(0.9, ge=0, le=1, description="Reviews in time, open breaches counted.")
    max_overdue: float = Field(0, ge=0, description="Open review items past their deadline.")
    min_precision: float = Field(0.9, ge=0, le=1, description="Upheld of sampled and decided, for each filter.")
    max_overturned: float = Field(0.2, ge=0, le=1, description="Overturned of reviews that stand.")
    max_appeals_approved: float = Field(0.2, ge=0, le=1, description="Approved of appeals answered.")
    max_missed: float = Field(0.3, ge=0, le=1, description="Moderators' acts the bot had not seen coming.")
    min_kappa: float = Field(0.6, ge=-1, le=1, description="Cohen's kappa of first and blind second review.")
    min_alpha: float = Field(0.667, ge=-1, le=1, description="Krippendorff's alpha of all who judged blind.")
    min_coverage: float = Field(0.8, ge=0, le=1, description="Hours with work in which somebody decided.")

    @classmethod
    def read(cls, file: Path | None) -> Targets:
        """The targets of a file, the defaults where it is silent or None.

        Raises:
            TargetsError: the file cannot be read, or says what cannot be.
        """
        if file is None:
            return cls()
        try:
            return cls.model_validate(tomllib.loads(file.read_text(encoding="utf-8")))
        except ValidationError as error:
            told = "; ".join(explain(cls, each) for each in error.errors(include_input=False))
            raise TargetsError(f"{file}: {told}") from None
        except (OSError, ValueError, RecursionError) as error:
            raise TargetsError(f"{file}: {error} (write a TOML file such as: min_precision = 0.95)") from None
