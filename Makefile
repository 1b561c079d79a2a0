# Each command sets up .venv and node_modules first if they are missing or older than their locks.

BIN := .venv/bin
# The site's tools look for node on the path; set-up puts one into .venv where the system has none.
SYSTEM_PATH := $(PATH)
export PATH := $(CURDIR)/$(BIN):$(PATH)
# One BLAS thread, so that results do not depend on the number of cores.
export OMP_NUM_THREADS := 1
export OPENBLAS_NUM_THREADS := 1
export MKL_NUM_THREADS := 1
export VECLIB_MAXIMUM_THREADS := 1
# Figures with sliders leave out their live half, whose ids are random, and no progress bar runs.
export MLCOURSE_STATIC := 1

NOTEBOOKS = $(wildcard chapters/*.ipynb solutions/*.ipynb)
NBVAL = $(BIN)/pytest -n 2 --dist=loadfile --nbval --nbval-sanitize-with tests/nbval.cfg
# What the outputs of the notebooks depend on, besides the notebooks, and what the pages depend on.
RUN_FROM = requirements.txt $(shell find mlcourse chapters/results -type f ! -name '*.pyc' | LC_ALL=C sort)
PAGES_FROM = _config.yml $(wildcard _ext/*.*)

.PHONY: help setup book serve lab release test test-processors test-nbgrader bench lint execute lock clean distclean

help: ## list the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-14s %s\n", $$1, $$2 }' Makefile

setup: node_modules/.package-lock.json

# A .venv that was copied or moved here, or whose Python is gone, does not run.
ifneq ($(shell test -x $(BIN)/python && cat .venv/ready 2>/dev/null),$(CURDIR))
.PHONY: .venv/ready
endif
.venv/ready: requirements.txt tools/setup.py
	@PATH="$(SYSTEM_PATH)" sh tools/setup.sh python

node_modules/.package-lock.json: .venv/ready package-lock.json requirements-node.txt .npmrc
	@PATH="$(SYSTEM_PATH)" sh tools/setup.sh node

# $(call forget,RECORD,FILES,PRODUCTS): remove the products unless the files are as recorded.
define forget
@sum=$$(cksum $2); if [ "$$sum" != "$$(cat _build/$1 2>/dev/null)" ]; then \
    rm -rf $3; mkdir -p _build; echo "$$sum" > _build/$1; fi
endef

# Sphinx notices changed pages. It does not repeat the warnings of a page that it has read, so after
# a failure it has to read them all again.
book: setup ## build the site into _build/html
	$(call forget,run_from,$(RUN_FROM),_build/.jupyter_cache _build/.doctrees _build/html)
	$(call forget,pages_from,$(PAGES_FROM),_build/.doctrees _build/html)
	$(BIN)/jupyter-book build . -W -n --keep-going || { rm -rf _build/.doctrees; exit 1; }

serve: book ## build the site and serve it on this machine
	$(BIN)/python tools/serve.py

# Jupyter's own data, such as which notebooks are trusted, stays in this folder.
lab: export JUPYTER_DATA_DIR := $(CURDIR)/.venv/jupyter
lab: setup ## open the chapters in JupyterLab
	@$(BIN)/jupyter trust chapters/*.ipynb > /dev/null  # or figures are left out until they are run
	MLCOURSE_STATIC= $(BIN)/jupyter lab $(if $(filter 0,$(shell id -u)),--allow-root) \
	    --ServerApp.root_dir=. --LabApp.news_url=None --LabApp.default_url=/lab/tree/$(firstword $(NOTEBOOKS))

release: setup ## write labs/ for students from solutions/
	$(BIN)/python -m mlcourse.grading release

test: setup ## unit tests, every notebook, then the built site in a browser
	$(BIN)/pytest -n 3 --dist=loadfile --ignore=tests/browser --ignore=tests/nbgrader  # many of them wait
	$(MAKE) book
	$(NBVAL) $(NOTEBOOKS) tests/browser

# Every printed number has to come out the same on processors with shorter vectors.
test-processors: setup ## every notebook as two older processors compute (minutes)
	OPENBLAS_CORETYPE=Haswell ATEN_CPU_CAPABILITY=avx2 MKL_ENABLE_INSTRUCTIONS=AVX2 \
	    NPY_DISABLE_CPU_FEATURES="X86_V4 AVX512_ICL AVX512_SPR" $(NBVAL) $(NOTEBOOKS)
	OPENBLAS_CORETYPE=Nehalem ATEN_CPU_CAPABILITY=default MKL_ENABLE_INSTRUCTIONS=SSE4_2 \
	    NPY_DISABLE_CPU_FEATURES="X86_V3 X86_V4 AVX512_ICL AVX512_SPR" $(NBVAL) $(NOTEBOOKS)

test-nbgrader: _build/nbgrader/ready ## the labs in nbgrader (an environment of its own)
	$(BIN)/pytest tests/nbgrader

_build/nbgrader/ready: tests/nbgrader/requirements.txt | setup
	rm -rf _build/nbgrader
	$(BIN)/python -m venv _build/nbgrader
	_build/nbgrader/bin/pip install --quiet --disable-pip-version-check -r $<
	touch $@

bench: setup ## measure speed against other libraries (minutes)
	$(BIN)/python benchmarks/run.py

lint: setup ## ruff and mypy
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

execute: setup ## run the notebooks again and keep their outputs
	$(BIN)/python tools/execute.py $(NOTEBOOKS)

lock: setup ## pin what is installed in .venv (see tools/lock.py)
	$(BIN)/python tools/lock.py

clean: ## remove what was built
	rm -rf _build build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .benchmarks
	find chapters mlcourse tests tools \( -name __pycache__ -o -name .ipynb_checkpoints -o -name .ruff_cache \) -prune -exec rm -rf {} +

distclean: clean ## remove also .venv and node_modules
	rm -rf .venv node_modules
