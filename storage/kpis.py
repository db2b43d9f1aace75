"""What reports are computed from, as numbers and short lists: the formulas are in docs/kpis.md.

Everything is asked of one Period. Whole UTC days are counted from daily_counts, so a month costs what its days cost;
times come from a hash-drawn share of the Records, the same each time; all else stands in small tables.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from storage.database import Database, now_ms
from storage.followup import Followed, followed

DAY_MS = 86_400_000
HOUR_MS = 3_600_000
MOST_TIMED = 10_000
"""About how many Records times are taken from: the interval of a 95th percentile is then 0.9 ranks in 100 wide."""


@dataclass(frozen=True, slots=True)
class Period:
    """From (inclusive) to until (exclusive), UTC ms; ``channel_id`` is empty for all channels."""

    since_ms: int
    until_ms: int
    channel_id: str = ""

    @property
    def before(self) -> Period:
        """The period of the same length that ends where this one begins."""
        return Period(2 * self.since_ms - self.until_ms, self.since_ms, self.channel_id)

    @property
    def values(self) -> dict[str, Any]:
        """Parameters of every query here."""
        ended = min(self.until_ms, now_ms())  # what falls due later today is not overdue
        return {"since": self.since_ms, "until": self.until_ms, "ended": ended, "channel": self.channel_id}


class Kind(NamedTuple):
    """What Records are counted by."""

    filter: str
    category: str
    action: str
    outcome: str
    by_bot: int


@dataclass(frozen=True, slots=True)
class Times:
    """Milliseconds of each leg, of a share of the bot's Records; ``records`` is how many there are."""

    records: int
    detect: list[int]
    decide: list[int]
    enforce: list[int]
    action: list[int]


@dataclass(frozen=True, slots=True)
class Work:
    """The review queue. ``open`` and ``overdue`` are as the period ends; ``oldest_ms`` is None if nothing is open.

    ``waiting`` is opened to closed of what was closed in the period, ``handling`` claimed to decided of Records that
    were decided singly, both ms.
    """

    closed: int
    on_time: int
    open: int
    overdue: int
    oldest_ms: int | None
    waiting: list[int]
    handling: list[int]


@dataclass(frozen=True, slots=True)
class Drawn:
    """A Record of a random sample and what stands about it: uphold, overturn, unsure or open.

    ``text`` is the judged line, None where it is gone or sealed; it is for counting and never for show.
    """

    filter: str
    standing: str
    probability: float
    text: str | None = field(repr=False, default=None)


@dataclass(frozen=True, slots=True)
class Appeals:
    """Appeals answered in the period, and those open as it ends."""

    approved: int
    denied: int
    open: int
    overdue: int


@dataclass(frozen=True, slots=True)
class Pair:
    """Two people's judgements of one Record, the second made blind."""

    record_id: int
    first: str
    first_decision: str
    second: str
    second_decision: str


@dataclass(frozen=True, slots=True)
class Hour:
    """One UTC hour: review items opened, decisions of reviewers."""

    hour_ms: int
    opened: int
    decided: int


@dataclass(frozen=True, slots=True)
class Exposed:
    """One reviewer's looks at unmasked text: all points, and the most within any span of a shift's length."""

    reviewer: str
    looks: int
    points: int
    worst: int


