"""The moderators' commands about people: what the log says, notes, warnings, permits, taking back, raid mode."""

from __future__ import annotations

from collections import Counter

from twitchio.ext import commands

from cogs.acts import MODERATOR, act_evidence, ending_of, last_message, record_act
from cogs.call import Call, ChatCommands, RefusedError, Target, UsageError, number_of, seconds_of, told, words_of
from cogs.channel import Channel
from cogs.enforce import Order
from cogs.permissions import Rank
from cogs.undo import UndoError, foremost, holds, undone_by
from cogs.wording import ago, counted
from filters.ladder import format_action, format_duration
from filters.masking import masked
from filters.types import Action, ActionKind, Evidence, Message, Role, Severity
from storage.database import now_ms
from storage.groups import Kind, RecordGroup
from storage.people import person_number
from storage.records import Outcome, Record, RecordDetails, RecordEvent

LONGEST_TEXT = 400
"""Characters of a note or a warning."""
LONGEST_PIECE = 20
"""Characters of the matched piece whose shape is shown."""
MOST_RECORDS = 1_000
LOOKED_THROUGH = 100
"""The latest Records among which one that stands is looked for."""
PERMIT_S = 120
LONGEST_PERMIT_S = 86_400
PATIENCE_S = 10.0
"""How long an answer waits for Twitch."""


