"""What can go wrong with Twitch, each told in words; apart from what raises it, which takes long to import."""

from __future__ import annotations


class HaltError(RuntimeError):
    """The bot cannot go on. The text says why and what to do."""


class StartError(RuntimeError):
    """The bot cannot start. The text says why and what to do."""


class LoginError(RuntimeError):
    """The account was not signed in. The text says why and what to do."""


class TermsError(RuntimeError):
    """Twitch's blocked terms cannot be read or changed. The text says why and what to do."""
