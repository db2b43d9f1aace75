"""OAuth tokens on disk: private to the owner, replaced as a whole, never half-written."""

from __future__ import annotations

import json
import os
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path


class TokenError(ValueError):
    """A token file that cannot be used. The text names the file and the remedy, never a token."""


@dataclass(frozen=True, slots=True)
class Token:
    """One account's pair and what it may do."""

    user_id: str
    login: str
    access: str
    refresh: str
    scopes: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"Token(user_id={self.user_id!r}, login={self.login!r}, scopes={self.scopes!r})"


class TokenStore:
    """The accounts that let the bot act for them, by user id, in one JSON file of mode 0600."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def load(self) -> dict[str, Token]:
        """Read all tokens; an absent file is an empty store. Raises TokenError where it cannot be read."""
        try:
            text = self.path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise TokenError(f"{self.path}: cannot be read ({error.strerror})") from None
        except UnicodeDecodeError:
            text = ""
        try:
            rows = json.loads(text)
            tokens = [Token(**{**row, "scopes": tuple(row["scopes"])}) for row in rows]
        except (ValueError, TypeError, KeyError):
            raise TokenError(f"{self.path}: not a token file (remove it and run: chatwarden login)") from None
        return {token.user_id: token for token in tokens}

    def save(self, token: Token) -> None:
        """Add or replace one account's token, durably and in one step. Raises TokenError where it cannot be written."""
        known = self.load()
        if known.get(token.user_id) == token:
            return  # as at each start, which must not fail of a full disk
        tokens = {**known, token.user_id: token}
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._replace(json.dumps([asdict(each) for each in tokens.values()], indent=1))
        except OSError as error:
            raise TokenError(
                f"{self.path}: cannot be written ({error.strerror}); make it writable, or set CHATWARDEN_TOKENS"
            ) from error

    def _replace(self, text: str) -> None:
        handle, name = tempfile.mkstemp(dir=self.path.parent, prefix=".tokens-")
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            Path(name).replace(self.path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
