"""What every filter is: settings plus one pure method."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Annotated, Any, ClassVar

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

    The first line of a filter's docstring begins with "Catches", says which behaviour, and ends in a full stop; the
    shell, the chat command and the README print that same line. ``check`` is pure: it reads the message and the
    history, both on event time.

    Raises:
        TypeError: a filter is written without a name, that line, or a description of a setting.
    """

    name: ClassVar[str]

    enabled: bool = Field(True, description="Run this filter at all.")
    dry_run: bool = Field(False, description="Only log what would have been done.")
    category: Category = Field(Category.CHANNEL_RULE, description="The written rule this filter enforces.")
    severity: Severity = Field(Severity.LOW, description="How bad a hit is, 0 to 3; picks the ladder's entry step.")
    exempt: Roles = Field(
        frozenset(), description="Roles this filter leaves alone, besides the policy's own exemptions."
    )

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        """Refuse a filter that could not say what it is."""
        super().__pydantic_init_subclass__(**kwargs)
        own = cls.__name__
        package, _, file = cls.__module__.rpartition(".")
        name = getattr(cls, "name", None)
        if not isinstance(name, str) or (package == "filters" and name != file):
            raise TypeError(f'{own} needs its file\'s name: name: ClassVar[str] = "{file}"')
        if not (cls.summary().startswith("Catches ") and cls.summary().endswith(".")):
            raise TypeError(f"{own} needs a docstring whose first line begins with 'Catches ' and ends in a full stop")
        for setting, field in cls.model_fields.items():
            if not field.description:
                raise TypeError(f'{own}.{setting} needs a description: Field(..., description="What it is for.")')

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
        """Evidence of a plain rule (confidence 1) over ``span``, by default the whole line.

        ``rule`` is the setting that was passed. Raises ValueError for anything else: people change what is wrong by it.
        """
        if rule not in type(self).model_fields:
            raise ValueError(f"{self.name} has no setting {rule!r} (there are {', '.join(type(self).model_fields)})")
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
        return (cls.__doc__ or "").strip().partition("\n")[0]
