#!/bin/sh
# Builds Conduit and the benchmark for release, measures, and writes docs/benchmarks.md. Arguments go to conduit-bench (--quick, --rounds, --seconds, --out).
set -eu
cd "$(dirname "$0")/.."
"${CARGO:-cargo}" build --release --locked --bin conduit --bin conduit-bench
exec "${CARGO_TARGET_DIR:-target}/release/conduit-bench" "$@"
