#!/bin/sh
# Runs the official OpenAI and Anthropic SDKs against the real program; see README.md. Arguments: python, node; both when there are none.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
target=${CARGO_TARGET_DIR:-$root/target}
suites=${*:-python node}

if [ -z "${CONDUIT_BIN:-}" ]; then
    (cd "$root" && ${CARGO:-cargo} build --locked --bin conduit)
    CONDUIT_BIN=$target/debug/conduit
fi
export CONDUIT_BIN

python=$target/sdk/python
prepare_python() {
    if ! cmp -s "$here/python/requirements.txt" "$python/requirements.txt"; then
        python3 -m venv --clear "$python"
        "$python/bin/pip" install --quiet --disable-pip-version-check --no-deps -r "$here/python/requirements.txt"
        cp "$here/python/requirements.txt" "$python/requirements.txt"
    fi
}

prepare_node() {
    if ! cmp -s "$here/node/package-lock.json" "$target/sdk/package-lock.json"; then
        (cd "$here/node" && npm ci --silent --no-audit --no-fund --ignore-scripts)
        mkdir -p "$target/sdk"
        cp "$here/node/package-lock.json" "$target/sdk/package-lock.json"
    fi
}

failed=0
for suite in $suites; do
    case $suite in
    python)
        prepare_python
        python3 "$here/conduit_under_test.py" "$python/bin/python" -m unittest discover --start-directory "$here/python" --pattern 'test_*.py' || failed=1
        ;;
    node)
        prepare_node
        (cd "$here/node" && python3 "$here/conduit_under_test.py" node --test --test-reporter=spec .) || failed=1
        ;;
    *)
        echo "unknown suite: $suite (there are python and node)" >&2
        exit 2
        ;;
    esac
done
exit $failed
