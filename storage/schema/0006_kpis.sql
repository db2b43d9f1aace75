-- Counting without reading everything, experiments, and the views that reports and Tableau stand on.
--
-- Why so: ten million Records are counted by filter, category and outcome in every report, and joins over them take half
-- a minute. daily_counts is what such a question needs, kept by triggers on record_states, which are themselves derived;
-- `log verify` checks both. A revision on trial must leave no trace in the log (strikes, reviews, precision), so what it
-- would have done stands apart, in shadow_verdicts.

CREATE TABLE daily_counts (
    -- How many Records stand how, by UTC day of the message. Derived by trigger; it exists so that counting is quick.
    day TEXT NOT NULL, -- UTC day of the message, ISO-8601.
    channel_id TEXT NOT NULL REFERENCES channels (id), -- Where.
    filter TEXT NOT NULL, -- The filter whose Evidence weighed most.
    category TEXT NOT NULL REFERENCES categories (name), -- The written rule enforced.
    action TEXT NOT NULL, -- What was decided.
    outcome TEXT NOT NULL, -- How that stands now.
    by_bot INTEGER NOT NULL CHECK (by_bot IN (0, 1)), -- 1 if the bot decided, 0 if a person did.
    records INTEGER NOT NULL, -- How many Records; 0 once all of them have moved on to another outcome.
    PRIMARY KEY (day, channel_id, filter, category, action, outcome, by_bot)
) STRICT, WITHOUT ROWID;

INSERT INTO daily_counts
SELECT date(r.ts_ms / 1000, 'unixepoch'), r.channel_id, r.filter, r.category, r.action, s.outcome, r.actor_id = 1, count(*)
FROM records AS r
JOIN record_states AS s ON s.record_id = r.id
GROUP BY 1, 2, 3, 4, 5, 6, 7;

CREATE TRIGGER record_states_count AFTER INSERT ON record_states BEGIN
    INSERT INTO daily_counts
    SELECT date(ts_ms / 1000, 'unixepoch'), channel_id, filter, category, action, NEW.outcome, actor_id = 1, 1
    FROM records
    WHERE id = NEW.record_id
    ON CONFLICT DO UPDATE SET records = records + 1;
END;

CREATE TRIGGER record_states_recount AFTER UPDATE OF outcome ON record_states WHEN NEW.outcome <> OLD.outcome BEGIN
    INSERT INTO daily_counts
    SELECT date(ts_ms / 1000, 'unixepoch'), channel_id, filter, category, action, OLD.outcome, actor_id = 1, -1
    FROM records
    WHERE id = NEW.record_id
    ON CONFLICT DO UPDATE SET records = records - 1;
    INSERT INTO daily_counts
    SELECT date(ts_ms / 1000, 'unixepoch'), channel_id, filter, category, action, NEW.outcome, actor_id = 1, 1
    FROM records
    WHERE id = NEW.record_id
    ON CONFLICT DO UPDATE SET records = records + 1;
END;

CREATE INDEX records_by_people ON records (ts_ms) WHERE actor_id <> 1;
CREATE INDEX review_items_by_opening ON review_items (opened_ms);
CREATE INDEX appeals_by_time ON appeals (received_ms);

CREATE TABLE experiments (
    -- Revisions on trial: judged beside the live one, never acted on. Who began and stopped them is in audit.
    id INTEGER NOT NULL PRIMARY KEY, -- Number of the experiment.
    channel_id TEXT NOT NULL REFERENCES channels (id), -- Where.
    revision INTEGER NOT NULL, -- The channel's policy revision on trial.
    from_ms INTEGER NOT NULL, -- Messages sent since, UTC ms.
    until_ms INTEGER NOT NULL, -- And before, UTC ms; moved forward when it is stopped.
    share REAL NOT NULL CHECK (share > 0 AND share <= 1), -- Share of messages judged, drawn by seed and message id.
    seed INTEGER NOT NULL, -- Seed of that draw; the same seed takes the same messages.
    actor_id INTEGER NOT NULL REFERENCES actors (id), -- Who began it.
    why TEXT NOT NULL, -- What is to be found out, without names.
    messages INTEGER NOT NULL, -- Messages judged by both revisions so far.
    CHECK (from_ms <= until_ms),
    FOREIGN KEY (channel_id, revision) REFERENCES policy_revisions (channel_id, revision)
) STRICT;

CREATE INDEX experiments_by_channel ON experiments (channel_id, until_ms);

CREATE TABLE shadow_verdicts (
    -- What live and shadow revision said of a message on which at least one of them had Evidence.
    experiment_id INTEGER NOT NULL REFERENCES experiments (id), -- The experiment.
    message_id TEXT NOT NULL, -- Twitch's id of the message.
    ts_ms INTEGER NOT NULL, -- When it was sent, UTC ms.
    record_id INTEGER REFERENCES records (id), -- The Record of the live verdict; NULL if it had no Evidence.
    live_revision INTEGER NOT NULL, -- The revision that was live.
    live_action TEXT NOT NULL, -- What it decided, none if nothing.
    live_filter TEXT NOT NULL, -- Its leading filter, empty if nothing.
    shadow_action TEXT NOT NULL, -- What the revision on trial would have decided.
    shadow_filter TEXT NOT NULL, -- Its leading filter, empty if nothing.
    shadow_category TEXT NOT NULL, -- The written rule it would have enforced, empty if nothing.
    PRIMARY KEY (experiment_id, message_id)
) STRICT, WITHOUT ROWID;

