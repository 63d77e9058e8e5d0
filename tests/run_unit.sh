#!/bin/sh
# run_unit.sh BINARY... - runs cmocka binaries, each with a time limit, and adds up.
#
# WRAP="valgrind ..." goes before each; SLOW=N stretches the limit. A binary that dies
# without a summary counts as one failure.
set -u
passed=0 failed=0 skipped=0
log=$(mktemp) || exit 1
trap 'rm -f "$log"' EXIT

number() { # number MARK: the count in the line that begins with "[  MARK  ] N test(s)"
	sed -n "s/^\[ *$1 *\] \([0-9][0-9]*\) test(s).*/\1/p" "$log" | tail -n 1
}

for bin in "$@"; do
	timeout --kill-after=5 $((120 * ${SLOW:-1})) ${WRAP:-} "$bin" </dev/null >"$log" 2>&1
	rc=$?
	p=$(number PASSED) f=$(number FAILED) s=$(number SKIPPED)
	p=${p:-0} f=${f:-0} s=${s:-0}
	if [ $rc -ne 0 ] && [ "$f" -eq 0 ]; then
		f=1
	fi
	if [ "$f" -gt 0 ]; then
		cat "$log"
		echo "$bin: exit status $rc"
	fi
	printf '%-60s %3d passed' "${bin#*/tests/unit/}" "$p"
	[ "$f" -gt 0 ] && printf ', %d FAILED' "$f"
	[ "$s" -gt 0 ] && printf ', %d skipped' "$s"
	echo
	passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
done
[ $skipped -gt 0 ] && echo "$skipped skipped"
echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
