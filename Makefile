# Two commands on a fresh machine: `make demo` and `make test`. Everything else they need they set up themselves.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
export UV_COMPILE_BYTECODE = 1
export UV_PROJECT_ENVIRONMENT = $(VENV)

.PHONY: setup demo test tools lint sample bench bench-typologies bench-flows bench-report bench-smart-money bench-amlsim measure-cards ui docs clean

setup: $(VENV)/.ready

# uv comes from the registry when the machine has none; it lives in its own small environment.
$(VENV)/.ready: pyproject.toml uv.lock
	@uv=$$(command -v uv || true); \
	if [ -z "$$uv" ]; then \
		test -x .uv/bin/uv || { $(PYTHON) -m venv .uv && .uv/bin/python -m pip install --quiet --disable-pip-version-check uv; }; \
		uv=.uv/bin/uv; \
	fi; \
	"$$uv" sync --frozen --quiet --all-extras
	@touch $@

demo: setup
	$(BIN)/netraflow demo

test: setup tools
	$(BIN)/pytest

# A browser and Prometheus for the tests that look at pages and figures; where Debian's packages can not be had, those tests say what they miss.
tools:
	@command -v chromium >/dev/null && command -v promtool >/dev/null || { \
		test "$$(id -u)" = 0 && command -v apt-get >/dev/null && apt-get update -qq && \
		DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium prometheus >/dev/null; } || true

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench-typologies: setup
	$(BIN)/python tests/benchmark/typologies.py $(ARGS)

bench-flows: setup
	$(BIN)/python -m tests.benchmark.flows $(ARGS)

bench-report: setup
	$(BIN)/python -m tests.benchmark.report $(ARGS)

bench-smart-money: setup
	$(BIN)/python -m tests.benchmark.smart_money $(ARGS)

bench-amlsim: setup
	$(BIN)/python -m tests.benchmark.amlsim

bench: setup
	$(BIN)/python tests/benchmark/bench.py $(ARGS)

ui: setup
	$(BIN)/netraflow ui

docs: setup
	$(BIN)/python -m flow_pipeline.reports.dictionary
	$(BIN)/python -m flow_pipeline.reports.cards

# The committed world; the same seed gives the same rows on every machine.
sample: setup
	$(BIN)/netraflow generate --transfers 18000 --seed 3 --out data/sample

measure-cards: setup
	$(BIN)/python tests/benchmark/cards.py

clean:
	rm -rf $(VENV) .uv
