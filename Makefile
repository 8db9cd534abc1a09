# Everything a newcomer or CI runs. `make report` and `make test` set themselves up.
PYTHON ?= python3
VENV := .venv/bin
COMPILE := uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes \
  --no-strip-extras --no-emit-index-url --no-emit-find-links --no-header --no-annotate
INSTALL := python -m pip install --quiet --disable-pip-version-check
# text-unidecode leaves the choice of the Artistic Licence; axe-playwright-python ships MIT untold
FREE := MIT|BSD|Apache|ISC|MPL|Mozilla|PSF|Python Software Foundation|OFL|LGPL|Artistic|axe-playwright
FUZZ_INPUTS ?= 20000
FUZZ_SECONDS ?= 60
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help report test lint types layers unit test-whole test-spark test-lowest slow fuzz bench notebooks \
  docs format lock audit clean
.DEFAULT_GOAL := help

help:            ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

# `make report` waits for what a report needs; `make test` adds the rest to the same environment
.venv/.report: requirements.txt
.venv-spark/.ready: requirements-distributed.txt
.venv-fuzz/.ready: requirements-fuzz.txt
.venv/.report .venv-spark/.ready .venv-fuzz/.ready: pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "tariffimpact needs Python 3.11 or later; call make with PYTHON=python3.11")'
	$(PYTHON) -m venv $(@D)
	$(@D)/bin/$(INSTALL) --require-hashes -r $(filter requirements%,$^)
	$(@D)/bin/$(INSTALL) --no-deps --no-build-isolation -e .
	touch $@

.venv/.ready: .venv/.report requirements-dev.txt
	$(@D)/bin/$(INSTALL) --require-hashes -r requirements-dev.txt
	touch $@

report: .venv/.report  ## write reports/tariff-impact.html, .pdf and the figures
	$(VENV)/tariffimpact report --out reports

test: .venv/.ready  ## lint, types, import layers and the tests of each rule: three minutes on two cores
	$(MAKE) --jobs=2 lint layers types unit  # the types are checked while the tests begin

lint: .venv/.ready
	$(VENV)/ruff check .
	$(VENV)/ruff format --check .

types: .venv/.ready
	$(VENV)/mypy

layers: .venv/.ready
	$(VENV)/lint-imports

unit: .venv/.ready
	$(VENV)/pytest -n auto --dist loadfile -m "not slow and not whole" --cov  # a file's fixtures are made once

test-whole: .venv/.ready  ## every page, notebook, report, workbook, engine and the site, from end to end
	$(VENV)/pytest -n auto --dist loadfile -m "whole and not slow"

test-spark: .venv-spark/.ready  ## the Spark engine, in an environment of its own (470 MB, Java 17)
	.venv-spark/bin/pytest tests/portfolio/test_spark.py  # fails too where every test is skipped

test-lowest:     ## the lowest versions that pyproject.toml allows, in an environment of their own
	$(PYTHON) -m venv .venv-lowest
	.venv-lowest/bin/$(INSTALL) uv
	.venv-lowest/bin/uv pip install --quiet --python .venv-lowest --resolution lowest-direct \
	  --group test -e '.[estimation,slides]' 'pikepdf>=10' 'frictionless>=5.18'
	.venv-lowest/bin/pytest -W default -m "not slow and not whole" --ignore=tests/docs --ignore=tests/browser \
	  --ignore=tests/hardening --ignore=tests/release

slow: .venv/.ready  ## the tests that take long, and every property on many more examples
	$(VENV)/pytest -n auto -m "slow or hypothesis" --hypothesis-profile=thorough

fuzz: .venv-fuzz/.ready  ## look for files that break a reader, FUZZ_INPUTS=20000 and FUZZ_SECONDS=60
	.venv-fuzz/bin/python fuzz/spoil.py +$(FUZZ_INPUTS)
	.venv-fuzz/bin/python fuzz/run.py $(FUZZ_SECONDS)

bench: .venv/.ready  ## measure against bare NumPy and peers (pip install pyblp SALib in .venv adds them)
	for name in benchmarks/[a-z]*.py; do case $$name in *_peers.py) continue;; esac; \
	  $(VENV)/python $$name || exit 1; done

notebooks: .venv/.ready  ## make each .ipynb from its .py source and run it
	$(VENV)/python notebooks/tools/execute.py

docs: .venv/.ready  ## build the documentation into site/; `make test-whole` builds and checks it too
	NO_MKDOCS_2_WARNING=1 $(VENV)/mkdocs build --strict

format: .venv/.ready  ## put the code in its standard form
	$(VENV)/ruff check --fix .
	$(VENV)/ruff format .

lock:            ## pin every dependency with its hash (needs uv on the PATH)
	$(COMPILE) --extra estimation --extra notebooks --extra slides --group dev -o requirements-dev.txt
	$(COMPILE) --group build -c requirements-dev.txt -o requirements.txt
	$(COMPILE) --extra distributed --group test -c requirements-dev.txt -o requirements-distributed.txt
	$(COMPILE) --group fuzz -c requirements-dev.txt -o requirements-fuzz.txt

audit: .venv/.ready  ## licences of everything installed, and a bill of materials in build/
	$(PYTHON) -m venv .venv-audit
	.venv-audit/bin/$(INSTALL) 'cyclonedx-bom>=7' 'pip-licenses>=5'
	mkdir -p build
	.venv-audit/bin/cyclonedx-py environment --output-reproducible -o build/bom.json $(VENV)/python
	.venv-audit/bin/pip-licenses --python $(VENV)/python --format markdown --order license \
	  --output-file build/licences.md
	! tail -n +3 build/licences.md | grep -vE '$(FREE)'

clean:
	rm -rf .venv .venv-spark .venv-fuzz .venv-lowest .venv-audit fuzz/corpus dist build site
