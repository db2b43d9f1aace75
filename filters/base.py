"""What every filter is: settings plus one pure method."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Annotated, ClassVar

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer

from filters.history import History
from filters.types import Category, Evidence, Message, Role, Severity


class Settings(BaseModel):
    """A frozen piece of a Policy. Unknown keys are refused so that a typing slip never goes unnoticed."""

    model_config = ConfigDict(frozen=True, extra="forbid")


Roles = Annotated[frozenset[Role], PlainSerializer(sorted)]
"""Some roles; written in order, so that a policy's text changes only when the policy does."""


class Filter(Settings, ABC):
    """One kind of unwanted chat behaviour.

    The first line of a filter's docstring says which behaviour it catches; the shell, the chat command and the
    README print that same line. ``check`` is pure: it reads the message and the history, both on event time.
    """

    name: ClassVar[str]

    enabled: bool = Field(True, description="Run this filter at all.")
    dry_run: bool = Field(False, description="Only log what would have been done.")
    category: Category = Field(Category.CHANNEL_RULE, description="The written rule this filter enforces.")
    severity: Severity = Field(Severity.LOW, description="How bad a hit is, 0 to 3; picks the ladder's entry step.")
    exempt: Roles = Field(
        frozenset(), description="Roles this filter leaves alone, besides the policy's own exemptions."
    )

    @abstractmethod
    def check(self, message: Message, history: History) -> Evidence | None:
        """Return why the message should not stand, or None. ``history`` already holds the message itself."""

    def evidence(
        self,
        message: Message,
        rule: str,
        detail: str,
        span: tuple[int, int] | None = None,
        related: tuple[str, ...] = (),
    ) -> Evidence:
        """Evidence of a plain rule (confidence 1) over ``span``, by default the whole line."""
        return Evidence(
            filter=self.name,
            rule=rule,
            category=self.category,
            severity=self.severity,
            span=span or (0, len(message.text)),
            detail=detail,
            related=related,
            dry_run=self.dry_run,
        )

    @classmethod
    def summary(cls) -> str:
        """The one line that says which chat behaviour this filter catches."""
        return (cls.__doc__ or "").strip().splitlines()[0]
