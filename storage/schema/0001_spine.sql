-- The spine: who was judged, what was decided, how it ended.
--
-- Why so: an intent and its outcome are separate rows, because Twitch may refuse what was decided and a crash may fall
-- between the two. Rows of record, record_events, policy_revisions and erasures are never changed (triggers refuse it)
-- and each carries SHA-256(previous row_hash || canonical JSON of its other columns), so a later change shows.
-- What identifies a person or quotes one stands outside the chained rows; they hold only HMACs under that person's own
-- key, so destroying key and text erases the person and leaves the chain whole.
-- The comments inside the statements are the data dictionary: docs/data-dictionary.md is generated from them.

CREATE TABLE channels (
    -- Channels the bot has watched.
    id TEXT NOT NULL PRIMARY KEY, -- Twitch's id of the broadcaster.
    login TEXT -- The channel's login when last seen, lower case; NULL until the first Record.
) STRICT;

CREATE INDEX channels_by_login ON channels (login);

CREATE TABLE chatters (
    -- People who stand in a Record, its context or a stored message. The number is the pseudonym that chained rows use.
    id INTEGER NOT NULL PRIMARY KEY, -- Our number for the person; survives erasure.
    twitch_id TEXT UNIQUE, -- Twitch's user id; NULL once erased. Personal.
    login TEXT, -- Login when last seen, lower case; NULL once erased. Personal.
    erased_ms INTEGER -- When the person was erased, UTC ms; NULL otherwise.
) STRICT;

CREATE INDEX chatters_by_login ON chatters (login);

CREATE TABLE person_keys (
    -- One secret key per person for the HMACs of that person's text. Erasure deletes the row.
    chatter_id INTEGER NOT NULL PRIMARY KEY REFERENCES chatters (id), -- Whose key.
    key BLOB NOT NULL -- 32 random bytes. Secret: never exported.
) STRICT;

CREATE TABLE actors (
    -- Who can act: the bot, a moderator, a user of the shell. Chained rows name the number, not the login.
    id INTEGER NOT NULL PRIMARY KEY, -- Our number; 1 is the bot.
    name TEXT NOT NULL UNIQUE -- "bot", or the login of the person.
) STRICT;

INSERT INTO actors (id, name) VALUES (1, 'bot');

CREATE TABLE categories (
    -- The written rules. Every Record names one.
    name TEXT NOT NULL PRIMARY KEY, -- The category as filters name it.
    policy TEXT NOT NULL -- The rule in words, as a chatter may be told it.
) STRICT;

INSERT INTO categories (name, policy) VALUES
    ('hate', 'Attacks or demeans people for who they are: origin, faith, sex, orientation, identity, disability.'),
    ('harassment', 'Targets a person with insults, threats, stalking or a call on others to join in.'),
    ('sexual content', 'Sexual remarks, requests or descriptions that the channel did not invite.'),
    ('spam and scams', 'Repeated, automated or deceptive lines: advertising, fake giveaways, phishing, floods.'),
    ('personal information', 'Publishes or asks for what identifies a private person: address, telephone, documents.'),
    ('self-harm', 'Encourages or instructs self-harm. A chatter in distress is helped, not punished.'),
    ('child safety', 'Sexualises or endangers minors. Text is not kept in plain.'),
    ('illegal goods', 'Offers or seeks goods and services that are against the law.'),
    ('profanity', 'Coarse language beyond what the channel allows.'),
    ('channel rule', 'A rule of this channel''s own.');

CREATE TABLE policy_revisions (
    -- Every saved version of a channel's Policy. Append-only, chained.
    id INTEGER NOT NULL PRIMARY KEY, -- Place in the chain.
    channel_id TEXT NOT NULL REFERENCES channels (id), -- Whose policy.
    revision INTEGER NOT NULL, -- Number within the channel, from 1.
    parent INTEGER, -- Revision it was made from; NULL for the first.
    toml TEXT NOT NULL, -- The whole Policy as TOML.
    actor_id INTEGER NOT NULL REFERENCES actors (id), -- Who saved it.
    reason TEXT NOT NULL, -- Why, in the author's words.
    at_ms INTEGER NOT NULL, -- When it was saved, UTC ms.
    row_hash BLOB NOT NULL, -- SHA-256 link of the chain.
    UNIQUE (channel_id, revision)
) STRICT;