CREATE VIEW v_counts AS
SELECT -- Records with only what is counted and selected by, without the joins of v_actions: what is not asked for costs nothing.
    r.id AS record_id, -- The Record number.
    r.ts_ms AS ts_ms, -- When the message was sent, UTC ms.
    r.channel_id AS channel_id, -- Twitch's id of the channel.
    r.chatter_id AS person, -- Our number for the chatter.
    r.action AS action, -- What was decided.
    r.filter AS filter, -- The filter whose Evidence weighed most.
    r.category AS category, -- The written rule enforced.
    (SELECT s.outcome FROM record_states AS s WHERE s.record_id = r.id) AS outcome, -- How that stands.
    (SELECT a.name FROM actors AS a WHERE a.id = r.actor_id) AS actor -- Who decided.
FROM records AS r;

CREATE VIEW v_kpi_daily AS
SELECT -- Records by UTC day, channel, filter, category, action and outcome: add up what you need.
    d.day AS day, -- UTC day of the messages, ISO-8601.
    d.channel_id AS channel_id, -- Twitch's id of the channel.
    c.login AS channel, -- The channel's login.
    d.filter AS filter, -- The filter whose Evidence weighed most.
    d.category AS category, -- The written rule enforced.
    d.action AS action, -- What was decided.
    d.outcome AS outcome, -- How that stands now.
    d.by_bot AS by_bot, -- 1 if the bot decided, 0 if a person did.
    d.records AS records -- How many Records.
FROM daily_counts AS d
JOIN channels AS c ON c.id = d.channel_id
WHERE d.records > 0;

CREATE VIEW v_sampled AS
SELECT -- Records drawn at random for quality review, each once, with what stands about it. The only ground for a precision.
    m.record_id AS record_id, -- The Record.
    r.ts_ms AS ts_ms, -- When its message was sent, UTC ms.
    r.channel_id AS channel_id, -- Twitch's id of the channel.
    r.filter AS filter, -- The filter whose Evidence weighed most.
    r.category AS category, -- The written rule enforced.
    r.revision AS revision, -- The channel's policy revision it was judged under.
    max(m.probability) AS probability, -- Inclusion probability, of the likeliest draw if there were several.
    coalesce(
        (SELECT w.decision FROM v_verdicts AS w WHERE w.record_id = m.record_id),
        CASE WHEN EXISTS (SELECT 1 FROM reviews AS v WHERE v.record_id = m.record_id) THEN 'unsure' ELSE 'open' END
    ) AS standing -- upheld or not: uphold, overturn; unsure: people could not tell so far; open: not reviewed.
FROM qa_sample_records AS m
JOIN records AS r ON r.id = m.record_id
GROUP BY m.record_id;

CREATE VIEW v_filter_quality AS
SELECT -- How often a filter is right, by channel and policy revision, from random samples alone. Unreviewed is not right.
    q.filter AS filter, -- The filter.
    q.channel_id AS channel_id, -- Twitch's id of the channel.
    q.revision AS revision, -- The channel's policy revision.
    count(*) AS drawn, -- Records drawn.
    sum(q.standing = 'uphold') AS upheld, -- Of these, upheld.
    sum(q.standing = 'overturn') AS overturned, -- Overturned.
    sum(q.standing = 'unsure') AS unsure, -- Reviewed, but nothing stands.
    sum(q.standing = 'open') AS open, -- Not reviewed yet.
    sum(q.standing = 'uphold') * 1.0 / nullif(sum(q.standing IN ('uphold', 'overturn')), 0) AS precision -- upheld / (upheld + overturned); NULL if neither. Mind small numbers.
FROM v_sampled AS q
GROUP BY q.filter, q.channel_id, q.revision;

CREATE VIEW v_pairs AS
SELECT -- Records judged by two people, the second without knowing what the first decided: the ground for agreement.
    f.record_id AS record_id, -- The Record.
    r.channel_id AS channel_id, -- Twitch's id of the channel.
    r.filter AS filter, -- The filter whose Evidence weighed most.
    r.category AS category, -- The written rule enforced.
    a.name AS first_reviewer, -- Who judged first.
    f.decision AS first_decision, -- uphold, overturn, escalate or unsure, as first decided.
    b.name AS second_reviewer, -- Who judged second.
    v.decision AS second_decision, -- The same.
    v.at_ms AS at_ms -- When the second decided, UTC ms.
