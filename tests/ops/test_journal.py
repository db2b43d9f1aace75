"""What must not stand in the process log, and what must."""

from __future__ import annotations

import logging

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from ops import journal

ALPHABET = "abcdefghijklmnopqrstuvwxyz0123456789"


@given(
    st.text(ALPHABET, min_size=30, max_size=60),
    st.sampled_from(["Bearer ", "OAuth ", "token=", "", "url?access_token="]),
)
def test_whatever_looks_like_a_token_is_hidden(token: str, before: str) -> None:
    line = journal.hide_secrets(None, "", {"event": "called", "error": f"{before}{token}, refused"})
    assert token not in line["error"]


@pytest.mark.parametrize(
    "kept", ["#aurora", "moderation/bans", "0b6a2f7e-7d1c-4f0e-9b0a-2f6c1f1d2e3f", "1795458787819"]
)
def test_names_and_ids_stay_readable(kept: str) -> None:
    assert journal.hide_secrets(None, "", {"event": kept})["event"] == kept


@pytest.mark.parametrize("form", ["console", "json"])
def test_an_exceptions_text_stays_out_whoever_logs_it(
    form: journal.LogFormat, capsys: pytest.CaptureFixture[str]
) -> None:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    try:
        journal.configure(form)
        try:
            raise ValueError("you zugmonger")
        except ValueError as error:
            logging.getLogger("asyncio").error("Task exception was never retrieved", exc_info=error)
            structlog.get_logger("cogs").error("failed", error=journal.outline(error))
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)
        structlog.reset_defaults()
    said = capsys.readouterr().err
    assert "zugmonger" not in said
    assert said.count("ValueError at tests/ops/test_journal.py:") == 2
