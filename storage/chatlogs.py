"""Reads chat logs of three kinds, a line at a time: our JSONL, TwitchDownloader's JSON, and IRC text."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

START_S = 1_704_067_200.0
"""2024-01-01 UTC: when a log without times begins; each further line is a second later."""
Fragment = tuple[str, str]
"""Kind (``text``, ``emote``, ...) and text of a piece of a line."""
CHANNEL = "aurora"
"""The channel of a log that names none."""
_PLAIN = re.compile(r"\[(\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d)(?: ?UTC|Z)?\] (?:#(\S+) )?(?:<([^>\s]+)>|([^\s:]+):) (.*)")
_RAW = re.compile(r"(?:@(\S*) )?:([^!\s]+)!\S+ PRIVMSG #(\S+) :(.*)")
_BADGES = {"broadcaster", "moderator", "vip", "subscriber"}


class LogError(ValueError):
    """A log that cannot be read: the text names the file, the line, what is wrong and what to do."""


@dataclass(frozen=True, slots=True)
class ChatLine:
    """One line to play. ``ts_s`` is UTC seconds; ``fragments``, where known, joined are ``text``."""

    ts_s: float
    channel: str
    user: str
    text: str
    roles: tuple[str, ...] = ()
    fragments: tuple[Fragment, ...] | None = None


def read_chat(path: Path) -> Iterator[ChatLine]:
    """The log's lines in its own order, whatever kind it is (``.gz`` too). Raises LogError at the first bad line."""
    try:
        with _open(path) as file:
            yield from _read(file, path)
    except (OSError, EOFError) as error:
        raise LogError(f"{path}: cannot be read: {error} (check the path and that the file is whole)") from error
    except UnicodeDecodeError as error:
        raise LogError(f"{path}: not UTF-8 text: {error.reason} at byte {error.start} (save it as UTF-8)") from error


def _open(path: Path) -> IO[str]:
    if path.suffix == ".gz":
        return gzip.open(path, "rt", encoding="utf-8")
    return path.open(encoding="utf-8")


def _read(file: IO[str], path: Path) -> Iterator[ChatLine]:
    ts_s = START_S - 1
    numbered = enumerate(file, 1)
    for number, raw in numbered:
        line = raw.strip("\r\n")
        if not line.strip():
            continue
        try:
            if line.startswith("{"):
                entry = _json(line)
                if entry is None or "comments" in entry:
                    yield from _downloaded(entry if entry is not None else _json(line + file.read()))
                    return
                chat = _jsonl(entry, ts_s + 1)
            else:
                chat = _irc(line, ts_s + 1)
        except _MalformedError as error:
            raise LogError(f"{path}: line {number}: {error}") from None
        ts_s = chat.ts_s
        yield chat


class _MalformedError(Exception):
    """What is wrong with a line, and the remedy."""


def _json(text: str) -> dict[str, Any] | None:
    """The object in the text; None where it goes on beyond the line, as pretty-printed JSON does."""
    try:
        value = json.loads(text)
    except json.JSONDecodeError as error:
        if error.pos >= len(text.rstrip()) or text.strip() == "{":
            return None
        raise _MalformedError(f"not valid JSON: {error.msg} at column {error.colno} (one object a line)") from None
    if not isinstance(value, dict):
        raise _MalformedError("not a JSON object (one object a line)")
    return value


def _jsonl(entry: Mapping[str, Any], next_ts_s: float) -> ChatLine:
    text, user = entry.get("text"), entry.get("user", "viewer")
    channel, ts_s = entry.get("channel", CHANNEL), entry.get("ts", next_ts_s)
    for name, value in (("text", text), ("user", user), ("channel", channel)):
        if not isinstance(value, str) or not value:
            raise _MalformedError(f'"{name}" is {value!r}, not a text (give it as a JSON string)')
    if isinstance(ts_s, bool) or not isinstance(ts_s, (int, float)) or not 0 <= ts_s < 1e11:
        raise _MalformedError(f'"ts" is {ts_s!r} (give UTC seconds since 1970, e.g. 1617624896, or leave it out)')
    roles, emotes = (_words(entry, name) for name in ("roles", "emotes"))
    unknown = set(roles) - _BADGES
    if unknown:
        raise _MalformedError(f'"roles" has {sorted(unknown)} (use {", ".join(sorted(_BADGES))})')
    assert isinstance(text, str)
    fragments = _mark(text, set(emotes)) if emotes else None
    return ChatLine(float(ts_s), _login(channel), _login(user), text, roles, fragments)


def _words(entry: Mapping[str, Any], name: str) -> tuple[str, ...]:
    words = entry.get(name, [])
    if not isinstance(words, list) or not all(isinstance(each, str) for each in words):
        raise _MalformedError(f'"{name}" is {words!r} (give a list of texts)')
    return tuple(words)


