"""A channel's Policy: its filters, ladder and exemptions, as one TOML file a streamer can read."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, Field, ValidationError
from pydantic_core import ErrorDetails

from config import wordlists
from config.document import document
from filters.base import Filter, Roles, Settings
from filters.blocklist import Blocklist
from filters.breaker import BreakerSettings
from filters.caps import Caps
from filters.copy_paste import CopyPaste
from filters.emote_flood import EmoteFlood
from filters.engine import Engine, Exemptions, Names
from filters.flood import Flood
from filters.history import History
from filters.ladder import Ladder
from filters.language import Language
from filters.learned import Learned
from filters.length import Length
from filters.links import Links
from filters.mention_flood import MentionFlood
from filters.newcomers import Newcomers
from filters.raid import RaidSettings
from filters.regex import Regex
from filters.repetition import Repetition
from filters.self_repeat import SelfRepeat
from filters.symbols import Symbols
from filters.terms import Term
from filters.username_lookalike import UsernameLookalike
from filters.zalgo import Zalgo

PRESETS = Path(__file__).parent / "presets"
FILTERS = Path(__file__).parents[1] / "filters"
DEFAULT_PRESET = "family"
LONGEST_POLICY = 4_000_000
"""Bytes; 10,000 own terms with all their settings are about a quarter of this."""


class PolicyError(ValueError):
    """A policy that cannot be used. The text says which setting, its value, the limit and the remedy."""


class FilterSet(Settings):
    """Every filter there is. A line here is a filter's registration."""

    blocklist: Blocklist = Blocklist()
    flood: Flood = Flood()
    caps: Caps = Caps()
    symbols: Symbols = Symbols()
    zalgo: Zalgo = Zalgo()
    length: Length = Length()
    repetition: Repetition = Repetition()
    emote_flood: EmoteFlood = EmoteFlood()
    mention_flood: MentionFlood = MentionFlood()
    self_repeat: SelfRepeat = SelfRepeat()
    copy_paste: CopyPaste = CopyPaste()
    language: Language = Language()
    links: Links = Links()
    newcomers: Newcomers = Newcomers()
    username_lookalike: UsernameLookalike = UsernameLookalike()
    regex: Regex = Regex()
    learned: Learned = Learned()

    @property
    def all(self) -> tuple[Filter, ...]:
        """Each filter's settings, in the order they stand here."""
        return tuple(getattr(self, name) for name in type(self).model_fields)


class Grants(Settings):
    """Who may use chat commands besides the streamer, who may use all, and the mods, who may use theirs."""

    mod_roles: Roles = Field(frozenset(), description="Roles that may use the mods' commands.")
    mod_names: Names = Field(frozenset(), description="Login names that may use the mods' commands.")
    streamer_roles: Roles = Field(frozenset(), description="Roles that may use the streamer's commands too.")
    streamer_names: Names = Field(frozenset(), description="Login names that may use the streamer's commands too.")


