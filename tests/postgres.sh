#!/usr/bin/env bash
# Makes sure that the PostgreSQL programs are on this machine. The tests start their own private server with them: no service is started or used.
set -euo pipefail

find_initdb() {
  command -v initdb || ls -1 /usr/lib/postgresql/*/bin/initdb /usr/local/opt/postgresql*/bin/initdb /opt/homebrew/opt/postgresql*/bin/initdb 2>/dev/null | tail -n 1
}

found="$(find_initdb || true)"
if [ -n "$found" ]; then
  echo "postgres: $found"
  exit 0
fi

install_on_debian() {
  # The package would start a server; this answer of policy-rc.d forbids it.
  local policy=/usr/sbin/policy-rc.d
  if [ ! -e "$policy" ]; then
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod +x "$policy"
    trap 'rm -f /usr/sbin/policy-rc.d' RETURN
  fi
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq && apt-get install -y -qq --no-install-recommends postgresql
}

if [ "$(id -u)" = 0 ] && [ -e /etc/debian_version ]; then
  echo "postgres: installing Debian's package"
  install_on_debian || echo "postgres: the package could not be installed"
  if [ -n "$(find_initdb || true)" ]; then exit 0; fi
fi

echo "SKIPPED: tests on PostgreSQL: its programs are not on this machine. Install them: apt-get install postgresql, dnf install postgresql-server, or brew install postgresql."
# In CI a skip is a failure.
[ "${CI:-}" != true ]
