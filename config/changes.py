"""Changes of a policy, setting by setting: for chat commands, the shell, the console, and the history between two.

A setting is named by its path, ``ladder.decay`` or ``filters.caps.max_ratio``, where ``caps.max_ratio`` will do.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from pydantic import BaseModel

from config.policy import FilterSet, Policy, PolicyError
from filters.base import Filter

LONGEST_SHOWN = 60
"""Characters of a value in a change's text."""


@dataclass(frozen=True, slots=True)
class Change:
    """One setting that differs. Of lists, ``added`` and ``removed`` are the items; values are plain, as in a file."""

    path: str
    before: Any
    after: Any

    @property
    def added(self) -> list[Any]:
        """Items of a list that were not there before."""
        return _without(self.after, self.before)

    @property
    def removed(self) -> list[Any]:
        """Items of a list that are there no more."""
        return _without(self.before, self.after)

    def __str__(self) -> str:
        if isinstance(self.before, list) and isinstance(self.after, list):
            told = [
                f"{sign}{_shown(item)}" for sign, items in (("+", self.added), ("-", self.removed)) for item in items
            ]
            if len(told) > 3:
                return f"{self.path}: {len(self.added)} added, {len(self.removed)} removed"
            return f"{self.path}: {', '.join(told) or 'put in another order'}"
        return f"{self.path}: {_shown(self.before)} -> {_shown(self.after)}"


def full_path(path: str) -> tuple[str, ...]:
    """The setting or group of settings a path names. Raises PolicyError, which names what it may have meant."""
    parts = tuple(path.strip().split("."))
    if parts[0] in FilterSet.model_fields:
        parts = ("filters", *parts)
    model: Any = Policy
    for at, part in enumerate(parts):
        fields = model.model_fields if isinstance(model, type) and issubclass(model, BaseModel) else {}
        if part not in fields:
            known = list(dict.fromkeys([*fields, *FilterSet.model_fields] if at == 0 else fields))
            near = (_filters_with(part) if at == 0 else []) or get_close_matches(part, known, n=1)
            hint = (
                f" (did you mean {' or '.join(near)}?)" if near else f" (there are {', '.join(known)})" if known else ""
            )
            raise PolicyError(f"{'.'.join(parts[: at + 1])}: no such setting{hint}")
        model = fields[part].annotation
    return parts


def _filters_with(setting: str) -> list[str]:
    """The paths a filter's setting may have been short for; none for what every filter has."""
    having = [each.name for each in FilterSet().all if setting in type(each).model_fields.keys() - Filter.model_fields]
    return [f"{name}.{setting}" for name in having]


def value_of(policy: Policy, path: str) -> Any:
    """The setting's present value. Raises PolicyError."""
    value: Any = policy
    for part in full_path(path):
        value = getattr(value, part)
    return value


def changed(policy: Policy, path: str, text: str) -> Policy:
    """The policy with one setting changed to what the text says, checked as a whole as a file would be.

    The text is a value as in a policy file (``0.8``, ``true``, ``["vip"]``), or without quotes where a text or a list
    of texts is wanted (``timeout 10m``, ``vip, subscriber``). Raises PolicyError; the policy given stays as it is.
    """
    name = path.strip()
    # A group takes no value, so the channel's own language is meant and not the filter of that name.
    parts = (name,) if name in Policy.model_fields else full_path(path)
    if isinstance(_plain(policy, parts), dict):
        raise PolicyError(
            f"{path}: is a group of settings (name one of it, e.g. {path}.{next(iter(_plain(policy, parts)))})"
        )
    refusal: PolicyError | None = None
    for value in _readings(text, _plain(policy, parts)):
        try:
            return _with(policy, parts, value)
        except PolicyError as error:
            refusal = refusal or error
    assert refusal is not None
    raise refusal


