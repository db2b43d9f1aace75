-- Reviews, appeals, cases, sealed content, staff and retention: how people answer for what was done.
--
-- Why so: what a person decided is evidence, so reviews, answers to appeals, case notes, seals and retention runs are
-- append-only and chained like the log; a change of mind is a further row. What is only coordination (who holds which
-- item, who owns a case) may change, and audit says who changed it. Words that may quote or name somebody stand beside
-- the chain (appeals.text, case_note_texts, sealed_content), so that they can be destroyed without breaking it.
-- Deadlines, leases, shares and retention periods are rows of rules here and not a file, so that bot, shell and console
-- go by the same ones and SQL can read them.

CREATE TABLE staff (
    -- Who may review, and as what. Changes are in audit.
    actor_id INTEGER NOT NULL PRIMARY KEY REFERENCES actors (id), -- The person.
    role TEXT NOT NULL CHECK (role IN ('analyst', 'senior', 'investigator', 'legal', 'manager', 'auditor')), -- What the person may do; docs/operations.md has the matrix.
    login TEXT UNIQUE, -- The person's Twitch login, lower case, if the name differs; NULL if it does not.
    added_ms INTEGER NOT NULL, -- When added or last given a role, UTC ms.
    removed_ms INTEGER -- When taken off, UTC ms; NULL while on the staff.
) STRICT;

CREATE TABLE rules (
    -- Numbers that reviewing goes by. A change holds for what comes after it.
    name TEXT NOT NULL PRIMARY KEY, -- Which number.
    value REAL NOT NULL CHECK (value >= 0), -- The number.
    meaning TEXT NOT NULL -- What it is, with its unit.
) STRICT;

INSERT INTO rules (name, value, meaning) VALUES
    ('lease_s', 600, 'How long a claimed review item is kept for the one who claimed it, seconds.'),
    ('second_share', 0.1, 'Share of first decisions that get a blind second review, 0 to 1.'),
    ('second_seed', 1, 'Seed of the draw for second reviews; the same seed draws the same Records.'),
    ('appeal_minutes', 2880, 'How soon an appeal is to be answered, minutes.'),
    ('exposure_limit', 150, 'Severity points of unmasked Records one reviewer may see in shift_hours.'),
    ('shift_hours', 8, 'Length of a shift, hours.');

CREATE TABLE review_sla (
    -- How soon a Record of each category is to be reviewed. Project choices; change them with `review sla`.
    category TEXT NOT NULL PRIMARY KEY REFERENCES categories (name), -- The written rule.
    minutes INTEGER NOT NULL CHECK (minutes > 0) -- Minutes from the Record to its review.
) STRICT;

INSERT INTO review_sla (category, minutes) VALUES
    ('child safety', 60), ('self-harm', 60), ('illegal goods', 240), ('personal information', 240), ('hate', 480),
    ('harassment', 480), ('sexual content', 720), ('spam and scams', 1440), ('profanity', 2880), ('channel rule', 2880);

CREATE TABLE review_items (
    -- What is or was to be reviewed: one row per Record and round. Holds the claim of whoever works on it.
    record_id INTEGER NOT NULL REFERENCES records (id), -- The Record.
    round INTEGER NOT NULL CHECK (round > 0), -- 1 for the first review, then as many as it takes.
    why TEXT NOT NULL CHECK (why IN ('asked', 'ban', 'extreme', 'sample', 'referred', 'second', 'disagreement', 'escalated')), -- asked: the filter wants a person; ban; extreme severity; sample: drawn; referred by a person; second: blind second review; disagreement: of first and second; escalated.
    weight REAL NOT NULL, -- Share of the priority that does not grow with age, 0 to 70.
    sealed INTEGER NOT NULL CHECK (sealed IN (0, 1)), -- 1 if only those who may open sealed content get it.
    probability REAL, -- Inclusion probability if the item was drawn (why sample or second); NULL otherwise.
    opened_ms INTEGER NOT NULL, -- When it became due for review, UTC ms.
    due_ms INTEGER NOT NULL, -- Until when it is to be decided, UTC ms.
    claimed_by INTEGER REFERENCES actors (id), -- Who works on it; NULL if nobody does.
    claimed_ms INTEGER, -- Since when, UTC ms.
    lease_ms INTEGER, -- Until when nobody else may take it, UTC ms.
    closed_ms INTEGER, -- When it was decided, UTC ms; NULL while open.
    PRIMARY KEY (record_id, round)
) STRICT, WITHOUT ROWID;

