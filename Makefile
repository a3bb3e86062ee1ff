# Everything a person types. `make` alone lists it.
.DEFAULT_GOAL := help
PY := .venv/bin/python
export PYTHONUNBUFFERED := 1

.PHONY: help setup demo up test durations lint linted units check bench train voices clean

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

# The long tests start first (tests/durations.json); tests that share a server form a group, which
# one worker runs. Workers wait for processes and browsers much of the time: one more than cores.
WORKERS ?= 3
PYTEST_RUN = $(PY) -m pytest -n $(WORKERS) --dist loadgroup --no-loadscope-reorder

test: testsetup  ## all tests, with real parts (K=desk: those whose names match; WORKERS=3)
	@$(PYTEST_RUN) tests --ignore=tests/bench --durations=25 $(if $(K),-k "$(K)") $(PYTEST)

durations:  ## all tests; what each took is written down and orders later runs
	@$(MAKE) test PYTEST="--record-durations $(PYTEST)"

lint: testsetup linted  ## lint, types, who may import whom, licences

linted:
	@$(PY) -m ruff check . && $(PY) -m ruff format --check .
	@$(PY) -m mypy
	@.venv/bin/lint-imports
	@$(PY) tools/setup/module_names.py
	@$(PY) tools/setup/licences.py

units:
	@$(PYTEST_RUN) -q tests/unit

check: testsetup  ## lint and the fast tests, in under two minutes
	@$(MAKE) --no-print-directory --jobs=2 --output-sync=target linted units

bench: testsetup  ## speed, as ratios measured in one run
	@$(PY) -m tests.bench

voices:  ## make the sample voicemails' voices anew (synthetic speech)
	@sh tools/voices/run.sh

clean:  ## remove what setup made; recordings and databases stay
	rm -rf .venv bot/.venv build page/node_modules desk/node_modules intake/web/assets/page intake/web/assets/desk
