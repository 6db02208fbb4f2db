# Every target sets up what it needs. `make demo` shows the service, `make test` proves it.
PYTHON ?= python3
BIN := .venv/bin
# What measures quality reads data that is not part of this project: DATA names its folder, JUDGE the scoring scripts.
DATA ?= ../shared/data
JUDGE ?= ../shared/judge

.PHONY: help install check test test-long test-extras test-distributed demo bench evaluate lock clean

help:  ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 20

install: .venv/installed  ## the virtual environment with everything for use and development

.venv/installed: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo '需要 Python 3.11 或更新版本（PYTHON=… 可指定）'; exit 2; }
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	@touch $@

check: install  ## format, lint, types, import contracts, configuration
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/huiying check

test: install  ## the tests that CI runs at every change (minutes)
	$(BIN)/python -m pytest -m 'not long and not distributed and not transformer'

test-long: install  ## the long ones: many random cases, many crashes
	$(BIN)/python -m pytest -m long --timeout 3600

test-extras: install  ## what the extras bring: a transformer (on PyTorch's CPU build), training
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt torch==2.13.0 transformers scikit-learn
	$(BIN)/python -m pytest -m transformer
	$(BIN)/python -m pytest tests/reading/test_topics_scores.py tests/cli/test_cli_train_extract.py

test-distributed: install  ## the contracts against real servers (the Kafka and Elasticsearch backends come next)
	@echo '分布式后端（Kafka 与 Elasticsearch）尚未交付；嵌入式后端的契约测试在 make test 中'; exit 3

demo: install  ## a recorded incident in compressed time, with the live dashboard
	$(BIN)/huiying demo

bench: install  ## speed, next to a baseline in the same run
	$(BIN)/python tests/benchmarks/bench_journey.py
	$(BIN)/python tests/benchmarks/bench_gather.py
	$(BIN)/python tests/benchmarks/bench_store.py
	$(BIN)/python tests/benchmarks/bench_dashboard.py

evaluate: install  ## quality: the scoring scripts' figures into docs/quality.md
	$(BIN)/huiying evaluate --data $(DATA) --judge $(JUDGE) --out docs/quality.md

lock: test-extras  ## the exact set that CI tested (torch apart: its build differs by machine)
	$(BIN)/python -m pip list --disable-pip-version-check --format=freeze --exclude huiying --exclude pip --exclude setuptools --exclude torch > constraints.txt

clean:  ## removes what was built and the data folder
	rm -rf .venv build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache data
