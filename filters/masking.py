"""Abuse made presentable: text that shows its shape and not its words, and cannot steer a terminal."""

from __future__ import annotations


def visible(text: str) -> str:
    """Every character that does not print (control, escape, direction override) as U+FFFD, one for one."""
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)


def masked(text: str) -> str:
    """The shape of the words without the words."""
    return "".join(" " if char.isspace() else "•" for char in text)
