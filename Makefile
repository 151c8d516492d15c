# `make demo` and `make test` do all the set-up there is.

SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.PHONY: help demo test check torture bench clean

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/installed

help:
	@echo 'make demo    search digits, keep a network, export it: two minutes'
	@echo 'make test    run the tests'
	@echo 'make check   format, lint, type-check and test'
	@echo 'make torture kill searches and workers, damage files, thousands of times; hours'
	@echo 'make bench   measure what training, data, exports and strategies cost; an hour'
	@echo 'make clean   remove the environment and the runs of the demo'

# What pip says of each package is cut to its name: something is going on, and nothing scrolls away.
$(INSTALLED): pyproject.toml
	@$(PYTHON) -c 'import sys; v = sys.version.split()[0]; sys.version_info >= (3, 11) or sys.exit("snas needs Python 3.11 or newer; $(PYTHON) is %s. Try: make PYTHON=python3.12 $(MAKECMDGOALS)" % v)'
	@echo 'Installing into $(VENV); torch is large, so this takes a few minutes the first time.'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --disable-pip-version-check --quiet 'hatchling>=1.27' 'editables>=0.5' 2> $(VENV)/pip.log \
	  || { cat $(VENV)/pip.log; exit 1; }
	@$(BIN)/python -m pip install --disable-pip-version-check --progress-bar off --no-build-isolation -e '.[dev]' 2> $(VENV)/pip.log \
	  | awk '/^Collecting/ { printf "%s ", $$2; fflush() } /^Installing collected/ { printf "\nunpacking …\n"; fflush() }' \
	  || { cat $(VENV)/pip.log; exit 1; }
	@touch $@

demo: $(INSTALLED)
	$(BIN)/snas search recipes/digits.yaml
	$(BIN)/snas export --format all

test: $(INSTALLED)
	$(BIN)/python -m pytest

check: $(INSTALLED)
	$(BIN)/ruff format .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python -m pytest

torture: $(INSTALLED)
	SNAS_TORTURE=1 $(BIN)/python -m pytest tests/torture tests/plugins/executors/test_deaths.py

bench: $(INSTALLED)
	$(BIN)/python -m tests.benchmarks.bench_training
	$(BIN)/python -m tests.benchmarks.bench_memory
	$(BIN)/python -m tests.benchmarks.bench_sharing
	$(BIN)/python -m tests.benchmarks.bench_execution
	$(BIN)/python -m tests.benchmarks.bench_exports
	$(BIN)/python -m tests.benchmarks.bench_asking
	$(BIN)/python -m pip install --disable-pip-version-check --quiet --no-build-isolation -e '.[bench]'
	$(BIN)/python -m tests.benchmarks.bench_search

clean:
	rm -rf $(VENV) runs .mypy_cache .pytest_cache .ruff_cache
