"""A pytest plugin for mutmut: no run profits from what a run before it, in the same process, had worked out.

mutmut runs the tests once, then forks for every change and runs those tests again that had called what is changed. What
was kept by then (compiled lists, words looked up, constants of test modules) would answer for the changed code, and a
test whose fixture an earlier test had made would not be asked.
"""

from __future__ import annotations

import os
import sys
from functools import _lru_cache_wrapper

import pytest
from mutmut.state import state

_called: set[str] = set()


def pytest_sessionstart() -> None:
    """Empty the caches of functions and import the tests anew."""
    changed = os.environ.get("MUTANT_UNDER_TEST", "")
    for name, module in list(sys.modules.items()):
        if name.startswith("tests.") and not name.endswith("conftest"):
            del sys.modules[name]
        elif name.startswith(("filters.", "storage.", "config.")):
            for each, kept in vars(module).items():
                # The real words take seconds to read, and are the same whatever else was changed.
                if isinstance(kept, _lru_cache_wrapper) and (each != "real_words" or "realwords" in changed):
                    kept.cache_clear()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_teardown() -> None:
    """In mutmut's first run, let each test answer for all that was called until then: it may be what it stands on."""
    if os.environ.get("MUTANT_UNDER_TEST") == "stats":
        _called.update(state()._stats)
        state()._stats.update(_called)
