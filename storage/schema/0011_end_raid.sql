-- Raid mode can be ended from the console.
--
-- Why so: SQLite does not change a CHECK, so the table is made anew. Foreign keys are off while a file is migrated, and
-- the older way of renaming does not stumble over the view that names the table while it is away.

CREATE TABLE requests_anew (
    -- What shell and console ask the running bot to do at Twitch.
    id INTEGER NOT NULL PRIMARY KEY, -- Number of the request.
    at_ms INTEGER NOT NULL, -- When it was asked, UTC ms.
    actor_id INTEGER NOT NULL REFERENCES actors (id), -- Who asks.
    kind TEXT NOT NULL CHECK (kind IN ('undo record', 'undo group', 'end raid', 'approve appeal', 'deny appeal')), -- What is asked.
    subject TEXT NOT NULL, -- Number of the Record or group, or Twitch's id of the unban request.
    channel_id TEXT NOT NULL REFERENCES channels (id), -- Where.
    note TEXT NOT NULL, -- Words that go with it: a reason, or the answer to the chatter.
    done_ms INTEGER, -- When the bot was through with it, UTC ms; NULL before.
    failure TEXT -- Why it failed, empty if it did not; NULL before.
) STRICT;

INSERT INTO requests_anew SELECT id, at_ms, actor_id, kind, subject, channel_id, note, done_ms, failure FROM requests;
DROP TABLE requests;
PRAGMA legacy_alter_table = ON;
ALTER TABLE requests_anew RENAME TO requests;
PRAGMA legacy_alter_table = OFF;

CREATE INDEX requests_open ON requests (id) WHERE done_ms IS NULL;
CREATE INDEX requests_by_subject ON requests (subject, kind);
