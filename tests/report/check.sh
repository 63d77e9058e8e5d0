#!/bin/sh
# check.sh BUILD - reports of two small sites and of a synthetic one, looked at by a browser and axe-core.
# What it saw is kept as pictures in BUILD/report-check.
set -u
b=$1
here=$(dirname "$0")
dir=$b/report-check
mkdir -p "$dir" || exit 1
"$here/modules.sh" "$b/report-modules" || exit 1

tests/run_worlds.sh "$b" tests/worlds/report.world >"$dir/world.log" 2>&1 || { cat "$dir/world.log"; exit 1; }
tests/tools/demo.sh "$b" </dev/null >"$dir/demo.log" 2>&1 || { cat "$dir/demo.log"; exit 1; }
rm -f "$dir/many.db"
"$b/bench/bench_report" 3000 12 "$dir/many.db" >"$dir/many.log" 2>&1 || { cat "$dir/many.log"; exit 1; }
report() { "$b/skitter" report "$1" --force -o "$dir/$2.html" ${3:-} || exit 1; }
report "$dir/many.db" many
report "$b/worlds.d/report/crawl.db" world
report "$b/demo.db" demo
report "$b/demo.db" owner "--host $("$b/skitter" sql "$b/demo.db" --format csv 'select host from hosts limit 1' | tail -n 1 | tr -d '\r')"
MODULES=$b/report-modules SHOTS=$dir exec node "$here/check.mjs" "$dir/many.html" "$dir/world.html" "$dir/demo.html" "$dir/owner.html"
