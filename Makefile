# Two commands do everything: `make demo` and `make test`. Both build .venv on first use, the second with more in it.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/installed
DEV_STAMP := $(VENV)/installed-dev
BENCH_STAMP := $(VENV)/installed-bench
COMPILE := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	--no-strip-extras --no-header --no-annotate --all-extras

.PHONY: help install demo test lint bench mutants chaos eval screenshots presets lock
.DEFAULT_GOAL := help

help: ## Say what there is to make
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

# venv makes pip last: while it is missing, an interrupted attempt is begun again.
$(BIN)/pip:
	@echo "Building .venv: a minute or more the first time"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python %d.%d is too old: 3.11 or newer is needed (make PYTHON=python3.12 ...)" % sys.version_info[:2])'
	$(PYTHON) -m venv $(VENV)

$(STAMP): requirements.lock pyproject.toml | $(BIN)/pip
	$(BIN)/python -m pip install --disable-pip-version-check --require-hashes -r requirements.lock
	PYTHONWARNINGS=ignore $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps \
		--no-build-isolation -e .
	touch $@

# All that the tests need too; the same versions where both name one.
$(DEV_STAMP): requirements-dev.lock $(STAMP)
	$(BIN)/python -m pip install --disable-pip-version-check --require-hashes -r requirements-dev.lock
	touch $@

$(BENCH_STAMP): requirements-bench.lock $(DEV_STAMP)
	$(BIN)/python -m pip install --disable-pip-version-check --require-hashes -r requirements-bench.lock
	touch $@

install: $(STAMP) ## Build .venv with what the bot needs; chatwarden is then .venv/bin/chatwarden

demo: $(STAMP) ## Play a chat to the real bot over a sandbox Twitch on this machine
	$(BIN)/chatwarden demo

test: $(DEV_STAMP) ## Run the tests
	$(BIN)/python -m pytest

lint: $(DEV_STAMP) ## Check style, types and import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	PYTHONPATH=. $(BIN)/lint-imports

bench: $(BENCH_STAMP) ## Measure the matcher beside other packages, the whole engine, a back-test; writes docs/benchmarks.md, engine.md, backtest.md
	$(BIN)/python -m benchmarks.matching
	$(BIN)/python -m benchmarks.engine
	$(BIN)/python -m benchmarks.backtest

eval: $(DEV_STAMP) ## Compare the presets with what human moderators did
	$(BIN)/python -m benchmarks.evaluate

mutants: $(BENCH_STAMP) ## Break the filters and the action log in small ways and count what the tests notice (MODULES="filters/caps.py" for some)
	$(BIN)/python -m benchmarks.mutants $(MODULES)

chaos: $(DEV_STAMP) ## Measure the bot under load and in a raid, and kill it 200 times
	$(BIN)/python -m benchmarks.chaos

screenshots: $(DEV_STAMP) ## Take the README's pictures of the demo and the console anew (needs Chromium)
	$(BIN)/python -m benchmarks.film
	$(BIN)/python -m benchmarks.screenshots

presets: $(STAMP) ## Write new settings into the shipped presets
	$(BIN)/python -m config.policy

lock: | $(BIN)/pip ## Pin every dependency with its hashes
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==0.13.9
	$(COMPILE) --group build pyproject.toml -o requirements.lock
	$(COMPILE) --group dev -c requirements.lock pyproject.toml -o requirements-dev.lock
	$(COMPILE) --group dev --group bench -c requirements-dev.lock pyproject.toml -o requirements-bench.lock
