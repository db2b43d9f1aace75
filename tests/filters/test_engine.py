"""The engine: evidence joined to one action, exemptions, dry run, and filters that break."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

import pytest
from pydantic import Field

from filters.base import Filter
from filters.engine import Engine, Exemptions
from filters.failure import Failure
from filters.history import History
from filters.ladder import Ladder, Standing
from filters.types import NONE, Action, ActionKind, Evidence, Message, Role, Severity, Verdict


class Shouting(Filter):
    """Catches lines that end in an exclamation mark."""

    name: ClassVar[str] = "shouting"

    def check(self, message: Message, history: History) -> Evidence | None:
        return self.evidence(message, "enabled", "it shouts") if message.text.endswith("!") else None


class Swearing(Filter):
    """Catches the word darn."""

    name: ClassVar[str] = "swearing"
    severity: Severity = Field(Severity.EXTREME, description="How bad a hit is.")

    def check(self, message: Message, history: History) -> Evidence | None:
        return self.evidence(message, "enabled", "it swears") if "darn" in message.text else None


class Broken(Filter):
    """Catches nothing, it always raises."""

    name: ClassVar[str] = "broken"

    def check(self, message: Message, history: History) -> Evidence | None:
        raise ZeroDivisionError(message.text)


RAISED_AT = Broken.check.__code__.co_firstlineno + 1
BROKEN = Failure("broken", f"ZeroDivisionError at tests/filters/test_engine.py:{RAISED_AT}")


def engine(*filters: Filter, exempt: Exemptions | None = None, dry_run: bool = False) -> Engine:
    return Engine(filters, Ladder(), exempt or Exemptions(), revision=7, dry_run=dry_run)


def line(text: str, *roles: Role, chatter: str = "ann") -> Message:
    return Message("m", 1_000, "c", "chan", chatter, chatter, text, roles=frozenset(roles))


class Unsure(Filter):
    """Catches question marks, and is not sure."""

    name: ClassVar[str] = "unsure"

    def check(self, message: Message, history: History) -> Evidence | None:
        found = self.evidence(message, "enabled", "it asks")
        return replace(found, score=0.5) if "?" in message.text else None


class Chatty(Filter):
    """Catches whoever says a second line."""

    name: ClassVar[str] = "chatty"

    def check(self, message: Message, history: History) -> Evidence | None:
        return self.evidence(message, "enabled", "again") if len(history.recent(message, 60)) > 1 else None


def test_no_evidence_no_action() -> None:
    said = line("hello")
    verdict = engine(Shouting(), Swearing(), Broken()).judge(said, Standing(2))
    assert verdict == Verdict(said, (), NONE, revision=7, strikes=2, failed_filters=(BROKEN,))


def test_what_stands_against_a_chatter_counts_and_is_told() -> None:
    said = line("hey!")
    verdict = engine(Shouting()).judge(said, Standing(2))
    assert (verdict.message, verdict.strikes, verdict.action) == (said, 2, Action(ActionKind.TIMEOUT, 600))


def test_a_plain_engine_acts_for_real_under_revision_zero() -> None:
    verdict = Engine([Shouting()], Ladder(), Exemptions()).judge(line("hey!"))
    assert (verdict.revision, verdict.dry_run) == (0, False)


def test_an_engine_goes_on_from_the_history_it_is_given() -> None:
    history = History()
    first, second = (Engine([Chatty()], Ladder(), Exemptions(), history=history) for _ in range(2))
    assert first.judge(line("hi")).evidence == ()
    assert second.judge(line("ho")).leading.filter == "chatty"


def test_a_line_aside_is_judged_alike_and_remembered_nowhere() -> None:
    strict = Ladder(steps=("ban",), entry=(0, 0, 0, 0))
    nobody = Exemptions(roles=frozenset())
    judge = Engine([Shouting(), Chatty()], strict, nobody, revision=7, dry_run=True)
    judge.judge(line("hi"))
    aside = judge.aside().judge(line("hey!", Role.VIP))
    assert [each.filter for each in aside.evidence] == ["shouting"]
    assert (aside.action, aside.revision, aside.dry_run, aside.exempt) == (Action(ActionKind.BAN), 7, True, "")
    assert len(judge.history) == 1


def test_the_strongest_action_wins_and_all_evidence_is_kept() -> None:
    verdict = engine(Shouting(), Swearing()).judge(line("darn you!"))
    assert [each.filter for each in verdict.evidence] == ["shouting", "swearing"]
    assert verdict.action == Action(ActionKind.BAN)
    assert verdict.leading.filter == "swearing"
    assert verdict.revision == 7


@pytest.mark.parametrize("role", [Role.BROADCASTER, Role.MODERATOR, Role.VIP])
def test_exempt_roles_are_left_alone_and_it_is_said_why(role: Role) -> None:
    verdict = engine(Swearing()).judge(line("darn", role))
    assert verdict.action == NONE
    assert verdict.exempt == role.value
    assert verdict.evidence


def test_streamer_and_mods_stay_exempt_when_the_policy_exempts_nobody() -> None:
    nobody = Exemptions(roles=frozenset())
    assert engine(Swearing(), exempt=nobody).judge(line("darn", Role.MODERATOR)).action == NONE
    assert engine(Swearing(), exempt=nobody).judge(line("darn", Role.VIP)).action == Action(ActionKind.BAN)


def test_a_display_name_never_makes_a_moderator() -> None:
    spoof = Message("m", 0, "c", "chan", "u", "mallory", "darn", display_name="Moderator")
    assert engine(Swearing()).judge(spoof).action == Action(ActionKind.BAN)


def test_a_named_chatter_is_exempt() -> None:
    regulars = Exemptions(chatters=frozenset({"ann"}))
    assert engine(Swearing(), exempt=regulars).judge(line("darn")).exempt == "exempt chatter"


def test_a_dry_run_filter_only_marks_what_it_would_have_done() -> None:
    verdict = engine(Swearing(dry_run=True)).judge(line("darn"))
    assert verdict.dry_run
    assert verdict.action == Action(ActionKind.BAN)


def test_a_dry_run_filter_does_not_strengthen_a_live_one() -> None:
    verdict = engine(Shouting(), Swearing(dry_run=True)).judge(line("darn!"))
    assert not verdict.dry_run
    assert verdict.action == Action(ActionKind.DELETE)
    assert verdict.leading.filter == "shouting"


def test_what_only_people_are_to_see_is_no_dry_run_whatever_else_is() -> None:
    unsure = Action(ActionKind.REVIEW)
    verdict = engine(Unsure(), dry_run=True).judge(line("darn?"))
    assert (verdict.action, verdict.dry_run) == (unsure, False)
    verdict = engine(Unsure(), Unsure(dry_run=True)).judge(line("darn?"))
    assert (verdict.action, verdict.dry_run) == (unsure, False)
    verdict = engine(Unsure(), Swearing(dry_run=True)).judge(line("darn?"))
    assert (verdict.action, verdict.dry_run) == (Action(ActionKind.BAN), True)


def test_a_dry_run_policy_does_nothing_for_real() -> None:
    assert engine(Swearing(), dry_run=True).judge(line("darn")).dry_run


def test_a_filter_that_raises_is_told_with_the_place_and_no_chat_and_the_others_go_on() -> None:
    verdict = engine(Broken(), Shouting()).judge(line("hey!"))
    assert verdict.failed_filters == (BROKEN,)
    assert verdict.action == Action(ActionKind.DELETE)


def test_a_filter_switched_off_finds_nothing() -> None:
    assert engine(Shouting(enabled=False)).judge(line("hey!")).evidence == ()


def test_a_filter_leaves_its_own_exempt_roles_alone() -> None:
    lenient = Shouting(exempt=frozenset({Role.SUBSCRIBER}))
    assert engine(lenient).judge(line("hey!", Role.SUBSCRIBER)).evidence == ()
    assert engine(lenient).judge(line("hey!")).evidence
    [swearing] = engine(lenient, Swearing()).judge(line("darn!", Role.SUBSCRIBER)).evidence
    assert swearing.filter == "swearing", "the filters after it still look"


def test_the_same_messages_give_the_same_verdicts_again() -> None:
    lines = [line(text) for text in ("hi", "darn", "hey!", "bye")]
    first, second = engine(Shouting(), Swearing()), engine(Shouting(), Swearing())
    assert [first.judge(each) for each in lines] == [second.judge(each) for each in lines]