class Kpis:
    """Asks the database. Needs no more than a read-only one."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def channel_id(self, channel: str) -> str | None:
        """The id of a channel given by login or id; None if there is none."""
        rows = await self._db.rows(
            "SELECT id FROM channels WHERE login = :c OR id = :c ORDER BY id <> :c LIMIT 1", {"c": channel.lower()}
        )
        return str(rows[0][0]) if rows else None

    async def counts(self, period: Period) -> Counter[Kind]:
        """How many Records of each kind."""
        found: Counter[Kind] = Counter()
        first, last = -(-period.since_ms // DAY_MS) * DAY_MS, period.until_ms // DAY_MS * DAY_MS
        if first >= last:
            spans = [(period.since_ms, period.until_ms)]
        else:
            spans = [(period.since_ms, first), (last, period.until_ms)]
            for *kind, records in await self._db.rows(_DAYS, {**period.values, "since": first, "until": last}):
                found[Kind(*kind)] += records
        for since_ms, until_ms in spans:
            clause = _BY_CHANNEL if period.channel_id else _BY_TIME
            sql = _EDGES.format(clause=clause)
            for *kind, records in await self._db.rows(sql, {**period.values, "since": since_ms, "until": until_ms}):
                found[Kind(*kind)] += records
        return found

    async def daily(self, period: Period) -> dict[str, Counter[str]]:
        """How many Records of each filter on each UTC day that the period touches."""
        days: dict[str, Counter[str]] = defaultdict(Counter)
        sql = _DAILY.format(clause=" AND channel_id = :channel" if period.channel_id else "")
        for day, filter_, records in await self._db.rows(sql, period.values):
            days[day][filter_] = records
        return days

    async def times(self, period: Period) -> Times:
        """How long the bot took, from a share of its Records that a hash of their numbers draws."""
        clause = _BY_CHANNEL if period.channel_id else _BY_TIME
        [row] = await self._db.rows(f"SELECT count(*) FROM records AS r WHERE {clause}", period.values)  # noqa: S608
        share = min(1.0, MOST_TIMED / max(1, row[0]))
        legs = await self._db.rows(f"{_LEGS} WHERE {clause}{_DRAW}", {**period.values, "below": round(share * 2**32)})
        times = Times(row[0], [], [], [], [])
        for detect, decide, enforce, action in legs:
            times.detect.append(detect)
            times.decide.append(decide)
            if enforce is not None:
                times.enforce.append(enforce)
                times.action.append(action)
        return times

    async def work(self, period: Period) -> Work:
        """What became of review items."""
        closed = await self._db.rows(_CLOSED, period.values)
        [row] = await self._db.rows(_OPEN, period.values)
        handling = await self._db.rows(_HANDLING, period.values)
        return Work(
            len(closed),
            sum(each["on_time"] for each in closed),
            row["open"],
            row["overdue"],
            row["oldest_ms"],
            [each["waiting"] for each in closed],
            [each[0] for each in handling],
        )

    async def sampled(self, period: Period) -> list[Drawn]:
        """The Records of random samples whose message was sent in the period."""
        return [Drawn(*row) for row in await self._db.rows(_SAMPLED, period.values)]

    async def standing(self, period: Period) -> tuple[int, int]:
        """Verdicts that reviews of the period led to: upheld and overturned. What was queued is no random sample."""
        [row] = await self._db.rows(_STANDING, period.values)
        return int(row[0]), int(row[1])

    async def lines(self, period: Period) -> tuple[int, int]:
        """Lines of chat on the period's whole UTC days, as far as they were counted, and the bot's Records there."""
        [row] = await self._db.rows(_LINES, period.values)
        return int(row[0]), int(row[1])

    async def followed(self, period: Period) -> tuple[list[Followed], float]:
        """People whose follow-up after a first act ended in the period, and its length in days."""
        return await followed(self._db, period.since_ms, period.until_ms, period.channel_id)

    async def appeals(self, period: Period) -> Appeals:
        """How appeals were answered."""
        [row] = await self._db.rows(_APPEALS, period.values)
        return Appeals(*row)

    async def moderator_acts(self, period: Period) -> tuple[int, int]:
        """Acts of moderators by hand, and how many of them the bot had not seen coming."""
        [row] = await self._db.rows(_ACTS, period.values)
        return int(row[0]), int(row[1])

    async def pairs(self, period: Period) -> list[Pair]:
        """Records judged twice in the period."""
        return [Pair(*row) for row in await self._db.rows(_PAIRS, period.values)]

    async def hours(self, period: Period) -> list[Hour]:
        """Every UTC hour of the period in which people had or did something to review."""
        return [Hour(*row) for row in await self._db.rows(_HOURS, period.values)]

    async def exposure(self, period: Period) -> tuple[list[Exposed], int]:
        """What each reviewer saw unmasked, by name, and the most points a shift may have."""
        rules = {row[0]: row[1] for row in await self._db.rows("SELECT name, value FROM rules")}
        looks: dict[str, list[tuple[int, int]]] = defaultdict(list)
        for name, at_ms, severity in await self._db.rows(_LOOKS, period.values):
            looks[name].append((at_ms, severity))
        shift_ms = round(rules["shift_hours"] * HOUR_MS)
        exposed = [
            Exposed(name, len(each), sum(points for _, points in each), _worst(each, shift_ms))
            for name, each in sorted(looks.items())
        ]
        return exposed, round(rules["exposure_limit"])


def _worst(looks: Sequence[tuple[int, int]], span_ms: int) -> int:
    """The most points within any span; ``looks`` are in order of time."""
    worst = points = begin = 0
    for at_ms, severity in looks:
        points += severity
        while looks[begin][0] <= at_ms - span_ms:
            points -= looks[begin][1]
            begin += 1
        worst = max(worst, points)
    return worst


# Each clause names the columns of an index that answers it, so neither reads a row it does not need.
_BY_TIME = "r.ts_ms >= :since AND r.ts_ms < :until"
_BY_CHANNEL = f"r.channel_id = :channel AND {_BY_TIME}"
_DRAW = " AND (r.id * 2654435761) & 4294967295 < :below AND r.actor_id = 1"
"""Knuth's multiplicative hash: an even draw over the numbers of Records that needs no row."""

