# make run    the embedded stack with simulated plants
# make test   everything the tests need, then lint, types, contracts and tests
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
ARGS ?=

.DELETE_ON_ERROR:
.PHONY: run setup setup-dev test lint format pictures dashboards bench-ingest bench-storage bench-health bench-signals bench-value bench-stream bench-api fuzz drills

run: setup
	@exec $(BIN)/bellwether up $(ARGS)

setup: $(VENV)/.runtime
setup-dev: $(VENV)/.dev

$(BIN)/python:
	@echo "Making a virtual environment in $(VENV)"
	@$(PYTHON) -c 'import sys; v = sys.version.split()[0]; sys.exit(f"Bellwether needs Python 3.11 or newer; this is {v}" if sys.version_info < (3, 11) else 0)'
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); echo "Python's venv module is missing; on Debian: apt install python3-venv"; exit 1; }

$(VENV)/.runtime: requirements.lock pyproject.toml | $(BIN)/python
	@echo "Installing locked dependencies (a minute the first time)"
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements.lock
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps --editable .
	@touch $@

$(VENV)/.dev: requirements-dev.lock pyproject.toml | $(BIN)/python
	@echo "Installing locked dependencies for tests"
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements-dev.lock
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps --editable .
	@touch $@ $(VENV)/.runtime

test: setup-dev
	@tests/install-programs
	@$(MAKE) --no-print-directory lint
	@$(BIN)/python -m pytest -n 2 --dist loadgroup $(ARGS)

lint: setup-dev
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache

format: setup-dev
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

# What services/health/README.md shows, drawn from the engine's own output; some minutes.
pictures: setup-dev
	@$(BIN)/python -m tests.bench.pictures

# Grafana's dashboards from deploy/grafana/boards.
dashboards: setup-dev
	@$(BIN)/python -W ignore::DeprecationWarning -m deploy.grafana.write

bench-ingest: setup-dev
	@$(BIN)/python -m tests.bench.bench_ingest $(ARGS)

bench-storage: setup-dev
	@$(BIN)/python -m tests.bench.bench_storage $(ARGS)

bench-health: setup-dev
	@$(BIN)/python -m tests.bench.bench_health $(ARGS)

# Needs ../shared/data; ARGS="--only cmapss-watch" runs one.
bench-signals: setup-dev
	@$(BIN)/python -m tests.bench.bench_signals $(ARGS)

# Customers made up over five years; ARGS="--customers 20 --seed 7" for fewer or others.
bench-value: setup-dev
	@$(BIN)/python -m tests.bench.bench_value $(ARGS)

# What 1,000 listeners to one worker cost, and how soon they hear; ARGS="--listeners 100 --events 5" for less.
bench-stream: setup-dev
	@$(BIN)/python -m tests.bench.bench_api_stream $(ARGS)

# Needs wrk (apt install wrk); ARGS="--only page-100" runs one scenario.
bench-api: setup-dev
	@$(BIN)/python -m tests.bench.bench_api $(ARGS)

# Coverage-guided fuzzing of every decoder. Its engine is installed beside the virtual environment's packages, not
# among them: only x86-64 Linux has wheels of it.
$(VENV)/fuzz/.installed: requirements-fuzz.lock $(VENV)/.dev
	@rm -rf $(VENV)/fuzz
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements-fuzz.lock --target $(VENV)/fuzz
	@touch $@

fuzz: setup-dev $(VENV)/fuzz/.installed
	@PYTHONPATH=$(VENV)/fuzz $(BIN)/python -m tests.fuzz.run $(ARGS)

# Fifty rounds of everything that can go wrong, under load; as root, also with full disks.
drills: setup-dev
	@tests/install-programs
	@$(BIN)/python -m tests.drills.run $(ARGS)
