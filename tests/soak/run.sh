#!/bin/sh
# The long runs, with the figures that they see in docs/reliability.md. Everything talks to loopback alone and ends what it started.
#
#   tests/soak/run.sh            all of it: about an hour on two cores
#   tests/soak/run.sh FILTER     the journeys and program tests whose names hold FILTER; the report is not written
set -u
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
cargo=${CARGO:-cargo}
cd "$root" || exit 1

CONDUIT_SOAK=1
CONDUIT_FIGURES=$(mktemp)
export CONDUIT_SOAK CONDUIT_FIGURES
status=0
# One at a time: a figure that was seen beside another long run says little.
for suite in journeys binary; do
    $cargo test -p conduit --locked --test "$suite" -- --test-threads 1 ${1:+"$1"} || status=1
done
if [ $# -eq 0 ]; then
    $cargo test -p store -p inventory -p gateway --locked --lib -- --test-threads 2 || status=1
    tests/schemathesis.sh || status=1
    python3 "$here/report.py" "$CONDUIT_FIGURES" "$root/docs/reliability.md"
    echo "the figures are in docs/reliability.md"
else
    cat "$CONDUIT_FIGURES"
fi
rm -f "$CONDUIT_FIGURES"
[ $status -eq 0 ] || echo "FAILED: see above"
exit $status