CREATE INDEX review_items_open ON review_items (due_ms) WHERE closed_ms IS NULL;
CREATE INDEX review_items_closed ON review_items (closed_ms) WHERE closed_ms IS NOT NULL;

CREATE TABLE reviews (
    -- What a person decided about a Record. Append-only, chained; a revision is a further row.
    id INTEGER NOT NULL PRIMARY KEY, -- Place in the chain, and the review's number.
    record_id INTEGER NOT NULL REFERENCES records (id), -- The Record.
    round INTEGER NOT NULL, -- Which item of the Record, see review_items.
    at_ms INTEGER NOT NULL, -- When it was decided, UTC ms.
    claimed_ms INTEGER NOT NULL, -- When the reviewer took the item, UTC ms.
    actor_id INTEGER NOT NULL REFERENCES actors (id), -- Who decided.
    decision TEXT NOT NULL CHECK (decision IN ('uphold', 'overturn', 'escalate', 'unsure')), -- What was decided.
    reason TEXT NOT NULL, -- Reason code, see docs/operations.md.
    note TEXT NOT NULL, -- Free words without chat text and without names, else empty.
    unmasked INTEGER NOT NULL CHECK (unmasked IN (0, 1)), -- 1 if the reviewer had unmasked the text before deciding.
    revises INTEGER REFERENCES reviews (id), -- The earlier decision this one replaces; NULL if none.
    row_hash BLOB NOT NULL -- SHA-256 link of the chain.
) STRICT;

CREATE INDEX reviews_by_record ON reviews (record_id, round);
CREATE INDEX reviews_by_actor ON reviews (actor_id, at_ms);
CREATE INDEX reviews_by_time ON reviews (at_ms);
CREATE UNIQUE INDEX reviews_revised ON reviews (revises) WHERE revises IS NOT NULL;

