# Every target does its own set-up. ARGS is handed on:  make demo ARGS="--seed 1 --json"
PYTHON ?= python3
VENV := .venv
PEERS := .venv-peers
TASK ?= cube_in_bin
ARGS ?=

PYTEST := $(VENV)/bin/python -m pytest
SIDE_BY_SIDE := --numprocesses 2 --dist loadfile

.NOTPARALLEL:
.PHONY: help setup demo test test-rest test-drivers test-nodes bench-peers clean

help:
	@echo "make setup        install everything into $(VENV)"
	@echo "make demo         learn a task in the twin (TASK=$(TASK)), from demonstrations to report"
	@echo "make test         lint, types, import rules and all tests; ARGS goes to one pytest"
	@echo "make bench-peers  install the peers that 'robolearn bench' compares with, into $(PEERS)"
	@echo "make clean        remove both environments and every cache"

setup: $(VENV)/.installed

$(VENV)/.installed: setup.py pyproject.toml
	@.ci/system-packages $(PYTHON)
	@test -x $(VENV)/bin/python || $(PYTHON) -m venv $(VENV)
	$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --editable ".[dev]"
	@touch $@

demo: setup
	$(VENV)/bin/robolearn demo --task $(TASK) $(ARGS)

test: setup
	@.ci/system-packages $(PYTHON) chromium
ifeq ($(ARGS),)
	$(MAKE) --keep-going test-rest test-drivers test-nodes
else
	$(PYTEST) $(ARGS)
endif

test-rest: setup
	$(PYTEST) $(SIDE_BY_SIDE) --ignore tests/drivers --ignore tests/nodes

test-drivers: setup  # virtual hardware by real time, which waits most of the time
	$(PYTEST) $(SIDE_BY_SIDE) tests/drivers

test-nodes: setup  # graphs of processes, each of which needs both cores
	$(PYTEST) tests/nodes

bench-peers: $(PEERS)/.installed

$(PEERS)/.installed: benchmarks/peers/requirements.txt
	@.ci/system-packages $(PYTHON)
	@test -x $(PEERS)/bin/python || $(PYTHON) -m venv $(PEERS)
	$(PEERS)/bin/python -m pip install --quiet --disable-pip-version-check --requirement $<
	@touch $@

clean:
	rm -rf $(VENV) $(PEERS) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
