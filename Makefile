# Everything runs in a virtual environment that `scripts/bootstrap.py` makes and keeps up to date.

PYTHON ?= python3
VENV ?= .venv
AUDIO ?=
FUZZ_S ?= 60
BENCH_ROUNDS ?= 5
TEST_ARGS ?=
SOAK_S ?= 0
SOAK_STREAMS ?= 50
SOAK_SEED ?= 1
SOAK_BACKEND ?= asyncio
CELLS ?=

# The tests start hundreds of programs: what was compiled once is not compiled by each of them.
unexport PYTHONDONTWRITEBYTECODE

BIN := $(VENV)/bin
BOOTSTRAP := @$(PYTHON) scripts/bootstrap.py --venv $(VENV)
DEV := $(BOOTSTRAP) --extras dev,neural

.DEFAULT_GOAL := help
.PHONY: help demo demo-agent test lint format types coverage docs check-docs site recording interop bench fuzz soak compat compat-page dist check clean

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo
	@echo "  PYTHON=python3.12 chooses the Python, VENV=DIR the environment, AUDIO=FILE what the demo hears,"
	@echo "  TEST_ARGS=tests/protocol what make test gives to pytest,"
	@echo "  FUZZ_S=600 how many seconds make fuzz gives to each part, SOAK_S=3600 for how many make soak begins more rounds;"
	@echo "  SOAK_STREAMS=50, SOAK_SEED=1 and SOAK_BACKEND=trio say what it runs, BENCH_ROUNDS=5 how often make bench measures."

demo: ## live captions with no key and no network, of a spoken text or of AUDIO=FILE
	$(BOOTSTRAP) --extras local,neural,cli,trio,uvloop
	@$(BIN)/python examples/live_captions.py $(if $(AUDIO),"$(AUDIO)")

demo-agent: ## a spoken conversation with the embedded agent, which calls a Python function; written to conversation.wav
	$(BOOTSTRAP) --extras local,neural,cli,trio,uvloop
	@$(BIN)/python examples/voice_agent.py

test: ## all tests, on asyncio, asyncio with uvloop, and trio
	$(DEV)
	$(BIN)/python -m pytest --numprocesses 3 --dist loadfile --no-loadscope-reorder $(TEST_ARGS)

lint: ## ruff: rules and formatting
	$(DEV)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

format: ## mend what ruff can mend
	$(DEV)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

types: ## mypy --strict, pyright, and the completeness of the public types
	$(DEV)
	$(BIN)/mypy --strict
	$(BIN)/pyright --pythonpath $(BIN)/python deepgram_anyio
	PATH="$(abspath $(BIN)):$$PATH" pyright --verifytypes deepgram_anyio --ignoreexternal # it finds nothing with --pythonpath

coverage: ## the protocol core alone: all branches, from its own tests
	$(DEV)
	@# Without the random walks over the tables: those may meet a branch today, and not tomorrow.
	$(BIN)/coverage run --branch --source=deepgram_anyio/protocol -m pytest tests/protocol -k "not runTest"
	$(BIN)/coverage report --fail-under=100

docs: ## write what is generated: the state diagrams in ARCHITECTURE.md, docs/rest.md and docs/cli.md
	$(DEV)
	$(BIN)/python scripts/state_diagrams.py
	$(BIN)/python scripts/operations_table.py
	$(BIN)/python scripts/cli_reference.py

check-docs: ## fail when something generated is stale
	$(DEV)
	@$(BIN)/python scripts/state_diagrams.py --check
	@$(BIN)/python scripts/operations_table.py --check
	@$(BIN)/python scripts/cli_reference.py --check

site: ## the documentation as a web site, strictly, into site/
	$(DEV)
	@NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs --quiet build --strict
	@$(BIN)/python scripts/check_site.py

recording: ## the picture of a terminal in README.md, recorded anew into docs/images/terminal.svg
	$(DEV)
	$(BIN)/python scripts/record_terminal.py

interop: ## the embedded server heard by this client and by deepgram-sdk 4.8.1 and 7.16.0
	$(DEV)
	$(BIN)/python tests/interop/run.py

bench: ## speed beside deepgram-sdk 4.8.1 and 7.16.0, websockets, aiohttp and picows; takes minutes, writes docs/benchmarks.md
	$(BOOTSTRAP) --extras dev,bench
	$(BIN)/python benchmarks/bench.py --rounds $(BENCH_ROUNDS) --json .cache/bench/last.json --write

fuzz: ## atheris looks for bytes that break framing, handshake, codec or WAVE reader; Linux on x86-64
	$(BOOTSTRAP) --extras dev,fuzz
	@for part in framing handshake codec wav; do \
	  $(BIN)/python -m tests.fuzz $$part -max_total_time=$(FUZZ_S) || exit 1; \
	done

soak: ## 50 live streams of real speech, each cut ten times and more in every way; takes minutes, and writes docs/soak.md
	$(DEV)
	$(BIN)/python benchmarks/soak.py --streams $(SOAK_STREAMS) --seconds $(SOAK_S) --seed $(SOAK_SEED) \
	  --backend $(SOAK_BACKEND) --write

compat: ## the core's tests on every Python, with lowest and newest dependencies; CELLS="3.10-lowest bare" for a part
	$(BOOTSTRAP) --extras release
	$(BIN)/python scripts/compat.py $(CELLS)

compat-page: ## the same, and the outcome goes into docs/compatibility.md
	$(BOOTSTRAP) --extras release
	$(BIN)/python scripts/compat.py $(CELLS) --write

dist: ## build what is released, compare two builds, install it in fresh environments and try it
	$(BOOTSTRAP) --extras release
	$(BIN)/python scripts/dist.py

check: ## all of the above that CI does
	@PYTHON=$(PYTHON) VENV=$(VENV) bash .ci/run

clean: ## remove .venv, the caches and what a build leaves
	rm -rf .venv .cache .coverage* .hypothesis .mypy_cache .pytest_cache .ruff_cache build dist site
	find deepgram_anyio tests examples benchmarks scripts -name __pycache__ -prune -exec rm -rf {} +
