"""A pytest plugin for mutmut: no run profits from what a run before it, in the same process, had worked out.

mutmut runs the tests once, then forks for every change and runs those tests again that had called what is changed. What
was kept by then (compiled lists, words looked up, constants of test modules) would answer for the changed code, and a
test whose fixture an earlier test had made would not be asked. What takes long to work out is kept where the change
has no part in it: the real words, the tables of a list for what only reads them, compiled lists outside the matcher.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from functools import _lru_cache_wrapper, lru_cache

import pytest
from mutmut.state import state

from filters import lexicon
from filters.index import Index
from filters.terms import Term

READERS = {"lexicon", "phrases", "spelling", "spelt_out", "words"}
"""Parts of the matcher that read an Index and have no part in making one."""
MAKERS = {"confusables", "disguise", "guises", "index", "realwords", "slang", "tables", "terms", "text"}

_called: set[str] = set()
_index_of = lru_cache(maxsize=None)(Index)


def _shared_index(terms: Sequence[Term]) -> Index:
    return _index_of(tuple(terms))


def pytest_sessionstart() -> None:
    """Empty the caches of functions and import the tests anew."""
    mutant = os.environ.get("MUTANT_UNDER_TEST", "")
    if mutant == "fail":
        return  # any failure will do, and the runs after it profit from what was kept
    changed = mutant.rpartition(".")[0].rpartition(".")[2]
    keeps = set() if changed == "realwords" else {"real_words"}
    if changed and changed not in MAKERS | READERS:
        keeps.add("_compiled")
    vars(lexicon)["Index"] = Index if changed in MAKERS else _shared_index
    for name, module in list(sys.modules.items()):
        if name.startswith("tests.") and not name.endswith("conftest"):
            del sys.modules[name]
        elif name.startswith(("filters.", "storage.", "config.")):
            for each, kept in vars(module).items():
                if isinstance(kept, _lru_cache_wrapper) and each not in keeps:
                    kept.cache_clear()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_teardown() -> None:
    """In mutmut's first run, let each test answer for all that was called until then: it may be what it stands on."""
    if os.environ.get("MUTANT_UNDER_TEST") == "stats":
        _called.update(state()._stats)
        state()._stats.update(_called)