CREATE TABLE qa_samples (
    -- Random draws of Records for quality review. The same seed over the same Records draws the same sample.
    id INTEGER NOT NULL PRIMARY KEY, -- Number of the draw.
    at_ms INTEGER NOT NULL, -- When it was drawn, UTC ms.
    actor_id INTEGER NOT NULL REFERENCES actors (id), -- Who drew it.
    seed INTEGER NOT NULL, -- Seed of the draw.
    size INTEGER NOT NULL CHECK (size > 0), -- Records wanted per stratum.
    stratum TEXT NOT NULL CHECK (stratum IN ('all', 'filter', 'category', 'channel')), -- What divides the population; each part is drawn from alone.
    since_ms INTEGER NOT NULL, -- Population: Records whose message was sent since, UTC ms.
    until_ms INTEGER NOT NULL, -- Population: and before, UTC ms.
    channel_id TEXT NOT NULL, -- Population: only this channel (Twitch's id); empty for all.
    population INTEGER NOT NULL -- Records in the population.
) STRICT;

CREATE TABLE qa_sample_records (
    -- The Records of each draw.
    sample_id INTEGER NOT NULL REFERENCES qa_samples (id), -- The draw.
    record_id INTEGER NOT NULL REFERENCES records (id), -- The Record.
    stratum TEXT NOT NULL, -- The part it was drawn from: a filter, a category, a channel's id; empty for all.
    probability REAL NOT NULL CHECK (probability > 0 AND probability <= 1), -- Inclusion probability: drawn / population of the stratum.
    PRIMARY KEY (sample_id, record_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX qa_sample_records_by_record ON qa_sample_records (record_id);

CREATE TABLE appeals (
    -- Twitch unban requests, linked to the Record that made the ban.
    id INTEGER NOT NULL PRIMARY KEY, -- Number of the appeal.
    twitch_id TEXT UNIQUE, -- Twitch's id of the unban request; NULL once erased. Personal.
    channel_id TEXT NOT NULL REFERENCES channels (id), -- Where.
    chatter_id INTEGER NOT NULL REFERENCES chatters (id), -- Who appeals, by our number.
    record_id INTEGER REFERENCES records (id), -- The ban appealed against; NULL if the log has none.
    text TEXT, -- The chatter's words; NULL once erased or past retention. Personal.
    received_ms INTEGER NOT NULL, -- When Twitch says it was made, UTC ms.
    due_ms INTEGER NOT NULL, -- Until when it is to be answered, UTC ms.
    status TEXT NOT NULL CHECK (status IN ('open', 'approved', 'denied', 'withdrawn')), -- How it stands.
    closed_ms INTEGER -- When it was answered or withdrawn, UTC ms; NULL while open.
) STRICT;

CREATE INDEX appeals_by_status ON appeals (status, due_ms);
CREATE INDEX appeals_by_chatter ON appeals (chatter_id);
CREATE INDEX appeals_by_record ON appeals (record_id);

CREATE TABLE appeal_decisions (
    -- Answers to appeals. Append-only, chained.
    id INTEGER NOT NULL PRIMARY KEY, -- Place in the chain.
    appeal_id INTEGER NOT NULL REFERENCES appeals (id), -- The appeal.
    at_ms INTEGER NOT NULL, -- When it was decided, UTC ms.
    actor_id INTEGER NOT NULL REFERENCES actors (id), -- Who decided: our staff, or a moderator at Twitch.
    surface TEXT NOT NULL CHECK (surface IN ('shell', 'console', 'twitch')), -- Where it was decided.
    decision TEXT NOT NULL CHECK (decision IN ('approve', 'deny')), -- What was decided.
    reason TEXT NOT NULL, -- Reason code, see docs/operations.md; empty if decided at Twitch.
    note TEXT NOT NULL, -- Free words without names, else empty.
    request_id INTEGER REFERENCES requests (id), -- The request to the bot to answer at Twitch; NULL if decided there.
    row_hash BLOB NOT NULL -- SHA-256 link of the chain.
) STRICT;

CREATE INDEX appeal_decisions_by_appeal ON appeal_decisions (appeal_id);

CREATE TABLE cases (
    -- Investigations. Changes are in audit.
    id INTEGER NOT NULL PRIMARY KEY, -- Number of the case.
    title TEXT NOT NULL, -- What it is about, without names.
    status TEXT NOT NULL CHECK (status IN ('open', 'closed')), -- How it stands.
    owner_id INTEGER NOT NULL REFERENCES actors (id), -- Who is responsible.
    opened_by INTEGER NOT NULL REFERENCES actors (id), -- Who opened it.
    opened_ms INTEGER NOT NULL, -- When, UTC ms.
    closed_ms INTEGER, -- When it was closed, UTC ms; NULL while open.
    resolution TEXT NOT NULL, -- How it ended, without names; empty while open.
    legal_hold INTEGER NOT NULL CHECK (legal_hold IN (0, 1)) -- 1 while nothing about its people and Records may be erased.
) STRICT;

CREATE INDEX cases_held ON cases (id) WHERE legal_hold = 1;

CREATE TABLE case_items (
    -- What belongs to a case.
    case_id INTEGER NOT NULL REFERENCES cases (id), -- The case.
    kind TEXT NOT NULL CHECK (kind IN ('person', 'record', 'appeal')), -- What it is.
    subject INTEGER NOT NULL, -- Its number: chatters.id, records.id or appeals.id.
    actor_id INTEGER NOT NULL REFERENCES actors (id), -- Who added it.
    at_ms INTEGER NOT NULL, -- When, UTC ms.
    why TEXT NOT NULL, -- Why, without names, else empty.
    PRIMARY KEY (case_id, kind, subject)
) STRICT, WITHOUT ROWID;

CREATE INDEX case_items_by_subject ON case_items (kind, subject);

CREATE TABLE case_notes (
    -- Who wrote which note when. Append-only, chained; the words are in case_note_texts.
    id INTEGER NOT NULL PRIMARY KEY, -- Place in the chain.
    case_id INTEGER NOT NULL REFERENCES cases (id), -- The case.
    at_ms INTEGER NOT NULL, -- When, UTC ms.
    actor_id INTEGER NOT NULL REFERENCES actors (id), -- Who wrote it.
    digest BLOB NOT NULL, -- HMAC-SHA-256 of the words under the note's key.
    row_hash BLOB NOT NULL -- SHA-256 link of the chain.
) STRICT;

CREATE INDEX case_notes_by_case ON case_notes (case_id);

CREATE TABLE case_note_texts (
    -- The words of case notes. May be destroyed once the case is closed.
    note_id INTEGER NOT NULL PRIMARY KEY REFERENCES case_notes (id), -- The note.
    key BLOB NOT NULL, -- 32 random bytes that key the digest. Secret: never exported.
    text TEXT NOT NULL -- The words. Personal.
) STRICT;

CREATE TABLE case_links (
    -- People of a case who seem to have acted together, and by what.
    case_id INTEGER NOT NULL REFERENCES cases (id), -- The case.
    person INTEGER NOT NULL REFERENCES chatters (id), -- One of the two, the lower number.
    other INTEGER NOT NULL REFERENCES chatters (id), -- The other.
    why TEXT NOT NULL CHECK (why IN ('same group', 'same finding', 'near-identical text')), -- same group: one raid or nuke; same finding: a filter saw their lines together; near-identical text.
    strength INTEGER NOT NULL, -- How many pairs of Records show it.
    record_id INTEGER NOT NULL REFERENCES records (id), -- A Record of the one that shows it.
    other_record_id INTEGER NOT NULL REFERENCES records (id), -- The Record of the other.
    at_ms INTEGER NOT NULL, -- When it was found, UTC ms.
    PRIMARY KEY (case_id, person, other, why),
    CHECK (person < other)
) STRICT, WITHOUT ROWID;

CREATE INDEX case_links_by_person ON case_links (person);
CREATE INDEX case_links_by_other ON case_links (other);

CREATE TABLE sealed (
    -- Records whose text is kept from ordinary use: child safety, illegal content. Append-only, chained.
    id INTEGER NOT NULL PRIMARY KEY, -- Place in the chain, and the seal's number.
    record_id INTEGER NOT NULL UNIQUE REFERENCES records (id), -- The Record.
    at_ms INTEGER NOT NULL, -- When it was sealed, UTC ms.
    category TEXT NOT NULL REFERENCES categories (name), -- The category it is sealed for.
    actor_id INTEGER NOT NULL REFERENCES actors (id), -- Who sealed it: bot, or the reviewer who escalated it.
    kept INTEGER NOT NULL CHECK (kept IN (0, 1)), -- 1 if the content was kept encrypted, 0 if no key was set and it was not kept at all.
    row_hash BLOB NOT NULL -- SHA-256 link of the chain.
) STRICT;

CREATE TABLE sealed_content (
    -- The encrypted content of seals, until its retention is over. The key is never in the database.
    sealed_id INTEGER NOT NULL PRIMARY KEY REFERENCES sealed (id), -- The seal.
    ciphertext BLOB NOT NULL, -- Fernet token over the text and its evidence.
    expires_ms INTEGER NOT NULL -- When retention ends unless a case holds it, UTC ms.
) STRICT;

CREATE INDEX sealed_content_expiring ON sealed_content (expires_ms);

CREATE TABLE seal_releases (
    -- Seals that were worked off: handed to whom they concern, or found to be nothing.
    sealed_id INTEGER NOT NULL PRIMARY KEY REFERENCES sealed (id), -- The seal.
    at_ms INTEGER NOT NULL, -- When, UTC ms.
    actor_id INTEGER NOT NULL REFERENCES actors (id), -- Who.
    outcome TEXT NOT NULL CHECK (outcome IN ('reported', 'no violation', 'destroyed')), -- reported: by people, to Twitch or authorities; no violation: nothing to report; destroyed: content destroyed at once.
    note TEXT NOT NULL -- A reference such as the report's number, without names.
) STRICT;

CREATE TABLE exposures (
    -- Every look of a person at unmasked chat text.
    id INTEGER NOT NULL PRIMARY KEY, -- Number of the look.
    at_ms INTEGER NOT NULL, -- When, UTC ms.
    actor_id INTEGER NOT NULL REFERENCES actors (id), -- Who looked.
    record_id INTEGER NOT NULL REFERENCES records (id), -- At which Record.
    severity INTEGER NOT NULL, -- Its severity, 0 low to 3 extreme: the look's points.
    sealed INTEGER NOT NULL CHECK (sealed IN (0, 1)), -- 1 if the content was sealed.
    surface TEXT NOT NULL CHECK (surface IN ('shell', 'console')) -- Where.
) STRICT;

CREATE INDEX exposures_by_actor ON exposures (actor_id, at_ms);
CREATE INDEX exposures_by_time ON exposures (at_ms);

CREATE TABLE retention_rules (
    -- How long what is kept. Project choices, to be confirmed by counsel; a case on legal hold goes before them.
    subject TEXT NOT NULL CHECK (subject IN ('bodies', 'messages', 'log', 'appeals', 'cases', 'sealed')), -- messages: stored chat, from the message; bodies: text, evidence and context of Records, from the message; log: identity of people, from their last Record; appeals and cases: their words, from closing; sealed: encrypted content, from sealing.
    category TEXT NOT NULL, -- The category it is for; empty for all that have no row of their own.
    days INTEGER NOT NULL CHECK (days > 0), -- Days kept.
    PRIMARY KEY (subject, category)
) STRICT, WITHOUT ROWID;

INSERT INTO retention_rules (subject, category, days) VALUES
    ('bodies', '', 30), ('messages', '', 14), ('log', '', 400), ('appeals', '', 180), ('cases', '', 400),
    ('sealed', '', 90), ('sealed', 'child safety', 90), ('sealed', 'illegal goods', 180);

CREATE TABLE retention_runs (
    -- What retention destroyed, so that a missing text is accounted for. Append-only, chained.
    id INTEGER NOT NULL PRIMARY KEY, -- Place in the chain.
    at_ms INTEGER NOT NULL, -- When, UTC ms.
    actor_id INTEGER NOT NULL REFERENCES actors (id), -- Who ran it: bot, or a person.
    subject TEXT NOT NULL, -- What, see retention_rules.
    category TEXT NOT NULL, -- Of which category; empty where categories make no difference.
    before_ms INTEGER NOT NULL, -- What was older than this went, UTC ms.
    gone INTEGER NOT NULL, -- Rows or people it concerned.
    row_hash BLOB NOT NULL -- SHA-256 link of the chain.
) STRICT;

CREATE INDEX retention_runs_by_subject ON retention_runs (subject, category, before_ms);

CREATE TRIGGER reviews_no_update BEFORE UPDATE ON reviews BEGIN
    SELECT RAISE(ABORT, 'reviews is append-only');
END;
CREATE TRIGGER reviews_no_delete BEFORE DELETE ON reviews BEGIN
    SELECT RAISE(ABORT, 'reviews is append-only');
END;
CREATE TRIGGER appeal_decisions_no_update BEFORE UPDATE ON appeal_decisions BEGIN
    SELECT RAISE(ABORT, 'appeal_decisions is append-only');
END;
CREATE TRIGGER appeal_decisions_no_delete BEFORE DELETE ON appeal_decisions BEGIN
    SELECT RAISE(ABORT, 'appeal_decisions is append-only');
END;
CREATE TRIGGER case_notes_no_update BEFORE UPDATE ON case_notes BEGIN
    SELECT RAISE(ABORT, 'case_notes is append-only');
END;
CREATE TRIGGER case_notes_no_delete BEFORE DELETE ON case_notes BEGIN
    SELECT RAISE(ABORT, 'case_notes is append-only');
END;
CREATE TRIGGER sealed_no_update BEFORE UPDATE ON sealed BEGIN
    SELECT RAISE(ABORT, 'sealed is append-only');
END;
CREATE TRIGGER sealed_no_delete BEFORE DELETE ON sealed BEGIN
    SELECT RAISE(ABORT, 'sealed is append-only');
END;
CREATE TRIGGER retention_runs_no_update BEFORE UPDATE ON retention_runs BEGIN
    SELECT RAISE(ABORT, 'retention_runs is append-only');
END;
CREATE TRIGGER retention_runs_no_delete BEFORE DELETE ON retention_runs BEGIN
    SELECT RAISE(ABORT, 'retention_runs is append-only');
END;

CREATE VIEW v_reviews AS
SELECT -- Every decision of every reviewer, also the revised ones.
    v.id AS review_id, -- Number of the review.
    v.record_id AS record_id, -- The Record.
    v.round AS round, -- 1 for the first review of the Record.
    i.why AS why, -- Why it was to be reviewed, see review_items.
    i.why = 'second' AS blind, -- 1 if the reviewer did not see the decision before.
    i.probability AS probability, -- Inclusion probability if the item was drawn; NULL otherwise.
    a.name AS reviewer, -- Who decided.
    v.decision AS decision, -- uphold, overturn, escalate or unsure.
    v.reason AS reason, -- Reason code.
    v.note AS note, -- Free words.
    v.unmasked AS unmasked, -- 1 if the text had been unmasked before.
    v.revises AS revises, -- The earlier decision this one replaces; NULL if none.
    NOT EXISTS (SELECT 1 FROM reviews AS n WHERE n.revises = v.id) AS current, -- 0 once revised.
    v.claimed_ms AS claimed_ms, -- When the item was taken, UTC ms.
    v.at_ms AS at_ms, -- When it was decided, UTC ms.
    strftime('%Y-%m-%dT%H:%M:%fZ', v.at_ms / 1000.0, 'unixepoch') AS decided_at, -- The same as ISO-8601 in UTC.
    v.at_ms - v.claimed_ms AS handling_ms, -- Taken to decided, ms; of a revision, since the item was taken first.
    i.opened_ms AS opened_ms, -- When the item was opened, UTC ms.
    i.due_ms AS due_ms, -- Until when it was to be decided, UTC ms.
    r.channel_id AS channel_id, -- Twitch's id of the channel.
    r.filter AS filter, -- The filter whose Evidence weighed most.
    r.category AS category, -- The written rule enforced.
    r.severity AS severity -- 0 low to 3 extreme.
FROM reviews AS v
JOIN review_items AS i ON i.record_id = v.record_id AND i.round = v.round
JOIN records AS r ON r.id = v.record_id
JOIN actors AS a ON a.id = v.actor_id;

CREATE VIEW v_verdicts AS
SELECT -- One row per reviewed Record: what stands. A blind second review only stands by way of the round it leads to.
    v.record_id AS record_id, -- The Record.
    v.decision AS decision, -- uphold or overturn.
    v.reason AS reason, -- Reason code.
    a.name AS reviewer, -- Who decided.
    v.at_ms AS at_ms, -- When, UTC ms.
    v.round AS round, -- In which round.
    EXISTS (SELECT 1 FROM review_items AS o WHERE o.record_id = v.record_id AND o.round > v.round AND o.closed_ms IS NULL) AS contested -- 1 while a further round is open.
FROM reviews AS v
JOIN actors AS a ON a.id = v.actor_id
WHERE v.id = (
    SELECT l.id
    FROM reviews AS l
    JOIN review_items AS i ON i.record_id = l.record_id AND i.round = l.round
    WHERE l.record_id = v.record_id
        AND i.why <> 'second'
        AND l.decision IN ('uphold', 'overturn')
        AND NOT EXISTS (SELECT 1 FROM reviews AS n WHERE n.revises = l.id)
    ORDER BY l.round DESC
    LIMIT 1
);

CREATE VIEW v_queue AS
SELECT -- What is to be reviewed now, sealed Records left out. Priority is 0 to 130: weight, and age against the deadline.
    i.record_id AS record_id, -- The Record.
    i.round AS round, -- 1 for the first review.
    i.why AS why, -- Why it is to be reviewed, see review_items.
    i.weight + 30 * min(2.0, max(0.0, (CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER) - i.opened_ms) * 1.0 / max(1, i.due_ms - i.opened_ms))) AS priority, -- Higher goes first.
    i.opened_ms AS opened_ms, -- Open since, UTC ms.
    i.due_ms AS due_ms, -- To be decided until, UTC ms.
    CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER) > i.due_ms AS overdue, -- 1 if that is past.
    CASE WHEN i.lease_ms > CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER) THEN a.name END AS claimed_by, -- Who holds it now; NULL if nobody does.
    i.lease_ms AS lease_ms, -- Until when the latest claim holds, UTC ms; NULL if there was none.
    r.channel_id AS channel_id, -- Twitch's id of the channel.
    c.login AS channel, -- The channel's login.
    r.action AS action, -- What the bot decided.
    CASE WHEN i.why <> 'second' THEN s.outcome END AS outcome, -- How that stands; NULL for a blind second review, which must not learn from it what the first decided.
    r.filter AS filter, -- The filter whose Evidence weighed most.
    r.category AS category, -- The written rule enforced.
    r.severity AS severity -- 0 low to 3 extreme.
