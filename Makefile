# `make help` lists the targets.

PYTHON ?= python3
WEEKS ?=
SEED ?=
ENGINE ?=
OUT ?=
ARGS ?=

# Paths are relative to this file's folder, so that a checkout may lie anywhere, spaces in its path included.
BIN := .venv/bin
RUN := $(BIN)/python -m
STAMP := .venv/.installed

# One test more runs at once than there are cores, as many wait for processes; those of one file one after the other.
JOBS ?= $(shell $(PYTHON) -c 'import os; print(min(os.cpu_count(), 4) + 1)')
TOGETHER = --numprocesses $(JOBS) --dist loadfile --no-loadscope-reorder

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules

.PHONY: help
help: ## Show this list
	@awk 'BEGIN { FS = ":.*## " } /^[a-z][a-z-]*:.*## / { printf "  %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo
	@echo "  PYTHON=python3.12 chooses the interpreter of the virtual environment; WEEKS=53, SEED=7, OUT=folder and"
	@echo "  ENGINE=postgresql go to the demo, ARGS='...' to the demo, the tests or the benchmarks."

.PHONY: venv
venv: $(STAMP) ## Make the virtual environment (.venv) from the locked requirements

$(STAMP): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "This needs Python 3.11 or newer; '$(PYTHON)' is $$($(PYTHON) --version 2>&1 || true). Name another: make PYTHON=python3.12" >&2; \
	  exit 1; }
	$(PYTHON) -m venv .venv
	$(RUN) pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(RUN) pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

.PHONY: demo
demo: $(STAMP) ## Run a whole coalition on real purchases (WEEKS=13 by default; WEEKS=53 is the whole year)
	$(BIN)/coalition demo run $(if $(WEEKS),--weeks $(WEEKS)) $(if $(SEED),--seed $(SEED)) $(if $(ENGINE),--engine $(ENGINE)) $(if $(OUT),--out "$(OUT)") $(ARGS)

.PHONY: test
test: $(STAMP) ## Run the tests (ARGS="-n 0 tests/network" runs some, one after the other)
	$(RUN) pytest $(TOGETHER) $(ARGS)

# How often hubs are killed and windows closed there, and how many stories are told.
MORE := COALITION_KILLS=20 COALITION_CLOSINGS=100 COALITION_PROPERTY_EXAMPLES=120

.PHONY: test-long
test-long: $(STAMP) ## Run the tests that `make test` leaves out, and those by chance with many more tries
	$(MORE) $(RUN) pytest $(TOGETHER) -o faulthandler_timeout=600 -m long $(ARGS)
	$(MORE) $(RUN) pytest $(TOGETHER) -o faulthandler_timeout=600 tests/settlement/test_closing.py tests/properties/test_stories*.py

.PHONY: coverage
coverage: $(STAMP) ## Run the tests and say which branches they reach
	$(RUN) coverage erase
	$(RUN) coverage run -m pytest -m "long or not long" $(ARGS)
	$(RUN) coverage combine --quiet
	$(RUN) coverage report

.PHONY: lint
lint: $(STAMP) ## Check style and formatting
	$(RUN) ruff check .
	$(RUN) ruff format --check .

.PHONY: format
format: $(STAMP) ## Put imports and formatting in order
	$(RUN) ruff check --fix --select I .
	$(RUN) ruff format .

.PHONY: types
types: $(STAMP) ## Check types
	$(RUN) mypy

.PHONY: imports
imports: $(STAMP) ## Check who imports whom
	$(BIN)/lint-imports

.PHONY: proto
proto: $(STAMP) ## Generate the Python code of the .proto files
	PYTHON=$(BIN)/python protos/generate.sh

.PHONY: proto-check
proto-check: $(STAMP) ## Check the .proto files and that the generated code is theirs
	$(BIN)/buf lint
	PYTHON=$(BIN)/python protos/generate.sh --check

.PHONY: docker-check
docker-check: $(STAMP) ## Check the Dockerfile, and the compose file against its schema
	$(BIN)/hadolint docker/Dockerfile
	$(BIN)/check-jsonschema --builtin-schema vendor.compose-spec docker/compose.yaml docker/compose.postgresql.yaml

.PHONY: check
check: lint types proto-check imports docker-check test test-long ## Everything that must hold before a change lands

.PHONY: bench
bench: $(STAMP) ## Measure, beside ceilings (ARGS="--quick", "--large", "--only NAME")
	$(RUN) benchmarks $(ARGS)

# The image's requirements are cuts of requirements.lock: the same versions, the same hashes, nothing for development.
COMPILE := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
  --no-emit-index-url --no-emit-find-links --custom-compile-command "make lock"

.PHONY: lock
lock: $(STAMP) ## Choose the newest requirements that fit together again, and write their hashes
	$(COMPILE) --upgrade --all-extras pyproject.toml --output-file requirements.lock
	$(COMPILE) --upgrade --constraint requirements.lock --extra hub --extra otel --extra settlement pyproject.toml \
	  --output-file docker/runtime.lock
	$(BIN)/python -c 'import tomllib; print("uv", *tomllib.load(open("pyproject.toml", "rb"))["build-system"]["requires"], sep="\n")' \
	  | $(COMPILE) --upgrade --constraint requirements.lock - --output-file docker/build.lock

.PHONY: clean
clean: ## Remove the virtual environment and everything else that was made
	rm -rf .venv build dist .coverage .coverage.* htmlcov .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
