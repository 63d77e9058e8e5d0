#!/bin/sh
# modules.sh DIR - installs what package.json names below DIR, once.
set -u
dir=$1
here=$(dirname "$0")
mkdir -p "$dir" || exit 1
cmp -s "$here/package.json" "$dir/package.json" && [ -d "$dir/node_modules" ] && exit 0
cp "$here/package.json" "$dir/package.json" || exit 1
if ! npm install --prefix "$dir" --no-audit --no-fund --ignore-scripts >"$dir/npm.log" 2>&1; then
	tail -n 20 "$dir/npm.log" >&2
	rm -f "$dir/package.json"
	exit 1
fi
