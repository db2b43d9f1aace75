-- What was said, for back-tests: a new policy can be tried on the chat of the last days before it bites.
--
-- Why so: kept for days only (retention, subject messages), never what is sealed, and gone with the person. Nothing
-- rests on these rows, so they are not chained.

CREATE TABLE messages (
    -- Chat lines of the last days. Personal.
    id INTEGER NOT NULL PRIMARY KEY, -- Order of arrival.
    message_id TEXT NOT NULL, -- Twitch's id of the message.
    channel_id TEXT NOT NULL, -- Twitch's id of the channel.
    ts_ms INTEGER NOT NULL, -- When it was sent, by Twitch's clock, UTC ms.
    chatter_id INTEGER NOT NULL REFERENCES chatters (id), -- Who wrote it.
    text TEXT NOT NULL, -- The line. Personal.
    roles TEXT NOT NULL, -- The writer's roles then, separated by spaces.
    pieces TEXT NOT NULL -- JSON array of [kind, text] where the line has emotes or mentions, else empty.
) STRICT;

CREATE INDEX messages_by_channel ON messages (channel_id, ts_ms);
CREATE INDEX messages_by_time ON messages (ts_ms);
CREATE INDEX messages_by_chatter ON messages (chatter_id);
