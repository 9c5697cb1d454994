# `make` lists the targets.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
DEV := .venv/.ready-dev
UV = $$(command -v uv || echo $(BIN)/uv)
TWO := -n 2 --dist loadfile --no-loadscope-reorder
PIN := --quiet --universal --no-header --no-annotate --python-version 3.11
export RAY_ENABLE_UV_RUN_RUNTIME_ENV := 0
# Every process of Ray imports torch: without compiled files each of them spends seconds more.
export UV_COMPILE_BYTECODE := 1
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help setup setup-dev lock demo check test test-all test-cluster lint bench chaos fuzz simulate clean

help:  ## this list
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(READY)  ## install what runs into .venv (docs/install.md)

setup-dev: $(DEV)  ## install what tests and develops, too

$(READY): requirements.txt pyproject.toml
	@command -v uv >/dev/null || test -x $(BIN)/uv \
		|| { $(PYTHON) -m venv .venv && $(BIN)/python -m pip install --quiet uv; }
	@test -x $(BIN)/python || $(UV) venv --quiet --python $(PYTHON) .venv
	$(UV) pip install --quiet --python $(BIN)/python -r requirements.txt
	$(UV) pip install --quiet --python $(BIN)/python --no-deps -e .
	@touch $(READY)

$(DEV): requirements-dev.txt $(READY)
	$(UV) pip install --quiet --python $(BIN)/python -r requirements-dev.txt
	@touch $(DEV)

lock:  ## pin the versions of both requirement files anew (LOCK=--upgrade for newer ones)
	$(UV) pip compile $(PIN) pyproject.toml -o requirements.txt $(LOCK)
	$(UV) pip compile $(PIN) --constraint requirements.txt --extra dev pyproject.toml -o requirements-dev.txt $(LOCK)

demo: $(READY)  ## a mock survey with known bars: catalogue, query, report (no GPU, no network)
	$(BIN)/python -m pipelines.demo demo
	@echo 'next: `source .venv/bin/activate`, then `ansae --help`; a tour with your own images: docs/tour.md'

check: lint  ## for every day: style, types, layers, and the tests that need no Ray, no store, no browser
	$(BIN)/python -m pytest --everyday -n 2

test: $(DEV)  ## the tests, in two processes (make test-all: the slow ones too)
	$(BIN)/python -m pytest $(TWO) -m "not slow"

test-all: $(DEV)  ## the slow ones too
	$(BIN)/python -m pytest $(TWO)

test-cluster: $(DEV)  ## a job submitted to a Ray of three nodes, from and to an S3 server (minutes)
	$(BIN)/python -m pytest tests/clusters/submitted_job.py

lint: $(DEV)  ## style, types, layers
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(DEV)  ## measure speed on whatever this machine has (BENCH=--quick, or --memory)
	$(BIN)/python -m tests.benchmarks $(BENCH)

chaos: $(DEV)  ## kill runs 200 times in every way, each followed by the same command
	$(BIN)/python -m tests.faults.kills $$(mktemp -d) --s3 --kills 200
	$(BIN)/python -m tests.faults.chaos --kills 200

fuzz: $(DEV)  ## a million damaged images, a hundred thousand damaged shards
	$(BIN)/python -m tests.faults.fuzz --images 1000000
	$(BIN)/python -m tests.faults.fuzz --manifests 100000

simulate: $(DEV)  ## a million galaxies in ten thousand shards, networks that cost nothing
	$(BIN)/python -m tests.benchmarks.bench_simulation --shards 10000 --rows 100 --s3

clean:  ## remove the environment and what demo made
	rm -rf .venv demo build *.egg-info
