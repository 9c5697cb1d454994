# `make` lists the targets.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
export RAY_ENABLE_UV_RUN_RUNTIME_ENV := 0

.DEFAULT_GOAL := help
.PHONY: help setup demo test lint bench clean

help:  ## this list
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(READY)  ## install everything into .venv

$(READY): requirements.txt pyproject.toml
	@command -v uv >/dev/null || $(PYTHON) -m pip install --quiet uv
	@test -x $(BIN)/python || uv venv --quiet --python $(PYTHON) .venv
	uv pip install --quiet --python $(BIN)/python -r requirements.txt
	uv pip install --quiet --python $(BIN)/python --no-deps -e .
	@touch $(READY)

demo: $(READY)  ## a mock survey with known bars: catalogue, query, report (no GPU, no network)
	$(BIN)/python -m pipelines.demo demo

test: $(READY)  ## every test
	$(BIN)/python -m pytest

lint: $(READY)  ## style, types, layers
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(READY)  ## measure speed on whatever this machine has (BENCH=--quick, or --memory)
	$(BIN)/python -m tests.benchmarks $(BENCH)

clean:  ## remove the environment and what demo made
	rm -rf .venv demo build *.egg-info
