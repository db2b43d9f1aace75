"""The engine: evidence joined to one action, exemptions, dry run, and filters that break."""

from __future__ import annotations

from typing import ClassVar

import pytest

from filters.base import Filter
from filters.engine import Engine, Exemptions
from filters.history import History
from filters.ladder import Ladder
from filters.types import NONE, Action, ActionKind, Evidence, Message, Role, Severity


class Shouting(Filter):
    """Catches lines that end in an exclamation mark."""

    name: ClassVar[str] = "shouting"

    def check(self, message: Message, history: History) -> Evidence | None:
        return self.evidence(message, "!", "it shouts") if message.text.endswith("!") else None


class Swearing(Filter):
    """Catches the word darn."""

    name: ClassVar[str] = "swearing"
    severity: Severity = Severity.EXTREME

    def check(self, message: Message, history: History) -> Evidence | None:
        return self.evidence(message, "darn", "it swears") if "darn" in message.text else None


class Broken(Filter):
    """Catches nothing, it always raises."""

    name: ClassVar[str] = "broken"

    def check(self, message: Message, history: History) -> Evidence | None:
        raise ZeroDivisionError


def engine(*filters: Filter, exempt: Exemptions | None = None, dry_run: bool = False) -> Engine:
    return Engine(filters, Ladder(), exempt or Exemptions(), revision=7, dry_run=dry_run)


def line(text: str, *roles: Role, chatter: str = "ann") -> Message:
    return Message("m", 1_000, "c", "chan", chatter, chatter, text, roles=frozenset(roles))


def test_no_evidence_no_action() -> None:
    verdict = engine(Shouting(), Swearing()).judge(line("hello"))
    assert verdict.evidence == ()
    assert verdict.action == NONE


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


def test_a_dry_run_policy_does_nothing_for_real() -> None:
    assert engine(Swearing(), dry_run=True).judge(line("darn")).dry_run


def test_a_filter_that_raises_is_named_and_the_others_go_on() -> None:
    verdict = engine(Broken(), Shouting()).judge(line("hey!"))
    assert verdict.failed_filters == ("broken",)
    assert verdict.action == Action(ActionKind.DELETE)


def test_a_filter_switched_off_finds_nothing() -> None:
    assert engine(Shouting(enabled=False)).judge(line("hey!")).evidence == ()


def test_a_filter_leaves_its_own_exempt_roles_alone() -> None:
    lenient = Shouting(exempt=frozenset({Role.SUBSCRIBER}))
    assert engine(lenient).judge(line("hey!", Role.SUBSCRIBER)).evidence == ()
    assert engine(lenient).judge(line("hey!")).evidence


def test_the_same_messages_give_the_same_verdicts_again() -> None:
    lines = [line(text) for text in ("hi", "darn", "hey!", "bye")]
    first, second = engine(Shouting(), Swearing()), engine(Shouting(), Swearing())
    assert [first.judge(each) for each in lines] == [second.judge(each) for each in lines]
