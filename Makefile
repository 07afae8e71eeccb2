# make run    everything in one terminal, at http://127.0.0.1:8000/ (PORT=8001 DATA=.data2: a second copy beside it)
# make test   everything a merge needs, from nothing
# make fuzz   100,000 random schedules for each of the clients' reducers; 100,000 frames and 12,000 requests for servers
# make slow   what make test leaves out: the same on other databases and servers, kills and faults, minutes of them
# make chaos  faults under load for 20 minutes (SECONDS=60 SEED=7: for so long, the same again)
# make stress  eight processes with 5,000 transactions each, some of them killed (SEED=7)
# make mutants whether each deliberate breakage is noticed (SEED=7)
# make help   the rest

SHELL := /bin/sh
BIN := .venv/bin
# The first Python that is new enough and can make virtual environments.
PYTHON ?= $(shell for python in python3 python3.13 python3.12 python3.11; do \
	$$python -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python && break; done)

QUICK := lint types imports templates checks node
PARTS := $(QUICK) browser unit faults
SYNC := $(if $(filter output-sync,$(.FEATURES)),--output-sync=target)

.DEFAULT_GOAL := run
.PHONY: run test slow fuzz stress chaos mutants help ready-to-run ready-to-test wheel clean $(PARTS)

run: ready-to-run
	@$(BIN)/python manage.py prepare
	@exec $(BIN)/python manage.py run --parent $$PPID

# The long part with all others beside it, because most of its tests wait for servers. Each part's output comes when it
# ends. One that fails fails the whole, and stops no other.
test: ready-to-test
	@$(MAKE) --no-print-directory --keep-going --jobs 2 $(SYNC) unit $(QUICK) browser faults && echo "== all passed"

lint:
	@echo "== $@"
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

types:
	@echo "== $@"
	@$(BIN)/mypy

imports:
	@echo "== $@"
	@$(BIN)/lint-imports --no-logo --no-cache

templates:
	@echo "== $@"
	@$(BIN)/djlint templates --check --quiet
	@$(BIN)/djlint templates --lint --quiet

checks:
	@echo "== $@"
	@$(BIN)/python manage.py check --fail-level WARNING
	@$(BIN)/python manage.py makemigrations --check --dry-run

# Two files at a time: most tests wait for servers.
unit:
	@echo "== $@"
	@$(BIN)/pytest tests --ignore tests/browser --ignore tests/chaos/test_chaos.py --numprocesses 2 --dist loadfile -m "not slow"

# The others: the same on another database or server, faults, kills.
slow: ready-to-test
	@$(BIN)/pytest tests --ignore tests/browser --numprocesses 2 --dist loadfile -m slow
	@$(BIN)/pytest $(BROWSER) -m slow

# Faults under load, and mutants.
faults:
	@echo "== $@"
	@$(BIN)/pytest tests/chaos/test_chaos.py

node:
	@echo "== $@"
	@cd tests/js && npm test

# The same tests with many more random schedules.
fuzz: ready-to-test
	@FUZZ_SCHEDULES=100000 $(BIN)/pytest -q tests/streams/test_reducer.py
	@FUZZ_FRAMES=100000 $(BIN)/pytest -q tests/streams/test_abuse.py -k fuzzed
	@FUZZ_REQUESTS=500 $(BIN)/pytest -q tests/acceptance/test_abuse.py -k made_up
	@cd tests/js && FUZZ_SCHEDULES=100000 node --test core/fuzz.test.js

BROWSER := -p no:asyncio -W ignore::pytest.PytestConfigWarning tests/browser

# A process of its own: sync Playwright and pytest-asyncio do not mix.
browser:
	@echo "== $@"
	@$(BIN)/pytest $(BROWSER) -m "not slow"

stress: ready-to-test
	@MILLRACE_LONG=1 $(if $(SEED),SEED=$(SEED)) $(BIN)/pytest -q tests/acceptance/test_stress.py

chaos: ready-to-test
	@$(BIN)/python -m tests.chaos.run $(if $(SECONDS),--seconds $(SECONDS)) $(if $(SEED),--seed $(SEED))

mutants: ready-to-test
	@$(BIN)/python -m tests.chaos.mutate $(if $(SEED),--seed $(SEED))

wheel: ready-to-test
	@$(BIN)/python -m build --wheel

clean:
	rm -rf .venv tests/js/node_modules dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis

help:
	@sed -n 's/^# \(make .*\)/\1/p' Makefile
	@echo "parts of make test: $(PARTS)"
	@echo "make wheel  the package django-millrace in dist/;  make clean  remove all that make made but .data"

ready-to-run ready-to-test:
	@test -n "$(PYTHON)" || { echo "error: no Python 3.11 or newer with venv (on Debian: apt install python3-venv)"; exit 1; }
	@$(PYTHON) .ci/environment.py $(@:ready-to-%=%)
