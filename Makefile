# Everything a person types. `make` alone lists it.
.DEFAULT_GOAL := help
PY := .venv/bin/python
export PYTHONUNBUFFERED := 1

.PHONY: help setup demo up test lint check bench train voices clean

help:  ## this list
	@grep -hE '^[a-z]+:.*## ' Makefile | sed -E 's/:.*## /\t/' | expand -t 10

setup:  ## both environments, both pages, the speech model, the trained assistant
	@tools/setup/setup.sh

demo: setup  ## start everything, send the sample voicemails, show what became of them (ONCE=1: then end)
	@$(PY) -m tools.demo $(if $(ONCE),--once)

up: setup  ## start everything
	@.venv/bin/huying up

train: setup  ## train the assistant if anything it depends on changed
	@.venv/bin/huying train

testsetup:
	@tools/setup/setup.sh --test

test: testsetup  ## all tests, with real parts
	@$(PY) -m pytest tests --ignore=tests/bench -n 3 --dist loadfile --durations=25 $(PYTEST)

lint: testsetup  ## lint, types, who may import whom, licences
	@$(PY) -m ruff check . && $(PY) -m ruff format --check .
	@$(PY) -m mypy
	@.venv/bin/lint-imports
	@$(PY) tools/setup/module_names.py
	@$(PY) tools/setup/licences.py

check: lint  ## lint and the fast tests
	@$(PY) -m pytest -q tests/unit

bench: testsetup  ## speed, as ratios measured in one run
	@$(PY) -m tests.bench

voices:  ## make the sample voicemails' voices anew (synthetic speech)
	@sh tools/voices/run.sh

clean:  ## remove what setup made; recordings and databases stay
	rm -rf .venv bot/.venv build page/node_modules desk/node_modules intake/web/assets/page intake/web/assets/desk
