#!/bin/sh
# run_worlds.sh BUILD WORLD... - crawls as data; see tests/README.md. SLOW=N stretches the deadlines.
set -u
b=$1
shift
exec "$b/worlds" --skitter "$b/skitter" --work "$b/worlds.d" --jobs "${JOBS:-3}" --slow "${SLOW:-1}" "$@"