FROM review_items AS i
JOIN records AS r ON r.id = i.record_id
JOIN record_states AS s ON s.record_id = r.id
JOIN channels AS c ON c.id = r.channel_id
LEFT JOIN actors AS a ON a.id = i.claimed_by
WHERE i.closed_ms IS NULL AND i.sealed = 0;

CREATE VIEW v_samples AS
SELECT -- Records drawn for quality review, with what stands about each.
    m.sample_id AS sample_id, -- Number of the draw.
    q.at_ms AS drawn_ms, -- When it was drawn, UTC ms.
    q.seed AS seed, -- Seed of the draw.
    q.stratum AS by, -- What divided the population: all, filter, category or channel.
    m.stratum AS stratum, -- The part the Record was drawn from.
    m.record_id AS record_id, -- The Record.
    m.probability AS probability, -- Inclusion probability.
    r.filter AS filter, -- Filter of the Record.
    r.category AS category, -- Category of the Record.
    r.revision AS revision, -- Policy revision it was judged under.
    w.decision AS decision -- uphold or overturn; NULL while nothing stands.
FROM qa_sample_records AS m
JOIN qa_samples AS q ON q.id = m.sample_id
JOIN records AS r ON r.id = m.record_id
LEFT JOIN v_verdicts AS w ON w.record_id = m.record_id;

