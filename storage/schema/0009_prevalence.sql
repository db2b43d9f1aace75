-- What is needed to say how common violations are, and how many people are acted on again.
--
-- Why so: a share of all lines needs the number of lines, which the log does not have and stored chat forgets after
-- days; so lines are counted by day as they are stored, in the same transaction, without a word of what they said.

CREATE TABLE daily_lines (
    -- How many chat lines were stored, by UTC day; stays when their text goes. Only where chat is stored (store_messages).
    day TEXT NOT NULL, -- UTC day of the lines, ISO-8601.
    channel_id TEXT NOT NULL, -- Twitch's id of the channel.
    lines INTEGER NOT NULL, -- How many.
    PRIMARY KEY (day, channel_id)
) STRICT, WITHOUT ROWID;

INSERT INTO daily_lines
SELECT date(ts_ms / 1000, 'unixepoch'), channel_id, count(*)
FROM messages
GROUP BY 1, 2;

INSERT INTO rules (name, value, meaning) VALUES
    ('follow_up_days', 30, 'How long after a first act it is looked whether the person is acted on again, days.');
