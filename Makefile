# The targets people use. What needs more than a line lives in dev/.
#
# Rust is always built as `--workspace --all-targets`: cargo chooses the features of libraries by what is built
# together, and another choice would build the large ones again.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help setup run test test-rust test-web test-e2e test-fast test-long chaos chaos-short fmt lint lint-fast gen check bench bench-full overload sim sim-planted fuzz fuzz-api clean web

# make run PORT=9000 ARGS="--sip off"
PORT ?= 8080
ARGS ?=
CARGO ?= cargo
TARGET := $(or $(CARGO_TARGET_DIR),target)

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  \033[1mmake %-10s\033[0m %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## install what is missing for building and testing (asks for rights only when something is)
	@dev/setup test

run: ## build, start the demo call centre, print its address and sign-ins (PORT=8080 ARGS="…")
	@dev/setup run
	@$(MAKE) --no-print-directory web/dist/index.html
	@$(CARGO) build --release --bin switchroom
	@dev/run $(TARGET)/release/switchroom --http 127.0.0.1:$(PORT) $(ARGS)

test: ## set up, then every test: Rust with a real Postgres, SQL, web units, browser end to end
	@dev/setup test
	@$(MAKE) --no-print-directory web/dist/index.html
	@$(CARGO) build --workspace --all-targets
	@$(MAKE) --no-print-directory test-web test-e2e test-rust sim-planted

test-fast: ## Rust unit tests of the pure rooms only: seconds, no database
	@$(CARGO) nextest run -p switchroom-core -p switchroom-bridge-core

test-long: ## the long form of tests that are short in `make test`: two million numbers against the library
	@$(CARGO) nextest run --cargo-profile release -p switchroom-core --test number

test-rust:
	@dev/with-postgres $(CARGO) nextest run --workspace

chaos: ## kill and starve the real program under load and compare what it promised, ~20 min (CHAOS="--seed 7")
	@dev/setup chaos
	@$(MAKE) --no-print-directory web/dist/index.html
	@$(CARGO) test --release --workspace --test chaos -- whole $(CHAOS)

chaos-short: ## its short form, a minute; part of make test
	@dev/setup test
	@$(MAKE) --no-print-directory web/dist/index.html
	@$(CARGO) test --workspace --test chaos

test-web:
	@cd web && npm run --silent test

test-e2e:
	@cd web && SWITCHROOM_BIN="$(abspath $(TARGET))/debug/switchroom" npm run --silent e2e

web: web/dist/index.html

# The console, rebuilt when anything it is made of is newer.
WEB_SOURCES := $(shell find web -path web/node_modules -prune -o -path web/dist -prune -o -path '*/node_modules' -prune -o -type f -print 2>/dev/null)
web/dist/index.html: $(WEB_SOURCES)
	@dev/setup run
	@cd web && npm run --silent build
	@touch web/dist/index.html

fmt: ## format Rust and web sources
	@$(CARGO) fmt --all
	@cd web && npm run --silent format

lint: lint-fast ## formatting and lints, as CI sees them
	@$(CARGO) clippy --workspace --all-targets -- -D warnings

lint-fast:
	@$(CARGO) fmt --all --check
	@cd web && npm run --silent format:check && npm run --silent lint && npm run --silent typecheck

# The simulation knows the core only, so it is built apart, small and fast.
SEEDS ?= 100000
sim: ## the simulated call centre, 100,000 seeds on every core (SEEDS=1000, SEED=42 for one with all that happened)
	@$(CARGO) run -q --release -p switchroom-sim --target-dir $(TARGET)/sim -- $(if $(SEED),--seed $(SEED),--seeds $(SEEDS))

sim-planted: ## the same must find eleven planted bugs; built apart, so that no other build holds them
	@$(CARGO) test -q -p switchroom-sim --features planted --target-dir $(TARGET)/sim --test planted

fuzz: ## coverage-guided fuzzing of everything that reads what strangers wrote, 10 minutes each (FUZZ_S=60); then fuzz-api
	@dev/fuzz $(FUZZ)
	@$(if $(FUZZ),,$(MAKE) --no-print-directory fuzz-api)

fuzz-api: ## 10,000 requests after and against the API's own document, as every role (FUZZ_EXAMPLES=1000 FUZZ_SEED=42 WHO=agent)
	@dev/setup fuzz
	@$(CARGO) build --workspace --all-targets
	@dev/fuzz-api $(WHO)

gen: ## rebuild every derived file: .sqlx, the API documents, the table of permissions, the console's API types
	@dev/setup test
	@dev/prepare-sql
	@mkdir -p docs/api
	@$(CARGO) build -q --workspace --all-targets
	@$(TARGET)/debug/switchroom openapi > docs/api/openapi.json.new && mv docs/api/openapi.json.new docs/api/openapi.json
	@$(TARGET)/debug/switchroom asyncapi > docs/api/asyncapi.json.new && mv docs/api/asyncapi.json.new docs/api/asyncapi.json
	@$(TARGET)/debug/switchroom permissions > docs/permissions.md.new && mv docs/permissions.md.new docs/permissions.md
	@cd web && npm run --silent gen

check: ## exactly what CI runs
	@.ci/run

bench: ## every benchmark in its short form (BENCH="lookup hooks" for some)
	@dev/bench short $(BENCH)

bench-full: ## every benchmark in full: the figures of bench/RESULTS.md
	@dev/bench full $(BENCH)

overload: ## what a good caller notices of floods, slow senders and resets (the tests hold the rest)
	@dev/bench full overload

clean: ## remove what was built (data directories stay)
	@$(CARGO) clean
	@rm -rf web/dist