_DAYS = """
    SELECT filter, category, action, outcome, by_bot, sum(records)
    FROM daily_counts
    WHERE day >= date(:since / 1000, 'unixepoch')
        AND day < date(:until / 1000, 'unixepoch')
        AND (:channel = '' OR channel_id = :channel)
        AND records > 0
    GROUP BY 1, 2, 3, 4, 5
"""

_EDGES = """
    SELECT r.filter, r.category, r.action, s.outcome, r.actor_id = 1, count(*)
    FROM records AS r
    JOIN record_states AS s ON s.record_id = r.id
    WHERE {clause}
    GROUP BY 1, 2, 3, 4, 5
"""

# The inner grouping follows the table's own order, so that only its tenth has to be sorted.
_DAILY = """
    SELECT day, filter, sum(records)
    FROM (
        SELECT day, filter, sum(records) AS records
        FROM daily_counts
        WHERE day >= date(:since / 1000, 'unixepoch')
            AND day <= date((:until - 1) / 1000, 'unixepoch'){clause}
        GROUP BY day, channel_id, filter
    )
    GROUP BY 1, 2
    ORDER BY 1
"""

_LEGS = """
    SELECT r.received_ms - r.ts_ms, r.decided_ms - r.received_ms,
        CASE WHEN s.outcome IN ('applied', 'undone') THEN s.done_ms - r.decided_ms END, s.done_ms - r.received_ms
    FROM records AS r
    JOIN record_states AS s ON s.record_id = r.id
"""

_OF_CHANNEL = (
    "(:channel = '' OR EXISTS (SELECT 1 FROM records AS r WHERE r.id = i.record_id AND r.channel_id = :channel))"
)

_CLOSED = f"""
    SELECT i.closed_ms <= i.due_ms AS on_time, i.closed_ms - i.opened_ms AS waiting
    FROM review_items AS i
    WHERE i.closed_ms >= :since AND i.closed_ms < :until AND {_OF_CHANNEL}
"""  # noqa: S608 - fixed text

