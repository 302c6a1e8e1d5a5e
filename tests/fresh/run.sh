#!/usr/bin/env bash
# run.sh
#
# Starts `make run`, waits until it prints its addresses, plays one whole story against it over HTTP,
# and ends it as Ctrl-C does. Fails when any of that does.
set -euo pipefail
cd "$(dirname "$0")/../.."
minutes=15

# -m: a process group of its own, which gets the signal as a whole, as from a terminal.
set -m
make run &
run=$!
set +m
trap 'kill -INT -- "-$run" 2> /dev/null || true' EXIT
for ((second = 0; second < minutes * 60; second++)); do
  [ ! -e .local/run.json ] || break
  kill -0 "$run" 2> /dev/null || { echo "make run ended before it printed its addresses." >&2; exit 1; }
  sleep 1
done
[ -e .local/run.json ] || { echo "make run printed no addresses within $minutes minutes." >&2; exit 1; }

.venv/bin/python -m tests.fresh.story
kill -INT -- "-$run"
wait "$run" || true
[ ! -e .local/run.json ] || { echo "make run left .local/run.json behind." >&2; exit 1; }