CREATE TABLE records (
    -- The action log: what was decided about a message, before Twitch was called. Append-only, chained.
    id INTEGER NOT NULL PRIMARY KEY, -- The Record number people cite, as in #1234; no gaps.
    ts_ms INTEGER NOT NULL, -- When the message was sent, by Twitch's clock, UTC ms.
    received_ms INTEGER NOT NULL, -- When the bot received it, UTC ms.
    decided_ms INTEGER NOT NULL, -- When the verdict stood, UTC ms.
    committed_ms INTEGER NOT NULL, -- When this row was written, UTC ms.
    channel_id TEXT NOT NULL REFERENCES channels (id), -- Where.
    chatter_id INTEGER NOT NULL REFERENCES chatters (id), -- Whom it is about.
    message_id TEXT NOT NULL, -- Twitch's id of the message.
    action TEXT NOT NULL CHECK (action IN ('none', 'review', 'delete', 'warn', 'timeout', 'ban')), -- What was decided.
    duration_s INTEGER NOT NULL, -- Length of a timeout in seconds, else 0.
    filter TEXT NOT NULL, -- The filter whose Evidence weighed most.
    rule TEXT NOT NULL, -- Its listed term, or the setting that was passed.
    category TEXT NOT NULL REFERENCES categories (name), -- The written rule enforced.
    severity INTEGER NOT NULL CHECK (severity BETWEEN 0 AND 3), -- 0 low, 1 moderate, 2 high, 3 extreme.
    revision INTEGER NOT NULL, -- The channel's policy revision it was judged under.
    strikes INTEGER NOT NULL, -- Strikes that stood against the chatter before.
    dry_run INTEGER NOT NULL CHECK (dry_run IN (0, 1)), -- 1 if only logged, never sent.
    exempt TEXT NOT NULL, -- Why nothing was done although a filter fired, else empty.
    actor_id INTEGER NOT NULL REFERENCES actors (id), -- Who decided.
    personal_hash BLOB NOT NULL, -- SHA-256 over the HMACs of this Record's evidence and context rows, in order.
    row_hash BLOB NOT NULL -- SHA-256 link of the chain.
) STRICT;

CREATE INDEX records_by_time ON records (ts_ms);
CREATE INDEX records_by_channel ON records (channel_id, ts_ms);
CREATE INDEX records_by_chatter ON records (chatter_id, ts_ms);
CREATE INDEX records_by_filter ON records (filter, ts_ms);

CREATE TABLE record_events (
    -- How a Record went on: its outcome, later perhaps its undoing. Append-only, chained.
    id INTEGER NOT NULL PRIMARY KEY, -- Place in the chain.
    record_id INTEGER NOT NULL REFERENCES records (id), -- Which Record.
    at_ms INTEGER NOT NULL, -- When this row was written, UTC ms.
    outcome TEXT NOT NULL, -- applied: Twitch did it; failed: it refused; withheld: not sent; superseded: a stronger Record covers it; review: nothing to enforce; dry_run; undone.
    reason TEXT NOT NULL, -- Why it ended so, else empty.
    sent_ms INTEGER, -- When the call to Twitch began, UTC ms; NULL if none was made.
    done_ms INTEGER, -- When Twitch had answered, UTC ms; NULL if none was made.
    attempts INTEGER NOT NULL, -- Calls made to Twitch.
    actor_id INTEGER NOT NULL REFERENCES actors (id), -- Who brought it about.
    row_hash BLOB NOT NULL, -- SHA-256 link of the chain.
    CHECK (outcome IN ('applied', 'failed', 'dry_run', 'withheld', 'superseded', 'review', 'undone'))
) STRICT;

CREATE INDEX record_events_by_record ON record_events (record_id);

CREATE TABLE record_states (
    -- Where each Record stands now. Derived from record_events by trigger; it exists so that looking is quick.
    record_id INTEGER NOT NULL PRIMARY KEY REFERENCES records (id), -- Which Record.
    outcome TEXT NOT NULL, -- pending, or the outcome of the latest event.
    reason TEXT NOT NULL, -- Reason of the latest event, else empty.
    sent_ms INTEGER, -- When the enforcing call began, UTC ms.
    done_ms INTEGER, -- When it was answered, UTC ms.
    attempts INTEGER NOT NULL -- Calls made by the enforcing event.
) STRICT;

CREATE INDEX record_states_pending ON record_states (record_id) WHERE outcome = 'pending';

CREATE TRIGGER records_begin_pending AFTER INSERT ON records BEGIN
    INSERT INTO record_states (record_id, outcome, reason, attempts) VALUES (NEW.id, 'pending', '', 0);
