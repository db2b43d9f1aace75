"""Forms made from a policy's models: each setting with its help, its limits and what is wrong with it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Annotated, Any, Literal, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from starlette.datastructures import FormData

from config.policy import Policy, PolicyError
from filters.types import Severity
from ops.console.rendering import label

Kind = Literal["switch", "number", "text", "choice", "several", "lines", "each"]


@dataclass(frozen=True, slots=True)
class Setting:
    """One line of a form. ``value`` is a list for ``several``, ``lines`` and ``each``, a bool for ``switch``.

    Where lines stand for items with settings of their own, ``key`` names the one the line shows, and ``known`` has the
    items there are, so that they keep the rest.
    """

    path: str
    label: str
    help: str
    kind: Kind
    value: Any
    options: tuple[tuple[str, str], ...] = ()
    limits: tuple[tuple[str, str], ...] = ()
    known: Mapping[str, Any] = field(default_factory=dict)
    key: str = ""
    error: str = ""


def describe(model: BaseModel, path: str = "", without: Iterable[str] = ()) -> list[Setting]:
    """The settings of one group, in its order; groups within it, the names in ``without`` and what is not for people to
    read are left out.
    """
    plain = model.model_dump(mode="json")
    return [
        _setting(f"{path}.{name}" if path else name, field, plain[name])
        for name, field in type(model).model_fields.items()
        if field.repr and name not in without and not isinstance(getattr(model, name), BaseModel)
    ]


def read(settings: Iterable[Setting], form: FormData) -> dict[str, Any]:
    """What the form says about each setting, by path, as a policy file would say it."""
    return {each.path: _read(each, form) for each in settings}


def apply(policy: Policy, values: Mapping[str, Any]) -> Policy:
    """The policy with these settings changed, checked as a whole. Raises PolicyError with a line for each mistake."""
    plain = policy.model_dump(mode="json")
    for path, value in values.items():
        *groups, name = path.split(".")
        group = plain
        for each in groups:
            group = group[each]
        group[name] = value
    return Policy.of(plain)


def marked(settings: Iterable[Setting], values: Mapping[str, Any], error: PolicyError) -> list[Setting]:
    """The same form as it was sent, with each mistake beside its setting."""
    told: dict[str, str] = {}
    for line in str(error).splitlines():
        where, _, what = line.partition(": ")
        told[where] = what
    return [
        replace(
            each,
            value=_shown(each, values[each.path]),
            error=next((what for where, what in told.items() if f"{where}.".startswith(f"{each.path}.")), ""),
        )
        for each in settings
    ]


def unplaced(settings: Iterable[Setting], error: PolicyError) -> list[str]:
    """The mistakes that belong to none of these settings."""
    paths = [each.path for each in settings]
    return [
        line
        for line in str(error).splitlines()
        if not any(f"{line.partition(': ')[0]}.".startswith(f"{path}.") for path in paths)
    ]


def _shown(setting: Setting, value: Any) -> Any:
    if setting.kind == "lines":
        return [_line(each) for each in value]
    return value if setting.kind in {"switch", "several", "each"} else str(value)


def _setting(path: str, info: FieldInfo, value: Any) -> Setting:
    kind, options = _kind(info.annotation, value)
    limits: list[tuple[str, str]] = []
    if kind == "number":
        for each in info.metadata:
            for name, attribute in (("ge", "min"), ("gt", "min"), ("le", "max"), ("lt", "max")):
                limit = getattr(each, name, None)
                if limit is not None:
                    limits.append((attribute, str(limit)))
        limits.append(("step", "1" if info.annotation is int else "any"))
        value = f"{value:g}" if isinstance(value, float) else str(value)
    known: dict[str, Any] = {}
    key = ""
    if kind == "lines":
        item = next(iter(get_args(info.annotation)), None)
        if isinstance(item, type) and issubclass(item, BaseModel):
            key, known = next(iter(item.model_fields)), {_line(each): each for each in value}
        value = [_line(each) for each in value]
    if kind in {"choice", "several"}:
        value = [str(each) for each in value] if kind == "several" else str(value)
    return Setting(
        path, label(path.rpartition(".")[2]), info.description or "", kind, value, options, tuple(limits), known, key
    )


def _kind(annotation: Any, value: Any) -> tuple[Kind, tuple[tuple[str, str], ...]]:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _kind(arguments[0], value)
    if annotation is bool:
        return "switch", ()
    if origin is Literal or (isinstance(annotation, type) and issubclass(annotation, Enum)):
        return "choice", _options(annotation)
    if isinstance(value, list):
        each = arguments[0]
        if get_origin(each) is Literal or (isinstance(each, type) and issubclass(each, Enum)):
            return "several", _options(each)
        return "lines", ()
    if isinstance(value, int | float):
        return "number", ()
    return "text", ()


def _options(annotation: Any) -> tuple[tuple[str, str], ...]:
    if annotation is Severity:
        return tuple((str(int(each)), f"{int(each)} {each.name.lower()}") for each in Severity)
    if get_origin(annotation) is Literal:
        return tuple((str(each), str(each)) for each in get_args(annotation))
    return tuple((str(each.value), str(each.value)) for each in annotation)


def _line(item: Any) -> str:
    return str(next(iter(item.values())) if isinstance(item, Mapping) else item)


def _read(setting: Setting, form: FormData) -> Any:
    if setting.kind == "switch":
        return setting.path in form
    if setting.kind in {"several", "each"}:
        return [str(each) for each in form.getlist(setting.path)]
    text = str(form.get(setting.path, "")).strip()
    if setting.kind == "lines":
        lines = [line.strip() for line in text.splitlines() if line.strip()]
        return [setting.known.get(line, {setting.key: line}) for line in lines] if setting.key else lines
    if setting.kind == "number":
        return _number(text)
    return int(text) if text.isdecimal() and setting.options and setting.options[0][0] == "0" else text


def _number(text: str) -> int | float | str:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text
