"""What a moderator can do in a channel, whether through Helix or by hand: change the world, say what happened."""

from __future__ import annotations

import time
import uuid
from collections.abc import Sequence
from typing import Any, Literal

from sandbox import payloads
from sandbox.clock import iso
from sandbox.payloads import Event, Fragment, named
from sandbox.state import (
    Ban,
    BlockedTerm,
    Channel,
    ChatWarning,
    Enforcement,
    Kind,
    Line,
    Suspicion,
    UnbanRequest,
    User,
    World,
)

MAX_TIMEOUT_S = 1_209_600
MAX_REASON = 500
DELETABLE_MS = 6 * 3_600_000
"""Helix reference, Delete Chat Messages: only messages created within the last 6 hours."""
TREATMENTS = {"ACTIVE_MONITORING": "active_monitoring", "RESTRICTED": "restricted", "NO_TREATMENT": "none"}

Source = Literal["helix", "page"]


class RefusedError(Exception):
    """Twitch does not do it; ``status`` and ``message`` are what Helix answers."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


class Acts:
    """Every act returns the events EventSub tells of it, in order; else it raises RefusedError, nothing changed."""

    def __init__(self, world: World) -> None:
        self._world = world

    def ban(
        self, channel: Channel, moderator: User, user: User, *,
        duration_s: int | None = None, reason: str = "", source: Source = "helix",
    ) -> tuple[Ban, list[Event]]:  # fmt: skip
        """Ban, or time out for ``duration_s`` seconds. A new timeout replaces one that runs."""
        self._refuse_on_reason(reason)
        if duration_s is not None and not 1 <= duration_s <= MAX_TIMEOUT_S:
            raise RefusedError(400, f"The value in the duration field must be between 1 and {MAX_TIMEOUT_S} seconds.")
        if user.id == channel.user.id or (user.id in channel.moderators and moderator.id != channel.user.id):
            verb = "banned" if duration_s is None else "timed out"
            raise RefusedError(400, f"The user specified in the user_id field may not be {verb}.")
        standing = self._world.ban(channel, user.id)
        if standing is not None and standing.until_ms is None:
            raise RefusedError(400, "The user specified in the user_id field is already banned.")
        now = self._world.clock.now_ms()
        until = None if duration_s is None else now + duration_s * 1000
        ban = channel.bans[user.id] = Ban(user.id, user.login, until, reason, moderator.id, now)
        if duration_s is None:
            channel.moderators.discard(user.id)
        action: Kind = "ban" if duration_s is None else "timeout"
        self._enforced(action, channel, moderator, user, source, reason=reason, duration_s=duration_s)
        details = {**named(user), "reason": reason}
        if until is not None:
            details["expires_at"] = iso(until)
        return ban, [
            payloads.ban(channel, moderator, user, ban),
            payloads.moderate(channel, moderator, action, details),
            payloads.about_channel("channel.chat.clear_user_messages", channel, **named(user, "target_")),
        ]

    def unban(self, channel: Channel, moderator: User, user: User, *, source: Source = "helix") -> list[Event]:
        """Lift a ban or a timeout."""
        standing = self._world.ban(channel, user.id)
        if standing is None:
            raise RefusedError(400, "The user specified in the user_id query parameter is not banned.")
        del channel.bans[user.id]
        self._enforced("unban", channel, moderator, user, source)
        action = "unban" if standing.until_ms is None else "untimeout"
        return [
            payloads.about_user("channel.unban", channel, user, **named(moderator, "moderator_")),
            payloads.moderate(channel, moderator, action, named(user)),
        ]

    def delete(self, channel: Channel, moderator: User, message_id: str, *, source: Source = "helix") -> list[Event]:
        """Delete one message: known, under six hours old, and not a moderator's or the broadcaster's."""
        line = channel.lines.get(message_id)
        if line is None or message_id in channel.deleted:
            raise RefusedError(404, "The ID in message_id was not found.")
        if self._world.clock.real_ms() - line.real_ms > DELETABLE_MS:
            raise RefusedError(400, "You may not delete messages that are older than 6 hours.")
        if line.user_id == channel.user.id:
            raise RefusedError(400, "You may not delete the broadcaster's messages.")
        if line.user_id in channel.moderators and moderator.id not in (channel.user.id, line.user_id):
            raise RefusedError(400, "You may not delete another moderator's messages.")
        channel.deleted.add(message_id)
        author = self._world.users[line.user_id]
        self._enforced("delete", channel, moderator, author, source, message_id=message_id)
        details = {**named(author), "message_id": message_id, "message_body": line.text}
        return [
            payloads.about_channel(
                "channel.chat.message_delete", channel, **named(author, "target_"), message_id=message_id
            ),
            payloads.moderate(channel, moderator, "delete", details),
        ]

    def clear(self, channel: Channel, moderator: User, *, source: Source = "helix") -> list[Event]:
        """Empty the whole chat."""
        channel.deleted.update(channel.lines)
        self._enforced("clear", channel, moderator, channel.user, source)
        return [
            payloads.about_channel("channel.chat.clear", channel),
            payloads.moderate(channel, moderator, "clear"),
        ]

    def warn(
        self, channel: Channel, moderator: User, user: User, reason: str, *, source: Source = "helix"
    ) -> list[Event]:
        """Warn a chatter, who must acknowledge it before they chat again."""
        if not reason:
            raise RefusedError(400, "The reason field is required.")
        self._refuse_on_reason(reason)
        if channel.moderates(user.id):
            raise RefusedError(400, "The user specified in the user_id field may not be warned.")
        channel.warnings.append(ChatWarning(user.id, moderator.id, reason, self._world.clock.now_ms()))
        channel.unacknowledged.add(user.id)
        self._enforced("warn", channel, moderator, user, source, reason=reason)
        told = {"reason": reason, "chat_rules_cited": None}
        return [
            payloads.about_user("channel.warning.send", channel, user, **named(moderator, "moderator_"), **told),
            payloads.moderate(channel, moderator, "warn", {**named(user), **told}),
        ]

    def acknowledge(self, channel: Channel, user: User) -> list[Event]:
        """The chatter has read the warning."""
        channel.unacknowledged.discard(user.id)
        return [payloads.about_user("channel.warning.acknowledge", channel, user)]

    def shield(self, channel: Channel, moderator: User, *, active: bool) -> list[Event]:
        """Switch shield mode. Nothing is told if it already is as asked."""
        shield = channel.shield
        changed = shield.active is not active
        shield.active, shield.moderator = active, moderator
        now = self._world.clock.now_ms()
        if active and changed:
            shield.activated_ms = now
        if not changed:
            return []
        kind, key = ("begin", "started_at") if active else ("end", "ended_at")
        return [payloads.by_moderator(f"channel.shield_mode.{kind}", channel, moderator, **{key: iso(now)})]

    def settings(self, channel: Channel, moderator: User, changes: dict[str, bool | int | None]) -> list[Event]:
        """Change chat modes; EventSub tells each mode that changed and the new whole."""
        settings = channel.settings
        before = {key: getattr(settings, key) for key in changes}
        for key, value in changes.items():
            setattr(settings, key, value)
        events = []
        for key, off_on in _MODES.items():
            if key in changes and before[key] != changes[key]:
                details = None
                if key == "follower_mode":
                    details = {"follow_duration_minutes": settings.follower_mode_duration or 0}
                elif key == "slow_mode":
                    details = {"wait_time_seconds": settings.slow_mode_wait_time or 30}
                action = off_on[bool(changes[key])]
                events.append(payloads.moderate(channel, moderator, action, details if changes[key] else None))
        whole = {key: getattr(settings, key) for key in _MODES}
        whole["slow_mode_wait_time_seconds"] = settings.slow_mode_wait_time
        whole["follower_mode_duration_minutes"] = settings.follower_mode_duration
        return [*events, payloads.about_channel("channel.chat_settings.update", channel, **whole)]

    def block_term(self, channel: Channel, moderator: User, text: str) -> tuple[BlockedTerm, list[Event]]:
        """Add a term AutoMod holds; a term already there is returned as it is, as Helix does."""
        if not 2 <= len(text) <= MAX_REASON:
            raise RefusedError(400, "The length of the term in the text field is either too short or too long.")
        for term in channel.blocked_terms.values():
            if term.text == text:
                return term, []
        term = BlockedTerm(str(uuid.uuid4()), text, moderator.id, self._world.clock.now_ms())
        channel.blocked_terms[term.id] = term
        return term, [self._terms(channel, moderator, "add", text)]

    def unblock_term(self, channel: Channel, moderator: User, term_id: str) -> list[Event]:
        """Take a term from AutoMod's list; an unknown id is no error to Helix."""
        term = channel.blocked_terms.pop(term_id, None)
        return [] if term is None else [self._terms(channel, moderator, "remove", term.text)]

    def resolve(
        self, channel: Channel, moderator: User, request_id: str, status: str, text: str
    ) -> tuple[UnbanRequest, list[Event]]:
        """Approve (which lifts the ban) or deny an unban request."""
        request = channel.unban_requests.get(request_id)
        if request is None:
            raise RefusedError(404, "The unban request ID was not found.")
        if request.status != "pending":
            raise RefusedError(400, "The unban request has already been resolved.")
        if status not in ("approved", "denied"):
            raise RefusedError(400, "The status must be approved or denied.")
        request.status, request.moderator, request.resolution_text = status, moderator, text
        request.resolved_ms = self._world.clock.now_ms()
        approved = status == "approved"
        details = {**named(request.user), "is_approved": approved, "moderator_message": text}
        action = "approve_unban_request" if approved else "deny_unban_request"
        events = [payloads.unban_request(channel, request), payloads.moderate(channel, moderator, action, details)]
        if approved and self._world.ban(channel, request.user.id) is not None:
            events = [*self.unban(channel, moderator, request.user), *events]
        return request, events

    def suspect(self, channel: Channel, moderator: User, user: User, status: str) -> tuple[Suspicion, list[Event]]:
        """Watch or restrict a chatter, or stop doing so (``NO_TREATMENT``)."""
        suspicion = Suspicion(status, moderator.id, self._world.clock.now_ms())
        if status == "NO_TREATMENT":
            channel.suspicious.pop(user.id, None)
        else:
            channel.suspicious[user.id] = suspicion
        told = {**named(moderator, "moderator_"), "low_trust_status": TREATMENTS[status]}
        return suspicion, [payloads.about_user("channel.suspicious_user.update", channel, user, **told)]

    def settle_held(
        self, channel: Channel, moderator: User, message_id: str, *, allow: bool, source: Source = "helix"
    ) -> list[Event]:
        """Let a held message through into chat, or deny it, which is as good as deleting it."""
        held = channel.held.pop(message_id, None)
        if held is None:
            raise RefusedError(404, "The message ID in the msg_id field was not found.")
        if not allow:
            self._enforced("delete", channel, moderator, held.user, source, message_id=held.id)
        update = payloads.automod(self._world, channel, held, "Approved" if allow else "Denied", moderator)
        return [update, *self.speak(channel, held.user, held.text, message_id=held.id)[1]] if allow else [update]

    def speak(
        self, channel: Channel, user: User, text: str, *,
        fragments: Sequence[Fragment] | None = None, message_id: str | None = None, reply_to: str | None = None,
        source: Channel | None = None,
    ) -> tuple[Line | None, list[Event]]:  # fmt: skip
        """A chatter says a line; None if they are banned or timed out. Chat clients send /me as a marked line.

        One who was warned acknowledges it first, as the chat box makes them do. What a restricted chatter says only
        the moderators see.
        """
        if user.id in channel.bans and self._world.ban(channel, user.id) is not None:
            return None, []
        events = self.acknowledge(channel, user) if user.id in channel.unacknowledged else []
        clock = self._world.clock
        said = text.removeprefix("/me ")
        sent = text if said == text else f"\x01ACTION {said}\x01"
        line = Line(message_id or str(uuid.uuid4()), user.id, sent, clock.now_ms(), clock.real_ms())
        channel.lines[line.id] = line
        channel.chatters[user.id] = None
        parent = channel.lines.get(reply_to) if reply_to is not None else None
        replied = (parent, self._world.users[parent.user_id]) if parent is not None else None
        pieces = payloads.fragments(self._world, said, fragments)
        suspicion = channel.suspicious.get(user.id)
        if suspicion is not None:
            treatment = TREATMENTS[suspicion.status]
            events.append(payloads.suspicious_message(channel, user, line, pieces, treatment))
            if treatment == "restricted":
                return line, events
        return line, [*events, payloads.chat_message(channel, user, line, pieces, replied, source)]

    def _terms(self, channel: Channel, moderator: User, verb: str, text: str) -> Event:
        details = {"action": verb, "list": "blocked", "terms": [text], "from_automod": False}
        return payloads.moderate(channel, moderator, f"{verb}_blocked_term", details)

    def _enforced(
        self, kind: Kind, channel: Channel, moderator: User, user: User, source: Source, **about: Any
    ) -> None:
        now, wall = self._world.clock.now_ms(), time.time_ns() // 1_000_000
        who = (channel.user.login, user.id, user.login, moderator.id)
        self._world.enforcements.append(Enforcement(kind, *who, source, wall, now, **about))

    @staticmethod
    def _refuse_on_reason(reason: str) -> None:
        if len(reason) > MAX_REASON:
            raise RefusedError(400, f"The text in the reason field is too long. The limit is {MAX_REASON} characters.")


_MODES = {
    "emote_mode": ("emoteonlyoff", "emoteonly"),
    "follower_mode": ("followersoff", "followers"),
    "slow_mode": ("slowoff", "slow"),
    "subscriber_mode": ("subscribersoff", "subscribers"),
    "unique_chat_mode": ("uniquechatoff", "uniquechat"),
}
"""Chat settings and what channel.moderate calls switching them off and on."""