_OPEN = f"""
    SELECT count(*) AS open, coalesce(sum(i.due_ms < :ended), 0) AS overdue, min(i.opened_ms) AS oldest_ms
    FROM review_items AS i
    WHERE i.opened_ms < :until AND (i.closed_ms IS NULL OR i.closed_ms >= :until) AND {_OF_CHANNEL}
"""  # noqa: S608 - fixed text

_HANDLING = f"""
    SELECT i.at_ms - i.claimed_ms
    FROM reviews AS i
    WHERE i.at_ms >= :since AND i.at_ms < :until AND i.revises IS NULL AND {_OF_CHANNEL}
        AND NOT EXISTS (SELECT 1 FROM group_reviews AS g WHERE g.review_id = i.id)
"""  # noqa: S608 - fixed text

_SAMPLED = """
    SELECT q.filter, q.standing, q.probability, m.text
    FROM v_sampled AS q
    LEFT JOIN context_messages AS m ON m.record_id = q.record_id AND m.position = 0
    WHERE q.ts_ms >= :since AND q.ts_ms < :until AND (:channel = '' OR q.channel_id = :channel)
"""

_LINES = """
    SELECT coalesce(sum(l.lines), 0), coalesce(sum((
        SELECT sum(d.records)
        FROM daily_counts AS d
        WHERE d.day = l.day AND d.channel_id = l.channel_id AND d.by_bot AND d.outcome <> 'withheld'
    )), 0)
    FROM daily_lines AS l
    WHERE l.day >= date((:since + 86399999) / 1000, 'unixepoch')
        AND l.day < date(:until / 1000, 'unixepoch')
        AND (:channel = '' OR l.channel_id = :channel)
"""

_STANDING = f"""
    SELECT coalesce(sum(i.decision = 'uphold'), 0), coalesce(sum(i.decision = 'overturn'), 0)
    FROM v_verdicts AS i
    WHERE i.at_ms >= :since AND i.at_ms < :until AND {_OF_CHANNEL}
"""  # noqa: S608 - fixed text

_APPEALS = """
    SELECT coalesce(sum(status = 'approved' AND closed_ms >= :since AND closed_ms < :until), 0),
        coalesce(sum(status = 'denied' AND closed_ms >= :since AND closed_ms < :until), 0),
        coalesce(sum(closed_ms IS NULL OR closed_ms >= :until), 0),
        coalesce(sum((closed_ms IS NULL OR closed_ms >= :until) AND due_ms < :ended), 0)
    FROM appeals
    WHERE received_ms < :until AND (:channel = '' OR channel_id = :channel)
"""

_ACTS = """
    SELECT count(*), coalesce(sum(NOT seen), 0)
    FROM v_moderator_acts
    WHERE ts_ms >= :since AND ts_ms < :until AND (:channel = '' OR channel_id = :channel)
"""

_PAIRS = """
    SELECT record_id, first_reviewer, first_decision, second_reviewer, second_decision
    FROM v_pairs
    WHERE at_ms >= :since AND at_ms < :until AND (:channel = '' OR channel_id = :channel)
"""

_HOURS = f"""
    SELECT hour_ms, sum(opened), sum(decided)
    FROM (
        SELECT i.opened_ms / 3600000 * 3600000 AS hour_ms, 1 AS opened, 0 AS decided
        FROM review_items AS i
        WHERE i.opened_ms >= :since AND i.opened_ms < :until AND {_OF_CHANNEL}
        UNION ALL
        SELECT i.at_ms / 3600000 * 3600000, 0, 1
        FROM reviews AS i
        WHERE i.at_ms >= :since AND i.at_ms < :until AND {_OF_CHANNEL}
    )
    GROUP BY hour_ms
    ORDER BY hour_ms
"""  # noqa: S608 - fixed text

_LOOKS = """
    SELECT a.name, i.at_ms, i.severity
    FROM exposures AS i
    JOIN actors AS a ON a.id = i.actor_id
    WHERE i.at_ms >= :since AND i.at_ms < :until
    ORDER BY i.at_ms
"""
