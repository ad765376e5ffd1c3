.DEFAULT_GOAL := help
PYTHON ?= python3
BIN := .venv/bin
COVERAGE_FLOOR := 94
WORKERS ?= 2
# An installed program has its modules compiled: without, each process of the tests compiles anew.
export PYTHONDONTWRITEBYTECODE =

.PHONY: help demo test check bench soak-durable soak-promotions soak-authorisation soak-paper soak-scanning soak-api printer-clients odoo-e2e odoo-kills system clean

help: ## Show this list
	@grep -hE '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

.venv/.ready: pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/python -c 'import sys; sys.exit(sys.version_info < (3, 11))' || (echo "Python 3.11 or newer is needed" && exit 1)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[all,dev]'
	@touch $@

system: ## Install libzbar0 and Chromium where the user may (Debian, root), else say what is missing
	@sh packaging/system_packages.sh

demo: .venv/.ready ## Set up and run the main job: two registers, a pulled cable, every kopeck in place
	$(BIN)/edge-agent demo

test: .venv/.ready system ## Set up and run every test with the coverage floor
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal --cov --cov-report=term:skip-covered --cov-fail-under=$(COVERAGE_FLOOR) $(PYTEST_ARGS)

check: .venv/.ready ## Lint, types, import contracts and docs
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -q tests/repo

bench: .venv/.ready ## Run the benchmarks that stand behind docs/claims.md
	$(BIN)/python -m bench.promotions
	$(BIN)/python -m bench.ledger
	$(BIN)/python -m bench.api
	$(BIN)/python -m bench.sync
	$(BIN)/python -m bench.ingest
	$(BIN)/python -m bench.snapshots
	$(BIN)/python -m bench.bound
	$(BIN)/python -m bench.tap
	$(BIN)/python -m bench.scanning
	$(BIN)/python -m bench.scanning_camera
	$(BIN)/python -m bench.screens
	$(BIN)/python -m bench.printers

soak-durable: .venv/.ready ## Campaigns on durability; SOAK_S seconds (1200), SEED repeats a run
	$(BIN)/python -m bench.soak.durable

soak-promotions: .venv/.ready ## Laws of pricing on random baskets; SOAK_S seconds (1200), SEED repeats a run
	$(BIN)/python -m bench.soak.promotions

soak-authorisation: .venv/.ready ## The bound offline, simulated at three depths; SOAK_S seconds (1200), SEED
	SOAK_S=$$(($${SOAK_S:-1200} / 3)) $(BIN)/python -m bench.soak.authorisation
	SOAK_S=$$(($${SOAK_S:-1200} / 6)) $(BIN)/python -m bench.soak.islands
	SOAK_S=$$(($${SOAK_S:-1200} / 4)) $(BIN)/python -m bench.soak.depths
	SOAK_S=$$(($${SOAK_S:-1200} / 4)) $(BIN)/python -m bench.soak.authorisation_hub

soak-paper: .venv/.ready ## Fiscal protocols under faults and kills; SOAK_S seconds (1200), SEED repeats a run
	SOAK_S=$$(($${SOAK_S:-1200} * 4 / 10)) $(BIN)/python -m bench.soak.paper
	SOAK_S=$$(($${SOAK_S:-1200} / 3)) $(BIN)/python -m bench.soak.paper_kills
	SOAK_S=$$(($${SOAK_S:-1200} / 10)) $(BIN)/python -m bench.soak.registrar
	SOAK_S=$$(($${SOAK_S:-1200} / 6)) $(BIN)/python -m bench.soak.frames

printer-clients: .venv/.ready ## Printer clients of others, live on our emulators: pyshtrih, and one that npm fetches
	@sh packaging/printer_clients.sh $(BIN)

odoo-e2e: .venv/.ready system ## Odoo's till with our add-on in Chromium; fetches Odoo, needs root once
	$(BIN)/python -m integrations.odoo.e2e.run
	$(BIN)/python -m integrations.odoo.e2e.stock

odoo-kills: .venv/.ready system ## Agent, Odoo and both killed at twenty points of a checkout in Odoo's till; as odoo-e2e
	$(BIN)/python -m integrations.odoo.e2e.kills

soak-api: .venv/.ready ## Schemathesis over the local API, 10,000 cases; SOAK_S seconds (1200), SEED, CASES
	$(BIN)/python -m bench.soak.api

soak-scanning: .venv/.ready ## A thousand unplugs in four modes, 120 of cameras; SOAK_S seconds (1200), SEED repeats a run
	SOAK_S=$$(($${SOAK_S:-1200} / 2)) $(BIN)/python -m bench.soak.scanning
	SOAK_S=$$(($${SOAK_S:-1200} / 2)) $(BIN)/python -m bench.soak.camera

clean: ## Remove the environment and caches
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .import_linter_cache bench/out
