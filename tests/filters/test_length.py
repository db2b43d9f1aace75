"""Length: walls of text."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from filters.length import Length


def test_what_is_too_much_is_the_span(say) -> None:
    assert say(Length(max_length=10), "1234567890") is None
    evidence = say(Length(max_length=10), "1234567890abc")
    assert (evidence.rule, evidence.span) == ("max_length", (10, 13))
    assert evidence.detail == "13 characters, 10 are allowed"


@pytest.mark.parametrize("wrong", [0, 501])
def test_limits_out_of_range_are_refused(wrong: int) -> None:
    with pytest.raises(ValidationError):
        Length(max_length=wrong)
