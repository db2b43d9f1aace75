"""What people did in the generated month: reviews, samples, appeals, looks, raids, a trial, all with known shares."""

from __future__ import annotations

import random
import sqlite3
from collections import Counter, defaultdict
from heapq import heappush, heappushpop
from typing import Any

import numpy as np

from storage.chain import CHAINED, Chain, insert

HOUR_MS = 3_600_000
SAMPLE = 300
"""Records drawn per filter."""
QUEUE = 20_000
"""About how many bans and doubtful Records went to people besides."""
REVIEWERS = ("rev_ada", "rev_ben", "rev_cleo", "rev_dan", "rev_eve", "rev_otto")
FIRST_REVIEWER = 20
"""Their first number among actors."""
SLA_MINUTES = {"harassment": 480, "spam and scams": 1440, "channel rule": 2880}
EMPTY_HOURS = (2, 3, 4)
"""UTC hours of the day in which nobody reviews."""
UNSURE, SECOND, DISAGREE = 0.04, 0.5, 0.12
LATE, NEVER = 0.08, 0.04
HARSH = 0.25
"""How much more often queued Records are overturned than sampled ones: counting them would spoil the precision."""
APPEALS, APPROVED, ANSWERED = 400, 0.22, 0.9
CYRILLIC_EVERY, FALSER = 5, 2.0
"""Every which line is Cyrillic, and how much more often hits there are wrong than hits of that filter altogether."""
FOLLOW_UP_DAYS = 7
OVERLOAD = 60
"""Looks at extreme Records one reviewer has within two hours, once: 180 points, 150 are allowed."""
TRIAL = {"messages": 50_000, "both": 400, "only_live": 120, "only_shadow": 180}


def falser(number: int) -> float:
    """How a hit's chance to be wrong differs by the script of its line; over all lines the filter's is as planted."""
    rest = (CYRILLIC_EVERY - FALSER) / (CYRILLIC_EVERY - 1)
    return FALSER if number % CYRILLIC_EVERY == 0 else rest


