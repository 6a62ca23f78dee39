# Everything starts here. `make run` and `make test` need Python 3.11+, venv, make and git; the rest is installed into .venv.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
RUN_STAMP := $(VENV)/.installed-run
DEV_STAMP := $(VENV)/.installed-dev
SITE ?= .
# Test files side by side, each whole in one process, so that what a file sets up is set up once. In the order of their
# folders: what serves and waits comes first, the many quick ones last, so that all processes end together. Two of them
# for each processor, since many tests wait.
TESTARGS ?= -n $(shell $(PYTHON) -c 'import os; print(min(2 * os.cpu_count(), 16))') --dist loadfile --no-loadscope-reorder

.PHONY: run test check audit format lock bench bench-serve soak endurance fuzz clean
.DEFAULT_GOAL := help

help:  ## what one can make
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

# Build tools first, by hash, so that feedgen (a source package) builds without fetching anything unpinned.
$(RUN_STAMP): $(VENV)/bin/python requirements/build.lock requirements/run.lock pyproject.toml
	$(PIP) install --require-hashes -r requirements/build.lock
	$(PIP) install --require-hashes --no-build-isolation -r requirements/run.lock
	$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@

$(DEV_STAMP): $(RUN_STAMP) requirements/dev.lock
	$(PIP) install --require-hashes --no-build-isolation -r requirements/dev.lock
	@touch $@

run: $(RUN_STAMP)  ## serve the sample site on http://127.0.0.1:8000
	@test -f $(SITE)/feedsvc.db || $(BIN)/feedsvc init --samples --keep-config $(SITE)
	@exec $(BIN)/feedsvc --config $(SITE)/config.yaml serve

# Tests start hundreds of processes: none has to compile again what another has compiled, whatever the environment says.
test: export PYTHONDONTWRITEBYTECODE :=
test: $(DEV_STAMP)  ## run every test, with coverage
	$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest $(TESTARGS)
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report --fail-under=90
	$(BIN)/coverage report --include='src/feedsvc/feed/*' --fail-under=100

bench-serve: $(DEV_STAMP)  ## measure polls beside nginx's static files, in one run
	$(BIN)/python bench/serving.py $(BENCHARGS)

PEERS := Django==5.2.19 pelican==4.12.0
build/peers/bin/pelican:
	$(PYTHON) -m venv build/peers
	build/peers/bin/python -m pip --disable-pip-version-check --quiet install $(PEERS)

bench: $(DEV_STAMP) build/peers/bin/pelican  ## measure publications beside the peers, and write docs/performance.md
	$(BIN)/python bench/report.py $(BENCHARGS)

soak: $(DEV_STAMP)  ## 200,000 polls while articles come, change and go; 200 kills; 10,000 articles into three replicas
	$(BIN)/python tests/soak.py $(SOAKARGS)
	$(BIN)/python tests/killing.py $(KILLARGS)
	$(BIN)/python tests/replicas.py $(REPLICAARGS)

endurance: $(DEV_STAMP)  ## an hour of polls, articles, imports and edits, with a kill every minute
	$(BIN)/python tests/endurance.py $(ENDURANCEARGS)

FUZZ ?= 50
fuzz: $(DEV_STAMP)  ## what attackers and broken programs send, FUZZ times as much as in the tests, other in each run
	FEEDSVC_EFFORT=$(FUZZ) $(BIN)/python -m pytest -q tests/property/test_attacks_http.py tests/property/test_ingest_article.py \
		tests/unit/test_hostile_feeds.py tests/unit/test_patterns.py \
		tests/integration/test_attacks_cache.py tests/integration/test_attacks_smuggling.py tests/integration/test_links.py

check: $(DEV_STAMP)  ## format, lint, types, import contracts, known holes in dependencies
	$(BIN)/ruff format --check src tests bench .ci
	$(BIN)/ruff check src tests bench .ci
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/python .ci/audit.py requirements/run.lock build/audited

audit: $(DEV_STAMP)  ## ask anew whether a hole is known in a dependency
	rm -rf build/audited
	$(BIN)/python .ci/audit.py requirements/run.lock build/audited

format: $(DEV_STAMP)  ## put the code in its usual form
	$(BIN)/ruff format src tests bench
	$(BIN)/ruff check --fix src tests bench

# Made from pyproject.toml for every platform; hashes, no index lines.
LOCK := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-header
lock: $(DEV_STAMP)  ## pin the dependencies anew
	$(LOCK) requirements/build.in -o requirements/build.lock
	$(LOCK) pyproject.toml -o requirements/run.lock
	$(LOCK) requirements/redbot.in -o requirements/redbot.lock
	$(LOCK) -c requirements/run.lock --extra dev pyproject.toml -o requirements/dev.lock

clean:  ## forget everything that was made
	rm -rf $(VENV) build .mypy_cache .ruff_cache .pytest_cache .hypothesis
