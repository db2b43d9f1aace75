"""What every filter gets from its base: settings that are checked, and Evidence that says whose it is."""

from __future__ import annotations

from typing import ClassVar

import pytest
from pydantic import Field, ValidationError

from filters.base import Filter
from filters.history import History
from filters.types import Category, Evidence, Message, Role, Severity


class Shouting(Filter):
    """Catches lines that end in an exclamation mark.

    Nobody needs to read on.
    """

    name: ClassVar[str] = "shouting"

    marks: int = Field(0, description="Exclamation marks a line may end in.")

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


def test_evidence_of_a_rule_that_is_no_setting_is_refused() -> None:
    with pytest.raises(ValueError, match=r"shouting has no setting 'mark' \(there are enabled, .*, marks\)"):
        Shouting().evidence(HEY, "mark", "it shouts")


def test_a_filter_without_a_name_is_refused_where_it_is_written() -> None:
    with pytest.raises(TypeError, match=r"^Nameless needs its file's name: name: ClassVar\[str\] = \"test_base\"$"):

        class Nameless(Filter):
            """Catches nothing."""

    fields = {
        "__doc__": "Catches nothing.",
        "__annotations__": {"name": ClassVar[str]},
        "__module__": "filters.shouting",
    }
    assert type("Shouting", (Filter,), {**fields, "name": "shouting"}).name == "shouting"
    with pytest.raises(TypeError, match=r'ClassVar\[str\] = "shouting"$'):
        type("Shouting", (Filter,), {**fields, "name": "shout"})


@pytest.mark.parametrize("line", [None, "", "Finds lines.", "Catches lines", "\n\nCatcheslines."])
def test_a_filter_that_does_not_say_what_it_catches_is_refused(line: str | None) -> None:
    with pytest.raises(TypeError, match=r"^Mute needs a docstring whose first line begins with 'Catches '"):
        type("Mute", (Filter,), {"__doc__": line, "name": "mute", "__annotations__": {"name": ClassVar[str]}})


def test_a_setting_that_does_not_say_what_it_is_for_is_refused() -> None:
    with pytest.raises(TypeError, match=r"^Terse\.limit needs a description"):

        class Terse(Filter):
            """Catches nothing."""

            name: ClassVar[str] = "terse"

            limit: int = 3


def test_a_slip_in_a_settings_name_is_told() -> None:
    with pytest.raises(ValidationError, match="Extra inputs are not permitted"):
        Shouting.model_validate({"severty": 3})


def test_roles_are_written_in_order() -> None:
    roles = frozenset({Role.VIP, Role.BROADCASTER, Role.SUBSCRIBER})
    assert Shouting(exempt=roles).model_dump()["exempt"] == [Role.BROADCASTER, Role.SUBSCRIBER, Role.VIP]