class Mods(ChatCommands):
    """What moderators ask and do about people."""

    @commands.command(extras=told(Rank.MODERATOR, "[@user | #record]", "why #record"))
    async def why(self, call: Call, *, rest: str = "") -> None:
        """Say why a Record was made: what, which rule, the piece masked, strikes, and how to undo it."""
        record = await self.desk.find_record(call, "".join(words_of(rest)[:1]))
        await call.answer(why_told(record, await self.desk.records.details(record.id), call.place, call.line.ts_ms))

    @commands.command(extras=told(Rank.MODERATOR, "@user", "strikes @name"))
    async def strikes(self, call: Call, *, rest: str = "") -> None:
        """Count what stands against a chatter, and say what the next line would bring."""
        target = await self.desk.find_target(call, _first(rest))
        engine, now = call.place.engine, call.line.ts_ms
        line = call.line if target.id == call.line.chatter_id else last_message(call.place, target)
        if exempt := "streamer" if target.id == call.place.id else engine.exempt.reason(line):
            await call.answer(f"{target.login} is left alone: {exempt}.")
            return
        ladder = engine.ladder
        acted_on = await self.desk.records.acted_on(call.place.id, target.id, now - ladder.decay * 1000)
        standing = ladder.standing(acted_on, now)
        count = standing.strikes + bool(standing.taken)
        steps = (
            f"{severity.name.lower()} {format_action(ladder.steps[min(entry + count, len(ladder.steps) - 1)])}"
            for severity, entry in zip(Severity, ladder.entry, strict=True)
        )
        last = f", the last {ago(acted_on[-1][0], now)}" if acted_on else ""
        await call.answer(
            f"{target.login} has {counted(count, 'strike')} within {format_duration(ladder.decay)}{last}."
            f" Next, by severity: {', '.join(steps)}."
        )

    @commands.command(extras=told(Rank.MODERATOR, "@user", "history @name"))
    async def history(self, call: Call, *, rest: str = "") -> None:
        """Sum up what the log has on a chatter. Notes are counted, not shown: everybody reads chat."""
        target = await self.desk.find_target(call, _first(rest))
        records = await self.desk.records_of(call.place, target, MOST_RECORDS)
        notes = counted(len(await self.desk.notes.about(call.place.id, target.id)), "note")
        if not records:
            await call.answer(f"{target.login}: no Record in this channel, {notes}.")
            return
        kinds = sorted(Counter(each.action.kind for each in records).items(), reverse=True)
        undone = sum(each.outcome is Outcome.UNDONE for each in records)
        by_people = sum(each.actor != "bot" for each in records)
        latest = records[0]
        await call.answer(
            f"{target.login}: {counted(len(records), 'Record')}"
            f" ({', '.join(f'{count} {kind.name.lower()}' for kind, count in kinds)}; {undone} undone,"
            f" {by_people} by people), {notes}. Latest: #{latest.id}, {format_action(latest.action)},"
            f" {latest.filter}, {ago(latest.ts_ms, call.line.ts_ms)}."
        )

    @commands.command(extras=told(Rank.MODERATOR, "@user text", "note @name asked twice for other people's addresses"))
    async def note(self, call: Call, *, rest: str = "") -> None:
        """Keep a note about a chatter for the next moderator."""
        target, text = await self._target_and_text(call, rest, "a note says something")
        person = await self.desk.notes.add(call.place.id, target.id, target.login, text, author=call.actor)
        await call.note(f"person {person}")
        await call.answer(f"Noted about {target.login}; the console shows it on their page.")

    @commands.command(extras=told(Rank.MODERATOR, "@user reason", "warn @name no spoilers please"))
    async def warn(self, call: Call, *, rest: str = "") -> None:
        """Warn a chatter, who has to acknowledge it before chatting on."""
        target, text = await self._target_and_text(call, rest, "a warning gives a reason")
        place, action = call.place, Action(ActionKind.WARN)
        if who := self._not_to_be_warned(call, target):
            raise RefusedError(f"{target.login} is not warned: Twitch takes no warning for {who}.")
        # It is about no line in particular: the person's last one may be old, and have nothing to do with it.
        message = Message("", call.line.ts_ms, place.id, place.name, target.id, target.login, "")
        evidence = act_evidence("warn", message, text)
        record_id = await record_act(place, self.desk.records, message, action, evidence, actor=call.actor)
        order = Order(record_id, action, evidence.category, place.id, target.id, target.login, "", now_ms(), words=text)
        await call.note(f"record {record_id}")
        settled = await ending_of(place.enforcer.submit(order), PATIENCE_S)
        if settled is None:
            await call.answer(f"Twitch has not answered yet; see {call.prefix}why #{record_id}.")
        elif settled.outcome is Outcome.APPLIED:
            await call.answer(
                f"{target.login} is warned, Record #{record_id}."
                f" To take the strike back: {call.prefix}undo #{record_id}"
            )
        else:
            await call.answer(f"{target.login} is not warned; Twitch says: {settled.reason}. Record #{record_id}.")

    @commands.command(extras=told(Rank.MODERATOR, "[@user | #record | nuke [number] | raid [number]]", "undo #record"))
    async def undo(self, call: Call, *, rest: str = "") -> None:
        """Take back a Record, what keeps a person out, or a whole nuke or raid. Alone, say what the latest is."""
        words = [word.lower() for word in words_of(rest)]
        if words[:1] in (["nuke"], ["raid"]):
            await self._undo_group(call, "nuke" if words[0] == "nuke" else "raid", "".join(words[1:2]))
            return
        if any(word.startswith(("@", "#")) for word in words[1:]):
            raise RefusedError(f"Nothing is undone: name one at a time, as in {call.prefix}undo {words[0]}.")
        word = "".join(words[:1])
        named = number_of(word) is not None or word.startswith("#")
        record = await (self.desk.find_record(call, word) if named else self._last_that_stands(call, word))
        who = record.chatter or "an erased person"
        if not word:
            await call.answer(
                f"Nothing is undone yet. The latest that stands is Record #{record.id}: {format_action(record.action)}"
                f" for {who}, {ago(record.ts_ms, call.line.ts_ms)}. To undo it: {call.prefix}undo #{record.id}"
            )
            return
        await call.note(f"record {record.id}")
        try:
            told = await self.desk.undo.record(record.id, actor=call.actor, reason="by command")
        except UndoError as error:
            raise RefusedError(f"Record #{record.id} {error}.") from error
        await call.answer(f"Record #{record.id} for {who}: {told}.")

    @commands.command(extras=told(Rank.MODERATOR, "@user [time | off]", "permit @name 5m"))
    async def permit(self, call: Call, *, rest: str = "") -> None:
        """Let a chatter post links for two minutes, or for as long as you say; off ends it."""
        words = words_of(rest)
        target = await self.desk.find_target(call, _first(rest))
        off = words[1:2] == ["off"]
        seconds = 0 if off else seconds_of(words[1], LONGEST_PERMIT_S) if len(words) > 1 else PERMIT_S
        person = await person_number(self.desk.database, target.id, target.login)
        await call.note(f"person {person}", "off" if off else format_duration(seconds))
        call.place.permit(target.id, call.line.ts_ms + seconds * 1000)
        told = "may post no links any more" if off else f"may post links for {format_duration(seconds)}"
        await call.answer(f"{target.login} {told}.")

    @commands.command(extras=told(Rank.MODERATOR, "on | off | status", "raid on"))
    async def raid(self, call: Call, *, rest: str = "") -> None:
        """Switch raid mode on or off by hand, or say how it stands."""
        watch, prefix = self.desk.raids[call.place.id], call.prefix
        match [word.lower() for word in words_of(rest)]:
            case ["on"]:
                await call.note("raid mode", "on")
                begun = await watch.begin(call.actor, "switched on by hand")
                if not begun:
                    await call.answer(f"Raid mode is on already. {watch.status()}")
            # Who wants it to end may add a word; who says "raid on friday" means no raid.
            case ["off" | "stop", *_]:
                await call.note("raid mode", "off")
                if await watch.end(call.actor) is None:
                    await call.answer("Raid mode is off already.")
            case [] | ["status", *_]:
                await call.answer(watch.status())
            case _:
                raise RefusedError(f"Nothing is done; it is {prefix}raid on, {prefix}raid off or {prefix}raid status.")

    async def _last_that_stands(self, call: Call, who: str) -> Record:
        target = await self.desk.find_target(call, who) if who else None
        found = await self.desk.records_of(call.place, target, LOOKED_THROUGH)
        standing = [each for each in found if each.outcome is Outcome.APPLIED]
        if not standing:
            raise RefusedError("There is nothing to undo.")
        return foremost(standing) if who else standing[0]

    async def _undo_group(self, call: Call, kind: Kind, word: str) -> None:
        group = await self._group(call, kind, word)
        called = f"{kind.capitalize()} {group.id}"
        await call.note(f"group {group.id}", kind)
        running = self.desk.nukes.get(call.place.id)
        if running and kind == "nuke" and (not word or running.group_id == group.id):
            await running.give_way()
        # What goes on would do again what is taken back.
        watch = self.desk.raids[call.place.id]
        over = watch.group_id == group.id and await watch.end(call.actor, undone=True) is not None
        undone = await self.desk.undo.group(group.id, actor=call.actor, reason="by command")
        off = " Raid mode is off now." if over else ""
        if kind == "raid" and watch.group_id is not None:
            off = f" Raid mode is still on, for raid {watch.group_id}: {call.prefix}raid off."
        if not (undone.undone or undone.failed or undone.withdrawn):
            raise RefusedError(f"{called} {await self._nothing_to_undo(group)}.{off}")
        failed = f"; {counted(undone.failed, 'Record')} could not be undone" if undone.failed else ""
        withdrawn = f"; {undone.withdrawn} not carried out any more" if undone.withdrawn else ""
        records = counted(undone.undone, "Record")
        await call.answer(f"{called}: {records} undone, {undone.lifted} lifted at Twitch{withdrawn}{failed}.{off}")

    async def _group(self, call: Call, kind: Kind, word: str) -> RecordGroup:
        """The group of a number, or the latest."""
        number = number_of(word)
        if number is not None:
            group = await self.desk.groups.get(number)
            if group is None or (group.channel_id, group.kind) != (call.place.id, kind):
                raise RefusedError(f"There is no {kind} of that number in this channel.")
            return group
        groups = await self.desk.groups.latest(call.place.id, kind, 1)
        if not groups:
            raise RefusedError(f"There was no {kind} here.")
        return groups[0]

    async def _nothing_to_undo(self, group: RecordGroup) -> str:
        for record in await self.desk.records.of_group(group.id, LOOKED_THROUGH):
            if record.outcome is Outcome.UNDONE:
                return f"is undone already, {undone_by((await self.desk.records.details(record.id)).events)}"
        return "did nothing that could be undone"

    def _not_to_be_warned(self, call: Call, target: Target) -> str:
        """Whom Twitch lets nobody warn, as far as it is known without asking; empty for others."""
        chatter = call.place.engine.history.chatter(target.id)
        roles = call.line.roles if target.id == call.line.chatter_id else chatter.roles if chatter else frozenset()
        if target.id == self.desk.bot.bot_id:
            return "the bot"
        if target.id == call.place.id:
            return "the streamer"
        return "a moderator" if Role.MODERATOR in roles else ""

    async def _target_and_text(self, call: Call, rest: str, want: str) -> tuple[Target, str]:
        target, text = await self.desk.find_target(call, _first(rest)), " ".join(words_of(rest)[1:])
        if not text:
            raise UsageError(f"That is too short: {want}.")
        if len(text) > LONGEST_TEXT:
            raise UsageError(f"That is too long: {len(text)} characters are above the limit of {LONGEST_TEXT}.")
        return target, text


