"""The chat commands there are: for people who ask in chat, and as the README's table."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from twitchio.ext import commands

from cogs.automod import AutoMod
from cogs.call import Call, ChatCommands, RefusedError, example_of, told, words_of
from cogs.mods import Mods
from cogs.nuke import Nukes
from cogs.permissions import Rank
from cogs.streamers import Streamers
from cogs.words import Words

ESCAPED = r"\|"
"""A bar that does not end a table's cell."""

AnyCommand = commands.Command[Any, ...]


class Handbook(ChatCommands):
    """Says which commands there are and how they go."""

    @commands.command(aliases=["wardenhelp"], extras=told(Rank.MODERATOR, "[command]", "chatwarden nuke"))
    async def chatwarden(self, call: Call, *, rest: str = "") -> None:
        """List the commands you may use, or say how one goes."""
        asked = " ".join(words_of(rest)).lower().removeprefix(call.place.policy.prefix)
        known = [each for each in all_commands() if each.extras["rank"] <= call.rank]
        if not asked:
            names = dict.fromkeys(each.qualified_name.split()[0] for each in known)
            await call.answer(
                f"Commands, each after {call.prefix}: {', '.join(names)}. More: {call.prefix}chatwarden nuke"
            )
            return
        found = [each for each in known if each.qualified_name == asked or each.qualified_name.split()[0] == asked]
        if not found:
            raise RefusedError("There is no such command, or it is not yours to use.")
        if len(found) > 1:
            await call.answer(f"{'; '.join(map(_form, found))}. Ask for one of them to know more.")
            return
        await call.answer(f"{_form(found[0])}: {_summary(found[0])}{example_of(call, found[0])}")


COMPONENTS: tuple[type[ChatCommands], ...] = (Handbook, Mods, Nukes, AutoMod, Streamers, Words)
"""Every component that has commands, in the order people read them."""


def all_commands() -> Iterator[AnyCommand]:
    """Every command, a group before its sub-commands, in the order they are written."""
    for component in COMPONENTS:
        for member in vars(component).values():
            if isinstance(member, commands.Command):
                yield member


def command_table() -> str:
    """The commands as a Markdown table."""
    rows = ["| Command | For | What it does |", "|---|---|---|"]
    rows += [
        f"| `!{_form(each).replace('|', ESCAPED)}` | {each.extras['rank']}s | {_summary(each)} |"
        for each in all_commands()
    ]
    return "\n".join(rows)


def _form(command: AnyCommand) -> str:
    return f"{command.qualified_name} {command.extras['usage']}".strip()


def _summary(command: AnyCommand) -> str:
    return (command.callback.__doc__ or "").strip().splitlines()[0]


if __name__ == "__main__":
    print(command_table())  # noqa: T201 - python -m cogs.handbook writes the README's table
