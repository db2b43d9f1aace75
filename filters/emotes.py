"""Where a line's emotes are: those Twitch tells, emoji, and names that look like the emotes of third parties."""

from __future__ import annotations

import re

from filters.types import FragmentKind, Message

_PERSON = "\U0001f000-\U0001faff\u2600-\u27bf\u2b50-\u2b55\u231a-\u23ff"
EMOJI = re.compile(
    f"[{_PERSON}][\ufe0f\u20e3\U000e0020-\U000e007f\U0001f3fb-\U0001f3ff]*"
    f"(?:\u200d[{_PERSON}][\ufe0f\U0001f3fb-\U0001f3ff]*)*"
)
"""One emoji with its variation, skin tone, tags and what is joined to it."""

NAME = re.compile(r"(?<!\S)(?=\w*[a-z])(?=[A-Za-z0-9]*[a-z0-9][A-Z])[A-Za-z0-9]++(?!\S)")
"""A word with a capital inside, like PogChamp, 4Head or forsenE: BTTV, FFZ and 7TV emotes come as plain text."""


def emote_spans(message: Message) -> list[tuple[int, int]]:
    """Spans (start, end) of the emotes, emoji and emote-like names in the text, in order."""
    spans = [match.span() for match in NAME.finditer(message.text)]
    if not message.text.isascii():
        spans += [match.span() for match in EMOJI.finditer(message.text)]
    if message.opaque:
        spans = [span for span in spans if not any(start <= span[0] < end for start, end in message.opaque)]
        at = 0
        for fragment in message.fragments:
            if fragment.kind is FragmentKind.EMOTE:
                spans.append((at, at + len(fragment.text)))
            at += len(fragment.text)
    return sorted(spans)
