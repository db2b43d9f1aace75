-- What moderators note about a chatter, so that the next one knows.
--
-- Why so: a note quotes and judges a person, so it is personal through and through. It is not chained: erasing the person
-- deletes it, and audit keeps that somebody wrote one. Until then nobody changes what was written.

CREATE TABLE notes (
    -- Moderators' notes about chatters, per channel. Rows of an erased person are deleted.
    id INTEGER NOT NULL PRIMARY KEY, -- Number of the note.
    chatter_id INTEGER NOT NULL REFERENCES chatters (id), -- Whom it is about, by our number.
    channel_id TEXT NOT NULL REFERENCES channels (id), -- In which channel.
    at_ms INTEGER NOT NULL, -- When it was written, UTC ms.
    actor_id INTEGER NOT NULL REFERENCES actors (id), -- Who wrote it.
    text TEXT NOT NULL -- The words. Personal.
) STRICT;

CREATE INDEX notes_by_chatter ON notes (chatter_id, channel_id);

CREATE TRIGGER notes_no_update BEFORE UPDATE ON notes BEGIN
    SELECT RAISE(ABORT, 'a note is not changed; write another');
END;