class Policy(Settings):
    """What one channel tolerates and what happens otherwise."""

    prefix: str = Field("!", min_length=1, max_length=5, description="What chat commands start with.")
    language: Literal["en", "de", "es", "pt", "fr"] = Field("en", description="Language of the reasons shown.")
    dry_run: bool = Field(False, description="Log what would have been done, and do nothing.")
    automod: Literal["leave", "approve", "deny", "both"] = Field(
        "leave",
        description="Of what AutoMod holds, approve what no filter minds, deny what one acts on, both, or leave all.",
    )
    grants: Grants = Field(Grants(), description="Who may use chat commands.")
    exempt: Exemptions = Field(Exemptions(), description="Whom the policy leaves alone.")
    ladder: Ladder = Field(Ladder(), description="What follows from how bad a line is and how often it was said.")
    raid: RaidSettings = Field(RaidSettings(), description="What counts as a raid and what is done about it.")
    breaker: BreakerSettings = Field(BreakerSettings(), description="When a filter is taken for runaway.")
    filters: FilterSet = Field(FilterSet(), description="The filters.")

    @classmethod
    def parse(cls, text: str, source: str = "policy") -> Policy:
        """Read a policy from TOML. PolicyError names the line or the setting that is wrong; nothing is half-read."""
        return cls._checked(_tables(text, source), source)

    @classmethod
    def stored(cls, text: str, source: str = "policy") -> Policy:
        """Read a revision, as ``to_toml`` wrote it. A filter without a table is younger than it, and so off.

        An upgrade must not make anything bite that nobody in the channel has switched on.
        """
        settings = _tables(text, source)
        known = settings.get("filters", {})
        if isinstance(known, Mapping):
            younger = {name: {"enabled": False} for name in FilterSet.model_fields if name not in known}
            settings["filters"] = {**known, **younger}
        return cls._checked(settings, source)

    @classmethod
    def _checked(cls, settings: Mapping[str, Any], source: str) -> Policy:
        try:
            return cls.of(settings)
        except PolicyError as error:
            raise PolicyError(f"{source}: {error}") from None

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> Policy:
        """Build a policy from nested settings, checked as a file would be."""
        try:
            policy = cls.model_validate(settings)
            for name in policy.filters.blocklist.lists:
                wordlists.require(name)  # to read them takes seconds, and only a judge needs that
        except ValidationError as error:
            raise PolicyError("\n".join(explain(cls, each) for each in error.errors())) from None
        except (wordlists.WordlistError, ValueError) as error:
            raise PolicyError(f"filters.blocklist: {error}") from None
        return policy

    @classmethod
    def load(cls, path: Path) -> Policy:
        """Read a policy file that people write: what it does not say is as in the default preset."""
        try:
            text = path.read_text(encoding="utf-8")
        except FileNotFoundError:
            raise PolicyError(
                f"{path}: no such file (give the path of a .toml file, or a preset: {', '.join(preset_names())})"
            ) from None
        except (OSError, UnicodeDecodeError) as error:
            raise PolicyError(f"{path}: cannot be read as UTF-8 text ({error})") from None
        return cls._checked(_laid_over(_preset_tables(DEFAULT_PRESET), _tables(text, str(path))), str(path))

    @classmethod
    def preset(cls, name: str = DEFAULT_PRESET) -> Policy:
        """One of the shipped policies by name."""
        if name not in preset_names():
            raise PolicyError(f"no preset {name!r} (there are {', '.join(preset_names())})")
        path = PRESETS / f"{name}.toml"
        try:
            return cls._checked(_preset_tables(name), str(path))
        except PolicyError as error:
            table = re.search(r"filters\.(\w+): no such setting", str(error))
            if table and (FILTERS / f"{table[1]}.py").exists():
                raise PolicyError(f"{error} (is it in FilterSet, in config/policy.py?)") from None
            raise

    @classmethod
    def named(cls, spec: str) -> Policy:
        """A shipped policy by its name, or else the policy in the file of that path."""
        return cls.preset(spec) if spec in preset_names() else cls.load(Path(spec))

    def to_toml(self, title: str = "") -> str:
        """Write every setting with its description as TOML that ``parse`` reads back to the same policy."""
        return document(self, title)

    def listed_terms(self) -> list[Term]:
        """The terms of the shipped lists the blocklist names. Raises WordlistError for one there is not."""
        return [term for name in self.filters.blocklist.lists for term in wordlists.load(name)]

    def engine(self, revision: int = 0, history: History | None = None) -> Engine:
        """The judge that applies this policy."""
        blocklist = self.filters.blocklist
        full = blocklist.with_lists(self.listed_terms()) if blocklist.enabled else blocklist
        filters = [full if each is blocklist else each for each in self.filters.all]
        return Engine(filters, self.ladder, self.exempt, revision, dry_run=self.dry_run, history=history)


@lru_cache(maxsize=1)
def preset_names() -> tuple[str, ...]:
    """The shipped policies' names."""
    return tuple(sorted(path.stem for path in PRESETS.glob("*.toml")))


