# The commands of the repository; `make help` lists them. They build in the dev profile, except bench and release.

CARGO ?= cargo
DENY_VERSION := 0.20.2
FUZZ_SECONDS ?= 60
# Arguments of what is started: make run ARGS="--listen 127.0.0.1:9000", make bench ARGS=--quick
ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help run test test-rust test-sdk soak check format docs bench fuzz release clean deny

help: ## list these commands
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1|/' | awk -F'|' '{ printf "  make %-10s %s\n", $$1, $$2 }'

run: ## build, and start the gateway on 127.0.0.1:8080 with its data in ./data
	$(CARGO) run --locked --bin conduit -- serve $(ARGS)

test: test-rust test-sdk ## every test: crates, journeys, SQLite and PostgreSQL, recorded traffic, official SDKs

test-rust:
	tests/postgres.sh
	$(CARGO) test --workspace --locked --no-fail-fast

# The official SDKs against the real program; tests/sdk/run.sh makes its own Python environment and Node modules.
test-sdk:
	@if [ -x tests/sdk/run.sh ]; then tests/sdk/run.sh; else echo "SKIPPED: the SDK tests: there is no tests/sdk/run.sh"; [ "$${CI:-}" != true ]; fi

soak: ## what takes long: faults and floods in full numbers, the API fuzzed from its OpenAPI document; writes docs/reliability.md
	tests/soak/run.sh

check: ## formatting, lints, dependencies, tidiness, generated documents
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets --locked -- -D warnings
	$(CARGO) xtask tidy
	$(MAKE) --no-print-directory deny
	$(CARGO) xtask docs --check

deny:
	@$(CARGO) deny --version 2>/dev/null | grep -qF ' $(DENY_VERSION)' || $(CARGO) install cargo-deny --locked --version $(DENY_VERSION)
	$(CARGO) deny check bans licenses sources
	@if timeout 60 $(CARGO) deny fetch db >/dev/null 2>&1; then $(CARGO) deny check --disable-fetch advisories; \
	else echo "SKIPPED: advisories: the RustSec database cannot be reached from here (docs/adr/0005)"; fi

format: ## format the sources
	$(CARGO) fmt --all

docs: ## write the generated documents again
	$(CARGO) xtask docs

bench: ## measure against nginx and write docs/benchmarks.md
	$(CARGO) build --release --locked --bin conduit --bin conduit-bench
	target/release/conduit-bench $(ARGS)

fuzz: ## run every fuzz target for FUZZ_SECONDS (needs a nightly toolchain and cargo-fuzz)
	@for target in $$(sed -n 's/^name = "\(.*\)"/\1/p' fuzz/Cargo.toml | tail -n +2); do \
	  echo "fuzz: $$target"; $(CARGO) +nightly fuzz run "$$target" -- -max_total_time=$(FUZZ_SECONDS) -max_len=4096 || exit 1; done

release: ## the program for shipping: target/release/conduit
	$(CARGO) build --release --locked --bin conduit

clean: ## remove what was built; ./data stays
	$(CARGO) clean
	rm -rf fuzz/target fuzz/artifacts
