"""What each account must grant: the least that what the bot does needs (TWITCH API reference, per call)."""

from __future__ import annotations

BOT = (
    "moderator:manage:automod",
    "moderator:manage:banned_users",
    "moderator:manage:blocked_terms",
    "moderator:manage:chat_messages",
    "moderator:manage:chat_settings",
    "moderator:manage:shield_mode",
    "moderator:manage:unban_requests",
    "moderator:manage:warnings",
    "moderator:read:moderators",
    "moderator:read:suspicious_users",
    "moderator:read:vips",
    "user:bot",
    "user:read:chat",
    "user:read:moderated_channels",
    "user:write:chat",
)
"""The account that sits in chat as a moderator."""

STREAMER = ("channel:bot", "moderation:read")
"""A streamer's own account, where they wish the ban list to be compared with the log after a crash."""
