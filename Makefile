# `make compare` and `make test` are all that a fresh machine needs; `make help` lists the rest.
# ARGS are passed on:  make compare ARGS="patients=2000 surgery.leak_probability=0.08"

# Candidates, best first; the lock holds for 3.11 to 3.13.  make PYTHON=/path/to/python compare
PYTHON ?= python3.11 python3.12 python3.13 python3
BIN := .venv/bin
ARGS ?=
# The locks are complete, so pip resolves nothing (--no-deps) and builds with what they hold.
PIP = $(BIN)/python -m pip
INSTALL = $(PIP) install --quiet --disable-pip-version-check --no-deps --no-build-isolation

.DELETE_ON_ERROR:
.PHONY: help compare whatif test test-long lint bench mutants gallery calibrated validation scenarios economics lessons parameters schema trial-format data-flow engine docs lock python clean

help:  ## this list
	@sed -nE 's/^([a-z-]+):.*## (.*)/  make \1\t\2/p' Makefile | expand -t 20

compare: .venv/.installed  ## install if needed, then compare the policies on one cohort (the main job)
	$(BIN)/lrrc compare $(ARGS)

whatif: .venv/.installed  ## install if needed, then the page "What if?", which holds the model: move a lever, see what follows
	$(BIN)/lrrc whatif $(ARGS)

test: .venv/.installed  ## the tests, except the long ones
	$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder $(ARGS)

test-long: .venv/.linker  ## the long tests alone
	$(BIN)/python -m pytest -n 2 --dist worksteal -m long $(ARGS)

lint: .venv/.installed  ## style, format and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: .venv/.installed  ## speed and memory, measured
	$(BIN)/python -m benchmarks $(ARGS)

mutants: .venv/.installed  ## the model broken in one place at a time: does a test notice? (resumes; ARGS="minutes=10 salvage")
	$(BIN)/python -m benchmarks.mutants $(ARGS)

gallery: .venv/.installed  ## the pictures of docs/gallery.md, made again
	$(BIN)/python -m experiments.pages.gallery

calibrated: .venv/.installed  ## the fitted disease, its posterior, discrepancy and left-out predictions, again (an hour on two cores; resumes where it was stopped)
	$(BIN)/lrrc calibrate ship=true search_evaluations=97 out=runs/calibrate/shipped \
	  'refits=[dutch_tme,lateral_node_consortium,norwegian_perforation,salvage_eindhoven,swedish_recurrences]' $(ARGS)

validation: .venv/.installed  ## docs/validation.md and its pictures, made again
	$(BIN)/python -m experiments.pages.validation_page $(ARGS)

scenarios: .venv/.installed  ## docs/scenarios.md and its pictures, made again (ten minutes)
	$(BIN)/python -m experiments.pages.scenarios_page $(ARGS)

lessons: .venv/.installed  ## docs/teaching/, the worksheet and the answer key of the lessons, made again
	$(BIN)/python -m experiments.pages.lessons_page

parameters: .venv/.installed  ## docs/parameters.md, read from the code and its configuration again
	$(BIN)/python -m experiments.pages.parameters_page

economics: .venv/.installed  ## the results on docs/economics.md, made again (keeps its runs in runs/economics)
	$(BIN)/python -m experiments.pages.economics_page $(ARGS)

trial-format: .venv/.installed  ## what docs/trials.md has from the code and the shipped files, again
	$(BIN)/python -m experiments.pages.trials_page

schema: .venv/.installed  ## conf/schemas, the JSON Schemas of the YAML files, read from the code again
	$(BIN)/python -m experiments.pages.json_schema

data-flow: .venv/.installed  ## the diagram of CONTRIBUTING.md, read from the code again
	$(BIN)/python -m experiments.pages.data_flow

# The linker goes to a folder of its own: nothing else needs it.
engine: .venv/.linker  ## experiments/engine/engine.wasm, the compiled model for a browser, lowered from the code again
	PYTHONPATH=$(CURDIR)/.venv/linker $(BIN)/python -m experiments.engine.build

.venv/.linker: .venv/.installed engine.lock
	$(INSTALL) --require-hashes --upgrade --target .venv/linker -r engine.lock
	@touch $@

# -E: what is generated depends on the code, which Sphinx does not watch.
docs: .venv/.installed  ## the documentation as pages with a search: docs/_build/index.html (no network)
	$(BIN)/python docs/sphinx/pathway.py
	$(BIN)/python -m sphinx -E -W --keep-going -n -q -c docs . docs/_build $(ARGS)
	$(BIN)/lrrc whatif open=false out=docs/_build/docs/what_if.html

# Pins stay where they still fit; ARGS=--upgrade moves them. An index's address never enters a lock.
COMPILE := pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	--no-emit-find-links --custom-compile-command "make lock"
lock:  ## renew requirements.lock, build.lock, engine.lock and requirements.json from pyproject.toml
	@python=$$($(MAKE) -s --no-print-directory python) && dir=$$(mktemp -d) && trap 'rm -rf "$$dir"' EXIT && \
	"$$python" -m venv "$$dir" && "$$dir/bin/python" -m pip install --quiet --upgrade pip uv && \
	"$$dir/bin/uv" $(COMPILE) --all-extras --group dev --group docs --group bench $(ARGS) pyproject.toml -o requirements.lock && \
	"$$dir/bin/uv" $(COMPILE) --group build --constraint requirements.lock -o build.lock && \
	"$$dir/bin/uv" $(COMPILE) --group engine $(ARGS) -o engine.lock && \
	"$$dir/bin/python" .ci/record_requirements.py

python:  ## the Python that the environment is made with
	@for python in $(PYTHON); do \
		if "$$python" -c 'import ensurepip, sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null; \
		then command -v "$$python"; exit 0; fi; \
	done; \
	echo "lrrc-sim needs Python 3.11, 3.12 or 3.13 with venv; none among: $(PYTHON)." >&2; \
	echo "Install one (Debian: apt-get install python3 python3-venv) or name it: make PYTHON=/path/to/python" >&2; \
	exit 1

clean:  ## remove the environment and the caches; runs/ stays
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Two stamps, so that a change of pyproject.toml does not install the dependencies again.
# --clear: the environment holds what the lock holds, and nothing left from an earlier lock.
.venv/.locked: build.lock requirements.lock
	@python=$$($(MAKE) -s --no-print-directory python) && \
	echo "Making .venv with $$python (once, a minute or two)" && "$$python" -m venv --clear .venv
	$(INSTALL) --require-hashes -r build.lock
	$(INSTALL) --require-hashes -r requirements.lock
	@touch $@

.venv/.installed: .venv/.locked pyproject.toml
	$(INSTALL) --editable .
	@touch $@
