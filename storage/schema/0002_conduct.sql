-- What people do besides single Records: who did what, Records that one decision made, and what is asked of the bot.
--
-- Why so: a raid or a nuke is one decision with many Records, and is undone as one. The shell and the console have no
-- connection to Twitch; what they want done there is asked here, and the running bot answers in the same row.

CREATE TABLE audit (
    -- Who did what, in chat, shell or console, including what was refused. Append-only, chained.
    id INTEGER NOT NULL PRIMARY KEY, -- Place in the chain.
    at_ms INTEGER NOT NULL, -- When, UTC ms.
    actor_id INTEGER NOT NULL REFERENCES actors (id), -- Who.
    role TEXT NOT NULL, -- In which role: streamer, moderator, chatter, analyst, ...
    surface TEXT NOT NULL CHECK (surface IN ('chat', 'shell', 'console', 'bot')), -- Where.
    channel_id TEXT NOT NULL, -- In which channel (Twitch's id), empty if it concerns none.
    verb TEXT NOT NULL, -- What, as one word or command: undo, policy set, unmask, ...
    subject TEXT NOT NULL, -- On what, without a chatter's name: record 12, person 5, revision 3.
    detail TEXT NOT NULL, -- The rest that matters, without chat text, else empty.
    allowed INTEGER NOT NULL CHECK (allowed IN (0, 1)), -- 0 if it was refused.
    row_hash BLOB NOT NULL -- SHA-256 link of the chain.
) STRICT;

CREATE INDEX audit_by_actor ON audit (actor_id, at_ms);
CREATE INDEX audit_by_time ON audit (at_ms);

CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit BEGIN
    SELECT RAISE(ABORT, 'audit is append-only');
END;
CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit BEGIN
    SELECT RAISE(ABORT, 'audit is append-only');
END;

CREATE TABLE record_groups (
    -- Records that one decision made: a raid, a nuke. Undone as one.
    id INTEGER NOT NULL PRIMARY KEY, -- Number of the group.
    kind TEXT NOT NULL CHECK (kind IN ('raid', 'nuke')), -- What made it.
    channel_id TEXT NOT NULL REFERENCES channels (id), -- Where.
    actor_id INTEGER NOT NULL REFERENCES actors (id), -- Who decided.
    why TEXT NOT NULL, -- The decision in words, without chat text.
    started_ms INTEGER NOT NULL, -- When it began, UTC ms.
    ended_ms INTEGER, -- When it ended, UTC ms; NULL while it goes on.
    modes TEXT -- Chat modes the bot changed for it, as JSON of mode to [before, set]; NULL once put back or if none.
) STRICT;

CREATE INDEX record_groups_by_channel ON record_groups (channel_id, started_ms);

CREATE TABLE record_group_members (
    -- Which Record belongs to which group.
    record_id INTEGER NOT NULL PRIMARY KEY REFERENCES records (id), -- The Record.
    group_id INTEGER NOT NULL REFERENCES record_groups (id) -- Its group.
) STRICT;

CREATE INDEX record_group_members_by_group ON record_group_members (group_id);

CREATE TABLE requests (
    -- What shell and console ask the running bot to do at Twitch.
    id INTEGER NOT NULL PRIMARY KEY, -- Number of the request.
    at_ms INTEGER NOT NULL, -- When it was asked, UTC ms.
    actor_id INTEGER NOT NULL REFERENCES actors (id), -- Who asks.
    kind TEXT NOT NULL CHECK (kind IN ('undo record', 'undo group', 'approve appeal', 'deny appeal')), -- What is asked.
    subject TEXT NOT NULL, -- Number of the Record or group, or Twitch's id of the unban request.
    channel_id TEXT NOT NULL REFERENCES channels (id), -- Where.
    note TEXT NOT NULL, -- Words that go with it: a reason, or the answer to the chatter.
    done_ms INTEGER, -- When the bot was through with it, UTC ms; NULL before.
    failure TEXT -- Why it failed, empty if it did not; NULL before.
) STRICT;

CREATE INDEX requests_open ON requests (id) WHERE done_ms IS NULL;

CREATE VIEW v_audit AS
SELECT -- One row per thing done or refused. The stable surface of audit.
    u.id AS audit_id, -- Place in the chain.
    u.at_ms AS at_ms, -- When, UTC ms.
    strftime('%Y-%m-%dT%H:%M:%fZ', u.at_ms / 1000.0, 'unixepoch') AS at, -- The same as ISO-8601 in UTC.
    a.name AS actor, -- Who: bot, or a login.
    u.role AS role, -- In which role.
    u.surface AS surface, -- chat, shell, console or bot.
    u.channel_id AS channel_id, -- Twitch's id of the channel, empty if it concerns none.
    u.verb AS verb, -- What.
    u.subject AS subject, -- On what.
    u.detail AS detail, -- The rest that matters.
    u.allowed AS allowed -- 0 if it was refused.
FROM audit AS u
JOIN actors AS a ON a.id = u.actor_id;
