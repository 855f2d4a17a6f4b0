# make demo    install, make a motion from a sentence, write a video, a BVH, an npy and a strip of poses
# make test    install, then everything a change must pass
# make quick   the tests that take seconds
# make model   build the embedded model again from the raw data (hours on a CPU)
#
# VENV names the virtual environment, which is made when it is missing; RAW the folder of raw data (see docs/data.md).

PYTHON ?= python3
VENV ?= .venv
RAW ?= ../shared/data
# Defaults of generation of the embedded model.
GENERATION := top_p=0.95 guidance=2 rerank=24 wordings=4 min_seconds=1.5 clauses=true
TEXT ?= a person walks forward and turns left

BIN := $(VENV)/bin
INSTALL := $(BIN)/python -m pip install --quiet --constraint constraints.txt --editable

PRACTICE = mkdir -p runs/practice && $(BIN)/motiongpt data practice data/augmented \
	--captions $(RAW)/captions/humanml3d.jsonl.gz
assemble = $(BIN)/motiongpt train assemble --tokenizer runs/embedded-refinement/final --language runs/$(1)/final \
	--matcher runs/embedded-matcher/final --refiner runs/embedded-quick-refiner/final \
	--evaluator runs/embedded-evaluator/final --dtype int8 --output $(2) $(GENERATION)

.PHONY: demo test browser quick lint data model

demo: $(VENV)/installed-all
	@$(BIN)/motiongpt generate "$(TEXT)" --seconds 4 --seed 0 --format mp4,bvh,npy,png --output outputs/demo

test: lint tests/node_modules browser
	$(BIN)/python -m pytest

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
	$(BIN)/python -m pytest -m "not slow"

lint: $(VENV)/installed-dev
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

data: $(VENV)/installed-all
	$(BIN)/motiongpt data build --cmu $(RAW)/cmu --captions $(RAW)/captions/humanml3d.jsonl.gz --hdm05 $(RAW)/hdm05 \
		--output data/motion

# Each stage goes on where it was interrupted; the configs say what it reads and where it writes.
model: data
	$(INSTALL) '.[all,pretrained]'
	$(BIN)/motiongpt data augment data/motion --output data/augmented --clips 40000
	$(BIN)/motiongpt data mine data/augmented --captions $(RAW)/captions/humanml3d.jsonl.gz \
		--output data/augmented/mined.jsonl.gz
	$(BIN)/motiongpt train tokenizer --config embedded-tokenizer
	$(BIN)/motiongpt train tokenizer --config embedded-refinement
	$(BIN)/motiongpt train pretrain --config embedded-pretrain
	$(BIN)/motiongpt train instruct --config embedded-instruct
	$(BIN)/motiongpt train instruct --config embedded-finetune
	$(BIN)/motiongpt train evaluator --config embedded-matcher
	$(BIN)/motiongpt train refiner --config embedded-refiner
	$(BIN)/motiongpt train refiner --config embedded-quick-refiner
	$(BIN)/motiongpt train evaluator --config embedded-evaluator
	$(call assemble,embedded-finetune,runs/embedded)
	$(PRACTICE) --model runs/embedded --output runs/practice/first.jsonl.gz
	$(BIN)/motiongpt train instruct --config embedded-practice
	$(call assemble,embedded-practice,runs/embedded-practised)
	$(PRACTICE) --model runs/embedded-practised --seed 1 --output runs/practice/more.jsonl.gz
	cat runs/practice/first.jsonl.gz runs/practice/more.jsonl.gz > runs/practice/second.jsonl.gz
	$(BIN)/motiongpt train instruct --config embedded-practice-more
	$(call assemble,embedded-practice-more,src/motiongpt/weights)

# The tests' tools come with everything else.
$(VENV)/installed-all: pyproject.toml constraints.txt | $(BIN)/python
	$(INSTALL) '.[all]'
	@touch $@

$(VENV)/installed-dev: pyproject.toml constraints.txt | $(BIN)/python
	$(INSTALL) '.[dev]'
	@touch $@ $(VENV)/installed-all

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)
