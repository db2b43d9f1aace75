"""Breaks the filters and the action log in small ways and counts what their tests notice, module by module.

mutmut makes the changes and runs the tests, one process at the lowest priority, in a clone of the last commit. A module
answers to its own tests and, in filters, to those of what it is a part of, or to the scenarios: what only other tests
notice counts as missed. mutmut changes the bodies of functions without decorators: fields, constants and properties are
outside the score.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections import Counter
from contextlib import suppress
from pathlib import Path
from shutil import rmtree
from typing import Annotated

import tomlkit
import typer

ROOT = Path(__file__).parent.parent
MUTMUT = ("nice", "-n", "19", sys.executable, "-m", "mutmut")
SCENARIOS = "tests/filters/test_scenarios.py"
MATCHER = ("lexicon", "spelling", "spelt_out", "phrases", "index")
"""The rooms of the matcher whose tests ask it for whole words and lines; every part of it answers to them all."""
TESTED_WITH = {
    "addresses": ("links",),
    "confusables": ("text",),
    "emotes": ("emote_flood",),
    **dict.fromkeys((*MATCHER, "disguise", "guises", "realwords", "tables", "terms", "words"), MATCHER),
}
"""Modules that answer to the tests of what they are a part of, instead of to the scenarios."""
NOTICED = {"killed", "timeout", "suspicious", "segfault"}


class MutmutError(RuntimeError):
    """mutmut could not measure a module: a test fails before any change, or none fails without the module, as where
    all it does is done when it is imported.
    """


def modules() -> list[str]:
    """Return what is measured when nothing is named, as paths from the root."""
    return ["storage/records.py", *sorted(f"filters/{path.name}" for path in ROOT.glob("filters/[!_]*.py"))]


def answering(module: str) -> list[str]:
    """Return the tests that must notice when a module is broken, as paths from the root."""
    package, name = module.split("/")
    stem = name.removesuffix(".py")
    tests = [f"tests/{package}/test_{each}.py" for each in (stem, *TESTED_WITH.get(stem, ()))]
    if package == "filters" and stem not in TESTED_WITH:
        tests.append(SCENARIOS)
    return [each for each in dict.fromkeys(tests) if (ROOT / each).exists()]


def uncommitted(module: str) -> list[str]:
    """Return what is not as last committed, of a module and the tests that answer for it: it would not be measured."""
    asked = [module, *answering(module)]
    command = ["git", "status", "--porcelain", "--untracked-files=all", "--ignored", "--", *asked]
    answer = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)  # noqa: S603 - ourselves
    return [line[3:] for line in answer.stdout.splitlines()]


def configure(clone: Path, module: str) -> None:
    """Let mutmut change one module and ask the tests that answer for it."""
    file = clone / "pyproject.toml"
    project = tomlkit.parse(file.read_text())
    project["tool"]["mutmut"]["only_mutate"] = [module]
    project["tool"]["mutmut"]["pytest_add_cli_args_test_selection"] = answering(module)
    file.write_text(tomlkit.dumps(project))


def mutmut(clone: Path, *arguments: str, seconds: float | None = None) -> str:
    """Return what mutmut says. Raises TimeoutExpired when it takes longer, and MutmutError with its last word and the
    tests that failed.
    """
    command = [*MUTMUT, *arguments]
    answer = subprocess.run(command, cwd=clone, capture_output=True, text=True, timeout=seconds)  # noqa: S603 - ourselves
    if answer.returncode:
        said = (answer.stdout + answer.stderr).strip().splitlines()
        raise MutmutError("\n    ".join([said[-1], *(line for line in said if line.startswith("FAILED "))]))
    return answer.stdout


def measure(clone: Path, module: str, minutes: float) -> dict[str, str]:
    """Return how each change of the module ended, by mutmut's name for the change."""
    rmtree(clone / "mutants", ignore_errors=True)
    configure(clone, module)
    with suppress(subprocess.TimeoutExpired):  # what was tried by then is kept
        mutmut(clone, "run", "--max-children", "1", seconds=minutes * 60)
    listed = mutmut(clone, "results", "--all", "true")
    return dict(line.strip().split(": ") for line in listed.splitlines() if ": " in line)


def main(
    module: Annotated[list[str] | None, typer.Argument(help="Modules, as filters/caps.py; all when left out.")] = None,
    minutes: Annotated[float, typer.Option(min=0.1, help="Most time for one module; the rest stays untried.")] = 15,
    diff: Annotated[bool, typer.Option("--diff", help="Show each change that no test noticed.")] = False,
) -> None:
    """Print for each module: changes tried, noticed, unnoticed, untried, and the noticed part of those tried.

    What is measured is the last commit. Exit code 1: a module that was named could not be measured.
    """
    for each in module or ():
        if not (ROOT / each).is_file():
            raise typer.BadParameter(f"{each}: no such file (name a module as filters/caps.py)")
        if changed := uncommitted(each):
            raise typer.BadParameter(f"the last commit is measured, without {', '.join(changed)}: commit first")
    unmeasured = False
    print(f"{'module':28}{'tried':>8}{'noticed':>9}{'missed':>8}{'untried':>9}{'score':>8}", flush=True)
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        clone = Path(folder) / "clone"
        subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True)  # noqa: S603, S607 - ourselves
        for each in module or modules():
            try:
                ends = measure(clone, each, minutes)
            except MutmutError as error:
                unmeasured = True
                print(f"{each:28}not measured: {error}", flush=True)
                continue
            count = Counter("noticed" if end in NOTICED else end for end in ends.values())
            tried = len(ends) - count["not checked"]
            unmeasured |= not tried
            score = f"{count['noticed'] / tried:.1%}" if tried else "-"
            numbers = (tried, count["noticed"], tried - count["noticed"], count["not checked"])
            print(f"{each:28}{numbers[0]:>8}{numbers[1]:>9}{numbers[2]:>8}{numbers[3]:>9}{score:>8}", flush=True)
            for name, end in ends.items() if diff else ():
                if end not in NOTICED and end != "not checked":
                    print(mutmut(clone, "show", name))
    if module and unmeasured:
        raise typer.Exit(1)


if __name__ == "__main__":
    typer.run(main)
