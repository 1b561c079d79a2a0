# Each command sets up .venv and node_modules first if they are missing or older than their locks.

BIN := .venv/bin
# The site's tools look for node on the path; set-up puts one into .venv where the system has none.
export PATH := $(CURDIR)/$(BIN):$(PATH)
# One BLAS thread, so that results do not depend on the number of cores.
export OMP_NUM_THREADS := 1
export OPENBLAS_NUM_THREADS := 1
export MKL_NUM_THREADS := 1
export VECLIB_MAXIMUM_THREADS := 1

NOTEBOOKS = $(wildcard chapters/*.ipynb solutions/*.ipynb)
# What the outputs on the pages depend on, besides the pages themselves.
SOURCES = requirements.txt $(shell find mlcourse -type f ! -path '*/__pycache__/*' | LC_ALL=C sort)

.PHONY: help setup book serve lab test bench lint execute lock clean distclean

help: ## list the commands
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' Makefile

setup: node_modules/.package-lock.json

# A .venv that was copied or moved here, or whose Python is gone, does not run.
ifneq ($(wildcard $(BIN)/python) $(shell cat .venv/ready 2>/dev/null),$(BIN)/python $(CURDIR))
.PHONY: .venv/ready
endif
.venv/ready: requirements.txt tools/setup.py
	@sh tools/setup.sh python

node_modules/.package-lock.json: .venv/ready package-lock.json requirements-node.txt .npmrc
	@sh tools/setup.sh node

book: setup ## build the site into _build/html
	@sum=$$(cksum $(SOURCES)); if [ "$$sum" != "$$(cat _build/sources 2>/dev/null)" ]; then \
	    rm -rf _build/.jupyter_cache _build/.doctrees _build/html; \
	    mkdir -p _build; echo "$$sum" > _build/sources; fi
# Sphinx does not repeat the warnings of a page it has read: after a failure, read them all again.
	$(BIN)/jupyter-book build . -W -n --keep-going || { rm -rf _build/.doctrees; exit 1; }

serve: book ## build the site and serve it on this machine
	$(BIN)/python tools/serve.py

lab: setup ## open the chapters in JupyterLab
	$(BIN)/jupyter lab --ServerApp.root_dir=. --LabApp.default_url=/lab/tree/chapters

test: setup ## unit tests, every notebook, then the built site in a browser
	$(BIN)/pytest -n 2 --ignore=tests/browser
	$(MAKE) book
	$(BIN)/pytest -n 2 --dist=loadfile --nbval $(NOTEBOOKS) tests/browser

bench: setup ## measure speed
	$(BIN)/pytest benchmarks

lint: setup ## ruff and mypy
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

execute: setup ## run the notebooks again and keep their outputs
	$(BIN)/jupyter nbconvert --to notebook --execute --inplace \
	    --ExecutePreprocessor.record_timing=False $(NOTEBOOKS)

lock: setup ## pin what is installed in .venv (see tools/lock.py)
	$(BIN)/python tools/lock.py

clean: ## remove what was built
	rm -rf _build build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .benchmarks
	find mlcourse tests tools -name __pycache__ -prune -exec rm -rf {} +

distclean: clean ## remove also .venv and node_modules
	rm -rf .venv node_modules
