# `make` alone lists what there is. Everything that changes lies in .venv/ and var/.
.DEFAULT_GOAL := help
.PHONY: help packages test-packages test-servers venv provision run call test check bench soak lock

BIN := .venv/bin
ROOT := $(or $(CENTRALITA_ASTERISK_ROOT),$(or $(CENTRALITA_VAR),var)/asterisk/root)
SERVERS := $(or $(CENTRALITA_TEST_SERVERS),$(or $(CENTRALITA_VAR),var)/servers)

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' Makefile

packages:
	@asterisk-conf/packages.sh run

test-packages:
	@asterisk-conf/packages.sh test

# An environment is bound to its place and its Python: one that was moved, or lost its Python, is made anew.
# What a link leads to is somebody else's, and never cleared.
WHOLE := $(shell grep -sqF "$$(readlink -f .venv)/bin/" $(BIN)/ivr && $(BIN)/python -c '' 2>/dev/null && echo yes)
ifneq ($(WHOLE),yes)
.PHONY: .venv/installed
endif
PIP := $(BIN)/python -m pip install -qq --disable-pip-version-check

venv: .venv/installed ## the Python environment in .venv
.venv/installed: requirements.lock pyproject.toml | packages
	@echo 'installing the Python packages of requirements.lock into .venv' >&2
	@python3 -m venv $(if $(WHOLE),,$(shell test -L .venv || echo --clear)) .venv
	@$(PIP) --require-hashes -r requirements.lock && $(PIP) --no-deps --no-build-isolation -e . || { \
		echo 'Python packages could not be installed: the reason stands above. Is the network there?' >&2; exit 1; }
	@touch $@

provision: | packages ## Asterisk 22, unpacked under var/ (or where CENTRALITA_ASTERISK_ROOT says)
	@test -x '$(ROOT)/usr/sbin/asterisk' || asterisk-conf/provision.sh '$(ROOT)'

# The servers that only tests talk to: SSH and S3. Unpacked, never installed.
test-servers: | test-packages
	@asterisk-conf/servers.sh '$(SERVERS)'

run: packages venv ## the whole line in this terminal, until Ctrl-C
	@exec $(BIN)/ivr run

call: venv ## a real call through `make run`: make call KEY=1 (AT=2026-11-23T10:00 pretends a time)
	@exec $(BIN)/ivr call $${KEY:+--key "$$KEY"} $${AT:+--at "$$AT"}

test: test-packages test-servers venv provision ## every test, with real Asterisk and real phones
	@$(BIN)/python -m compileall -q acd ivr recordings tests
	$(BIN)/python -m pytest -n 6 --dist loadfile --no-loadscope-reorder -m 'not soak' $(TESTS)

check: venv ## format, lint, types, import contracts, generated pages
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/ivr docs --check
	$(BIN)/ivr schema --check

bench: venv provision ## our wires and the journal against their peers; writes bench/RESULTS.md
	$(BIN)/python -m bench.run

soak: test-packages test-servers venv provision ## the long proofs
	$(BIN)/python -m pytest -m soak $(TESTS)

COMPILE := $(BIN)/pip-compile --quiet --allow-unsafe --generate-hashes --strip-extras \
	--no-emit-find-links --no-emit-index-url --no-emit-trusted-host

lock: venv ## the lock files anew from pyproject.toml and asterisk-conf/servers.in
	$(COMPILE) --extra=install --extra=dev --extra=test --output-file=requirements.lock pyproject.toml
	$(COMPILE) --extra=install --output-file=requirements-server.lock pyproject.toml
	$(COMPILE) --output-file=asterisk-conf/servers.lock asterisk-conf/servers.in
