# Hedgerow: `make demo` and `make test` are all a new machine needs; they bring the rest.
.DEFAULT_GOAL := help
SHELL := /bin/sh
.SUFFIXES:

VENV := .venv
PY := $(VENV)/bin/python
STAMP := $(VENV)/.installed
EXTRA ?= insync
PAGE := gateway/web/dist/index.html
PAGE_SOURCES := $(wildcard gateway/web/src/* gateway/web/src/*/* gateway/web/*.json gateway/web/build.mjs)

help:  ## Show the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 24

setup: $(STAMP) $(PAGE)  ## Make .venv with the hedgerow command

$(STAMP): requirements.lock pyproject.toml
	@sh tools/make-venv.sh $(VENV) requirements.lock
	@touch $@

$(PAGE): $(STAMP) $(PAGE_SOURCES) tools/build-web.sh
	@sh tools/build-web.sh $(VENV)

page: $(PAGE)  ## Build the operator's page

dashboard: setup  ## Open the page of the running or the latest session
	@$(VENV)/bin/hedgerow dashboard $(ARGS)

demo: setup  ## Run a gamma-scalping session on the simulated gateway until Ctrl-C
	@$(VENV)/bin/hedgerow demo --keep $(ARGS)

test: setup check  ## Everything: lint, types, imports, contracts, sizes, and all tests
	@sh tools/need.sh postgresql chromium curl
	@$(PY) tools/test.py $(ARGS)

check: setup  ## Lint, types, import layers, contracts, file sizes
	@$(PY) tools/check.py

torture: setup  ## Attack every promise at a release's counts, and write docs/reliability.md
	@$(VENV)/bin/hedgerow torture --markdown docs/reliability.md $(ARGS)

bench: setup  ## Measure the speed rows into build/bench.json
	@sh tools/need.sh postgresql
	@$(PY) tools/bench.py $(ARGS)

bench-peers: setup  ## Make an environment per engine that `make bench` measures against
	@$(PY) tools/peers.py $(ARGS)

mutants: setup  ## Plant known bugs one by one and demand that the tests catch each
	@$(PY) tools/mutants.py $(ARGS)

proto: setup  ## Regenerate libs/hedgerow/api from proto/
	@$(PY) tools/generate.py

clients: setup  ## Make an environment per IB client library
	@$(PY) tools/test_clients.py --make-only

test-clients: setup  ## Run the simulated gateway's scenarios under all three IB client libraries
	@$(PY) tools/test_clients.py

lock: setup  ## Resolve requirements.lock anew: hashes, no index addresses
	@$(PY) -m uv --version >/dev/null 2>&1 || $(PY) -m pip install -q uv
	@$(PY) -m uv pip compile pyproject.toml --universal --python-version 3.11 --extra dev --extra insync \
	  --generate-hashes --no-emit-index-url --no-emit-find-links --no-header -q -o requirements.lock

clean:  ## Remove what was built
	@rm -rf build dist gateway/web/dist

.PHONY: help setup page dashboard demo test check torture bench bench-peers mutants proto clients test-clients lock clean