CREATE VIEW v_appeals AS
SELECT -- Every appeal and how it stands; the chatter's words are left out.
    p.id AS appeal_id, -- Number of the appeal.
    p.channel_id AS channel_id, -- Twitch's id of the channel.
    c.login AS channel, -- The channel's login.
    p.chatter_id AS person, -- Our number for the chatter.
    h.login AS chatter, -- Login of the chatter; NULL once erased. Personal.
    p.record_id AS record_id, -- The ban appealed against; NULL if the log has none.
    p.received_ms AS received_ms, -- When it was made, UTC ms.
    p.due_ms AS due_ms, -- To be answered until, UTC ms.
    p.status AS status, -- open, approved, denied or withdrawn.
    p.closed_ms AS closed_ms, -- When it was answered or withdrawn, UTC ms.
    d.decision AS decision, -- approve or deny; NULL while open, and if withdrawn.
    d.reason AS reason, -- Reason code.
    a.name AS decided_by, -- Who decided.
    d.surface AS surface, -- Where: shell, console or twitch.
    d.at_ms AS decided_ms, -- When, UTC ms.
    q.done_ms AS answered_ms, -- When the bot was through with answering at Twitch, UTC ms; NULL before.
    q.failure AS failure -- Why that failed, empty if it did not; NULL before.
