# Everything runs in .venv, which the first command makes. Needs Python 3.11+ and make, nothing else.
PYTHON ?= python3
BIN := .venv/bin
# Tests are small: one thread each, two workers.
CLI_PAGE := $(BIN)/python -m typer sonde.cli.app utils docs --name sonde --title "The command line"
PYTEST := OMP_NUM_THREADS=1 TOKENIZERS_PARALLELISM=false $(BIN)/python -m pytest

.PHONY: demo test check format docs notebooks bench marked clean

demo: .venv/installed  ## Train and test the built-in lie detector, and write its report.
	$(BIN)/sonde demo

test: .venv/developing  ## The fast tests.
	$(PYTEST) -n 2 -q -m "not slow and not browser and not gpu"

marked: .venv/developing  ## The slow tests and those that need a browser, notebooks apart.
	$(PYTEST) -n 2 -q -m "(slow or browser) and not gpu" --ignore tests/notebooks

check: .venv/developing  ## Format, lint, types, import contracts, the page of the commands.
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	@$(CLI_PAGE) | diff -u docs/cli.md - || { echo "docs/cli.md is not what the commands say: make docs"; exit 1; }

format: .venv/developing
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

docs: .venv/developing  ## Write the page of the commands again.
	$(CLI_PAGE) > docs/cli.md

notebooks: .venv/developing  ## Run every notebook top to bottom from an installed wheel, and look at its page.
	$(BIN)/python -m pip install -q -e ".[notebooks]"
	$(PYTEST) -n 2 -q tests/notebooks

bench: .venv/developing  ## Every benchmark, one after the other. Leave the machine alone meanwhile.
	for script in benchmarks/[a-z]*.py; do echo "== $$script"; $(BIN)/python $$script || exit 1; done

.venv/bin/python:
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install -q --upgrade pip

.venv/installed: .venv/bin/python pyproject.toml
	$(BIN)/python -m pip install -q -e .
	touch $@

.venv/developing: .venv/bin/python pyproject.toml
	$(BIN)/python -m pip install -q -e ".[dev]"
	touch $@ .venv/installed

clean:
	rm -rf .venv build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
