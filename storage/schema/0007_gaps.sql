-- Times in which a channel's chat went unwatched or unrecorded, so that a silent log is not taken for a quiet chat.
--
-- Why so: Twitch does not replay what was said while no socket listened, while the bot was down or while its log could
-- not be written. What is not known cannot be recovered; that it is not known can be said. A gap is written once it is
-- over. The start of one that a crash began is the last sign of life before it, so that row is renewed all the time.

CREATE TABLE watches (
    -- Until when each channel is known to have been watched. Renewed every few seconds while the bot runs.
    channel_id TEXT NOT NULL PRIMARY KEY REFERENCES channels (id), -- Twitch's id of the channel.
    alive_ms INTEGER NOT NULL -- Last sign of life, UTC ms.
) STRICT;

CREATE TABLE gaps (
    -- Times in which chat may have been missed. Append-only, chained.
    id INTEGER NOT NULL PRIMARY KEY, -- Place in the chain.
    channel_id TEXT NOT NULL REFERENCES channels (id), -- Where.
    since_ms INTEGER NOT NULL, -- The last moment known to be watched, UTC ms.
    until_ms INTEGER NOT NULL, -- From when it was watched again, UTC ms.
    why TEXT NOT NULL, -- socket lost, socket closed, subscription lost, revoked: ..., not running, log not writable, stopped.
    lines INTEGER, -- Lines received but neither acted on nor recorded; NULL if nobody can know.
    bans INTEGER, -- Bans and timeouts others made meanwhile, as the ban list shows; NULL if it could not be read.
    row_hash BLOB NOT NULL -- SHA-256 link of the chain.
) STRICT;

CREATE INDEX gaps_by_time ON gaps (since_ms);

CREATE TRIGGER gaps_no_update BEFORE UPDATE ON gaps BEGIN
    SELECT RAISE(ABORT, 'gaps is append-only');
END;
CREATE TRIGGER gaps_no_delete BEFORE DELETE ON gaps BEGIN
    SELECT RAISE(ABORT, 'gaps is append-only');
END;

CREATE VIEW v_gaps AS
SELECT -- One row per time and channel in which chat may have been missed. The stable surface of gaps.
    g.id AS gap_id, -- Place in the chain.
    g.channel_id AS channel_id, -- Twitch's id of the channel.
    c.login AS channel, -- The channel's login.
    g.since_ms AS since_ms, -- The last moment known to be watched, UTC ms.
    g.until_ms AS until_ms, -- From when it was watched again, UTC ms.
    strftime('%Y-%m-%dT%H:%M:%fZ', g.since_ms / 1000.0, 'unixepoch') AS since, -- since_ms as ISO-8601 in UTC.
    strftime('%Y-%m-%dT%H:%M:%fZ', g.until_ms / 1000.0, 'unixepoch') AS until, -- until_ms as ISO-8601 in UTC.
    (g.until_ms - g.since_ms) / 1000.0 AS seconds, -- How long, seconds.
    g.why AS why, -- Why, see gaps.
    g.lines AS lines, -- Lines received but neither acted on nor recorded; NULL if nobody can know.
    g.bans AS bans -- Bans and timeouts others made meanwhile; NULL if the ban list could not be read.
FROM gaps AS g
JOIN channels AS c ON c.id = g.channel_id;
