# Every target sets up what it needs. `make demo` shows the service, `make test` proves it.
PYTHON ?= python3
BIN := .venv/bin
# What measures quality reads data that is not part of this project: DATA names its folder, JUDGE the scoring scripts.
DATA ?= ../shared/data
JUDGE ?= ../shared/judge
# A folder with real servers to test on: `up` starts them, `down` stops them.
SERVERS ?= ../shared/servers

.PHONY: help install check test test-long test-extras test-distributed demo bench bench-distributed evaluate lock clean

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

test-long: install  ## the long ones: many random cases, many crashes; on real servers too (see test-distributed)
	$(BIN)/python -m pytest -m 'long and not distributed' --timeout 3600
	SERVERS='$(SERVERS)' .ci/on-servers -m 'long and distributed' --timeout 3600

test-extras: install  ## what the extras bring: a transformer (on PyTorch's CPU build), training
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt torch==2.13.0 transformers scikit-learn
	$(BIN)/python -m pytest -m transformer
	$(BIN)/python -m pytest tests/reading/test_topics_scores.py tests/cli/test_cli_train_extract.py

test-distributed: install  ## on real servers: HUIYING_TEST_KAFKA and HUIYING_TEST_ELASTIC name them, else SERVERS starts some
	SERVERS='$(SERVERS)' .ci/on-servers -m 'distributed and not long'

demo: install  ## a recorded incident in compressed time, with the live dashboard
	$(BIN)/huiying demo

bench: install  ## speed, next to a baseline in the same run
	$(BIN)/python tests/benchmarks/bench_journey.py
	$(BIN)/python tests/benchmarks/bench_gather.py
	$(BIN)/python tests/benchmarks/bench_store.py
	$(BIN)/python tests/benchmarks/bench_dashboard.py
	$(BIN)/python tests/benchmarks/bench_open.py

bench-distributed: install  ## the cluster's speed, on real servers as for test-distributed: twenty minutes
	if [ -z "$$HUIYING_TEST_KAFKA$$HUIYING_TEST_ELASTIC" ]; then \
	  export SERVERS_DIR="$$(mktemp -d)" KAFKA_PORT=19392 ELASTIC_PORT=19400; \
	  trap "'$(SERVERS)/down' --wipe" EXIT; trap 'exit 130' INT TERM; \
	  addresses="$$('$(SERVERS)/up')" || exit 3; eval "$$addresses"; \
	fi; \
	for bench in cluster steps latency 'kept --kept 10000 100000 --erase' 'store --profile both' 'dashboard --profile both' \
	  'open --profile both'; do \
	  set -- $$bench; name=$$1; shift; \
	  $(BIN)/python tests/benchmarks/bench_$$name.py "$$@" || exit 1; \
	done

evaluate: install  ## quality: the scoring scripts' figures into docs/quality.md
	$(BIN)/huiying evaluate --data $(DATA) --judge $(JUDGE) --out docs/quality.md

lock: test-extras  ## the exact set that CI tested (torch apart: its build differs by machine)
	$(BIN)/python -m pip list --disable-pip-version-check --format=freeze --exclude huiying --exclude pip --exclude setuptools --exclude torch > constraints.txt

clean:  ## removes what was built and the data folder
	rm -rf .venv build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache data
