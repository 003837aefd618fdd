# Batchyard's front door: `make demo` runs a job on the local account, `make test` runs every check and test.
PYTHON ?= python3
BIN := .venv/bin

.DEFAULT_GOAL := help
.PHONY: help setup setup-dev demo test check format golden lock clean

help: ## Show this list
	@$(PYTHON) -c "import re; [print(f'  make {m[1]:<10} {m[2]}') for m in re.finditer(r'^(\w+):.*?## (.*)', open('Makefile').read(), re.M)]"

setup: ## Install what Batchyard needs into .venv and node_modules; does nothing twice
	@$(PYTHON) scripts/setup.py

setup-dev:
	@$(PYTHON) scripts/setup.py --dev

demo: setup ## Deploy the platform to a local AWS account and run a job on it
	@$(BIN)/python scripts/demo.py

test: check ## Set up, then run every check and test

check: setup-dev ## The one gate: format, lint, types, shell lint, tests
	@$(BIN)/python scripts/check.py

format: setup-dev ## Format the code
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

golden: setup-dev ## Accept the deployments' templates as they are now, in tests/golden
	@$(BIN)/python scripts/golden_templates.py

lock: setup-dev ## Pin every package anew, from requirements*.in
	@$(BIN)/python scripts/lock.py

clean: ## Remove what set-up and runs have made; the local account must be down
	@$(PYTHON) scripts/clean.py
