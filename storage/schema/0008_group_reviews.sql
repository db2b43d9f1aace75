-- Raids and nukes decided as one.
--
-- Why so: each Record keeps a decision of its own, so that precision and overturn rates stay per Record. But the time
-- from taking to deciding is one person's look at the whole group and not a handling time of each, so it must be known
-- which decisions were made that way. reviews is chained and stays as it is.

CREATE TABLE group_reviews (
    -- Decisions that were made about a whole group at once. Derived from nothing, and nothing of the chain rests on it.
    review_id INTEGER NOT NULL PRIMARY KEY REFERENCES reviews (id), -- The decision about one Record of the group.
    group_id INTEGER NOT NULL REFERENCES record_groups (id) -- The group.
) STRICT;

CREATE INDEX group_reviews_by_group ON group_reviews (group_id);

CREATE INDEX requests_by_subject ON requests (subject, kind);