FROM review_items AS i
JOIN reviews AS v ON v.record_id = i.record_id AND v.round = i.round AND v.revises IS NULL
JOIN reviews AS f ON f.record_id = i.record_id AND f.round = i.round - 1 AND f.revises IS NULL
JOIN records AS r ON r.id = i.record_id
JOIN actors AS a ON a.id = f.actor_id
JOIN actors AS b ON b.id = v.actor_id
WHERE i.why = 'second';

CREATE VIEW v_moderator_acts AS
SELECT -- What moderators did by hand, one act per row, and whether the bot had seen it coming. Raids and nukes are left out.
    r.id AS record_id, -- The Record.
    r.ts_ms AS ts_ms, -- When the message was sent, UTC ms.
    r.channel_id AS channel_id, -- Twitch's id of the channel.
    r.chatter_id AS person, -- Our number for the chatter.
    a.name AS moderator, -- Who acted.
    r.action AS action, -- delete, warn, timeout or ban.
    EXISTS (
        SELECT 1
        FROM records AS b
        WHERE b.chatter_id = r.chatter_id
            AND b.ts_ms BETWEEN r.ts_ms - 600000 AND r.ts_ms
            AND b.channel_id = r.channel_id
            AND b.actor_id = 1
            AND b.exempt = ''
    ) AS seen -- 1 if the bot has a Record about that person there in the ten minutes before; 0: it missed what a person saw.
FROM records AS r
JOIN actors AS a ON a.id = r.actor_id
WHERE r.actor_id <> 1
    AND r.filter = 'moderator'
    AND r.action IN ('delete', 'warn', 'timeout', 'ban')
    AND NOT EXISTS (SELECT 1 FROM record_group_members AS g WHERE g.record_id = r.id);

CREATE VIEW v_shift AS
SELECT -- The work of people by UTC hour.
    e.hour_ms AS hour_ms, -- Beginning of the hour, UTC ms.
    strftime('%Y-%m-%dT%H:00Z', e.hour_ms / 1000, 'unixepoch') AS hour, -- The same as ISO-8601.
    sum(e.opened) AS opened, -- Review items that were opened.
    sum(e.closed) AS closed, -- Review items that were closed.
    sum(e.on_time) AS on_time, -- Of these, before their deadline.
    sum(e.decided) AS decided, -- Decisions of reviewers, revisions and further rounds among them.
    sum(e.acts) AS acts, -- Acts of moderators by hand.
    sum(e.appeals) AS appeals, -- Appeals received.
    sum(e.answered) AS answered -- Appeals answered or withdrawn.
FROM (
    SELECT opened_ms / 3600000 * 3600000 AS hour_ms, 1 AS opened, 0 AS closed, 0 AS on_time, 0 AS decided, 0 AS acts, 0 AS appeals, 0 AS answered FROM review_items
    UNION ALL
    SELECT closed_ms / 3600000 * 3600000, 0, 1, closed_ms <= due_ms, 0, 0, 0, 0 FROM review_items WHERE closed_ms IS NOT NULL
    UNION ALL
    SELECT at_ms / 3600000 * 3600000, 0, 0, 0, 1, 0, 0, 0 FROM reviews
    UNION ALL
    SELECT ts_ms / 3600000 * 3600000, 0, 0, 0, 0, 1, 0, 0 FROM records WHERE actor_id <> 1
    UNION ALL
    SELECT received_ms / 3600000 * 3600000, 0, 0, 0, 0, 0, 1, 0 FROM appeals
    UNION ALL
    SELECT closed_ms / 3600000 * 3600000, 0, 0, 0, 0, 0, 0, 1 FROM appeals WHERE closed_ms IS NOT NULL
) AS e
GROUP BY e.hour_ms;

CREATE VIEW v_experiments AS
SELECT -- Every experiment with how often the two revisions agreed.
    x.id AS experiment_id, -- Number of the experiment.
    x.channel_id AS channel_id, -- Twitch's id of the channel.
    c.login AS channel, -- The channel's login.
    x.revision AS revision, -- The revision on trial.
    x.from_ms AS from_ms, -- Messages sent since, UTC ms.
    x.until_ms AS until_ms, -- And before, UTC ms.
    x.share AS share, -- Share of messages judged.
    x.seed AS seed, -- Seed of the draw.
    a.name AS actor, -- Who began it.
    x.why AS why, -- What is to be found out.
    x.messages AS messages, -- Messages judged by both.
    (SELECT count(*) FROM shadow_verdicts AS v WHERE v.experiment_id = x.id AND v.live_filter <> '' AND v.shadow_filter <> '') AS both, -- Both had Evidence.
    (SELECT count(*) FROM shadow_verdicts AS v WHERE v.experiment_id = x.id AND v.shadow_filter = '') AS only_live, -- Only the live one had.
    (SELECT count(*) FROM shadow_verdicts AS v WHERE v.experiment_id = x.id AND v.live_filter = '') AS only_shadow -- Only the one on trial had.
FROM experiments AS x
JOIN channels AS c ON c.id = x.channel_id
JOIN actors AS a ON a.id = x.actor_id;