def with_item(policy: Policy, path: str, item: Any) -> Policy:
    """The policy with one more item in a list: a text, or the settings of a term or pattern. Raises PolicyError."""
    parts = full_path(path)
    items = _list(policy, path, parts)
    if any(_same(each, item) for each in items):
        raise PolicyError(f"{path}: {_shown(item)} is there already")
    return _with(policy, parts, [*items, item])


def with_items(policy: Policy, path: str, items: Sequence[Any]) -> Policy:
    """The policy with those of the items in a list that were not there yet. Raises PolicyError."""
    parts = full_path(path)
    present = _list(policy, path, parts)
    known = {_text(each) for each in present}
    return _with(policy, parts, [*present, *(each for each in items if _text(each) not in known)])


def without_item(policy: Policy, path: str, item: Any) -> Policy:
    """The policy with an item of a list gone, known by its text. Raises PolicyError if it is not there."""
    parts = full_path(path)
    items = _list(policy, path, parts)
    kept = [each for each in items if not _same(each, item)]
    if len(kept) == len(items):
        raise PolicyError(f"{path}: {_shown(item)} is not there")
    return _with(policy, parts, kept)


def difference(old: Policy, new: Policy) -> list[Change]:
    """The settings that differ, in the order of the policy file."""
    before, after = dict(_leaves(old)), dict(_leaves(new))
    return [Change(path, before[path], after[path]) for path in after if before[path] != after[path]]


def _leaves(model: BaseModel, path: str = "") -> Iterator[tuple[str, Any]]:
    plain = model.model_dump(mode="json")
    for name in type(model).model_fields:
        value = getattr(model, name)
        if isinstance(value, BaseModel):
            yield from _leaves(value, "" if name == "filters" and not path else f"{path}{name}.")
        else:
            yield f"{path}{name}", plain[name]


def _plain(policy: Policy, parts: Sequence[str]) -> Any:
    value: Any = policy.model_dump(mode="json")
    for part in parts:
        value = value[part]
    return value


def _with(policy: Policy, parts: Sequence[str], value: Any) -> Policy:
    settings = policy.model_dump(mode="json")
    group = settings
    for part in parts[:-1]:
        group = group[part]
    group[parts[-1]] = value
    return Policy.of(settings)


def _list(policy: Policy, path: str, parts: Sequence[str]) -> list[Any]:
    items = _plain(policy, parts)
    if not isinstance(items, list):
        raise PolicyError(f"{path}: is no list (set it instead)")
    return items


def _readings(text: str, present: Any) -> Iterator[Any]:
    """What a text may mean as a value, most likely first; one that is a list now is meant to be a list."""
    try:
        value = tomllib.loads(f"value = {text}")["value"]
    except (ValueError, RecursionError, KeyError):  # also a number of thousands of digits, and endless brackets
        pass
    else:
        yield value
    if isinstance(present, list):
        yield [each.strip() for each in text.split(",") if each.strip()]
    else:
        yield text


def _same(each: Any, item: Any) -> bool:
    if isinstance(each, Mapping) and "pattern" in each and isinstance(item, str):
        return bool(each["pattern"] == item)
    return bool(_text(each) == _text(item))


def _text(item: Any) -> Any:
    """What an item of a list is known by: the text of a term, the expression of a pattern, or itself."""
    if isinstance(item, Mapping):
        if "pattern" in item:
            return item["pattern"]  # capitals tell: \S is the opposite of \s
        item = item.get("text") or item
    return item.casefold() if isinstance(item, str) else item


def _without(items: Any, others: Any) -> list[Any]:
    if not (isinstance(items, list) and isinstance(others, list)):
        return []
    return [each for each in items if each not in others]


def _shown(value: Any) -> str:
    if isinstance(value, Mapping):
        value = value.get("text") or value.get("pattern") or dict(value)
    text = value if isinstance(value, str) else str(value).lower() if isinstance(value, bool) else str(value)
    text = text or "nothing"
    return text if len(text) <= LONGEST_SHOWN else text[: LONGEST_SHOWN - 1] + "…"
