# SPDX-License-Identifier: Apache-2.0
# Everything a newcomer or a builder runs. `make` alone lists the targets.

PYTHON ?= python3
BIN := .venv/bin
FUZZ_SECONDS ?= 120
FUZZ_START ?=
SAY := @echo "steelyard:"
# Tests start this program hundreds of times; where it may not keep what it compiled, each of them
# compiles all of it anew.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help demo test check types style architecture unit fuzz compiled test-compiled wheel wheel-compiled bench bench-licenses bench-portfolio \
  lock docs clean

help: ## List the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-14s %s\n", $$1, $$2}'

demo: ## Install what is needed and weigh five real models
	@$(PYTHON) scripts/prepare.py run
	@$(BIN)/steelyard demo --output demo-output

test: ## Install what is needed and run every check and test
	@$(PYTHON) scripts/prepare.py dev
	@$(MAKE) --no-print-directory check

check: style types architecture unit ## Every check and test, in the environment as it is

style: ## Lint and formatting
	$(SAY) "[1/4] ruff: lint and formatting"
	@$(BIN)/ruff check --quiet src tests benchmarks scripts
	@$(BIN)/ruff format --check --quiet src tests benchmarks scripts

types: ## Static types, strictly
	$(SAY) "[2/4] mypy --strict"
	@$(BIN)/mypy --no-error-summary

architecture: ## Import contracts
	$(SAY) "[3/4] import contracts"
	@$(BIN)/lint-imports --no-logo > .venv/lint-imports.log || { cat .venv/lint-imports.log; exit 1; }

unit: ## Tests
	$(SAY) "[4/4] pytest"
	@$(BIN)/pytest -n auto

fuzz: ## Throw changed files at every reader for FUZZ_SECONDS (120)
	@$(PYTHON) scripts/prepare.py dev
	@$(BIN)/python -m tests.fuzz --seconds $(FUZZ_SECONDS) $(if $(FUZZ_START),--start $(FUZZ_START))

COMPILED := build/compiled

compiled: ## Build the pickle machine with mypyc into build/compiled (optional, many times faster)
	@rm -rf $(COMPILED) && mkdir -p $(COMPILED) && cp -r src/steelyard $(COMPILED)/
	@cd $(COMPILED) && $(CURDIR)/$(BIN)/mypyc --ignore-missing-imports \
	  $(addprefix steelyard/scanning/pickles/,interpreter.py memory.py data.py values.py) > mypyc.log 2>&1 \
	  || { cat mypyc.log; exit 1; }

WHEEL_TAG = $(shell $(BIN)/python -c 'import sysconfig as s, sys; v = "cp%d%d" % sys.version_info[:2]; \
  print(f"{v}-{v}-" + s.get_platform().replace("-", "_").replace(".", "_"))')

wheel: ## Build the pure wheel into dist
	@$(PYTHON) scripts/prepare.py dev
	@$(BIN)/python -m hatchling build -t wheel

wheel-compiled: wheel compiled ## Build a wheel for this platform with the compiled pickle machine into dist
	@$(BIN)/python scripts/compiled_wheel.py dist $(COMPILED) $(WHEEL_TAG)

test-compiled: compiled ## Run the pickle tests on the compiled machine
	@PYTHONPATH=$(COMPILED) $(BIN)/python -c 'from steelyard.scanning.pickles import interpreter as i; assert i.__file__.endswith(".so"), i.__file__'
	@PYTHONPATH=$(COMPILED) $(BIN)/pytest -n 0 tests/scanning/pickles

bench: ## Measure speed and memory side by side, print the table
	@$(PYTHON) scripts/prepare.py dev
	@$(BIN)/python benchmarks/main_job.py

bench-licenses: ## Measure the license detector; PEERS=DIR asks other detectors installed there
	@$(PYTHON) scripts/prepare.py dev
	@$(BIN)/python benchmarks/licenses.py $(if $(PEERS),--peers $(PEERS))

bench-portfolio: ## Judge 100,000 assessments under 50 rules; PEERS=DIR asks other engines installed there
	@$(PYTHON) scripts/prepare.py dev
	@$(BIN)/python benchmarks/portfolio.py $(if $(PEERS),--peers $(PEERS))

lock: ## Pin every dependency with its hashes
	@$(BIN)/python -m pip install --quiet uv
	@for set in 'base pyproject.toml' 'build --group build' \
	  'dev --group dev --extra server --extra postgres pyproject.toml'; do \
	  $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
	    --no-emit-index-url $${set#* } -o requirements/$${set%% *}.txt; done

docs: ## Generate the reference pages and schemas
	@$(PYTHON) scripts/prepare.py dev
	@$(BIN)/python scripts/build_reference.py

clean: ## Remove what the targets above made
	@rm -rf .venv demo-output .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache \
	  build dist