FROM appeals AS p
JOIN channels AS c ON c.id = p.channel_id
JOIN chatters AS h ON h.id = p.chatter_id
LEFT JOIN appeal_decisions AS d ON d.id = (SELECT max(id) FROM appeal_decisions WHERE appeal_id = p.id)
LEFT JOIN actors AS a ON a.id = d.actor_id
LEFT JOIN requests AS q ON q.id = d.request_id;

CREATE VIEW v_cases AS
SELECT -- Every case.
    k.id AS case_id, -- Number of the case.
    k.title AS title, -- What it is about.
    k.status AS status, -- open or closed.
    o.name AS owner, -- Who is responsible.
    b.name AS opened_by, -- Who opened it.
    k.opened_ms AS opened_ms, -- When, UTC ms.
    k.closed_ms AS closed_ms, -- When it was closed, UTC ms; NULL while open.
    k.resolution AS resolution, -- How it ended; empty while open.
    k.legal_hold AS legal_hold, -- 1 while nothing of it may be erased.
    (SELECT count(*) FROM case_items AS n WHERE n.case_id = k.id AND n.kind = 'person') AS people, -- How many people belong to it.
    (SELECT count(*) FROM case_items AS n WHERE n.case_id = k.id AND n.kind = 'record') AS records, -- How many Records.
    (SELECT count(*) FROM case_notes AS n WHERE n.case_id = k.id) AS notes, -- How many notes.
    (SELECT count(*) FROM case_links AS n WHERE n.case_id = k.id) AS links -- How many pairs of people it links.
