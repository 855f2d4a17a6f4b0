# make demo    install, make a motion from a sentence, write a video, a BVH, an npy and a strip of poses
# make test    install, then everything a change must pass
# make quick   the tests that take seconds
# make data    build the data set of the embedded model from the raw data
# make model   build the embedded model from the raw data (hours on a CPU)
#
# VENV names the virtual environment, which is made when it is missing; RAW the folder of raw data (see
# recipes/embedded/README.md).

PYTHON ?= python3
VENV ?= .venv
RAW ?= ../shared/data
TEXT ?= a person walks forward and turns left

BIN := $(VENV)/bin
INSTALL := $(BIN)/python -m pip install --quiet --constraint constraints.txt --editable

RECIPE = -f recipes/embedded/Makefile RAW=$(RAW) MOTIONGPT=$(BIN)/motiongpt

.PHONY: demo test browser quick lint data model

demo: $(VENV)/installed-all
	@$(BIN)/motiongpt generate "$(TEXT)" --seconds 4 --seed 0 --format mp4,bvh,npy,png --output outputs/demo

test: lint tests/node_modules browser
	$(BIN)/python -m pytest -n 2 --dist loadfile

# What reads our files for the web in tests: the Khronos validator and three.js, and a browser. Without npm, or without
# a browser and the right to install one, these tests are skipped and say why.
tests/node_modules: tests/package-lock.json
	@if command -v npm > /dev/null; then npm ci --prefix tests --no-audit --no-fund && touch $@; \
		else echo "no npm: tests of files for the web will be skipped"; fi

browser:
	@if ! command -v chromium > /dev/null && [ "$$(id -u)" = 0 ] && command -v apt-get > /dev/null; then \
		(apt-get -qq update && apt-get -qq install --yes --no-install-recommends chromium > /dev/null) \
		|| echo "no chromium: tests in a browser will be skipped"; fi

quick: $(VENV)/installed-dev
	$(BIN)/python -m pytest -n 2 --dist loadfile -m "not slow"

lint: $(VENV)/installed-dev
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

# The recipe of the embedded model, recipes/embedded/README.md.
data: $(VENV)/installed-all
	$(MAKE) $(RECIPE) data

model: $(VENV)/installed-all
	$(INSTALL) '.[all,pretrained]'
	$(MAKE) $(RECIPE) model MODEL=src/motiongpt/weights

# The tests' tools come with everything else.
$(VENV)/installed-all: pyproject.toml constraints.txt | $(BIN)/python
	$(INSTALL) '.[all]'
	@touch $@

$(VENV)/installed-dev: pyproject.toml constraints.txt | $(BIN)/python
	$(INSTALL) '.[dev]'
	@touch $@ $(VENV)/installed-all

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)