END;

CREATE TRIGGER record_events_move_state AFTER INSERT ON record_events BEGIN
    UPDATE record_states
    SET outcome = NEW.outcome,
        reason = NEW.reason,
        sent_ms = CASE WHEN NEW.outcome = 'undone' THEN sent_ms ELSE NEW.sent_ms END,
        done_ms = CASE WHEN NEW.outcome = 'undone' THEN done_ms ELSE NEW.done_ms END,
        attempts = CASE WHEN NEW.outcome = 'undone' THEN attempts ELSE NEW.attempts END
    WHERE record_id = NEW.record_id;
END;

CREATE TABLE evidence (
    -- Why filters fired, one row each. Personal: erasure and sealing empty folded and detail.
    record_id INTEGER NOT NULL REFERENCES records (id), -- Which Record.
    position INTEGER NOT NULL, -- Order within the Record, from 0.
    filter TEXT NOT NULL, -- The filter that fired.
    rule TEXT NOT NULL, -- Its listed term, or the setting that was passed.
    category TEXT NOT NULL REFERENCES categories (name), -- The written rule it enforces.
    severity INTEGER NOT NULL, -- 0 low to 3 extreme.
    span_start INTEGER NOT NULL, -- First character of the matched piece in the message, from 0.
    span_end INTEGER NOT NULL, -- One past its last character.
    folded TEXT, -- The piece in canonical form; NULL once erased or sealed. Personal.
    score REAL NOT NULL, -- Confidence in [0, 1] that a person would agree.
    distance INTEGER NOT NULL, -- Edits between folded and rule.
    technique TEXT NOT NULL, -- What was undone to see it.
    detail TEXT, -- One plain sentence; NULL once erased or sealed. Personal.
    related TEXT NOT NULL, -- JSON array of ids of other messages in the same finding, oldest first.
    dry_run INTEGER NOT NULL CHECK (dry_run IN (0, 1)), -- 1 if the filter was only logging.
    mac BLOB NOT NULL, -- HMAC-SHA-256 of the row as written, under the chatter's key; kept on erasure.
    PRIMARY KEY (record_id, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE context_messages (
    -- The judged message (position 0) and the chat lines before it (-1, -2, ...). Personal.
    record_id INTEGER NOT NULL REFERENCES records (id), -- Which Record.
    position INTEGER NOT NULL CHECK (position <= 0), -- 0 is the judged message, -1 the line before it.
    ts_ms INTEGER NOT NULL, -- When it was sent, UTC ms.
    chatter_id INTEGER NOT NULL REFERENCES chatters (id), -- Who wrote it.
    message_id TEXT NOT NULL, -- Twitch's id of the message.
    text TEXT, -- The line; NULL once erased or sealed. Personal.
    sealed INTEGER NOT NULL CHECK (sealed IN (0, 1)), -- 1 if the text was never kept in plain (child safety).
    mac BLOB NOT NULL, -- HMAC-SHA-256 of the row as written and the writer's Twitch id, under the writer's key; kept on erasure.
    PRIMARY KEY (record_id, position)
) STRICT, WITHOUT ROWID;

CREATE INDEX context_messages_by_chatter ON context_messages (chatter_id);

CREATE TABLE erasures (
    -- People whose identity and text were destroyed, so that a missing text is accounted for. Append-only, chained.
    id INTEGER NOT NULL PRIMARY KEY, -- Place in the chain.
    chatter_id INTEGER NOT NULL REFERENCES chatters (id), -- Whom, by our number.
    at_ms INTEGER NOT NULL, -- When, UTC ms.
    actor_id INTEGER NOT NULL REFERENCES actors (id), -- Who did it.
    reason TEXT NOT NULL, -- Why, for instance the request's reference.
    row_hash BLOB NOT NULL -- SHA-256 link of the chain.
) STRICT;

CREATE TRIGGER records_no_update BEFORE UPDATE ON records BEGIN
    SELECT RAISE(ABORT, 'records is append-only');
END;
CREATE TRIGGER records_no_delete BEFORE DELETE ON records BEGIN
    SELECT RAISE(ABORT, 'records is append-only');
END;
CREATE TRIGGER record_events_no_update BEFORE UPDATE ON record_events BEGIN
    SELECT RAISE(ABORT, 'record_events is append-only');
END;
CREATE TRIGGER record_events_no_delete BEFORE DELETE ON record_events BEGIN
    SELECT RAISE(ABORT, 'record_events is append-only');
END;
CREATE TRIGGER policy_revisions_no_update BEFORE UPDATE ON policy_revisions BEGIN
    SELECT RAISE(ABORT, 'policy_revisions is append-only');
END;
CREATE TRIGGER policy_revisions_no_delete BEFORE DELETE ON policy_revisions BEGIN
    SELECT RAISE(ABORT, 'policy_revisions is append-only');
END;
CREATE TRIGGER erasures_no_update BEFORE UPDATE ON erasures BEGIN
    SELECT RAISE(ABORT, 'erasures is append-only');
END;
CREATE TRIGGER erasures_no_delete BEFORE DELETE ON erasures BEGIN
    SELECT RAISE(ABORT, 'erasures is append-only');
END;

CREATE VIEW v_actions AS
SELECT -- One row per Record with its latest outcome; no chat text. The stable surface for SQL and Tableau.
    r.id AS record_id, -- The Record number.
    r.ts_ms AS ts_ms, -- When the message was sent, UTC ms.
    strftime('%Y-%m-%dT%H:%M:%fZ', r.ts_ms / 1000.0, 'unixepoch') AS sent_at, -- The same as ISO-8601 in UTC.
    r.channel_id AS channel_id, -- Twitch's id of the channel.
    c.login AS channel, -- The channel's login.
    r.chatter_id AS person, -- Our number for the chatter; stays after erasure.
    p.twitch_id AS chatter_id, -- Twitch's id of the chatter; NULL once erased. Personal.
    p.login AS chatter, -- Login of the chatter; NULL once erased. Personal.
    r.message_id AS message_id, -- Twitch's id of the message.
    r.action AS action, -- none, review, delete, warn, timeout or ban.
    r.duration_s AS duration_s, -- Length of a timeout in seconds, else 0.
    s.outcome AS outcome, -- pending, applied, failed, dry_run, withheld, superseded, review or undone.
    s.reason AS reason, -- Why it ended so, else empty.
    r.filter AS filter, -- The filter whose Evidence weighed most.
    r.rule AS rule, -- Its term or setting.
    r.category AS category, -- The written rule enforced.
    r.severity AS severity, -- 0 low to 3 extreme.
    r.revision AS revision, -- Policy revision judged under.
    r.strikes AS strikes, -- Strikes before this.
    r.dry_run AS dry_run, -- 1 if only logged.
    r.exempt AS exempt, -- Why the chatter was left alone, else empty.
    a.name AS actor, -- Who decided: bot, or a moderator's login.
    s.attempts AS attempts, -- Calls made to Twitch.
    r.received_ms AS received_ms, -- When the bot received the message, UTC ms.
    r.decided_ms AS decided_ms, -- When the verdict stood, UTC ms.
    r.committed_ms AS committed_ms, -- When the Record was written, UTC ms.
    s.sent_ms AS sent_ms, -- When the call to Twitch began, UTC ms; NULL if none.
    s.done_ms AS done_ms, -- When Twitch had answered, UTC ms; NULL if none.
    r.decided_ms - r.received_ms AS decide_leg_ms, -- Received to decided, ms.
    r.committed_ms - r.decided_ms AS commit_leg_ms, -- Decided to committed, ms.
    s.sent_ms - r.committed_ms AS queue_leg_ms, -- Committed to sent, ms.
    s.done_ms - s.sent_ms AS twitch_leg_ms, -- Sent to done, ms.
    s.done_ms - r.received_ms AS time_to_action_ms -- Received to done, ms.
FROM records AS r
JOIN record_states AS s ON s.record_id = r.id
JOIN channels AS c ON c.id = r.channel_id
JOIN chatters AS p ON p.id = r.chatter_id
JOIN actors AS a ON a.id = r.actor_id;

CREATE VIEW v_evidence AS
SELECT -- Every finding behind every Record; no chat text.
    e.record_id AS record_id, -- The Record number.
    e.position AS position, -- Order within the Record, from 0.
    e.filter AS filter, -- The filter that fired.
    e.rule AS rule, -- Its term or setting.
    e.category AS category, -- The written rule it enforces.
    e.severity AS severity, -- 0 low to 3 extreme.
    e.score AS score, -- Confidence in [0, 1].
    e.distance AS distance, -- Edits between the piece and the rule.
    e.technique AS technique, -- What was undone to see it.
    e.dry_run AS dry_run -- 1 if the filter was only logging.
FROM evidence AS e;
