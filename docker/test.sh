#!/bin/sh
# test.sh VERSION - builds the image and uses it as its README says: a crawl of the test site, stopped
# by SIGTERM, resumed from the volume, as any user, with the parsers in their sandbox.
#
# With docker or podman everything is tried. buildah alone runs containers too, without stop, exec,
# limits and networks: there the crawl, the stop and the resume are. SECCOMP=FILE is a profile to
# run under instead of the engine's default.
set -u
cd "$(dirname "$0")/.." || exit 1
. docker/engine.sh
version=$1
passed=0 failed=0 skipped=0
name=skitter-test-$$
tmp=$(mktemp -d) || exit 1

ok() {
	passed=$((passed + 1))
	echo "[       OK ] docker: $1"
}
bad() {
	failed=$((failed + 1))
	printf '[  FAILED  ] docker: %s\n---- expected\n%s\n---- found\n%s\n----\n' "$1" "$2" "$3"
}
is() { # is NAME EXPECTED FOUND
	if [ "$2" = "$3" ]; then ok "$1"; else bad "$1" "$2" "$3"; fi
}
says() { # says NAME PATTERN TEXT
	if printf '%s\n' "$3" | grep -Eq -- "$2"; then ok "$1"; else bad "$1" "a line with: $2" "$3"; fi
}
skip() {
	skipped=$((skipped + 1))
	echo "[  SKIPPED ] docker: $1"
}
# Until COMMAND says something that PATTERN matches; a minute at most.
wait_for() { # wait_for PATTERN COMMAND...
	pattern=$1 tries=0
	shift
	until "$@" 2>/dev/null | grep -Eq -- "$pattern"; do
		tries=$((tries + 1))
		[ $tries -lt 300 ] || return 1
		sleep 0.2
	done
}
finish() {
	echo "$passed passed, $failed failed, $skipped skipped"
	[ $failed -eq 0 ]
}

docker/build.sh "$version" || exit 1
say "building the test site"
build_image skitter-build:latest docker/Dockerfile --target build >"$tmp/log" 2>&1 &&
	build_image skitter-site:latest docker/site.Dockerfile >>"$tmp/log" 2>&1 ||
	{ tail -n 30 "$tmp/log"; exit 1; }

if [ "$ENGINE" = buildah ]; then
	. docker/test_buildah.sh
else
	. docker/test_engine.sh
fi
finish