def why_told(record: Record, details: RecordDetails, place: Channel, now_ms: int) -> str:
    """A Record in one line that may stand in chat."""
    who = record.chatter or "an erased person"
    what = f"{format_action(record.action)} for {who}"
    parts = [f"Record #{record.id}: {what}, {ago(record.ts_ms, now_ms)}, by {record.actor}."]
    if evidence := details.evidence:
        leading = next((each for each in evidence if each.filter == record.filter), evidence[0])
        sure = f", {leading.score:.0%} sure" if leading.score < 1 else ""
        detail = f", {leading.detail}" if leading.filter != MODERATOR and leading.detail else ""
        parts.append(f"Rule: {record.filter} ({record.category}){detail}{shape_of(record.text or '', leading)}{sure}.")
    parts.append(f"{counted(record.strikes, 'strike')} before.")
    parts.append(_standing(record, details.events))
    if record.outcome is Outcome.APPLIED:
        parts.append(f"To undo it: {place.policy.prefix}undo #{record.id}")
    return " ".join(parts)


def shape_of(text: str, evidence: Evidence) -> str:
    """Where the finding is, by the shape of the piece; empty if it is the whole line."""
    start, end = evidence.span
    piece = text[start:end]
    if not piece or (start, end) == (0, len(text)):
        return ""
    return f" in “{masked(piece[:LONGEST_PIECE])}{'…' if len(piece) > LONGEST_PIECE else ''}”"


def _standing(record: Record, events: tuple[RecordEvent, ...]) -> str:
    match record.outcome:
        case Outcome.APPLIED:
            over = record.action.kind is ActionKind.TIMEOUT and not holds(record, now_ms())
            return "The timeout is over; the strike counts." if over else "It stands."
        case Outcome.PENDING:
            return "It is under way."
        case Outcome.REVIEW:
            return "Nothing was done; people will look at it."
        case Outcome.DRY_RUN:
            return "Nothing was done: dry run."
        case Outcome.UNDONE:
            return f"It was undone {undone_by(events)}."
        case Outcome.WITHHELD:
            return f"Nothing was done: {record.exempt or record.reason or 'withheld'}."
        case Outcome.SUPERSEDED:
            return "Somebody had done it already."
        case Outcome.FAILED:
            return f"It failed: {record.reason}."


def _first(rest: str) -> str:
    words = words_of(rest)
    if not words:
        raise UsageError("Say whom you mean.")
    return words[0]
