# What a person types: make demo, make test. CI calls the same targets.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: install demo test lint type format programs clean help

help:  ## show the targets
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/'

install: $(STAMP)  ## make .venv with the pinned dependencies

# torch comes first and pinned, so that no other package pulls another build of it.
$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Daedalus needs Python 3.11 or newer; try: make PYTHON=python3.12")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt torch
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[dev]'
	@touch $@

demo: install  ## run the main job: one comparison, one report
	$(BIN)/daedalus compare --config examples/demo.yaml --name demo

test: install  ## run the whole test suite
	$(BIN)/python -m pytest -n 2 --dist worksteal  # neighbours stay together, so that few kernels are compiled twice

lint: install  ## ruff: style and format
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

type: install  ## mypy, strict
	$(BIN)/mypy

format: install  ## let ruff mend what it can
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

PROGRAMS := chromium chromedriver Xvfb xdotool ffprobe
DEBIAN := chromium chromium-driver xvfb xdotool ffmpeg

programs:  ## Debian's programs that some tests use: a browser, a display, a video reader
	for program in $(PROGRAMS); do command -v $$program >/dev/null || exec sh -c "apt-get update -qq && apt-get install -y -qq $(DEBIAN)"; done

clean:  ## remove the environment and the caches
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache
