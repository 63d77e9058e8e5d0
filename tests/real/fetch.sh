#!/bin/sh
# fetch.sh DIR [PACKAGE]... - Debian's nginx and documentation packages (two of them where none is named),
# unpacked below DIR; nothing is installed.
#
# (The nginx package would start a service.) Exit status 77: they cannot be had here.
set -u
dir=$1
shift
[ $# -gt 0 ] || set -- python3.11-doc postgresql-doc-15
mkdir -p "$dir" || exit 1
cd "$dir" || exit 1

for p in nginx "$@"; do
	[ -d "$p" ] && continue
	if ! command -v apt-get >/dev/null || ! command -v dpkg-deb >/dev/null; then
		echo "real: no Debian tools here to fetch $p with" >&2
		exit 77
	fi
	rm -rf "$p.new"
	mkdir "$p.new" || exit 1
	if ! (cd "$p.new" && apt-get download -q "$p" >fetch.log 2>&1); then
		# The package lists may be absent or stale.
		[ "$(id -u)" -eq 0 ] && apt-get update -qq >>"$p.new/fetch.log" 2>&1
		if ! (cd "$p.new" && apt-get download -q "$p" >>fetch.log 2>&1); then
			tail -n 3 "$p.new/fetch.log" >&2
			echo "real: $p could not be downloaded" >&2
			rm -rf "$p.new"
			exit 77
		fi
	fi
	dpkg-deb -x "$p.new/"*.deb "$p.new" && rm -f "$p.new/"*.deb && mv "$p.new" "$p" || exit 1
done
