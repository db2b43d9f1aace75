"""Settings of the process: credentials, channels, endpoints, files. From the environment or a private .env file."""

from __future__ import annotations

import os
import re
import stat
from difflib import get_close_matches
from pathlib import Path
from typing import Literal

from dotenv import dotenv_values
from pydantic import Field, SecretStr, ValidationError
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, SettingsConfigDict

from config.policy import explain

ENV_FILE = Path(".env")
PREFIX = "CHATWARDEN_"
NEEDED = ("client_id", "client_secret", "bot_id", "channels")
"""What `run` cannot do without."""
SHARED = ("CHATWARDEN_DATABASE", "CHATWARDEN_STAFF", "CHATWARDEN_TARGETS")
"""What many commands take as options, which know the environment and no file."""
_LOGIN = re.compile(r"[a-z0-9_]{1,25}")
_PAGE = re.compile(r"(?:https?://)?(?:\w+\.)?twitch\.tv/([^/?#]*)")
ALIKE = 0.8
"""How near (difflib's ratio) a name must be to a setting's to be taken for a slip."""


class SettingsError(ValueError):
    """Settings that are missing or wrong. The text names the variable and the remedy."""


class Settings(BaseSettings):
    """What one process needs to know. Every Twitch address is a setting, so that a sandbox can stand in."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="ignore", frozen=True, hide_input_in_errors=True)

    client_id: str = Field("", description="The Twitch application's client id.")
    client_secret: SecretStr = Field(SecretStr(""), description="The Twitch application's client secret.")
    bot_id: str = Field("", description="The bot account's Twitch user id; `chatwarden login` finds it.")
    channels: str = Field("", description="Login names of the channels to moderate, separated by commas.")
    database: Path = Field(Path("var/chatwarden.sqlite3"), description="The action log.")
    tokens: Path = Field(Path("var/tokens.json"), description="OAuth tokens; kept readable by you alone.")
    seal_key: SecretStr = Field(
        SecretStr(""), description="Key that encrypts sealed content; with none, such content is not kept."
    )
    seal_key_file: Path | None = Field(None, description="A private file with that key, instead.")
    policies: Path = Field(Path("policies"), description="Folder of <channel>.toml files used on the first start.")
    on_log_failure: Literal["stop", "alert"] = Field(
        "alert",
        description="When the log cannot be written: stop the bot, or alert the mods and act on nothing meanwhile.",
    )
    metrics_port: int = Field(0, ge=0, le=65535, description="Port of /metrics and /healthz; 0 for none.")
    metrics_host: str = Field("127.0.0.1", description="Address /metrics and /healthz are served on.")
    log_format: Literal["console", "json"] = Field("console", description="How the process log is written.")
    store_messages: bool = Field(
        True, description="Keep chat for back-tests, for as long as retention says (14 days at first)."
    )
    helix_url: str = Field("https://api.twitch.tv/helix/", pattern=r"^https?://.+/$")
    id_url: str = Field("https://id.twitch.tv/", pattern=r"^https?://.+/$")
    eventsub_url: str = Field("wss://eventsub.wss.twitch.tv/ws", pattern=r"^wss?://.+")
    console_url: str = Field(
        "",
        pattern=r"^(https?://[^/]+)?$",
        description="Where people reach the console, e.g. https://mods.example.org; this machine if empty.",
    )
    console_port: int = Field(
        0, ge=0, le=65_535, description="Port on this machine where `run` serves the console; 0 for not at all."
    )
    console_host: str = Field("127.0.0.1", description="Address the console is served on, for a proxy elsewhere.")
    redirect_uri: str = Field("http://localhost:4343/callback", pattern=r"^https?://.+")

    @property
    def channel_names(self) -> tuple[str, ...]:
        """The channels' login names, lower case, in the order given."""
        names = (_login(name) for name in self.channels.split(","))
        return tuple(dict.fromkeys(name for name in names if name))

    @classmethod
    def read(cls, env_file: Path = ENV_FILE) -> Settings:
        """Read the environment and the .env file, which must be private to its owner as it holds a secret."""
        if env_file.exists() and stat.S_IMODE(env_file.stat().st_mode) & 0o077:
            raise SettingsError(f"{env_file} can be read by others (run: chmod 600 {env_file})")
        told = [
            f"{each}: no such setting (did you mean {near}?)"
            for each in (*_file(env_file), *os.environ)
            if (near := cls._slip(each.upper()))
        ]
        if told:
            raise SettingsError("\n".join(dict.fromkeys(told)))
        try:
            settings = cls(_env_file=env_file)
        except ValidationError as error:
            raise SettingsError("\n".join(cls._told(each) for each in error.errors())) from None
        for name in settings.channel_names:
            if not _LOGIN.fullmatch(name):
                raise SettingsError(
                    f"{PREFIX}CHANNELS: {name!r} is no channel's name (write login names, of letters, digits and _,"
                    " with commas between them)"
                )
        return settings

    @classmethod
    def _slip(cls, name: str) -> str:
        """The setting that a name which is none was probably meant to be; empty for any other name."""
        known = [*(f"{PREFIX}{field.upper()}" for field in cls.model_fields), *SHARED]
        if name in known or not name.startswith(PREFIX):
            return ""
        return next(iter(get_close_matches(name, known, n=1, cutoff=ALIKE)), "")

    @classmethod
    def _told(cls, error: ErrorDetails) -> str:
        """One validation error as a line: the variable, its value, what is wrong and what to do."""
        name, _, rest = explain(cls, error).partition(":")
        if error["type"] == "string_pattern_mismatch":
            form = cls.model_fields[name].default or "https://mods.example.org"
            rest = f" {error['input']!r} is no such address (write it as {form} is, its end too)"
        return f"{PREFIX}{name.upper()}:{rest}"

    def require(self, *names: str) -> None:
        """Raise SettingsError unless all of these are set."""
        missing = [name for name in names if not _text(getattr(self, name))]
        if missing:
            wanted = "\n".join(
                f"  {PREFIX}{name.upper()}: {type(self).model_fields[name].description}" for name in missing
            )
            raise SettingsError(f"not set in the environment or {ENV_FILE}:\n{wanted}")
        if "bot_id" in names and not self.bot_id.isdecimal():
            raise SettingsError(
                f"{PREFIX}BOT_ID: {self.bot_id!r} is no id, which is a number (`chatwarden login` prints the line)"
            )


def share(env_file: Path = ENV_FILE) -> None:
    """Let what a .env file says of SHARED count for every command; the environment goes before it."""
    for name, value in _file(env_file).items():
        if name.upper() in SHARED and value:
            os.environ.setdefault(name.upper(), value)


def _login(name: str) -> str:
    """A channel's login name as people write it: with # or @, in capitals, or as the address of its page."""
    name = name.strip().lower()
    page = _PAGE.match(name)
    return page[1] if page else name.lstrip("#@")


def _file(path: Path) -> dict[str, str | None]:
    return dotenv_values(path) if os.access(path, os.R_OK) else {}


def _text(value: object) -> str:
    return value.get_secret_value() if isinstance(value, SecretStr) else str(value)