@lru_cache(maxsize=8)
def _preset_tables(name: str) -> Mapping[str, Any]:
    path = PRESETS / f"{name}.toml"
    return _tables(path.read_text(encoding="utf-8"), str(path))


def _tables(text: str, source: str) -> dict[str, Any]:
    if len(text.encode(errors="replace")) > LONGEST_POLICY:
        raise PolicyError(f"{source}: {len(text)} characters are above the limit of {LONGEST_POLICY:,} bytes")
    text = text.removeprefix("\ufeff")  # some editors on Windows begin a file so
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise PolicyError(f"{source}: not valid TOML: brackets in brackets too deep to read") from None
    except ValueError as error:  # TOMLDecodeError, or Python's own about a number of thousands of digits
        raise PolicyError(f"{source}: not valid TOML: {error}{_said_there(text, str(error))}") from None


def _laid_over(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Tables with those above on top, setting by setting; a list is replaced as a whole."""
    laid = dict(below)
    for name, value in above.items():
        lower = laid.get(name)
        if isinstance(lower, Mapping) and isinstance(value, Mapping):
            laid[name] = _laid_over(lower, value)
        else:
            laid[name] = value
    return laid


_NOT_ONE = {
    "bool_parsing": "is neither true nor false",
    "bool_type": "is neither true nor false",
    "float_parsing": "is no number",
    "float_type": "is no number",
    "int_from_float": "is no whole number",
    "int_parsing": "is no whole number",
    "int_type": "is no whole number",
    "string_type": "is no text (put it in quotes)",
}
"""What a value is not, by Pydantic's name of the error."""


def explain(model: type[BaseModel], error: ErrorDetails) -> str:
    """One validation error as a line: the setting, its value, what is wrong and what to do."""
    loc, context = error["loc"], error.get("ctx", {})
    where = ".".join(str(part) for part in loc) or "policy"
    value = repr(error.get("input", "value"))
    value = value if len(value) <= 60 else value[:57] + "..."
    match error["type"]:
        case "extra_forbidden":
            if str(loc[-1]) in FilterSet.model_fields:
                return f"{where}: no such setting (a filter stands under filters: [filters.{loc[-1]}])"
            near = get_close_matches(str(loc[-1]), _fields(model, loc[:-1]), n=1)
            return f"{where}: no such setting" + (f" (did you mean {near[0]}?)" if near else "")
        case "less_than_equal":
            return f"{where}: {value} is above {context['le']}"
        case "greater_than_equal":
            return f"{where}: {value} is below {context['ge']}"
        case "value_error":
            return f"{where}: {context['error']}"
        case kind if kind in _NOT_ONE:
            return f"{where}: {value} {_NOT_ONE[kind]}"
        case _:
            said = error["msg"].removeprefix("Input ")
            return f"{where}: {value}: {said[0].lower()}{said[1:]}"


def _said_there(text: str, error: str) -> str:
    """The line a TOML error names, with what is most often wrong in one."""
    place = re.search(r"at line (\d+)", error)
    if place is None:
        return ""
    said = text.splitlines()[int(place[1]) - 1].strip()[:60]
    return f": {said!r} (write name = value; texts stand in quotes, lists in brackets, true and false in small letters)"


def _fields(model: type[BaseModel], path: tuple[int | str, ...]) -> list[str]:
    for part in path:
        field = model.model_fields.get(str(part))
        if field is None or not (isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel)):
            return []
        model = field.annotation
    return list(model.model_fields)


def refresh_presets() -> None:
    """Write the presets anew, so that a new setting stands in each of them with its default and its description."""
    for name in preset_names():
        path = PRESETS / f"{name}.toml"
        title = path.read_text(encoding="utf-8").splitlines()[0].removeprefix("# ")
        path.write_text(Policy.preset(name).to_toml(title), encoding="utf-8")


if __name__ == "__main__":
    refresh_presets()