FROM cases AS k
JOIN actors AS o ON o.id = k.owner_id
JOIN actors AS b ON b.id = k.opened_by;

CREATE VIEW v_sealed AS
SELECT -- The sealed queue: what is sealed and what became of it; never the content.
    e.id AS sealed_id, -- Number of the seal.
    e.record_id AS record_id, -- The Record.
    e.at_ms AS at_ms, -- When it was sealed, UTC ms.
    e.category AS category, -- The category it is sealed for.
    a.name AS sealed_by, -- bot, or the reviewer who escalated it.
    e.kept AS kept, -- 1 if the content was kept encrypted, 0 if no key was set.
    n.sealed_id IS NOT NULL AS present, -- 1 while the encrypted content is still there.
    n.expires_ms AS expires_ms, -- When its retention ends, UTC ms; NULL if it is not there.
    r.outcome AS outcome, -- reported, no violation or destroyed; NULL while nobody has worked it off.
    r.at_ms AS released_ms -- When it was worked off, UTC ms; NULL before.
FROM sealed AS e
JOIN actors AS a ON a.id = e.actor_id
LEFT JOIN sealed_content AS n ON n.sealed_id = e.id
LEFT JOIN seal_releases AS r ON r.sealed_id = e.id;

CREATE VIEW v_exposures AS
SELECT -- Every look of a person at unmasked chat text.
    x.id AS exposure_id, -- Number of the look.
    x.at_ms AS at_ms, -- When, UTC ms.
    a.name AS reviewer, -- Who looked.
    x.record_id AS record_id, -- At which Record.
    x.severity AS severity, -- Its severity, 0 low to 3 extreme: the look's points.
    x.sealed AS sealed, -- 1 if the content was sealed.
    x.surface AS surface -- shell or console.
FROM exposures AS x
JOIN actors AS a ON a.id = x.actor_id;
