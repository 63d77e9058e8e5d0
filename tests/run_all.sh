#!/bin/sh
# run_all.sh BUILD SUITE... - runs suites one after the other and adds up their last lines.
#
# A suite is a goal of the Makefile whose output ends with "N passed, N failed"; one that
# ends otherwise counts as one, by its exit status. What each printed is in BUILD/test-logs.
set -u
b=$1
shift
passed=0 failed=0 bad=
logs=$b/test-logs
mkdir -p "$logs" || exit 1

for suite in "$@"; do
	began=$(date +%s)
	echo "== $suite"
	{
		${MAKE:-make} --no-print-directory BUILD="$b" "$suite" </dev/null 2>&1
		echo $? >"$logs/$suite.rc"
	} | tee "$logs/$suite.log"
	rc=$(cat "$logs/$suite.rc")
	sum=$(tail -n 5 "$logs/$suite.log" | grep -E '^[0-9]+ passed, [0-9]+ failed$' | tail -n 1)
	p=0 f=0
	if [ -n "$sum" ]; then
		p=${sum%% *}
		f=${sum#*, }
		f=${f%% *}
		[ "$rc" -ne 0 ] && [ "$f" -eq 0 ] && f=1
	elif [ "$rc" -eq 0 ]; then
		p=1
	else
		f=1
	fi
	[ "$f" -gt 0 ] && bad="$bad $suite"
	passed=$((passed + p)) failed=$((failed + f))
	echo "== $suite: $p passed, $f failed, $(($(date +%s) - began)) s"
	echo
done
[ -n "$bad" ] && echo "failed:$bad (logs: $logs)"
echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
