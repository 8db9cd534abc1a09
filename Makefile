# Everything a newcomer or CI runs. `make report` and `make test` set themselves up.
PYTHON ?= python3
VENV := .venv/bin
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help report test lint types layers unit slow bench notebooks format lock clean
.DEFAULT_GOAL := help

help:            ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

.venv/.ready: pyproject.toml requirements.txt
	$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "tariffimpact needs Python 3.11 or later; call make with PYTHON=python3.11")'
	$(PYTHON) -m venv .venv
	$(VENV)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	$(VENV)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $@

report: .venv/.ready  ## write reports/tariff-impact.html, .pdf and the figures
	$(VENV)/tariffimpact report --out reports

test: lint types layers unit  ## everything continuous integration runs, in the same words

lint: .venv/.ready
	$(VENV)/ruff check .
	$(VENV)/ruff format --check .

types: .venv/.ready
	$(VENV)/mypy

layers: .venv/.ready
	$(VENV)/lint-imports

unit: .venv/.ready
	$(VENV)/pytest -n auto -m "not slow"

slow: .venv/.ready  ## the tests that take long
	$(VENV)/pytest -n auto -m slow

bench: .venv/.ready  ## measure against bare NumPy and peers (pip install pyblp SALib in .venv adds them)
	for name in pricing uncertainty market; do $(VENV)/python benchmarks/$$name.py || exit 1; done

notebooks: .venv/.ready  ## make each .ipynb from its .py source, without outputs
	$(VENV)/jupytext --quiet --to ipynb notebooks/*.py

format: .venv/.ready  ## put the code in its standard form
	$(VENV)/ruff check --fix .
	$(VENV)/ruff format .

lock:            ## pin every dependency with its hash (needs uv on the PATH)
	uv pip compile --universal --python-version 3.11 --all-extras --group dev --generate-hashes \
	  --no-emit-index-url --no-emit-find-links --no-header --no-annotate -o requirements.txt pyproject.toml

clean:
	rm -rf .venv dist build site
