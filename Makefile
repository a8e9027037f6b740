# Kilnmark.  `make` lists the targets.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
ARGS ?=
# Half as many again as there are processors: tests wait for other processes most of the time.
WORKERS ?= $(shell expr $$(getconf _NPROCESSORS_ONLN) \* 3 / 2)

.DEFAULT_GOAL := help
.PHONY: help setup demo test check unit lint types imports tools contracts check-contracts mutate-contracts messages bench faults fuzz lock wheel clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(STAMP) ## Make .venv with locked packages, and nothing else

$(STAMP): requirements.lock pyproject.toml
	@echo "Making $(VENV) with up to $$(grep -c '^[a-z0-9].*==' requirements.lock) packages; this takes a few minutes the first time."
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Kilnmark needs Python 3.11 or newer.")'
	@$(PYTHON) -m venv $(VENV) || { echo "Python's venv is missing. On Debian, as root: apt-get install python3-venv"; exit 1; }
	@if [ -t 1 ]; then quiet=; else quiet=--quiet; fi; \
	$(BIN)/python -m pip install $$quiet --disable-pip-version-check --require-hashes --only-binary :all: -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $(STAMP)

demo: $(STAMP) ## Run the whole way of a piece and keep the registry up (ARGS=--exit ends it)
	@$(BIN)/kilnmark demo $(ARGS)

# Many processes load the same modules: let them keep what they compile, whatever the caller's environment says.
test: $(STAMP) tools lint types imports ## Run every check: style, types, imports, tests, contract, browser, docs
	@PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder $(ARGS)

check: test ## The same as test

unit: $(STAMP) ## Run the quick tests only
	@$(BIN)/python -m pytest tests/unit tests/property tests/vectors tests/architecture $(ARGS)

lint: $(STAMP) ## Check style and formatting
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

types: $(STAMP) ## Check types strictly
	@$(BIN)/mypy

imports: $(STAMP) ## Check who imports whom
	@$(BIN)/lint-imports

tools: ## Install what the tests need beside Python packages (Chromium, PostgreSQL, poppler, Node packages), where it can
	@sh tests/tools.sh

contracts: $(STAMP) ## Compile the contract and export its ABI and bytecode into the package
	@sh hardhat-config/run.sh export

check-contracts: ## Check the contract thoroughly: style, slither, coverage, mutation, gas, deep fuzzing
	@sh hardhat-config/check.sh

mutate-contracts: ## Break each check of the contract in turn, and want a test to notice
	@sh hardhat-config/run.sh mutate

messages: $(STAMP) ## Collect and compile the translated messages
	@$(BIN)/python cli/messages.py

bench: $(STAMP) ## Run the benchmarks and compare them with the aims
	@for script in issue verify anchor_gas cli_start tags_pdf; do $(BIN)/python benchmarks/$$script.py $(ARGS) || failed=1; done; exit $${failed:-0}

FAULT ?= mutations kills rpc reorgs senders postgres disk firings

faults: $(STAMP) ## Make every kind of fault and count what is lost (FAULT=kills ARGS="--trials 10000" for one kind)
	@for fault in $(FAULT); do \
	  echo "== $$fault"; $(BIN)/python -m tests.faults.$$fault $(ARGS); code=$$?; \
	  [ $$code -eq 0 ] || [ $$code -eq 77 ] || failed="$$failed $$fault"; \
	done; [ -z "$$failed" ] || { echo "FAILED:$$failed"; exit 1; }

fuzz: $(STAMP) ## Fuzz every parser of outside bytes for 10 s each, guided by coverage (ARGS=--seconds 60 for longer)
	@$(BIN)/python -m tests.fuzz $(ARGS)

lock: ## Resolve the locked packages anew (needs uv)
	uv pip compile --quiet --universal --generate-hashes --no-header --python-version 3.11 --extra registry --group dev pyproject.toml -o requirements.lock

wheel: $(STAMP) ## Build the wheel into dist/
	@$(BIN)/python -m hatchling build -t wheel

clean: ## Remove what the targets made
	rm -rf $(VENV) dist hardhat-config/node_modules hardhat-config/artifacts hardhat-config/cache hardhat-config/node-runtime/node_modules tests/interop/node_modules
