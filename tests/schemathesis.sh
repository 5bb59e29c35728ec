#!/bin/sh
# Fuzzes a real Conduit from its OpenAPI document, the admin API and the data plane: no server error, and every answer as the document says.
#
#   tests/schemathesis.sh [SECONDS] [EXAMPLES]     at most so long for the admin API (600), so many examples an operation (50)
#
# Only loopback is used: both run in a network namespace of their own; where the system allows none, the operations that call a provider are left out.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
target=${CARGO_TARGET_DIR:-$root/target}
seconds=${1:-600}
examples=${2:-50}
version=4.32.5

if [ "${CONDUIT_SCHEMATHESIS_INSIDE:-}" != yes ]; then
    if [ -z "${CONDUIT_BIN:-}" ]; then
        (cd "$root" && ${CARGO:-cargo} build --locked --bin conduit)
        CONDUIT_BIN=$target/debug/conduit
    fi
    tools=$target/schemathesis
    if [ "$(cat "$tools/version" 2>/dev/null)" != "$version" ]; then
        python3 -m venv --clear "$tools"
        "$tools/bin/pip" install --quiet --disable-pip-version-check "schemathesis==$version"
        echo "$version" >"$tools/version"
    fi
    # A copy, so that a build beside this run does not exchange it.
    work=$(mktemp -d)
    cp "$CONDUIT_BIN" "$work/conduit"
    export CONDUIT_SCHEMATHESIS_INSIDE=yes work tools
    if unshare -rn true 2>/dev/null; then
        status=0
        unshare -rn sh -c 'ip link set lo up && exec "$@"' sh "$0" "$seconds" "$examples" || status=$?
    else
        echo "no network namespace here: the operations that call a provider are left out"
        export CONDUIT_SCHEMATHESIS_OPEN=yes
        status=0
        "$0" "$seconds" "$examples" || status=$?
    fi
    rm -rf "$work"
    exit $status
fi

# The first start prints its address; its environment is empty, because it refuses names of ours that it does not know.
: >"$work/out"
env -i PATH="$PATH" "$work/conduit" serve --listen 127.0.0.1:0 --data-dir "$work/data" >"$work/out" 2>"$work/log" &
conduit=$!
trap 'kill $conduit 2>/dev/null || true; wait $conduit 2>/dev/null || true' EXIT INT TERM
url=
for _ in $(seq 100); do
    url=$(sed -n 's|^Conduit is running at \(http://[^ ]*\)$|\1|p' "$work/out")
    [ -n "$url" ] && [ -f "$work/data/admin-token" ] && break
    sleep 0.1
done
[ -n "$url" ] || { echo "conduit did not start:"; cat "$work/log"; exit 1; }
# The token, not the master key: the run tries wrong keys on purpose, and the master key would be locked out with them.
token=$(sed -n 's/.*"token" *: *"\([^"]*\)".*/\1/p' "$work/data/admin-token")

key=$(sed -n 's/^ *virtual key  *\(condt_[^ ]*\) .*/\1/p' "$work/out")

[ -n "$token" ] && [ -n "$key" ] || { echo "conduit has shown no keys"; exit 1; }

failed=0
# Which paths, with which key, for how long; then further arguments.
fuzz() {
    paths=$1 secret=$2 limit=$3
    shift 3
    (cd "$work" && "$tools/bin/schemathesis" --config-file "$root/tests/schemathesis.toml" run "$url/openapi.json" \
        --header "Authorization: Bearer $secret" --include-path-regex "$paths" --max-examples "$examples" --max-time "$limit" \
        --continue-on-failure --request-timeout 20 --suppress-health-check all --warnings off --output-sanitize true "$@") || failed=1
}
if [ "${CONDUIT_SCHEMATHESIS_OPEN:-}" = yes ]; then
    set -- --exclude-operation-id testDraft --exclude-operation-id testProvider --exclude-operation-id listProviderModels --exclude-operation-id rotateProvider
else
    set --
fi
# The data plane first: the other run changes what is configured.
fuzz '^/(v1|health|metrics)' "$key" $((seconds / 4)) "$@"
fuzz '^/(admin/|openapi|docs$)' "$token" "$seconds" "$@"

kill -0 $conduit 2>/dev/null || { echo "conduit has ended during the run"; failed=1; }
if grep -E '"level":"ERROR"|panicked| ERROR ' "$work/log" | grep -v 'a wrong key' | head -20 | grep .; then
    echo "the log of conduit has errors (above)"
    failed=1
fi
exit $failed
