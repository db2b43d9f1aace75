"""What every filter gets from its base: settings that are checked, and Evidence that says whose it is."""

from __future__ import annotations

from typing import ClassVar

import pytest
from pydantic import ValidationError

from filters.base import Filter
from filters.history import History
from filters.types import Category, Evidence, Message, Role, Severity


class Shouting(Filter):
    """Catches lines that end in an exclamation mark.

    Nobody needs to read on.
    """

    name: ClassVar[str] = "shouting"

    def check(self, message: Message, history: History) -> Evidence | None:
        return self.evidence(message, "marks", "it shouts", (2, 3), ("m1", "m2"))


HEY = Message("m3", 0, "1", "studio", "7", "ada", "hey!")


def test_evidence_is_filed_under_the_filter_as_it_is_set() -> None:
    strict = Shouting(category=Category.SPAM, severity=Severity.HIGH, dry_run=True)
    assert strict.check(HEY, History()) == Evidence(
        filter="shouting",
        rule="marks",
        category=Category.SPAM,
        severity=Severity.HIGH,
        span=(2, 3),
        score=1.0,
        detail="it shouts",
        related=("m1", "m2"),
        dry_run=True,
    )


def test_evidence_is_of_the_whole_line_unless_a_piece_of_it_is_named() -> None:
    plain = Shouting().evidence(HEY, "marks", "it shouts")
    assert (plain.span, plain.related, plain.dry_run) == ((0, 4), (), False)


def test_a_filter_is_summed_up_by_the_first_line_about_it() -> None:
    assert Shouting.summary() == "Catches lines that end in an exclamation mark."


def test_a_slip_in_a_settings_name_is_told() -> None:
    with pytest.raises(ValidationError, match="Extra inputs are not permitted"):
        Shouting.model_validate({"severty": 3})


def test_roles_are_written_in_order() -> None:
    roles = frozenset({Role.VIP, Role.BROADCASTER, Role.SUBSCRIBER})
    assert Shouting(exempt=roles).model_dump()["exempt"] == [Role.BROADCASTER, Role.SUBSCRIBER, Role.VIP]