def _mark(text: str, emotes: set[str]) -> tuple[Fragment, ...]:
    pieces: list[Fragment] = []
    for piece in re.split(r"(\s+)", text):
        if piece in emotes:
            pieces.append(("emote", piece))
        elif pieces and pieces[-1][0] == "text":
            pieces[-1] = ("text", pieces[-1][1] + piece)
        elif piece:
            pieces.append(("text", piece))
    return tuple(pieces)


def _irc(line: str, next_ts_s: float) -> ChatLine:
    raw = _RAW.match(line)
    if raw is not None:
        return _raw(raw, next_ts_s)
    plain = _PLAIN.match(line)
    if plain is None:
        raise _MalformedError(
            f"{line[:60]!r} is no chat line (use JSONL, TwitchDownloader JSON, '[2021-04-05 12:34:56] <user> text', "
            "or raw IRC)"
        )
    when, channel, bracketed, named, text = plain.groups()
    try:
        ts_s = datetime.fromisoformat(when).replace(tzinfo=UTC).timestamp()
    except ValueError:
        raise _MalformedError(f"{when!r} is no date (write it as 2021-04-05 12:34:56, UTC)") from None
    return ChatLine(ts_s, _login(channel or CHANNEL), _login(bracketed or named), text)


def _raw(found: re.Match[str], next_ts_s: float) -> ChatLine:
    tags = dict(each.partition("=")[::2] for each in (found[1] or "").split(";"))
    sent = tags.get("tmi-sent-ts", "")
    if sent and not sent.isdecimal():
        raise _MalformedError(f"tmi-sent-ts is {sent!r} (it must be UTC milliseconds)")
    roles = tuple(each.partition("/")[0] for each in tags.get("badges", "").split(","))
    fragments = _emote_ranges(found[4], tags.get("emotes", ""))
    ts_s = int(sent) / 1000 if sent else next_ts_s
    kept = tuple(each for each in roles if each in _BADGES)
    return ChatLine(ts_s, _login(found[3]), _login(found[2]), found[4], kept, fragments)


def _emote_ranges(text: str, tag: str) -> tuple[Fragment, ...] | None:
    """``25:0-4,12-16/1902:6-10``: emote id, then first and last character of each place."""
    if not tag:
        return None
    spans: list[tuple[int, int]] = []
    for emote in tag.split("/"):
        for place in emote.partition(":")[2].split(","):
            first, _, last = place.partition("-")
            if not (first.isdecimal() and last.isdecimal() and int(first) <= int(last) < len(text)):
                raise _MalformedError(f"emotes has {place!r} for a text of {len(text)} characters (use first-last)")
            spans.append((int(first), int(last) + 1))
    pieces: list[Fragment] = []
    at = 0
    for start, end in sorted(spans):
        if start < at:
            raise _MalformedError(f"emotes overlap at character {start} (each may be listed once)")
        pieces += [("text", text[at:start]), ("emote", text[start:end])]
        at = end
    return tuple(piece for piece in [*pieces, ("text", text[at:])] if piece[1])


def _downloaded(log: Mapping[str, Any] | None) -> Iterator[ChatLine]:
    if log is None or not isinstance(log.get("comments"), list):
        raise _MalformedError('neither JSONL nor a TwitchDownloader log (it needs a list "comments")')
    streamer = log.get("streamer") or {}
    channel = _login(str(streamer.get("login") or streamer.get("name") or CHANNEL))
    video = log.get("video") or {}
    start_s = _start(video.get("created_at"))
    for number, comment in enumerate(log["comments"], 1):
        try:
            message, commenter = comment["message"], comment["commenter"]
            pieces = [_downloaded_piece(each) for each in message.get("fragments") or []]
            text = message["body"]
            whole = "".join(piece for _, piece in pieces) == text
            roles = tuple(each["_id"] for each in message.get("user_badges") or [] if each.get("_id") in _BADGES)
            ts_s = start_s + float(comment["content_offset_seconds"])
            user = _login(str(commenter.get("name") or commenter["display_name"]))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise _MalformedError(f"comment {number} of the log is malformed: {error!r} (export it again)") from None
        if text:
            yield ChatLine(ts_s, channel, user, text, roles, tuple(pieces) if whole and pieces else None)


def _start(created_at: object) -> float:
    if not isinstance(created_at, str):
        return START_S
    try:
        return datetime.fromisoformat(created_at).timestamp()
    except ValueError:
        raise _MalformedError(f"video.created_at is {created_at!r} (an ISO 8601 time)") from None


def _downloaded_piece(fragment: Mapping[str, Any]) -> Fragment:
    return ("emote" if fragment.get("emoticon") else "text", str(fragment["text"]))


def _login(name: str) -> str:
    return name.lower().lstrip("#")
