"""Chat in: each chat line EventSub tells of becomes a Message."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from filters.types import Fragment, FragmentKind, Message, Role

_ROLES = {
    "broadcaster": frozenset({Role.BROADCASTER, Role.MODERATOR}),
    "moderator": frozenset({Role.MODERATOR}),
    "lead_moderator": frozenset({Role.MODERATOR}),
    "vip": frozenset({Role.VIP}),
    "subscriber": frozenset({Role.SUBSCRIBER}),
}
"""What a badge makes of a chatter, by its set_id."""
_NOBODY: frozenset[Role] = frozenset()
_KINDS = {kind.value: kind for kind in FragmentKind}
_ME = "\x01ACTION "
"""What Twitch puts before the text of a line said with /me, and a last U+0001 after it; its fragments have neither."""


def message_of(notification: Any, account_created_ms: int | None = None) -> Message:
    """The line as plain data. Roles come from Twitch's badges, never from the display name.

    What is said with /me is judged as said without: else the fragments' spans would be off, and ``^`` find nothing.
    Raises TypeError or KeyError for a line that is not what Twitch promises: remembered as context, it would spoil the
    Records of others.
    """
    event = notification["payload"]["event"]
    pieces = event["message"]["fragments"]
    names = (
        event["message_id"],
        event["broadcaster_user_id"],
        event["broadcaster_user_login"],
        event["chatter_user_id"],
        event["chatter_user_login"],
    )
    texts = [event["message"]["text"], event["chatter_user_name"] or "", *[piece["text"] for piece in pieces]]
    # Joining tells what is no text, by a TypeError, in a tenth of the time of looking at each.
    if not (all(names) and "".join(names).isascii()):
        raise TypeError("a chat line's ids and logins are not all plain text")
    "".join(texts)
    message_id, channel_id, channel, chatter_id, chatter = names
    text = texts[0]
    if text.startswith(_ME):
        text = text[len(_ME) :].removesuffix("\x01")
    roles = [_ROLES.get(badge["set_id"], _NOBODY) for badge in event["badges"]]
    return Message(
        id=message_id,
        ts_ms=_sent_ms(notification["metadata"].get("message_timestamp")),
        channel_id=channel_id,
        channel=channel,
        chatter_id=chatter_id,
        chatter=chatter,
        display_name=texts[1] or chatter,
        text=text,
        roles=_NOBODY.union(*roles) if roles else _NOBODY,
        fragments=tuple([Fragment(kind_of(piece["type"]), piece["text"]) for piece in pieces]),
        account_created_ms=account_created_ms,
    )


def kind_of(name: str) -> FragmentKind:
    """What Twitch calls a piece of a line; one it has added since is text."""
    return _KINDS.get(name, FragmentKind.TEXT)


def _sent_ms(stamp: str | None) -> int:
    sent = datetime.fromisoformat(stamp) if stamp else datetime.now(UTC)
    return int(sent.timestamp() * 1000)
