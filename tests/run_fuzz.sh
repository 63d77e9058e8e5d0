#!/bin/sh
# run_fuzz.sh BUILD - each libFuzzer target for FUZZ_SECONDS (30), with its dictionary and corpus.
#
# tests/fuzz/corpus/NAME is read, what is found goes to BUILD/corpus/NAME; a crash is kept
# in BUILD/crashes. Dictionaries come with the external test data (CONFORMANCE), where that is.
set -u
b=$1
passed=0 failed=0
mkdir -p "$b/crashes" || exit 1

dict() { # dict NAME: the dictionary that fits a target
	case $1 in
	sitemap) d=xml ;;
	page) d=html ;;
	charset) d=utf8 ;;
	robots) d=http ;;
	*) d=$1 ;;
	esac
	f=${CONFORMANCE:-../shared/conformance}/fuzz/dict/$d.dict
	[ -f "$f" ] && echo "-dict=$f"
}

for bin in "$b"/fuzz/fuzz_*; do
	[ -x "$bin" ] || continue
	case $bin in *.*) continue ;; esac
	name=${bin##*/fuzz_}
	mkdir -p "$b/corpus/$name"
	seeds=
	for d in "tests/fuzz/corpus/$name" "${CONFORMANCE:-../shared/conformance}/fuzz/$name-seeds"; do
		[ -d "$d" ] && seeds="$seeds $d"
	done
	log=$b/fuzz-$name.log
	"$bin" -max_total_time="${FUZZ_SECONDS:-30}" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
		-artifact_prefix="$b/crashes/$name-" $(dict "$name") "$b/corpus/$name" $seeds >"$log" 2>&1 </dev/null
	if [ $? -eq 0 ]; then
		passed=$((passed + 1))
		echo "[       OK ] fuzz $name: $(sed -n 's/^stat::number_of_executed_units: *//p' "$log") runs"
	else
		failed=$((failed + 1))
		echo "[  FAILED  ] fuzz $name"
		tail -n 30 "$log"
	fi
done
echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
