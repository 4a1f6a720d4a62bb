# Two commands on a fresh machine: `make demo` and `make test`. Everything else they need they set up themselves.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
export UV_COMPILE_BYTECODE = 1
export UV_PROJECT_ENVIRONMENT = $(VENV)
# sqlfluff's worker processes leave semaphores to the interpreter, which says so.
SQLFLUFF := PYTHONWARNINGS=ignore $(BIN)/sqlfluff

.PHONY: help setup lock demo test test-all test-spark tools lint fmt smoke sample docs pictures ui clean \
	bench bench-scale bench-live bench-typologies bench-flows bench-report bench-smart-money bench-explorer bench-spark \
	bench-decoding bench-amlsim bench-spam bench-verbs measure-cards

help:  ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-18s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(VENV)/.ready $(VENV)/.kernels  ## the environment, from uv.lock

# uv comes from the registry when the machine has none; it lives in its own small environment.
UV = $$(command -v uv || { test -x .uv/bin/uv || { $(PYTHON) -m venv .uv && \
	.uv/bin/python -m pip install --quiet --disable-pip-version-check uv; }; echo .uv/bin/uv; })

$(VENV)/.ready: pyproject.toml uv.lock
	@uv=$(UV); "$$uv" sync --frozen --quiet --inexact --extra model --extra streams
	@touch $@

# Tables of lakes are read and written by the tests; Spark is half a gigabyte more, and needs Java.
$(VENV)/.lake: $(VENV)/.ready
	@uv=$(UV); "$$uv" sync --frozen --quiet --inexact --extra lake
	@touch $@

$(VENV)/.spark: $(VENV)/.ready
	@uv=$(UV); "$$uv" sync --frozen --quiet --inexact --extra lake --extra spark
	@touch $@

# A compiled kernel that is kept does not know when one that it calls, in another file, has changed.
$(VENV)/.kernels: $(shell grep -rl njit flow_pipeline --include=*.py) | $(VENV)/.ready
	@find flow_pipeline -name '*.nb[ic]' -delete
	@touch $@

lock:  ## fails when uv.lock does not fit pyproject.toml
	@uv=$(UV); "$$uv" lock --check --quiet

demo: setup  ## the sample through the whole pipeline, offline
	$(BIN)/netraflow demo

test: setup $(VENV)/.lake tools  ## the tests, but those that take longest
	$(BIN)/pytest -m "not slow and not spark"

test-all: setup $(VENV)/.spark tools  ## every test
	$(BIN)/pytest

test-spark: setup $(VENV)/.spark  ## the second engine; needs Java 17
	$(BIN)/pytest -m spark -n0

# A browser, Prometheus, Postgres and nodes of chains for the tests that ask them; where Debian's packages or npm can not
# be had, those tests say what they miss. Without a first cluster Postgres starts no service.
ANVIL := .tools/node_modules/@foundry-rs/anvil
tools:
	@command -v chromium >/dev/null && command -v promtool >/dev/null && command -v litecoind >/dev/null && \
		{ command -v initdb || ls /usr/lib/postgresql/*/bin/initdb; } >/dev/null 2>&1 || { \
		test "$$(id -u)" = 0 && command -v apt-get >/dev/null && apt-get update -qq && \
		mkdir -p /etc/postgresql-common && { test -e /etc/postgresql-common/createcluster.conf || \
		echo 'create_main_cluster = false' >/etc/postgresql-common/createcluster.conf; } && \
		DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
		-o Dpkg::Options::=--force-confold chromium prometheus postgresql litecoind >/dev/null; } || true
	@command -v anvil >/dev/null || test -d $(ANVIL) || { command -v npm >/dev/null && \
		npm install --silent --no-audit --no-fund --ignore-scripts --prefix .tools @foundry-rs/anvil >/dev/null; } || true

lint: setup $(VENV)/.lake  ## ruff, mypy, import rules, sqlfluff, typos
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(SQLFLUFF) lint --processes 0 flow_pipeline
	$(SQLFLUFF) lint --processes 0 --templater jinja dbt_project
	$(BIN)/typos

fmt: setup  ## the formatters, for Python and SQL
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(SQLFLUFF) fix --quiet --processes 0 flow_pipeline
	$(SQLFLUFF) fix --quiet --processes 0 --templater jinja dbt_project

smoke: setup  ## the wheel in a fresh environment outside the checkout
	.ci/smoke

ui: setup  ## Dagster's web UI
	$(BIN)/netraflow ui

docs: setup  ## the data dictionary, the typology cards, the kinds of alert, what can be read
	$(BIN)/python -m flow_pipeline.reports.dictionary
	$(BIN)/python -m flow_pipeline.reports.cards
	$(BIN)/python -m flow_pipeline.alerts.kinds
	$(BIN)/python -m flow_pipeline.reports.readable

pictures: setup tools  ## docs/pictures, from the demo (DATA=DIR: from another data directory)
	$(if $(DATA),,$(BIN)/netraflow demo)
	$(BIN)/python docs/pictures.py $(DATA)

# The committed world; the same seed gives the same rows on every machine.
sample: setup  ## data/sample, generated anew
	$(BIN)/netraflow generate --transfers 18000 --wallets 1 --seed 3 --out data/sample

bench: setup  ## the spine and one more day against a bare load
	$(BIN)/python tests/benchmark/bench.py $(ARGS)

bench-scale: setup  ## every stage on a world of any size: make bench-scale ARGS="DIR --transfers 40000000"
	$(BIN)/python -m tests.benchmark.scale $(ARGS)

bench-typologies: setup  ## typologies against snapml and self-joins
	$(BIN)/python tests/benchmark/typologies.py $(ARGS)

bench-flows: setup  ## the group-flow kernel
	$(BIN)/python -m tests.benchmark.flows $(ARGS)

bench-report: setup  ## reports, alerts and exports
	$(BIN)/python -m tests.benchmark.report $(ARGS)

bench-smart-money: setup  ## trades and wallet features
	$(BIN)/python -m tests.benchmark.smart_money $(ARGS)

bench-explorer: setup  ## the tables that the explorer reads: cost and answers
	$(BIN)/python -m tests.benchmark.explorer $(ARGS)

bench-spark: setup $(VENV)/.spark  ## the second engine on one worker and on two; needs Java 17
	$(BIN)/python -m tests.benchmark.spark $(ARGS)

bench-decoding: setup  ## logs of nodes as columns, against web3.py where it is installed
	$(BIN)/python -m tests.benchmark.decoding $(ARGS)

bench-live: setup  ## from a stream to an alert, at 10,000 transfers a second; detection alone; logs decoded
	$(BIN)/python -m tests.benchmark.live $(ARGS)
	$(BIN)/python -m tests.benchmark.tip
	$(BIN)/python -m tests.benchmark.decoding

bench-spam: setup  ## tokens that are sent once to an exchange, against the world without them
	$(BIN)/python -m tests.benchmark.spam $(ARGS)

bench-verbs: setup  ## what each reading verb costs on the demo
	$(BIN)/python -m tests.benchmark.verbs $(ARGS)

bench-amlsim: setup  ## detectors on IBM's AMLSim
	$(BIN)/python -m tests.benchmark.amlsim

measure-cards: setup  ## the figures of the typology cards
	$(BIN)/python tests/benchmark/cards.py

clean:  ## removes the environments
	rm -rf $(VENV) .uv .tools
