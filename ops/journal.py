"""The process log: for people or as JSON lines, one form for every library, without tokens and without chat."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any, Literal

import structlog

from filters.failure import outline
from ops.calling import typed

LogFormat = Literal["console", "json"]
HIDDEN = "[hidden]"
_TOKEN = re.compile(
    r"""(?ix) (?<=bearer\s)\S+ | (?<=oauth\s)\S+ | (?<=oauth:)\w+
    | (?<=token=)[^&\s'"]+ | (?<=secret=)[^&\s'"]+ | (?<=code=)[\w-]{20,} | \b[a-z0-9]{30,}\b"""
)
"""What introduces a secret, and Twitch's own form of one: thirty letters and digits without a break."""


def configure(form: LogFormat = "console", file: Path | None = None) -> None:
    """Write what the bot and its libraries have to say to stderr, or to the end of a file."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        hide_secrets,
        _spell_out,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )
    renderer: Any = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if form == "json"
        else structlog.dev.ConsoleRenderer(colors=file is None and sys.stderr.isatty())
    )
    handler = logging.FileHandler(file, encoding="utf-8") if file else logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_logger_name, *shared],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, outline_exception, renderer],
        )
    )
    root = logging.getLogger()
    for each in list(root.handlers):
        root.removeHandler(each)
        if isinstance(each, logging.FileHandler):
            each.close()
    root.addHandler(handler)
    root.setLevel(logging.WARNING)
    for name in ("cogs", "twitch", "storage", "ops", "config", "bot", "__main__"):
        logging.getLogger(name).setLevel(logging.INFO)
    logging.getLogger("twitchio").setLevel(logging.CRITICAL + 1)  # it quotes requests and payloads, tokens and all


def hide_secrets(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Replace whatever looks like a token, secret or code in any text of the line."""
    for name, value in event.items():
        if isinstance(value, str):
            event[name] = _TOKEN.sub(HIDDEN, value)
    return event


def _spell_out(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A command that is the remedy stands as it is to be typed."""
    if isinstance(event.get("remedy"), str):
        event["remedy"] = typed(event["remedy"])
    return event


def outline_exception(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Say kind and place of an exception instead of its text, which may quote chat."""
    told = event.pop("exc_info", None)
    error = told[1] if isinstance(told, tuple) else sys.exc_info()[1] if told is True else told
    if isinstance(error, BaseException):
        event["error"] = outline(error)
    return event
