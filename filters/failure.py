"""What is told of an exception nobody foresaw."""

from __future__ import annotations

from dataclasses import dataclass

ROOT = __file__.replace("\\", "/").removesuffix("filters/failure.py")


@dataclass(frozen=True, slots=True)
class Failure:
    """A filter that raised on a line and was left out there; ``why`` is the ``outline`` of what it raised."""

    filter: str
    why: str


def outline(error: BaseException) -> str:
    """The kind of an exception and where it came from, never its text, which may quote chat."""
    step = error.__traceback__
    if step is None:
        return type(error).__name__
    while step.tb_next:
        step = step.tb_next
    file = step.tb_frame.f_code.co_filename.replace("\\", "/")
    shown = file.removeprefix(ROOT) if file.startswith(ROOT) else "/".join(file.split("/")[-2:])
    return f"{type(error).__name__} at {shown}:{step.tb_lineno}"
