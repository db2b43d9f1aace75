# Two commands do everything: `make demo` and `make test`. Both build .venv on first use.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/installed
BENCH_STAMP := $(VENV)/installed-bench

.PHONY: help demo test lint bench mutants chaos eval screenshots presets lock
.DEFAULT_GOAL := help

help: ## Say what there is to make
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 8

# venv makes pip last: while it is missing, an interrupted attempt is begun again.
$(BIN)/pip:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python %d.%d is too old: 3.11 or newer is needed (make PYTHON=python3.12 ...)" % sys.version_info[:2])'
	$(PYTHON) -m venv $(VENV)

$(STAMP): requirements.lock pyproject.toml | $(BIN)/pip
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	PYTHONWARNINGS=ignore $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps \
		--no-build-isolation -e .
	touch $@

$(BENCH_STAMP): requirements-bench.lock $(STAMP)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-bench.lock
	touch $@

demo: $(STAMP) ## Play a chat to the real bot over a sandbox Twitch on this machine
	$(BIN)/chatwarden demo

test: $(STAMP) ## Run the tests
	$(BIN)/python -m pytest

lint: $(STAMP) ## Check style, types and import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	PYTHONPATH=. $(BIN)/lint-imports

bench: $(BENCH_STAMP) ## Measure the matcher beside other packages, the whole engine, a back-test; writes docs/benchmarks.md, engine.md, backtest.md
	$(BIN)/python -m benchmarks.matching
	$(BIN)/python -m benchmarks.engine
	$(BIN)/python -m benchmarks.backtest

eval: $(STAMP) ## Compare the presets with what human moderators did
	$(BIN)/python -m benchmarks.evaluate

mutants: $(BENCH_STAMP) ## Break the filters and the action log in small ways and count what the tests notice (MODULES="filters/caps.py" for some)
	$(BIN)/python -m benchmarks.mutants $(MODULES)

chaos: $(STAMP) ## Measure the bot under load and in a raid, and kill it 200 times
	$(BIN)/python -m benchmarks.chaos

screenshots: $(STAMP) ## Take the README's pictures of the demo and the console anew (needs Chromium)
	$(BIN)/python -m benchmarks.film
	$(BIN)/python -m benchmarks.screenshots

presets: $(STAMP) ## Write new settings into the shipped presets
	$(BIN)/python -m config.policy

lock: | $(BIN)/pip ## Pin every dependency with its hashes
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==0.13.9
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
		--no-strip-extras --no-header --no-annotate --all-extras --group dev pyproject.toml -o requirements.lock
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
		--no-strip-extras --no-header --no-annotate --group dev --group bench pyproject.toml -o requirements-bench.lock