class Office:
    """Remembers Records as they are written, and writes afterwards what people did about them."""

    def __init__(self, draw: np.random.Generator, start_ms: int, end_ms: int, records: int) -> None:
        self._random = random.Random(int(draw.integers(2**32)))
        self._start_ms, self._end_ms = start_ms, end_ms
        self._queue_share = min(1.0, QUEUE / (records * 0.1))
        self._drawn: dict[str, list[tuple[float, int, Any, int]]] = defaultdict(list)
        self._totals: Counter[str] = Counter()
        self._queued: list[tuple[int, Any, int]] = []
        self._bans: list[tuple[int, int, int, int]] = []
        self._first_channel: list[tuple[int, int]] = []
        self._raid: list[int] = []
        self._rows: dict[str, list[dict[str, Any]]] = defaultdict(list)
        self._reviews: list[dict[str, Any]] = []
        self._tally: Counter[str] = Counter()

    def staff(self, db: sqlite3.Connection) -> None:
        """Enrol the reviewers, and set how long people are followed."""
        db.execute("UPDATE rules SET value = ? WHERE name = 'follow_up_days'", (FOLLOW_UP_DAYS,))
        people = list(enumerate(REVIEWERS, FIRST_REVIEWER))
        db.executemany("INSERT INTO actors (id, name) VALUES (?, ?)", people)
        db.executemany(
            "INSERT INTO staff (actor_id, role, added_ms) VALUES (?, 'analyst', ?)",
            [(number, self._start_ms) for number, _ in people],
        )

    def offer(self, number: int, kind: Any, committed_ms: int, outcome: str, channel: int, chatter: int) -> None:
        """Consider a Record of the bot for sample, queue, appeal and raid."""
        lot = self._random.random()
        self._totals[kind.filter] += 1
        entry = (-lot, number, kind, committed_ms)
        if len(self._drawn[kind.filter]) < SAMPLE:
            heappush(self._drawn[kind.filter], entry)
        elif lot < -self._drawn[kind.filter][0][0]:
            heappushpop(self._drawn[kind.filter], entry)
        if kind.action in {"ban", "review"} and self._random.random() < self._queue_share:
            self._queued.append((number, kind, committed_ms))
        if kind.action == "ban" and outcome == "applied":
            if len(self._bans) < APPEALS:
                self._bans.append((number, committed_ms, channel, chatter))
            if channel == 1 and len(self._raid) < 60:
                self._raid.append(number)
        if channel == 1 and len(self._first_channel) < TRIAL["both"] + TRIAL["only_live"]:
            self._first_channel.append((number, committed_ms))

    def write(self, db: sqlite3.Connection) -> dict[str, Any]:
        """Write it all; what was planted and counted."""
        sampled = self._sample()
        for number, kind, opened_ms in sorted(self._queued):
            if number not in sampled:
                self._review(number, kind, opened_ms, "ban" if kind.action == "ban" else "asked", None)
        self._appeal()
        self._expose()
        self._try_out()
        self._reviews.sort(key=lambda review: (review["at_ms"], review["record_id"]))
        self._chain("reviews", self._reviews)
        for table, rows in self._rows.items():
            if rows:
                db.executemany(insert(table, rows[0]), rows)
        return {
            **self._tally,
            "sampled": sum(map(len, self._drawn.values())),
            "empty_hours": EMPTY_HOURS,
            "disagree": DISAGREE,
            "approved": APPROVED,
            "overloaded": REVIEWERS[-1],
            "overload_points": OVERLOAD * 3,
            "trial": TRIAL,
        }

    def _sample(self) -> set[int]:
        self._rows["qa_samples"].append(
            {
                "id": 1,
                "at_ms": self._end_ms,
                "actor_id": FIRST_REVIEWER,
                "seed": 1,
                "size": SAMPLE,
                "stratum": "filter",
                "since_ms": self._start_ms,
                "until_ms": self._end_ms,
                "channel_id": "",
                "population": self._totals.total(),
            }
        )
        numbers = set()
        for name, entries in self._drawn.items():
            probability = len(entries) / self._totals[name]
            for _, number, kind, opened_ms in sorted(entries, reverse=True):
                numbers.add(number)
                self._rows["qa_sample_records"].append(
                    {"sample_id": 1, "record_id": number, "stratum": name, "probability": probability}
                )
                self._review(number, kind, opened_ms, "sample", probability)
        return numbers

    def _review(self, number: int, kind: Any, opened_ms: int, why: str, probability: float | None) -> None:
        """The first review of a Record and what follows from it."""
        chance = self._random.random
        limit = SLA_MINUTES[kind.category] * 60_000
        late = LATE + NEVER > (fate := chance()) >= NEVER
        closed_ms = None
        # Samples are always decided, so that what is planted about them has an effect.
        if fate >= NEVER or why == "sample":
            closed_ms = self._awake(opened_ms + int(limit * (1.05 + chance() if late else 0.05 + 0.8 * chance())))
        reviewer = self._random.randrange(len(REVIEWERS)) + FIRST_REVIEWER
        closed_ms = self._item(number, 1, why, kind, opened_ms, closed_ms, reviewer, probability)
        if closed_ms is None:
            return
        wrong = (1 - kind.precision) * falser(number) if why == "sample" else 1 - kind.precision + HARSH
        right = chance() >= wrong
        decision = "unsure" if chance() < UNSURE else "uphold" if right else "overturn"
        self._decide(number, 1, closed_ms, reviewer, decision, kind)
        if why == "sample" and decision != "unsure" and chance() < SECOND:
            self._second(number, kind, closed_ms, reviewer, decision)

    def _second(self, number: int, kind: Any, opened_ms: int, first: int, decision: str) -> None:
        other = (first - FIRST_REVIEWER + self._random.randrange(1, len(REVIEWERS))) % len(REVIEWERS) + FIRST_REVIEWER
        differs = self._random.random() < DISAGREE
        second = {"uphold": "overturn", "overturn": "uphold"}[decision] if differs else decision
        closed_ms = self._item(number, 2, "second", kind, opened_ms, self._awake(opened_ms + HOUR_MS), other, SECOND)
        if closed_ms is None:
            return
        self._decide(number, 2, closed_ms, other, second, kind)
        self._tally["pairs"] += 1
        self._tally["differing"] += differs
        if differs:
            third = next(n for n in range(FIRST_REVIEWER, FIRST_REVIEWER + len(REVIEWERS)) if n not in {first, other})
            at_ms = self._item(
                number, 3, "disagreement", kind, closed_ms, self._awake(closed_ms + HOUR_MS), third, None
            )
            if at_ms is not None:
                self._decide(number, 3, at_ms, third, decision, kind)

    def _item(
        self,
        number: int,
        round_: int,
        why: str,
        kind: Any,
        opened_ms: int,
        closed_ms: int | None,
        reviewer: int,
        probability: float | None,
    ) -> int | None:
        """One row of the queue; when it was closed, None if that was not in this month."""
        due_ms = opened_ms + SLA_MINUTES[kind.category] * 60_000
        if closed_ms is not None and closed_ms >= self._end_ms:
            closed_ms = None
        self._rows["review_items"].append(
            {
                "record_id": number,
                "round": round_,
                "why": why,
                "weight": 30.0,
                "sealed": 0,
                "probability": probability,
                "opened_ms": opened_ms,
                "due_ms": due_ms,
                "claimed_by": None if closed_ms is None else reviewer,
                "claimed_ms": None if closed_ms is None else closed_ms - 90_000,
                "lease_ms": None if closed_ms is None else closed_ms + 510_000,
                "closed_ms": closed_ms,
            }
        )
        if opened_ms < self._end_ms:
            overdue = closed_ms is None and due_ms < self._end_ms
            self._tally["backlog"] += closed_ms is None
            self._tally["overdue"] += overdue
            self._tally["closed"] += closed_ms is not None
            self._tally["on_time"] += closed_ms is not None and closed_ms <= due_ms
        return closed_ms

    def _decide(self, number: int, round_: int, at_ms: int, reviewer: int, decision: str, kind: Any) -> None:
        unmasked = self._random.random() < 0.2
        self._reviews.append(
            {
                "record_id": number,
                "round": round_,
                "at_ms": at_ms,
                "claimed_ms": at_ms - 90_000,
                "actor_id": reviewer,
                "decision": decision,
                "reason": {"uphold": "rule broken", "overturn": "false match", "unsure": "context missing"}[decision],
                "note": "",
                "unmasked": int(unmasked),
                "revises": None,
            }
        )
        if unmasked and len(self._rows["exposures"]) < 3_000:
            self._look(at_ms - 30_000, reviewer, number, kind.severity)

    def _look(self, at_ms: int, reviewer: int, number: int, severity: int) -> None:
        look = {"at_ms": at_ms, "actor_id": reviewer, "record_id": number, "severity": severity}
        self._rows["exposures"].append({**look, "sealed": 0, "surface": "shell"})

    def _expose(self) -> None:
        begin = self._start_ms + 20 * 24 * HOUR_MS + 10 * HOUR_MS
        for each in range(OVERLOAD):
            self._look(begin + each * 120_000, FIRST_REVIEWER + len(REVIEWERS) - 1, each + 1, 3)

    def _appeal(self) -> None:
        decisions = []
        for number, (record, banned_ms, channel, chatter) in enumerate(self._bans, 1):
            received_ms = banned_ms + HOUR_MS
            closed_ms = received_ms + self._random.randrange(HOUR_MS, 40 * HOUR_MS)
            open_ = self._random.random() >= ANSWERED or closed_ms >= self._end_ms
            approved = self._random.random() < APPROVED
            self._rows["appeals"].append(
                {
                    "id": number,
                    "twitch_id": f"u{number}",
                    "channel_id": f"c{channel}",
                    "chatter_id": chatter,
                    "record_id": record,
                    "text": "please let me back in",
                    "received_ms": received_ms,
                    "due_ms": received_ms + 48 * HOUR_MS,
                    "status": "open" if open_ else "approved" if approved else "denied",
                    "closed_ms": None if open_ else closed_ms,
                }
            )
            if not open_:
                self._tally["answered"] += 1
                decisions.append(
                    {
                        "appeal_id": number,
                        "at_ms": closed_ms,
                        "actor_id": FIRST_REVIEWER,
                        "surface": "shell",
                        "decision": "approve" if approved else "deny",
                        "reason": "",
                        "note": "",
                        "request_id": None,
                    }
                )
        self._chain("appeal_decisions", sorted(decisions, key=lambda each: (each["at_ms"], each["appeal_id"])))

    def _try_out(self) -> None:
        """A raid of the first channel, and a revision on trial there."""
        middle = self._start_ms + 15 * 24 * HOUR_MS
        if self._raid:
            raid = {"id": 1, "kind": "raid", "channel_id": "c1", "actor_id": 1, "why": "burst of newcomers"}
            self._rows["record_groups"].append(
                {**raid, "started_ms": middle, "ended_ms": middle + 600_000, "modes": None}
            )
            self._rows["record_group_members"] += [{"record_id": number, "group_id": 1} for number in self._raid]
        saved = {"channel_id": "c1", "parent": None, "toml": "", "actor_id": 2, "reason": "generated"}
        self._chain(
            "policy_revisions",
            [{**saved, "revision": number, "at_ms": self._start_ms} for number in (1, 2)],
        )
        trial = {"id": 1, "channel_id": "c1", "revision": 2, "from_ms": self._start_ms, "until_ms": self._end_ms}
        more = {"share": 1.0, "seed": 1, "actor_id": 2, "why": "stricter", "messages": TRIAL["messages"]}
        self._rows["experiments"].append({**trial, **more})
        # A log too small for the channel has fewer hits of the live revision; the Records only lend their numbers.
        hits = [*self._first_channel, *[(None, middle)] * (TRIAL["both"] + TRIAL["only_live"])]
        for number in range(TRIAL["both"] + TRIAL["only_live"] + TRIAL["only_shadow"]):
            live = number < TRIAL["both"] + TRIAL["only_live"]
            shadow = not TRIAL["both"] <= number < TRIAL["both"] + TRIAL["only_live"]
            record, at_ms = hits[number] if live else (None, middle + number)
            self._rows["shadow_verdicts"].append(
                {
                    "experiment_id": 1,
                    "message_id": f"x{number}",
                    "ts_ms": at_ms,
                    "record_id": record,
                    "live_revision": 1,
                    "live_action": "delete" if live else "none",
                    "live_filter": "caps" if live else "",
                    "shadow_action": "delete" if shadow else "none",
                    "shadow_filter": "caps" if shadow else "",
                    "shadow_category": "channel rule" if shadow else "",
                }
            )

    def _awake(self, at_ms: int) -> int:
        """The same moment, or if nobody is there then, some time after."""
        hour = at_ms // HOUR_MS % 24
        if hour not in EMPTY_HOURS:
            return at_ms
        back = at_ms // HOUR_MS * HOUR_MS + (EMPTY_HOURS[-1] + 1 - hour) * HOUR_MS
        return back + self._random.randrange(HOUR_MS)

    def _chain(self, table: str, rows: list[dict[str, Any]]) -> None:
        assert table in CHAINED
        chain = Chain(table, None, None)
        for row in rows:
            chain.append(row)
        self._rows[table] = chain.rows
